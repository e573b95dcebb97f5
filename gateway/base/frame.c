/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes messages between processes out of a run of bytes, and writes their
 * headers.  Knows nothing of sockets and descriptors.
 */
#include "base/frame.h"

/* What the length field counts of the header: type, flags, id. */
enum { FRAME_REST = FRAME_HEADER_LEN - 4 };

int
frame_next(
    struct span *in, size_t max, struct frame *fr, size_t *need, struct fail *f)
{
	uint32_t len;

	*need = 0;
	if (in->len < 4)
		return 0;
	len = be32_get(in->p);
	if (len < FRAME_REST)
		return fail_set(f, FAIL_PROTO, "frame of %u bytes", len);
	if (max < 4 || len > max - 4)
		return fail_set(
		    f, FAIL_PROTO, "frame of %u bytes, limit %zu", len, max);
	*need = (size_t)len + 4;
	if (in->len >= 8) {
		fr->flags = (uint16_t)(in->p[6] << 8 | in->p[7]);
		if ((fr->flags & ~FRAME_FD) != 0)
			return fail_set(
			    f, FAIL_PROTO, "frame with flags %x", fr->flags);
	}
	if (in->len < *need)
		return 0;
	fr->type = (uint16_t)(in->p[4] << 8 | in->p[5]);
	fr->id = be32_get(in->p + 8);
	fr->body = SPAN(in->p + FRAME_HEADER_LEN, len - FRAME_REST);
	in->p += *need;
	in->len -= *need;
	return 1;
}

void
frame_header(uint8_t h[FRAME_HEADER_LEN], const struct frame *fr)
{
	be32_put(h, (uint32_t)(fr->body.len + FRAME_REST));
	h[4] = (uint8_t)(fr->type >> 8);
	h[5] = (uint8_t)fr->type;
	h[6] = (uint8_t)(fr->flags >> 8);
	h[7] = (uint8_t)fr->flags;
	be32_put(h + 8, fr->id);
}
