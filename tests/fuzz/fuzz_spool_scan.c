/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a segment of the spool: scanned, its headers and chunks taken as
 * recovery does.  Any bytes as the state of a recording.
 */
#include <sys/mman.h>

#include <string.h>
#include <unistd.h>

#include "recorder/place.h"
#include "recorder/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
scan(int fd)
{
	struct rcd_chain c = {0};
	struct segment_record x;
	struct segment_scan s;
	struct rcd_header h;
	struct rcd_chunk ch;
	enum rcd_flaw flaw;

	if (segment_scan_init(&s, fd) == 0)
		while (segment_scan_next(&s, &x) == 0) {
			if (x.kind == SEGMENT_REC_CHUNK)
				IGNORE(rcd_chain_take(&c, x.bytes, &ch, &flaw));
			else if (rcd_header_decode(x.bytes, &h) == 0)
				IGNORE(rcd_chain_start(&c, x.bytes, &h));
		}
	segment_scan_fini(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct rcd_chain c;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, p, n) != (ssize_t)n)
		return -1;
	scan(fd);
	(void)close(fd);
	if (n >= PLACE_STATE)
		IGNORE(place_state_decode(p, &c));
	return 0;
}
