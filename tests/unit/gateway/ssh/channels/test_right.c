/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the rights. */
#include "../wire.h"
#include "ssh/channels/right.h"

static void
every_right_has_words_of_its_own(void **state UNUSED)
{
	for (unsigned i = 0; i < SSH_RIGHT_COUNT; i++) {
		assert_int_not_equal(right_name(i)[0], '\0');
		assert_int_not_equal(right_noun(i)[0], '\0');
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(right_name(i), right_name(k));
	}
	/* A bit of a 32-bit mask each. */
	assert_true(SSH_RIGHT_COUNT <= 32);
}

static void
numbers_do_not_change(void **state UNUSED)
{
	assert_int_equal(SSH_RIGHT_SHELL, 1);
	assert_int_equal(SSH_RIGHT_SFTP, 3);
	assert_int_equal(SSH_RIGHT_OTHER, 17);
	assert_string_equal(right_name(SSH_RIGHT_X11), "x11-forwarding");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_right_has_words_of_its_own),
	    cmocka_unit_test(numbers_do_not_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
