/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording by a writer that lies: every hash, tag and signature of it is
 * right.  Verified; read with each key, from several moments on.
 */
#include <sys/mman.h>

#include <unistd.h>

#include "recorder/reader.h"
#include "recorder/verify.h"

#include "rcd_forge.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { FORGED_MAX = 4 * 1024 * 1024, SEEK_US = 61000000 };

static void
read_on(struct rcd_reader *r, enum rcd_key_kind kind)
{
	struct rcd_event_view e;
	struct rcd_chunk ch;
	struct span s;

	while ((kind == RCD_KEY_NONE ? rcd_reader_chunk(r, &ch, &s)
				     : rcd_reader_event(r, &e)) == 0)
		;
}

static void
read_all(int fd, enum rcd_key_kind kind, const struct secret *key)
{
	struct rcd_reader *r;
	struct rcd_info info;

	MUST(rcd_reader_open(&r, fd, kind, key, NULL) == 0);
	IGNORE(rcd_reader_info(r, &info));
	read_on(r, kind);
	for (uint64_t t = 0; t < 4; t++) {
		if (rcd_reader_seek(r, t * SEEK_US) != 0)
			break;
		read_on(r, kind);
	}
	rcd_reader_free(r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct secret *dek = secret_from(rcd_forge_dek, sizeof(rcd_forge_dek));
	struct secret *a = NULL;
	struct rcd_verdict v;
	uint8_t id[RCD_ID_LEN] = {3};
	struct buf out;
	int fd = memfd_create("forged", MFD_CLOEXEC);

	buf_init(&out, FORGED_MAX);
	rcd_forge(SPAN(p, n < 65536 ? n : 65536), &out);
	MUST(dek != NULL && rcd_reader_key_a(&a, id, dek) == 0);
	MUST(
	    write(fd, buf_head(&out), buf_len(&out)) == (ssize_t)buf_len(&out));
	IGNORE(rcd_verify(fd, NULL, &v));
	/* The chain itself is right to its end. */
	MUST(v.flaw != RCD_FLAW_CHAIN && v.flaw != RCD_FLAW_CRC &&
	     v.flaw != RCD_FLAW_MAGIC);
	read_all(fd, RCD_KEY_NONE, NULL);
	read_all(fd, RCD_KEY_CLASS_A, a);
	read_all(fd, RCD_KEY_DEK, dek);
	secret_free(dek);
	secret_free(a);
	buf_fini(&out);
	(void)close(fd);
	return 0;
}
