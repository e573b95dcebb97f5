/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of spool segments, and reading one from the start.  A record that
 * is cut or whose CRC is wrong ends the segment: it was being written when the
 * process or the machine stopped.
 */
#include <string.h>

#include "base/fail.h"
#include "base/hash.h"

#include "recorder/segment.h"

static const uint8_t magic[4] = {'R', 'S', 'G', '1'};

enum { FIXED = SEGMENT_RECORD - 8 }; /* counted by the length */

void
segment_header(uint8_t p[SEGMENT_HEADER], uint64_t number)
{
	memset(p, 0, SEGMENT_HEADER);
	memcpy(p, magic, 4);
	le16_put(p + 4, 1);
	le64_put(p + 8, number);
	le32_put(p + 28, crc32c(0, p, 28));
}

void
segment_record(uint8_t p[SEGMENT_RECORD], const struct segment_record *x)
{
	uint32_t crc;

	le32_put(p, (uint32_t)(FIXED + x->bytes.len));
	memcpy(p + 8, x->rec_id, RCD_ID_LEN);
	p[24] = x->kind;
	crc = crc32c(0, p + 8, FIXED);
	le32_put(p + 4, crc32c(crc, x->bytes.p, x->bytes.len));
}

int
segment_scan_init(struct segment_scan *s, int fd)
{
	struct span p;
	int r;

	memset(s, 0, sizeof(*s));
	rcd_window_init(&s->win, fd);
	if ((r = rcd_window_at(&s->win, 0, SEGMENT_HEADER, &p)) != 0)
		return r;
	if (p.len < SEGMENT_HEADER || memcmp(p.p, magic, 4) != 0 ||
	    le32_get(p.p + 28) != crc32c(0, p.p, 28))
		return FAIL_FORMAT;
	if (le16_get(p.p + 4) != 1)
		return FAIL_UNSUPPORTED;
	s->number = le64_get(p.p + 8);
	s->off = SEGMENT_HEADER;
	return 0;
}

void
segment_scan_fini(struct segment_scan *s)
{
	rcd_window_fini(&s->win);
}

int
segment_scan_next(struct segment_scan *s, struct segment_record *x)
{
	struct span p;
	uint32_t len;
	int r;

	if ((r = rcd_window_at(&s->win, s->off, SEGMENT_RECORD, &p)) != 0)
		return r;
	if (p.len < SEGMENT_RECORD)
		return 1;
	len = le32_get(p.p);
	if (len < FIXED || len > FIXED + SEGMENT_BYTES_MAX)
		return 1;
	if ((r = rcd_window_at(&s->win, s->off, 8 + len, &p)) != 0)
		return r;
	if (p.len < 8 + len || le32_get(p.p + 4) != crc32c(0, p.p + 8, len))
		return 1;
	memcpy(x->rec_id, p.p + 8, RCD_ID_LEN);
	x->kind = p.p[24];
	x->off = s->off + SEGMENT_RECORD;
	x->bytes = SPAN(p.p + SEGMENT_RECORD, len - FIXED);
	s->off += 8 + (uint64_t)len;
	return 0;
}
