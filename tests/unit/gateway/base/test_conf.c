/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include <cmocka.h>

#include "base/conf.h"

static int
parse(struct conf **c, const char *text, struct fail *f)
{
	*f = (struct fail){0};
	return conf_parse(c, "test.conf", text, strlen(text), f);
}

static void
refused(const char *text, const char *why)
{
	struct conf *c;
	struct fail f;

	assert_int_equal(parse(&c, text, &f), FAIL_CONF);
	assert_string_equal(f.why, why);
}

static void
without_a_file_every_setting_has_its_default(void **state)
{
	struct conf *c;
	struct fail f = {0};

	(void)state;
	assert_int_equal(conf_load(&c, NULL, &f), 0);
	assert_string_equal(c->gateway_ssh, "[::]:4422");
	assert_int_equal(c->gateway_sessions_per_worker, 64);
	assert_int_equal(c->node_drain, 600000);
	assert_int_equal(c->recording_flush, 500);
	assert_int_equal(c->recording_segment, 64 << 20);
	assert_true(c->gateway_sandbox);
	assert_string_equal(c->database_user, "");
	conf_free(c);
}

static void
values_are_read_with_units_comments_and_quotes(void **state)
{
	struct conf *c;
	struct fail f;

	(void)state;
	assert_int_equal(parse(&c,
			     "# comment\r\n; another\n\n"
			     " [ node ]\r\n"
			     "name=  n1 with words  \r\n"
			     "state = \" a \\\"b\\\" \\\\ \"\n"
			     "drain = 90s\n"
			     "[gateway]\n"
			     "rekey_bytes = 512M\n"
			     "sandbox = off\n"
			     "workers = 7\n"
			     "[node]\n"
			     "user =",
			     &f),
	    0);
	assert_string_equal(c->node_name, "n1 with words");
	assert_string_equal(c->node_state, " a \"b\" \\ ");
	assert_int_equal(c->node_drain, 90000);
	assert_int_equal(c->gateway_rekey_bytes, 512ULL << 20);
	assert_false(c->gateway_sandbox);
	assert_int_equal(c->gateway_workers, 7);
	assert_string_equal(c->node_user, "");
	assert_string_equal(c->file, "test.conf");
	conf_free(c);
}

static void
what_is_wrong_is_named_with_file_and_line(void **state)
{
	(void)state;
	refused("[node]\n\ncolour = red\n",
	    "test.conf:3: unknown key 'colour' in [node]");
	refused("[nodes]\n", "test.conf:1: unknown section [nodes]");
	refused("[node\n", "test.conf:1: ']' is missing");
	refused("name = x\n",
	    "test.conf:1: 'name' stands before the first section");
	refused(
	    "[node]\nname\n", "test.conf:2: neither [section] nor key = value");
	refused("[node]\nname = a\nname = b\n",
	    "test.conf:3: 'name' is set a second time");
	refused(
	    "[node]\nname = \"a\n", "test.conf:2: quotes of 'name' are wrong");
	refused("[node]\nname = \"a\" b\n",
	    "test.conf:2: quotes of 'name' are wrong");
	refused("[node]\nname = a\x01\n",
	    "test.conf:2: control character in column 9");
	refused("[gateway]\nworkers = many\n",
	    "test.conf:2: 'workers' is 'many' but must be a number");
	refused("[gateway]\nworkers = 0\n",
	    "test.conf:2: 'workers' is '0' but must be from 1 to 256");
	refused("[gateway]\nsandbox = maybe\n",
	    "test.conf:2: 'sandbox' is 'maybe' but must be yes or no");
	refused("[recording]\nflush = 2s\n",
	    "test.conf:2: 'flush' is '2s' but must be from 10ms to 1s");
	refused("[recording]\nflush = 500\n",
	    "test.conf:2: 'flush' is '500' but must be a time such as 500ms or "
	    "10m");
	refused("[recording]\nsegment = 99999999999999999999G\n",
	    "test.conf:2: 'segment' is '99999999999999999999G' but must be a "
	    "size such as 512K or 64M");
	refused("[log]\nlevel = loud\n",
	    "test.conf:2: 'level' is 'loud' but must be one of "
	    "err|warn|info|debug");
	refused("[log]\nlevel = inf\n",
	    "test.conf:2: 'level' is 'inf' but must be one of "
	    "err|warn|info|debug");
	refused("[database]\nmode = cluster\n",
	    "test.conf: [database] mode cluster needs hosts, user, "
	    "password_file and tls_ca");
}

