/* SPDX-License-Identifier: Apache-2.0 */
/* The bounded queue, and the readers and writers of wire types. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/fail.h"

static void
bound_is_exact_and_a_refused_put_changes_nothing(void **state UNUSED)
{
	struct buf b;
	uint8_t x[100] = {1, 2, 3};

	buf_init(&b, 100);
	assert_int_equal(buf_put(&b, x, 60), 0);
	assert_int_equal(buf_put(&b, x, 41), FAIL_FULL);
	assert_int_equal(buf_len(&b), 60);
	assert_int_equal(buf_put(&b, x, 40), 0);
	assert_int_equal(buf_put_u8(&b, 1), FAIL_FULL);
	assert_int_equal(buf_len(&b), 100);
	buf_consume(&b, 1);
	assert_int_equal(buf_put_u8(&b, 7), 0);
	assert_int_equal(buf_head(&b)[99], 7);
	assert_int_equal(buf_head(&b)[0], 2);
	buf_fini(&b);
}

static void
overflowing_sizes_are_refused(void **state UNUSED)
{
	struct buf b;
	uint8_t *p;

	buf_init(&b, SIZE_MAX / 2);
	assert_int_equal(buf_put_u8(&b, 1), 0);
	assert_int_equal(buf_reserve(&b, SIZE_MAX, &p), FAIL_FULL);
	assert_int_equal(buf_reserve(&b, SIZE_MAX / 2, &p), FAIL_FULL);
	buf_fini(&b);
}

/* Random puts and takes against an array that knows the truth. */
static void
bytes_come_out_in_order_whatever_the_sizes(void **state UNUSED)
{
	struct buf b;
	uint32_t seed = 1;
	uint8_t in = 0, out = 0;
	size_t len = 0;

	buf_init_secret(&b, 5000);
	for (int i = 0; i < 200000; i++) {
		uint8_t tmp[700];
		size_t n;

		seed = seed * 1664525 + 1013904223;
		n = (seed >> 16) % sizeof(tmp);
		if ((seed >> 8) % 2 != 0) {
			for (size_t k = 0; k < n; k++)
				tmp[k] = (uint8_t)(in + k);
			if (buf_put(&b, tmp, n) == 0) {
				in = (uint8_t)(in + n);
				len += n;
			} else {
				assert_true(len + n > 5000);
			}
		} else {
			n = n < len ? n : len;
			for (size_t k = 0; k < n; k++)
				assert_int_equal(buf_head(&b)[k], out++);
			buf_consume(&b, n);
			len -= n;
		}
		assert_int_equal(buf_len(&b), len);
		assert_true(b.cap <= 7500);
	}
	buf_fini(&b);
}

static void
consumed_secrets_are_wiped_in_place(void **state UNUSED)
{
	struct buf b;

	buf_init_secret(&b, 64);
	assert_int_equal(buf_put(&b, "hunter2", 7), 0);
	assert_int_equal(buf_put(&b, "rest", 4), 0);
	buf_consume(&b, 7);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(b.data[i], 0);
	buf_reset(&b);
	for (size_t i = 0; i < b.cap && i < 11; i++)
		assert_int_equal(b.data[i], 0);
	buf_fini(&b);
}

static void
an_empty_buffer_gives_its_memory_back(void **state UNUSED)
{
	struct buf b;

	buf_init(&b, 64);
	assert_null(buf_head(&b));
	assert_int_equal(buf_span(&b).len, 0);
	assert_int_equal(buf_put_u8(&b, 1), 0);
	buf_shrink(&b);
	assert_non_null(b.data);
	buf_reset(&b);
	buf_shrink(&b);
	assert_null(b.data);
	assert_int_equal(buf_put_u8(&b, 1), 0);
	buf_fini(&b);
}

static void
numbers_are_big_endian_both_ways(void **state UNUSED)
{
	static const uint8_t wire[] = {
	    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 2};
	struct buf b;
	struct span s;
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;
	bool t;

	buf_init(&b, 64);
	assert_int_equal(buf_put_u8(&b, 1), 0);
	assert_int_equal(buf_put_u16(&b, 0x0203), 0);
	assert_int_equal(buf_put_u32(&b, 0x04050607), 0);
	assert_int_equal(buf_put_u64(&b, 0x08090a0b0c0d0e0fU), 0);
	assert_int_equal(buf_put_u8(&b, 2), 0);
	assert_int_equal(buf_len(&b), sizeof(wire));
	assert_memory_equal(buf_head(&b), wire, sizeof(wire));
	s = buf_span(&b);
	assert_int_equal(span_u8(&s, &u8) | span_u16(&s, &u16), 0);
	assert_int_equal(span_u32(&s, &u32) | span_u64(&s, &u64), 0);
	assert_int_equal(span_bool(&s, &t), 0);
	assert_int_equal(u8, 1);
	assert_int_equal(u16, 0x0203);
	assert_int_equal(u32, 0x04050607);
	assert_true(u64 == 0x08090a0b0c0d0e0fU);
	assert_true(t);
	assert_int_equal(s.len, 0);
	assert_int_equal(span_u8(&s, &u8), FAIL_FORMAT);
	buf_fini(&b);
}

