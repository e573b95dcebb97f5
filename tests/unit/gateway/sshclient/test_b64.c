/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base64: the vectors of RFC 4648, and every second spelling refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "sshclient/b64.h"

static const struct {
	const char *bytes, *text;
} vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff\xfe", "+//+"},
};

static void
the_vectors_of_the_rfc_hold_both_ways(void **state)
{
	struct buf b;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(vectors); i++) {
		buf_init(&b, 64);
		assert_int_equal(
		    b64_encode(
			SPAN(vectors[i].bytes, strlen(vectors[i].bytes)), &b),
		    0);
		assert_true(span_eq(buf_span(&b), vectors[i].text));
		buf_reset(&b);
		assert_int_equal(
		    b64_decode(
			SPAN(vectors[i].text, strlen(vectors[i].text)), &b),
		    0);
		assert_true(span_eq(buf_span(&b), vectors[i].bytes));
		buf_fini(&b);
	}
}

static void
any_bytes_come_back(void **state)
{
	uint8_t bytes[256];
	struct buf text, back;
	size_t n;

	(void)state;
	for (n = 0; n < sizeof(bytes); n++)
		bytes[n] = (uint8_t)(n * 7 + 3);
	for (n = 0; n <= sizeof(bytes); n++) {
		buf_init(&text, 1024);
		buf_init(&back, 1024);
		assert_int_equal(b64_encode(SPAN(bytes, n), &text), 0);
		assert_int_equal(b64_decode(buf_span(&text), &back), 0);
		assert_int_equal(buf_len(&back), n);
		if (n > 0)
			assert_memory_equal(buf_head(&back), bytes, n);
		buf_fini(&text);
		buf_fini(&back);
	}
}

static int
decode(const char *text)
{
	struct buf b;
	int r;

	buf_init(&b, 64);
	r = b64_decode(SPAN(text, strlen(text)), &b);
	buf_fini(&b);
	return r;
}

static void
newlines_are_passed_over(void **state)
{
	(void)state;
	assert_int_equal(decode("Zm9v\nYmFy\r\n"), 0);
	assert_int_equal(decode("Z\nm\n8\n="), 0);
}

static void
a_second_spelling_is_refused(void **state)
{
	static const char *const bad[] = {"Z", "Zg", "Zg=", "Zg===", "Zm8",
	    "Zm8==", "Zh==", "Zm9=", "Zm9v=", "Zm9v====", "=",
	    "====", "Zg==Zg==", "Z=g=", "Zm 9v", "Zm9-", "Zm9_", "Zm9v\t"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(decode(bad[i]), FAIL_FORMAT);
}

static void
a_full_buffer_is_an_error(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 2);
	assert_int_equal(b64_decode(SPAN("Zm9v", 4), &b), FAIL_FULL);
	assert_int_equal(b64_encode(SPAN("f", 1), &b), FAIL_FULL);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_vectors_of_the_rfc_hold_both_ways),
	    cmocka_unit_test(any_bytes_come_back),
	    cmocka_unit_test(newlines_are_passed_over),
	    cmocka_unit_test(a_second_spelling_is_refused),
	    cmocka_unit_test(a_full_buffer_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
