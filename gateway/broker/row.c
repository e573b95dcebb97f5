/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encoders and decoders of the rows in row_tbl.h, made from the table, and the
 * byte in front of them that says which one it is.
 */
#include <string.h>

#include "base/fail.h"

#include "broker/row.h"

#define MSG_PREFIX jr
#define MSG_TABLE "broker/row_tbl.h"
#include "base/msg_code.h"

int
row_get(struct row *r, struct span record)
{
	struct span s = record;
	int e;

	memset(r, 0, sizeof(*r));
	if ((e = span_u8(&s, &r->kind)) != 0)
		return e;
	switch (r->kind) {
	case jr_start_type:
		return jr_start_get(s, &r->start);
	case jr_end_type:
		return jr_end_get(s, &r->end);
	case jr_keys_type:
		return jr_keys_get(s, &r->keys);
	case jr_audit_type:
		return jr_audit_get(s, &r->audit);
	case jr_rec_type:
		return jr_rec_get(s, &r->rec);
	case jr_pause_type:
		return jr_pause_get(s, &r->pause);
	default:
		return FAIL_FORMAT;
	}
}

int
row_put(struct buf *b, const struct row *r)
{
	int e;

	if ((e = buf_put_u8(b, r->kind)) != 0)
		return e;
	switch (r->kind) {
	case jr_start_type:
		return jr_start_put(b, &r->start);
	case jr_end_type:
		return jr_end_put(b, &r->end);
	case jr_keys_type:
		return jr_keys_put(b, &r->keys);
	case jr_audit_type:
		return jr_audit_put(b, &r->audit);
	case jr_rec_type:
		return jr_rec_put(b, &r->rec);
	case jr_pause_type:
		return jr_pause_put(b, &r->pause);
	default:
		return FAIL_FORMAT;
	}
}
