/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For each message of MSG_TABLE: fill every field and see it come back, decode
 * alone, and try each field of bytes one over its limit; and the list of these,
 * PREFIX_cases.  Included once per table by test_msg.c, hence no guard.
 */
/* clang-format off */
#define CASE(m, what) MSG_CAT(MSG_NAME(m), MSG_CAT(_case_, what))

/* Fill, encode, decode. */
#define MSG(m, num)                                                            \
	static void CASE(m, fill)(struct MSG_NAME(m) *x)                       \
	{                                                                      \
		uint8_t n UNUSED = 0x51;                                       \
		memset(x, 0, sizeof(*x));
#define MSG_U8(m, f) x->f = n++;
#define MSG_U16(m, f) x->f = (uint16_t)(0xfe00 + n++);
#define MSG_U32(m, f) x->f = 0xfedc0000U + n++;
#define MSG_U64(m, f) x->f = 0xfedcba9800000000U + n++;
#define MSG_UUID(m, f) memset(x->f, n++, 16);
#define MSG_BYTES(m, f, max) x->f = SPAN(big, n % 3 == 0 ? 0 : n % 32); n++;
#define MSG_TEXT(m, f, max) MSG_BYTES(m, f, max)
#define MSG_END(m) }
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

#define MSG(m, num)                                                            \
	static void CASE(m, same)(const struct MSG_NAME(m) *x,                 \
	    const struct MSG_NAME(m) *y)                                       \
	{                                                                      \
		(void)x;                                                       \
		(void)y;
#define MSG_U8(m, f) assert_int_equal(x->f, y->f);
#define MSG_U16(m, f) assert_int_equal(x->f, y->f);
#define MSG_U32(m, f) assert_int_equal(x->f, y->f);
#define MSG_U64(m, f) assert_true(x->f == y->f);
#define MSG_UUID(m, f) assert_memory_equal(x->f, y->f, 16);
#define MSG_BYTES(m, f, max) assert_same_span(x->f, y->f);
#define MSG_TEXT(m, f, max) assert_same_span(x->f, y->f);
#define MSG_END(m)                                                             \
	}                                                                      \
	static void CASE(m, round)(struct buf *b)                              \
	{                                                                      \
		struct MSG_NAME(m) x, y;                                       \
		CASE(m, fill)(&x);                                             \
		assert_int_equal(MSG_CAT(MSG_NAME(m), _put)(b, &x), 0);        \
		assert_int_equal(MSG_CAT(MSG_NAME(m), _get)(buf_span(b), &y),  \
		    0);                                                        \
		CASE(m, same)(&x, &y);                                         \
	}                                                                      \
	static int CASE(m, get)(struct span s)                                 \
	{                                                                      \
		struct MSG_NAME(m) x;                                          \
		return MSG_CAT(MSG_NAME(m), _get)(s, &x);                      \
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

/* Each field of bytes at its limit and one over it. */
#define MSG(m, num)                                                            \
	static void CASE(m, too_long)(struct buf *b)                           \
	{                                                                      \
		struct MSG_NAME(m) x;                                          \
		int (*put)(struct buf *, const struct MSG_NAME(m) *) UNUSED =  \
		    MSG_CAT(MSG_NAME(m), _put);                                \
		CASE(m, fill)(&x);                                             \
		buf_reset(b);
#define MSG_U8(m, f)
#define MSG_U16(m, f)
#define MSG_U32(m, f)
#define MSG_U64(m, f)
#define MSG_UUID(m, f)
#define MSG_BYTES(m, f, max)                                                   \
		x.f = SPAN(big, (max) + 1);                                    \
		assert_int_equal(put(b, &x), FAIL_RANGE);                      \
		buf_reset(b);                                                  \
		x.f = SPAN(big, (max));                                        \
		assert_int_equal(put(b, &x), 0);                               \
		assert_int_equal(CASE(m, get)(buf_span(b)), 0);                \
		buf_reset(b);                                                  \
		x.f = SPAN(big, 1);
#define MSG_TEXT(m, f, max) MSG_BYTES(m, f, max)
#define MSG_END(m) }
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

static const struct {
	int type;
	void (*round)(struct buf *b);
	int (*get)(struct span s);
	void (*too_long)(struct buf *b);
} MSG_CAT(MSG_PREFIX, _cases)[] = {
#define MSG(m, num)                                                            \
	{(num), CASE(m, round), CASE(m, get), CASE(m, too_long)},
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
};
#undef CASE
/* clang-format on */
