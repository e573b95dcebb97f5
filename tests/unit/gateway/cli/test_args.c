/* SPDX-License-Identifier: Apache-2.0 */
/* The command line taken apart, against the real table of verbs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/args.h"

/* Parse words up to NULL; the first is the program. */
#define PARSE(a, f, ...)                                                       \
	parse(a, f, (const char *[]){"sallyport", __VA_ARGS__, NULL})

static int
parse(struct args *a, struct fail *f, const char **words)
{
	int n = 0;

	while (words[n] != NULL)
		n++;
	*f = (struct fail){0};
	return args_parse(a, n, (char *const *)(uintptr_t)words, f);
}

static void
refused(const struct fail *f, int r, const char *why)
{
	assert_int_equal(r, FAIL_FORMAT);
	if (strstr(f->why, why) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", f->why, why);
}

static void
a_verb_has_its_arguments_and_options(void **state UNUSED)
{
	struct args a;
	struct fail f;

	assert_int_equal(
	    PARSE(&a, &f, "-c", "file", "user", "add", "--role", "auditor",
		"ana", "--full-name=Ana B", "--json", "--generate"),
	    0);
	assert_string_equal(a.file, "file");
	assert_true(a.json);
	assert_string_equal(a.row->noun, "user");
	assert_string_equal(a.row->verb, "add");
	assert_int_equal(a.n_pos, 1);
	assert_string_equal(a.pos[0], "ana");
	assert_string_equal(args_opt(&a, "role"), "auditor");
	assert_string_equal(args_opt(&a, "full-name"), "Ana B");
	assert_string_equal(args_opt(&a, "generate"), "");
	assert_null(args_opt(&a, "password-file"));
	assert_int_equal(PARSE(&a, &f, "-cfile", "init"), 0);
	assert_string_equal(a.file, "file");
	assert_string_equal(a.row->noun, "init");
}

static void
an_option_with_dots_may_be_repeated_and_no_other(void **state UNUSED)
{
	struct args a;
	struct fail f;

	assert_int_equal(PARSE(&a, &f, "policy", "add", "p", "--user", "a",
			     "--user", "b", "--group=c"),
	    0);
	assert_string_equal(args_opt_at(&a, "user", 0), "a");
	assert_string_equal(args_opt_at(&a, "user", 1), "b");
	assert_null(args_opt_at(&a, "user", 2));
	assert_string_equal(args_opt(&a, "group"), "c");
	refused(&f,
	    PARSE(&a, &f, "policy", "add", "p", "--idle=1m", "--idle=2m"),
	    "--idle is given twice");
	refused(&f,
	    PARSE(&a, &f, "user", "add", "a", "--role=user", "--role=user"),
	    "--role is given twice");
	refused(&f,
	    PARSE(&a, &f, "asset", "add", "a", "b", "--fingerprint=x",
		"--fingerprint=y"),
	    "--fingerprint is given twice");
}

static void
behind_two_dashes_all_is_words(void **state UNUSED)
{
	struct args a;
	struct fail f;

	assert_int_equal(PARSE(&a, &f, "user", "show", "--", "--json"), 0);
	assert_false(a.json);
	assert_string_equal(a.pos[0], "--json");
	/* One dash is a word: standard input. */
	assert_int_equal(PARSE(&a, &f, "user", "key", "ana", "add", "-"), 0);
	assert_string_equal(a.pos[2], "-");
}

static void
what_is_wrong_is_said(void **state UNUSED)
{
	struct args a;
	struct fail f;

	refused(&f, PARSE(&a, &f, "--json"), "no command is given");
	refused(&f, PARSE(&a, &f, "usr"), "there is no \"usr\"");
	refused(&f, PARSE(&a, &f, "user"), "user needs a verb");
	refused(&f, PARSE(&a, &f, "user", "ad"), "user has no verb \"ad\"");
	refused(&f, PARSE(&a, &f, "user", "add"), "usage: sallyport user add");
	refused(&f, PARSE(&a, &f, "user", "add", "a", "b"), "usage:");
	refused(&f, PARSE(&a, &f, "user", "show", "a", "--role=x"),
	    "no option --role here");
	refused(&f, PARSE(&a, &f, "user", "add", "a", "--generate=x"),
	    "--generate takes no value");
	refused(&f, PARSE(&a, &f, "user", "add", "a", "--role"),
	    "--role needs a value");
	refused(&f, PARSE(&a, &f, "--role", "user", "user", "add"),
	    "before the verb");
	refused(&f, PARSE(&a, &f, "-x", "init"), "no option -x here");
	refused(&f, PARSE(&a, &f, "init", "-c"), "-c needs a file");
	refused(&f, PARSE(&a, &f, "init", "more"), "usage: sallyport init");
}

static void
with_help_nothing_need_be_whole(void **state UNUSED)
{
	struct args a;
	struct fail f;

	assert_int_equal(PARSE(&a, &f, "--help"), 0);
	assert_true(a.help && a.noun == NULL && a.row == NULL);
	assert_int_equal(PARSE(&a, &f, "user", "-h"), 0);
	assert_true(a.help && a.row == NULL);
	assert_string_equal(a.noun, "user");
	assert_int_equal(PARSE(&a, &f, "user", "add", "--help"), 0);
	assert_true(a.help && a.row != NULL);
}

static void
there_are_bounds(void **state UNUSED)
{
	const char *words[ARGS_OPT_MAX * 2 + 8] = {
	    "sallyport", "group", "member"};
	struct args a;
	struct fail f;

	for (size_t i = 0; i < ARGS_POS_MAX; i++)
		words[3 + i] = "x";
	assert_int_equal(parse(&a, &f, words), 0);
	assert_int_equal(a.n_pos, ARGS_POS_MAX);
	words[3 + ARGS_POS_MAX] = "x";
	refused(&f, parse(&a, &f, words), "too many arguments");

	memset(words + 1, 0, sizeof(words) - sizeof(words[0]));
	words[1] = "policy";
	words[2] = "add";
	words[3] = "p";
	for (size_t i = 0; i < ARGS_OPT_MAX; i++)
		words[4 + i] = "--user=x";
	assert_int_equal(parse(&a, &f, words), 0);
	words[4 + ARGS_OPT_MAX] = "--user=x";
	refused(&f, parse(&a, &f, words), "too many options");
}

/* Each verb of the table is found by its own name. */
static void
the_table_names_each_verb_once(void **state UNUSED)
{
	for (size_t i = 0; i < args_table_len; i++) {
		const struct args_row *r = &args_table[i];
		struct args a;
		struct fail f;

		if (r->noun == NULL)
			continue;
		assert_non_null(r->fn);
		assert_int_equal(PARSE(&a, &f, r->noun, "--help"), 0);
		if (r->verb[0] != '\0')
			assert_int_equal(
			    PARSE(&a, &f, r->noun, r->verb, "--help"), 0);
		assert_ptr_equal(a.row, r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_verb_has_its_arguments_and_options),
	    cmocka_unit_test(an_option_with_dots_may_be_repeated_and_no_other),
	    cmocka_unit_test(behind_two_dashes_all_is_words),
	    cmocka_unit_test(what_is_wrong_is_said),
	    cmocka_unit_test(with_help_nothing_need_be_whole),
	    cmocka_unit_test(there_are_bounds),
	    cmocka_unit_test(the_table_names_each_verb_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
