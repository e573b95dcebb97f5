/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <time.h>

#include <cmocka.h>

#include "base/fail.h"
#include "base/uuid.h"

static void
ids_sort_in_the_order_of_their_making(void **state)
{
	uint8_t last[UUID_LEN] = {0}, id[UUID_LEN];
	unsigned i;

	(void)state;
	for (i = 0; i < 300000; i++) {
		uuid_new(id);
		assert_true(memcmp(last, id, UUID_LEN) < 0);
		memcpy(last, id, UUID_LEN);
	}
}

static void
an_id_has_the_version_the_variant_and_the_time(void **state)
{
	uint8_t id[UUID_LEN];
	uint64_t now = (uint64_t)time(NULL) * 1000;

	(void)state;
	uuid_new(id);
	assert_int_equal(id[6] >> 4, 7);
	assert_int_equal(id[8] >> 6, 2);
	/* The counter may have run ahead of the clock a little. */
	assert_in_range(uuid_unix_ms(id), now - 1000, now + 5000);
}

static void
text_and_bytes_are_the_same_id(void **state)
{
	const char *text = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
	char again[UUID_TEXT_SIZE];
	uint8_t id[UUID_LEN];

	(void)state;
	assert_int_equal(uuid_parse(id, text), 0);
	assert_string_equal(uuid_text(again, id), text);
	assert_int_equal(uuid_unix_ms(id), 1645557742000);
	assert_int_equal(
	    uuid_parse(id, "017F22E2-79B0-7CC3-98C4-DC0C0C07398F"), 0);
	assert_string_equal(uuid_text(again, id), text);
}

static void
text_that_is_no_id_is_refused(void **state)
{
	static const char *const bad[] = {
	    "",
	    "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
	    "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
	    "017f22e279b07cc398c4dc0c0c07398f",
	    "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
	    "017f22e2-79b0-7cc3-98c4_dc0c0c07398f",
	    "017f22e-279b0-7cc3-98c4-dc0c0c07398f",
	};
	uint8_t id[UUID_LEN];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(uuid_parse(id, bad[i]), FAIL_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ids_sort_in_the_order_of_their_making),
	    cmocka_unit_test(an_id_has_the_version_the_variant_and_the_time),
	    cmocka_unit_test(text_and_bytes_are_the_same_id),
	    cmocka_unit_test(text_that_is_no_id_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
