/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the table MSG_TABLE makes the functions that msg_struct.h declared.
 * Include this in one .c, after the table's header.  See base/msg.h.
 */

/* Encoders: the first failure wins. */
#define MSG(m, num)                                                            \
	int MSG_CAT(MSG_NAME(m), _put)(struct buf *b,                          \
	    const struct MSG_NAME(m) *x)                                       \
	{                                                                      \
		int r = 0;                                                     \
		(void)b;                                                       \
		(void)x;
#define MSG_U8(m, f) r = r ? r : buf_put_u8(b, x->f);
#define MSG_U16(m, f) r = r ? r : buf_put_u16(b, x->f);
#define MSG_U32(m, f) r = r ? r : buf_put_u32(b, x->f);
#define MSG_U64(m, f) r = r ? r : buf_put_u64(b, x->f);
#define MSG_UUID(m, f) r = r ? r : buf_put(b, x->f, 16);
#define MSG_BYTES(m, f, max)                                                   \
	r = r		       ? r                                             \
	    : x->f.len > (max) ? FAIL_RANGE                                    \
			       : buf_put_string(b, x->f.p, x->f.len);
#define MSG_TEXT(m, f, max) MSG_BYTES(m, f, max)
#define MSG_END(m)                                                             \
	return r;                                                              \
	}
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

/* Decoders: every byte must be used. */
#define MSG(m, num)                                                            \
	int MSG_CAT(MSG_NAME(m), _get)(struct span s, struct MSG_NAME(m) *x)   \
	{                                                                      \
		int r = 0;                                                     \
		const uint8_t *p UNUSED = NULL;                                \
		memset(x, 0, sizeof(*x));
#define MSG_U8(m, f) r = r ? r : span_u8(&s, &x->f);
#define MSG_U16(m, f) r = r ? r : span_u16(&s, &x->f);
#define MSG_U32(m, f) r = r ? r : span_u32(&s, &x->f);
#define MSG_U64(m, f) r = r ? r : span_u64(&s, &x->f);
#define MSG_UUID(m, f)                                                         \
	r = r ? r : span_take(&s, 16, &p);                                     \
	if (r == 0)                                                            \
		memcpy(x->f, p, 16);
#define MSG_BYTES(m, f, max)                                                   \
	r = r ? r : span_string(&s, &x->f);                                    \
	r = r ? r : x->f.len > (max) ? FAIL_RANGE : 0;
#define MSG_TEXT(m, f, max)                                                    \
	MSG_BYTES(m, f, max)                                                   \
	r = r ? r : x->f.len && memchr(x->f.p, 0, x->f.len) ? FAIL_FORMAT : 0;
#define MSG_END(m)                                                             \
	return r ? r : s.len == 0 ? 0 : FAIL_FORMAT;                           \
	}
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

/* Senders. */
#define MSG(m, num)                                                            \
	int MSG_CAT(MSG_NAME(m), _send)(struct ipc *c, uint32_t id,            \
	    const struct MSG_NAME(m) *x)                                       \
	{                                                                      \
		struct buf *b;                                                 \
		int r = ipc_begin(c, (num), id, &b);                           \
		return r ? r : ipc_end(c, MSG_CAT(MSG_NAME(m), _put)(b, x));   \
	}
#define MSG_U8(m, f)
#define MSG_U16(m, f)
#define MSG_U32(m, f)
#define MSG_U64(m, f)
#define MSG_UUID(m, f)
#define MSG_BYTES(m, f, max)
#define MSG_TEXT(m, f, max)
#define MSG_END(m)
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