static void
a_line_of_1023_bytes_is_the_longest(void **state)
{
	char text[2048] = "[node]\n# ";
	struct conf *c;
	struct fail f;

	(void)state;
	memset(text + 9, 'x', 1021);
	assert_int_equal(parse(&c, text, &f), 0);
	conf_free(c);
	text[9 + 1021] = 'x';
	refused(text, "test.conf:2: line of more than 1023 bytes");
}

static void
a_file_that_is_not_there_says_so(void **state)
{
	struct conf *c;
	struct fail f = {0};

	(void)state;
	assert_int_equal(conf_load(&c, "/nonexistent/x.conf", &f), FAIL_SYS);
	assert_string_equal(
	    f.why, "/nonexistent/x.conf: No such file or directory");
}

static char *
printed(const struct conf *c)
{
	char *text = NULL;
	size_t size;
	FILE *fp = open_memstream(&text, &size);

	assert_non_null(fp);
	conf_print(c, fp);
	assert_int_equal(fclose(fp), 0);
	return text;
}

static void
what_is_printed_reads_back_to_the_same(void **state)
{
	struct conf *c, *again;
	char *first, *second;
	struct fail f;

	(void)state;
	assert_int_equal(parse(&c,
			     "[node]\nname = \" \\\" \\\\\"\nstate = a\\b\n"
			     "drain = 1500ms\n[gateway]\nsandbox = no\n"
			     "rekey_bytes = 65537\n",
			     &f),
	    0);
	first = printed(c);
	assert_int_equal(parse(&again, first, &f), 0);
	second = printed(again);
	assert_string_equal(first, second);
	assert_string_equal(again->node_name, " \" \\");
	assert_string_equal(again->node_state, "a\\b");
	assert_int_equal(again->node_drain, 1500);
	assert_int_equal(again->gateway_rekey_bytes, 65537);
	free(first);
	free(second);
	conf_free(c);
	conf_free(again);
}

static void
the_manual_names_every_setting(void **state)
{
	static const char *const keys[] = {
#define CONF(section, key, type, def, text) ".It Cm " #key " No = ",
#include "base/conf_tbl.h"
#undef CONF
	};
	char *text = NULL;
	size_t size, i;
	FILE *fp = open_memstream(&text, &size);

	(void)state;
	assert_non_null(fp);
	conf_print_man(fp);
	assert_int_equal(fclose(fp), 0);
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_non_null(strstr(text, keys[i]));
	free(text);
}

static void
relative_paths_are_below_the_state_folder(void **state)
{
	struct conf *c;
	struct fail f;
	char *path;

	(void)state;
	assert_int_equal(parse(&c, "[node]\nstate = /srv/sp\n", &f), 0);
	assert_non_null(path = conf_path(c, "spool"));
	assert_string_equal(path, "/srv/sp/spool");
	free(path);
	assert_non_null(path = conf_path(c, "/abs"));
	assert_string_equal(path, "/abs");
	free(path);
	conf_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_a_file_every_setting_has_its_default),
	    cmocka_unit_test(values_are_read_with_units_comments_and_quotes),
	    cmocka_unit_test(what_is_wrong_is_named_with_file_and_line),
	    cmocka_unit_test(a_line_of_1023_bytes_is_the_longest),
	    cmocka_unit_test(a_file_that_is_not_there_says_so),
	    cmocka_unit_test(what_is_printed_reads_back_to_the_same),
	    cmocka_unit_test(the_manual_names_every_setting),
	    cmocka_unit_test(relative_paths_are_below_the_state_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
