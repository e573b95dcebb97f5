/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the table MSG_TABLE makes structs and prototypes named by MSG_PREFIX.
 * Define both, include this once in the table's header.  No include guard:
 * meant to be included once per table.  See base/msg.h.
 */
#include "base/buf.h"
#include "base/ipc.h"

#define MSG_CAT2(a, b) a##b
#define MSG_CAT(a, b) MSG_CAT2(a, b)
#define MSG_NAME(m) MSG_CAT(MSG_PREFIX, _##m)

#define MSG(m, num) enum { MSG_CAT(MSG_NAME(m), _type) = (num) };              \
	struct MSG_NAME(m) {
#define MSG_U8(m, f) uint8_t f;
#define MSG_U16(m, f) uint16_t f;
#define MSG_U32(m, f) uint32_t f;
#define MSG_U64(m, f) uint64_t f;
#define MSG_UUID(m, f) uint8_t f[16];
#define MSG_BYTES(m, f, max) struct span f;
#define MSG_TEXT(m, f, max) struct span f;
/* The last member is there for the messages without fields. */
#define MSG_END(m)                                                             \
	uint8_t msg_end;                                                       \
	};                                                                     \
	int MSG_CAT(MSG_NAME(m), _put)(struct buf *b,                          \
	    const struct MSG_NAME(m) *x) MUST_USE;                             \
	int MSG_CAT(MSG_NAME(m), _get)(struct span s, struct MSG_NAME(m) *x)   \
	    MUST_USE;                                                          \
	int MSG_CAT(MSG_NAME(m), _send)(struct ipc *c, uint32_t id,            \
	    const struct MSG_NAME(m) *x) MUST_USE;
#include MSG_TABLE
#undef MSG
#undef MSG_U8
#undef MSG_U16
#undef MSG_U32
#undef MSG_U64
#undef MSG_UUID
#undef MSG_BYTES
#undef MSG_TEXT
#undef MSG_END
