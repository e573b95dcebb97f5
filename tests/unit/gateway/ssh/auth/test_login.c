/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of login names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ssh/auth/login.h"

static int
parse(struct login *l, const char *name)
{
	return login_parse(l, SPAN(name, strlen(name)), NULL);
}

static void
every_separator_names_the_same_target(void **state UNUSED)
{
	const char seps[] = "@#%+";
	struct login l;
	char name[64];

	for (size_t i = 0; i < 4; i++) {
		(void)snprintf(name, sizeof(name), "ana%croot%cdb1.lan:2222",
		    seps[i], seps[i]);
		assert_int_equal(parse(&l, name), 0);
		assert_int_equal(l.kind, LOGIN_TARGET);
		assert_string_equal(l.user, "ana");
		assert_string_equal(l.account, "root");
		assert_string_equal(l.asset, "db1.lan");
		assert_int_equal(l.port, 2222);
	}
}

static void
a_user_alone_names_no_target(void **state UNUSED)
{
	struct login l;

	assert_int_equal(parse(&l, "ana"), 0);
	assert_int_equal(l.kind, LOGIN_USER);
	assert_string_equal(l.user, "ana");
	assert_string_equal(l.asset, "");
	assert_int_equal(l.port, 0);
}

static void
the_first_separator_decides_and_others_are_ordinary(void **state UNUSED)
{
	struct login l;

	assert_int_equal(parse(&l, "ana#svc@corp.lan#web+1"), 0);
	assert_string_equal(l.account, "svc@corp.lan");
	assert_string_equal(l.asset, "web+1");
	/* The account may hold the separator: the asset is the last part. */
	assert_int_equal(parse(&l, "ana@svc@corp.lan@web1"), 0);
	assert_string_equal(l.user, "ana");
	assert_string_equal(l.account, "svc@corp.lan");
	assert_string_equal(l.asset, "web1");
}

static void
an_address_with_colons_stands_in_brackets(void **state UNUSED)
{
	struct login l;

	assert_int_equal(parse(&l, "a@r@[2001:db8::7]:22"), 0);
	assert_string_equal(l.asset, "2001:db8::7");
	assert_int_equal(l.port, 22);
	assert_int_equal(parse(&l, "a@r@[2001:db8::7]"), 0);
	assert_int_equal(l.port, 0);
	assert_int_equal(parse(&l, "a@r@2001:db8::7"), 0);
	assert_string_equal(l.asset, "2001:db8::7");
	assert_int_equal(parse(&l, "a@r@[2001:db8::7"), FAIL_FORMAT);
	assert_int_equal(parse(&l, "a@r@[2001:db8::7]x"), FAIL_FORMAT);
	assert_int_equal(parse(&l, "a@r@[]:22"), FAIL_FORMAT);
}

static void
a_ticket_is_known_and_not_supported(void **state UNUSED)
{
	struct fail f = {0};
	struct login l;
	const char name[] = "ana#ticket-S3cret";

	assert_int_equal(
	    login_parse(&l, SPAN(name, strlen(name)), &f), FAIL_UNSUPPORTED);
	assert_int_equal(l.kind, LOGIN_TICKET);
	assert_string_equal(l.user, "ana");
	assert_string_equal(l.ticket, "S3cret");
	assert_null(strstr(f.why, "S3cret"));
	assert_int_equal(parse(&l, "ana#ticket-"), FAIL_FORMAT);
	/* Three parts are a target, whatever the account is called. */
	assert_int_equal(parse(&l, "ana#ticket-1#web"), 0);
	assert_string_equal(l.account, "ticket-1");
}

static void
what_is_no_login_is_refused_with_a_sentence(void **state UNUSED)
{
	static const char *const bad[] = {"", "@", "ana@", "ana@root",
	    "ana@root@", "ana@@web", "@root@web", "a@r@w:", "a@r@w:0",
	    "a@r@w:65536", "a@r@w:22x", "a@r@w:-1", "a@r@:22", "ana\n@r@w",
	    "ana\x7f@r@w", "a@r@w\x1b[2J", "\xff\xfe", "a@r@\xc2\x85w",
	    "a@r@w\xe2\x82"};
	struct login l;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct fail f = {0};

		assert_int_equal(
		    login_parse(&l, SPAN(bad[i], strlen(bad[i])), &f),
		    FAIL_FORMAT);
		assert_int_not_equal(f.why[0], '\0');
		assert_string_equal(l.user, "");
	}
	assert_int_equal(login_parse(&l, SPAN("a\0b", 3), NULL), FAIL_FORMAT);
}

static void
every_part_is_bounded(void **state UNUSED)
{
	char name[LOGIN_PART_MAX * 3 + 10];
	struct login l;

	memset(name, 'x', sizeof(name));
	name[LOGIN_PART_MAX] = '@';
	name[LOGIN_PART_MAX * 2 + 1] = '@';
	name[LOGIN_PART_MAX * 3 + 2] = '\0';
	assert_int_equal(parse(&l, name), 0);
	assert_int_equal(strlen(l.user), LOGIN_PART_MAX);
	assert_int_equal(strlen(l.asset), LOGIN_PART_MAX);
	name[LOGIN_PART_MAX * 3 + 2] = 'x';
	name[LOGIN_PART_MAX * 3 + 3] = '\0';
	assert_int_equal(parse(&l, name), FAIL_FORMAT);
	memset(name, 'x', sizeof(name));
	name[LOGIN_PART_MAX + 1] = '\0';
	assert_int_equal(parse(&l, name), FAIL_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_separator_names_the_same_target),
	    cmocka_unit_test(a_user_alone_names_no_target),
	    cmocka_unit_test(
		the_first_separator_decides_and_others_are_ordinary),
	    cmocka_unit_test(an_address_with_colons_stands_in_brackets),
	    cmocka_unit_test(a_ticket_is_known_and_not_supported),
	    cmocka_unit_test(what_is_no_login_is_refused_with_a_sentence),
	    cmocka_unit_test(every_part_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
