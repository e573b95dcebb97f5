/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/log.h"

static int fds[2];

/* What has been logged since the last call. */
static const char *
logged(void)
{
	static char text[65536];
	ssize_t n = read(fds[0], text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void
log_to_pipe(enum log_level level, int json)
{
	const struct log_opts o = {
	    .program = "tester", .level = level, .json = json, .fd = fds[1]};

	log_init(&o);
}

static void
a_line_has_program_level_object_and_words(void **state)
{
	const struct log_ctx ctx = {.prefix = "s=7f3a u=ana"};
	const char *line;

	(void)state;
	log_to_pipe(LOG_LEVEL_INFO, 0);
	log_info(&ctx, "channel %d opened", 3);
	line = logged();
	assert_non_null(strstr(line, " tester["));
	assert_non_null(
	    strstr(line, "]: info: s=7f3a u=ana channel 3 opened\n"));
	/* RFC 3339: 2026-01-02T03:04:05.678Z */
	assert_int_equal(line[10], 'T');
	assert_int_equal(line[23], 'Z');
	log_err(NULL, "no object");
	assert_non_null(strstr(logged(), "]: err: no object\n"));
}

static void
a_level_below_the_set_one_is_silent(void **state)
{
	enum log_level level;

	(void)state;
	log_to_pipe(LOG_LEVEL_WARN, 0);
	log_info(NULL, "not this");
	log_debug(NULL, "nor this");
	log_warn(NULL, "but this");
	assert_null(strstr(logged(), "this\nn"));
	assert_int_equal(log_level_parse("debug", &level), 0);
	assert_int_equal(level, LOG_LEVEL_DEBUG);
	assert_int_equal(log_level_parse("loud", &level), FAIL_RANGE);
}

static void
bytes_from_a_peer_cannot_forge_a_line(void **state)
{
	const char *line;

	(void)state;
	log_to_pipe(LOG_LEVEL_INFO, 0);
	log_info(NULL, "user '%s'", "a\nb\x1b[2J\xff\xe2\x80\xae caf\xc3\xa9");
	line = logged();
	assert_non_null(strstr(
	    line, "user 'a\\x0ab\\x1b[2J\\xff\\xe2\\x80\\xae caf\xc3\xa9'\n"));
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void
json_lines_are_objects(void **state)
{
	const struct log_ctx ctx = {.prefix = "s=1"};
	char text[64];
	const char *line;
	uint64_t pid;

	(void)state;
	log_to_pipe(LOG_LEVEL_INFO, 1);
	log_warn(&ctx, "a \"quoted\"\nthing");
	line = logged();
	assert_int_equal(json_find_str(SPAN(line, strlen(line)), "message",
			     text, sizeof(text)),
	    0);
	assert_string_equal(text, "a \"quoted\"\nthing");
	assert_int_equal(json_find_str(SPAN(line, strlen(line)), "level", text,
			     sizeof(text)),
	    0);
	assert_string_equal(text, "warn");
	assert_int_equal(
	    json_find_uint(SPAN(line, strlen(line)), "pid", &pid), 0);
	assert_int_equal(pid, getpid());
}

static void
a_chatty_call_site_is_held_back_and_says_so(void **state)
{
	unsigned i, lines = 0;
	const char *at;

	(void)state;
	log_to_pipe(LOG_LEVEL_INFO, 0);
	/* The loop may straddle a second. */
	for (i = 0; i < 200; i++)
		log_info(NULL, "chatter %u", i);
	for (at = logged(); (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	assert_in_range(lines, 20, 42);
	log_info(NULL, "another site still speaks");
	assert_non_null(strstr(logged(), "another site"));
}

static void
errno_survives_a_log_line(void **state)
{
	(void)state;
	log_to_pipe(LOG_LEVEL_INFO, 0);
	errno = EAGAIN;
	log_info(NULL, "line");
	assert_int_equal(errno, EAGAIN);
	(void)logged();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_has_program_level_object_and_words),
	    cmocka_unit_test(a_level_below_the_set_one_is_silent),
	    cmocka_unit_test(bytes_from_a_peer_cannot_forge_a_line),
	    cmocka_unit_test(json_lines_are_objects),
	    cmocka_unit_test(a_chatty_call_site_is_held_back_and_says_so),
	    cmocka_unit_test(errno_survives_a_log_line),
	};

	if (pipe(fds) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
