/* SPDX-License-Identifier: Apache-2.0 */
/* The latch of the first cause, and the words of codes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"

static void
first_cause_is_kept(void **state UNUSED)
{
	struct fail f = {0};

	assert_int_equal(
	    fail_set(&f, FAIL_PROTO, "kexinit of %d bytes", 9), FAIL_PROTO);
	assert_int_equal(fail_set(&f, FAIL_MAC, "later"), FAIL_MAC);
	assert_int_equal(f.code, FAIL_PROTO);
	assert_string_equal(f.why, "kexinit of 9 bytes");
}

static void
without_a_latch_the_code_still_comes_back(void **state UNUSED)
{
	assert_int_equal(fail_set(NULL, FAIL_FULL, "x"), FAIL_FULL);
	assert_int_equal(fail_sys(NULL, "x"), FAIL_SYS);
}

static void
system_error_is_in_the_words(void **state UNUSED)
{
	struct fail f = {0};

	errno = ENOENT;
	assert_int_equal(fail_sys(&f, "open %s", "/x"), FAIL_SYS);
	assert_string_equal(f.why, "open /x: No such file or directory");
	assert_int_equal(errno, ENOENT);
}

static void
unprintable_bytes_are_escaped(void **state UNUSED)
{
	struct fail f = {0};

	(void)fail_set(&f, FAIL_PROTO, "a\x1b[31m\nb\xff");
	assert_string_equal(f.why, "a\\x1b[31m\\x0ab\\xff");
}

static void
long_cause_is_cut_and_ends(void **state UNUSED)
{
	struct fail f = {0};
	char text[600];

	for (size_t n = 150; n < sizeof(text); n++) {
		memset(text, n % 2 ? 'a' : '\n', n);
		text[n] = '\0';
		f.code = 0;
		(void)fail_set(&f, FAIL_PROTO, "%s", text);
		assert_true(strlen(f.why) < sizeof(f.why));
		assert_true(strlen(f.why) > 140);
	}
}

static void
every_code_has_its_own_sentence(void **state UNUSED)
{
#define FAIL(name, num, text) assert_string_equal(fail_text(FAIL_##name), text);
#include "base/fail_tbl.h"
#undef FAIL
	assert_string_equal(fail_text(-9999), "unknown error");
	assert_string_equal(fail_text(0), "no error");
}

static void
why_prefers_the_latched_cause(void **state UNUSED)
{
	struct fail f = {0};

	assert_string_equal(fail_why(&f, FAIL_MAC), fail_text(FAIL_MAC));
	assert_string_equal(fail_why(NULL, FAIL_MAC), fail_text(FAIL_MAC));
	(void)fail_set(&f, FAIL_FULL, "queue");
	assert_string_equal(fail_why(&f, FAIL_MAC), "queue");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(first_cause_is_kept),
	    cmocka_unit_test(without_a_latch_the_code_still_comes_back),
	    cmocka_unit_test(system_error_is_in_the_words),
	    cmocka_unit_test(unprintable_bytes_are_escaped),
	    cmocka_unit_test(long_cause_is_cut_and_ends),
	    cmocka_unit_test(every_code_has_its_own_sentence),
	    cmocka_unit_test(why_prefers_the_latched_cause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