static void
readers_leave_a_short_span_alone(void **state UNUSED)
{
	static const uint8_t seven[7] = {0, 0, 0, 4, 'a', 'b', 'c'};
	struct span s = SPAN(seven, 7), str;
	uint64_t u64;
	const uint8_t *p;
	char text[8];

	assert_int_equal(span_u64(&s, &u64), FAIL_FORMAT);
	assert_int_equal(span_string(&s, &str), FAIL_FORMAT);
	assert_int_equal(span_cstring(&s, text, sizeof(text)), FAIL_FORMAT);
	assert_int_equal(span_take(&s, 8, &p), FAIL_FORMAT);
	assert_ptr_equal(s.p, seven);
	assert_int_equal(s.len, 7);
}

static void
a_string_cannot_claim_more_than_there_is(void **state UNUSED)
{
	static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4};
	struct span s = SPAN(huge, sizeof(huge)), str;

	assert_int_equal(span_string(&s, &str), FAIL_FORMAT);
}

static void
text_with_a_zero_or_too_long_is_refused(void **state UNUSED)
{
	static const uint8_t zero[] = {0, 0, 0, 3, 'a', 0, 'b'};
	static const uint8_t ok[] = {0, 0, 0, 3, 'a', 'c', 'b'};
	struct span s = SPAN(zero, sizeof(zero));
	char text[4];

	assert_int_equal(span_cstring(&s, text, sizeof(text)), FAIL_FORMAT);
	s = SPAN(ok, sizeof(ok));
	assert_int_equal(span_cstring(&s, text, 3), FAIL_FORMAT);
	assert_int_equal(s.len, sizeof(ok));
	assert_int_equal(span_cstring(&s, text, 4), 0);
	assert_string_equal(text, "acb");
	assert_int_equal(s.len, 0);
}

/* The examples of RFC 4251 section 5. */
static void
mpints_are_those_of_the_rfc(void **state UNUSED)
{
	static const struct {
		uint8_t num[10];
		size_t n;
		uint8_t wire[14];
		size_t len;
	} t[] = {
	    {{0}, 1, {0, 0, 0, 0}, 4},
	    {{0}, 0, {0, 0, 0, 0}, 4},
	    {{0x09, 0xa3, 0x78, 0xf9, 0xb2, 0xe3, 0x32, 0xa7}, 8,
		{0, 0, 0, 8, 0x09, 0xa3, 0x78, 0xf9, 0xb2, 0xe3, 0x32, 0xa7},
		12},
	    {{0x80}, 1, {0, 0, 0, 2, 0, 0x80}, 6},
	    {{0, 0, 0x7f}, 3, {0, 0, 0, 1, 0x7f}, 5},
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		struct buf b;

		buf_init(&b, 64);
		assert_int_equal(buf_put_mpint(&b, t[i].num, t[i].n), 0);
		assert_int_equal(buf_len(&b), t[i].len);
		assert_memory_equal(buf_head(&b), t[i].wire, t[i].len);
		buf_fini(&b);
	}
}

static void
strings_are_written_whole_or_not_at_all(void **state UNUSED)
{
	struct buf b;

	buf_init(&b, 10);
	assert_int_equal(buf_put_cstring(&b, "seven77"), FAIL_FULL);
	assert_int_equal(buf_len(&b), 0);
	assert_int_equal(buf_put_cstring(&b, "six666"), 0);
	assert_memory_equal(buf_head(&b), "\0\0\0\6six666", 10);
	buf_fini(&b);
}

static void
little_endian_helpers_agree(void **state UNUSED)
{
	uint8_t w[8];

	le64_put(w, 0x0102030405060708U);
	assert_int_equal(w[0], 8);
	assert_int_equal(w[7], 1);
	assert_true(le64_get(w) == 0x0102030405060708U);
	le32_put(w, 0xfffefdfc);
	assert_int_equal(le32_get(w), 0xfffefdfc);
	le16_put(w, 0xfeff);
	assert_int_equal(le16_get(w), 0xfeff);
	assert_int_equal(w[0], 0xff);
}

static void
spans_compare_by_length_and_bytes(void **state UNUSED)
{
	assert_true(span_eq(SPAN("ssh-rsa", 7), "ssh-rsa"));
	assert_false(span_eq(SPAN("ssh-rsa", 6), "ssh-rsa"));
	assert_false(span_eq(SPAN("ssh-dsa", 7), "ssh-rsa"));
	assert_true(span_eq(SPAN(NULL, 0), ""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bound_is_exact_and_a_refused_put_changes_nothing),
	    cmocka_unit_test(overflowing_sizes_are_refused),
	    cmocka_unit_test(bytes_come_out_in_order_whatever_the_sizes),
	    cmocka_unit_test(consumed_secrets_are_wiped_in_place),
	    cmocka_unit_test(an_empty_buffer_gives_its_memory_back),
	    cmocka_unit_test(numbers_are_big_endian_both_ways),
	    cmocka_unit_test(readers_leave_a_short_span_alone),
	    cmocka_unit_test(a_string_cannot_claim_more_than_there_is),
	    cmocka_unit_test(text_with_a_zero_or_too_long_is_refused),
	    cmocka_unit_test(mpints_are_those_of_the_rfc),
	    cmocka_unit_test(strings_are_written_whole_or_not_at_all),
	    cmocka_unit_test(little_endian_helpers_agree),
	    cmocka_unit_test(spans_compare_by_length_and_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
