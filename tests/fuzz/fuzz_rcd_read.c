/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a recording, as they are and with their hashes mended: verified,
 * walked without a key, read with one.  Any bytes as events.
 */
#include <sys/mman.h>

#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "recorder/reader.h"
#include "recorder/verify.h"

#include "rcd_mend.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
read_all(int fd, enum rcd_key_kind kind, const struct secret *key)
{
	struct rcd_event_view e;
	struct rcd_reader *r;
	struct rcd_info info;
	struct rcd_chunk ch;
	struct fail f = {0};
	struct span s;

	if (rcd_reader_open(&r, fd, kind, key, &f) != 0)
		return;
	IGNORE(rcd_reader_info(r, &info));
	IGNORE(rcd_reader_session(r, &s));
	IGNORE(rcd_reader_seek(r, 61000000));
	while ((kind == RCD_KEY_NONE ? rcd_reader_chunk(r, &ch, &s)
				     : rcd_reader_event(r, &e)) == 0)
		;
	rcd_reader_free(r);
}

static void
try_all(const uint8_t *p, size_t n, const struct secret *key)
{
	struct rcd_verdict v;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	MUST(fd >= 0 && write(fd, p, n) == (ssize_t)n);
	IGNORE(rcd_verify(fd, NULL, &v));
	read_all(fd, RCD_KEY_NONE, NULL);
	read_all(fd, RCD_KEY_DEK, key);
	(void)close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct rcd_event_pos pos = {0};
	struct rcd_event_view e;
	struct span events = SPAN(p, n);
	uint8_t dek[RCD_KEY_LEN], mended[65536];
	struct secret *key;

	for (size_t i = 0; i < sizeof(dek); i++)
		dek[i] = (uint8_t)i; /* of FORMAT.md */
	if (n > sizeof(mended) || (key = secret_from(dek, sizeof(dek))) == NULL)
		return -1;
	try_all(p, n, key);
	memcpy(mended, p, n);
	rcd_mend(mended, n);
	try_all(mended, n, key);
	while (rcd_event_get(&events, &pos, &e) == 0)
		;
	secret_free(key);
	return 0;
}
