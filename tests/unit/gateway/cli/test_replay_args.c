/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of sallyport-replay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "cli/replay_args.h"
#include "recorder/replay/pick.h"

static struct replay_args a;
static struct fail f;

/* Words apart by blanks. */
static int
parse(const char *line)
{
	static char copy[256];
	char *argv[32] = {(char *)(uintptr_t) "sallyport-replay"};
	char *at = copy;
	int argc = 1;

	assert_true(strlen(line) < sizeof(copy));
	memcpy(copy, line, strlen(line) + 1);
	while (*at != '\0') {
		argv[argc++] = at;
		at += strcspn(at, " ");
		if (*at != '\0')
			*at++ = '\0';
	}
	f = (struct fail){0};
	return replay_args_parse(&a, argc, argv, &f);
}

static void
without_options_it_is_played_as_it_was(void **state)
{
	(void)state;
	assert_int_equal(parse("last"), 0);
	assert_int_equal(a.mode, REPLAY_PLAY);
	assert_string_equal(a.recording, "last");
	assert_string_equal(replay_args_how(&a), "play");
	assert_int_equal(a.speed_milli, 1000);
	assert_int_equal(a.channel, PICK_AUTO);
	assert_int_equal(a.cast_version, 3);
}

static void
options_may_stand_anywhere(void **state)
{
	(void)state;
	assert_int_equal(parse("-c conf file.rcd --cast out --cast-version 2 "
			       "--key k -C 3 --max-idle 1.5"),
	    0);
	assert_int_equal(a.mode, REPLAY_CAST);
	assert_string_equal(a.cast, "out");
	assert_string_equal(a.conf, "conf");
	assert_string_equal(a.key, "k");
	assert_int_equal(a.cast_version, 2);
	assert_int_equal(a.channel, 3);
	assert_int_equal(a.max_idle_us, 1500000);
	assert_string_equal(replay_args_how(&a), "cast");
	assert_int_equal(parse("--speed 0.5 --at 1:30 x"), 0);
	assert_int_equal(a.speed_milli, 500);
	assert_int_equal(a.at_us, 90000000);
	assert_int_equal(parse("--events --json x"), 0);
	assert_true(a.json);
	assert_int_equal(parse("--help"), 0);
	assert_true(a.help);
	assert_int_equal(parse("--version"), 0);
	assert_true(a.version);
}

static void
what_cannot_be_is_named(void **state)
{
	static const struct {
		const char *line, *why;
	} rows[] = {{"", "which recording?"}, {"a b", "one recording"},
	    {"--text --keys x", "--keys cannot be had together"},
	    {"--bytes stdout x", "--bytes: stdout is no value for it"},
	    {"--bytes out --json x", "--json goes with"},
	    {"--nonsense x", "--nonsense is not an option"},
	    {"-z x", "-z is not an option"}, {"x --key", "--key wants a value"},
	    {"--speed 0 x", "--speed: 0 is no value"},
	    {"--speed fast x", "fast is no value"},
	    {"--at 1:x x", "--at: 1:x is no value"},
	    {"--channel -1 x", "--channel: -1 is no value"},
	    {"--channel 4294967296 x", "is no value"},
	    {"--cast-version 4 --cast f x", "is no value"},
	    {"--node-key 00 --verify x", "is no value"},
	    {"--json x", "--json goes with"}, {"--text --json x", "goes with"}};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(parse(rows[i].line), FAIL_FORMAT);
		assert_non_null(strstr(f.why, rows[i].why));
	}
}

static void
help_names_every_option(void **state)
{
	char *text;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	(void)state;
	assert_non_null(to);
	replay_args_help(to);
	assert_int_equal(fclose(to), 0);
#define MODE(name, long_name, value, how, text_)                               \
	assert_non_null(strstr(text, "--" long_name));
#define OPTION(name, letter, long_name, value, text_)                          \
	assert_non_null(strstr(text, "--" long_name));
#include "cli/replay_tbl.h"
#undef MODE
#undef OPTION
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_options_it_is_played_as_it_was),
	    cmocka_unit_test(options_may_stand_anywhere),
	    cmocka_unit_test(what_cannot_be_is_named),
	    cmocka_unit_test(help_names_every_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
