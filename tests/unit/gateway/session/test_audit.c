/* SPDX-License-Identifier: Apache-2.0 */
/* Audit events: names, and a chain in which every change shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "session/audit.h"

enum { EVENTS = 5 };

static struct audit_entry entries[EVENTS];
static uint8_t hashes[EVENTS][SHA256_LEN];
static char texts[EVENTS][16] = {
    "{\"a\":1}", "{\"a\":2}", "{}", "{\"a\":4}", "{\"a\":5}"};

static int
setup(void **state UNUSED)
{
	uint8_t prev[SHA256_LEN] = {0};
	size_t i;

	for (i = 0; i < EVENTS; i++) {
		entries[i] = (struct audit_entry){
		    .seq = i + 1,
		    .at_us = 1000 + i,
		    .event = AUDIT_AUTH_OK,
		    .session = {(uint8_t)i},
		    .fields = SPAN(texts[i], strlen(texts[i])),
		};
		if (audit_hash(hashes[i], prev, &entries[i]) != 0)
			return -1;
		memcpy(prev, hashes[i], SHA256_LEN);
	}
	return 0;
}

/* The number of the first entry that does not fit; 0: all do. */
static size_t
first_bad(void)
{
	struct audit_check c;
	struct fail f = {0};
	size_t i;

	audit_check_init(&c);
	for (i = 0; i < EVENTS; i++) {
		if (audit_check_add(&c, &entries[i], hashes[i], &f) != 0) {
			assert_int_equal(f.code, FAIL_CHAIN);
			assert_int_equal(c.seq, i);
			return i + 1;
		}
	}
	return 0;
}

static void
an_untouched_chain_verifies(void **state UNUSED)
{
	assert_int_equal(first_bad(), 0);
}

static void
every_changed_field_is_found_where_it_is(void **state UNUSED)
{
	entries[2].at_us++;
	assert_int_equal(first_bad(), 3);
	entries[2].at_us--;
	entries[2].event = AUDIT_AUTH_FAIL;
	assert_int_equal(first_bad(), 3);
	entries[2].event = AUDIT_AUTH_OK;
	entries[3].session[15] ^= 1;
	assert_int_equal(first_bad(), 4);
	entries[3].session[15] ^= 1;
	texts[4][5] = '6';
	assert_int_equal(first_bad(), 5);
	texts[4][5] = '5';
	entries[1].fields.len--;
	assert_int_equal(first_bad(), 2);
	entries[1].fields.len++;
	hashes[0][31] ^= 1;
	assert_int_equal(first_bad(), 1);
	hashes[0][31] ^= 1;
	assert_int_equal(first_bad(), 0);
}

static void
a_missing_event_is_found(void **state UNUSED)
{
	struct audit_check c;

	audit_check_init(&c);
	assert_int_equal(audit_check_add(&c, &entries[0], hashes[0], NULL), 0);
	assert_int_equal(
	    audit_check_add(&c, &entries[2], hashes[2], NULL), FAIL_CHAIN);
	/* The number alone does not do it. */
	entries[2].seq = 2;
	assert_int_equal(
	    audit_check_add(&c, &entries[2], hashes[2], NULL), FAIL_CHAIN);
	entries[2].seq = 3;
}

static void
verifying_may_begin_in_the_middle(void **state UNUSED)
{
	struct audit_check c;

	audit_check_from(&c, 3, hashes[2]);
	assert_int_equal(audit_check_add(&c, &entries[3], hashes[3], NULL), 0);
	assert_int_equal(c.seq, 4);
}

static void
the_hash_is_of_these_bytes(void **state UNUSED)
{
	/* sha256 of 32 zeros, 1, 1000, 200 and 16 zeros, 7, {"a":1} */
	static const uint8_t bytes[32 + 8 + 8 + 4 + 16 + 4 + 7] = {[39] = 1,
	    [46] = 3,
	    [47] = 0xe8,
	    [51] = 200,
	    [71] = 7,
	    [72] = '{',
	    [73] = '"',
	    [74] = 'a',
	    [75] = '"',
	    [76] = ':',
	    [77] = '1',
	    [78] = '}'};
	const struct span all = SPAN(bytes, sizeof(bytes));
	uint8_t want[SHA256_LEN];

	assert_int_equal(sha256(want, &all, 1), 0);
	assert_memory_equal(hashes[0], want, sizeof(want));
}

static void
names_and_numbers_belong_together(void **state UNUSED)
{
	uint32_t event, back;
	unsigned i;

	for (i = 0; (event = audit_at(i)) != 0; i++) {
		assert_non_null(audit_name(event));
		assert_non_null(audit_sentence(event));
		assert_non_null(audit_fields(event));
		assert_int_equal(audit_parse(audit_name(event), &back), 0);
		assert_int_equal(back, event);
	}
	assert_true(i > 20);
	assert_null(audit_name(9999));
	assert_int_equal(audit_parse("no.such", &back), FAIL_NOTFOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_untouched_chain_verifies),
	    cmocka_unit_test(every_changed_field_is_found_where_it_is),
	    cmocka_unit_test(a_missing_event_is_found),
	    cmocka_unit_test(verifying_may_begin_in_the_middle),
	    cmocka_unit_test(the_hash_is_of_these_bytes),
	    cmocka_unit_test(names_and_numbers_belong_together),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
