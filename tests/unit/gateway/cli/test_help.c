/* SPDX-License-Identifier: Apache-2.0 */
/* Help, completion and manual page: every verb and option is in all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/help.h"

static char *text;
static size_t text_len;

static FILE *
begin(void)
{
	FILE *to = open_memstream(&text, &text_len);

	assert_non_null(to);
	return to;
}

static void
has(const char *words)
{
	if (strstr(text, words) == NULL)
		fail_msg("lacks \"%s\"", words);
}

static void
help_of(const struct args *a)
{
	FILE *to = begin();

	help_print(a, to);
	assert_int_equal(fclose(to), 0);
}

static void
the_program_shows_every_verb(void **state UNUSED)
{
	char call[128];

	help_of(&(struct args){.help = true});
	for (size_t i = 0; i < args_table_len; i++) {
		const struct args_row *r = &args_table[i];

		if (r->noun == NULL)
			continue;
		(void)snprintf(call, sizeof(call), "\n  %s%s%s", r->noun,
		    r->verb[0] ? " " : "", r->verb);
		has(call);
		has(r->text);
	}
	has("Exit status: 0");
	free(text);
}

static void
a_noun_shows_its_own_verbs(void **state UNUSED)
{
	help_of(&(struct args){.help = true, .noun = "group"});
	has("  group member NAME ACTION USER...");
	assert_null(strstr(text, "  user add"));
	free(text);
}

static void
a_verb_shows_its_options(void **state UNUSED)
{
	for (size_t i = 0; i < args_table_len; i++) {
		const struct args_row *r = &args_table[i];
		char opt[64];

		if (r->noun == NULL)
			continue;
		help_of(&(struct args){.row = r, .noun = r->noun});
		has(r->text);
		for (size_t k = i + 1; k < args_table_len; k++) {
			if (args_table[k].opt == NULL)
				break;
			(void)snprintf(
			    opt, sizeof(opt), "  --%s", args_table[k].opt);
			has(opt);
			has(args_table[k].text);
		}
		free(text);
	}
}

/* Run a program with what was printed on its standard input. */
static int
pipe_into(const char *const *argv)
{
	FILE *in = tmpfile();
	int status;
	pid_t pid;

	assert_non_null(in);
	assert_int_equal(fwrite(text, 1, text_len, in), text_len);
	assert_int_equal(fflush(in), 0);
	rewind(in);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)dup2(fileno(in), 0);
		(void)dup2(2, 1);
		(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	(void)fclose(in);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
}

static void
the_completion_is_bash_and_completes(void **state UNUSED)
{
	static const char *const argv[] = {"bash", "-s", NULL};
	static const char tail[] =
	    "try() { COMP_WORDS=(sallyport \"$@\"); COMP_CWORD=$#; "
	    "COMPREPLY=();"
	    " _sallyport; }\n"
	    "try us; [ \"${COMPREPLY[*]}\" = user ] || exit 3\n"
	    "try user di; [ \"${COMPREPLY[*]}\" = disable ] || exit 4\n"
	    "try -c /x/y us; [ \"${COMPREPLY[*]}\" = user ] || exit 6\n"
	    "try --json -c z user di; [ \"${COMPREPLY[*]}\" = disable ] || "
	    "exit 7\n"
	    "try -c /etc/pass; [[ ${COMPREPLY[*]} = */etc/passwd* ]] || exit "
	    "8\n"
	    "try policy add --record-e\n"
	    "[ \"${COMPREPLY[*]}\" = --record-exec ] || exit 5\n";
	FILE *to = begin();

	help_bash(to);
	(void)fputs(tail, to);
	assert_int_equal(fclose(to), 0);
	assert_int_equal(pipe_into(argv), 0);
	free(text);
}

static void
the_manual_is_mdoc_with_every_verb(void **state UNUSED)
{
	static const char *const argv[] = {
	    "mandoc", "-T", "lint", "-W", "warning", NULL};
	char call[128];
	FILE *to = begin();

	help_man(to);
	assert_int_equal(fclose(to), 0);
	for (size_t i = 0; i < args_table_len; i++) {
		const struct args_row *r = &args_table[i];

		if (r->noun != NULL)
			(void)snprintf(call, sizeof(call), ".It Cm %s%s%s",
			    r->noun, r->verb[0] ? " " : "", r->verb);
		else
			(void)snprintf(
			    call, sizeof(call), ".It Fl -%s", r->opt);
		has(call);
	}
	assert_int_equal(pipe_into(argv), 0);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_program_shows_every_verb),
	    cmocka_unit_test(a_noun_shows_its_own_verbs),
	    cmocka_unit_test(a_verb_shows_its_options),
	    cmocka_unit_test(the_completion_is_bash_and_completes),
	    cmocka_unit_test(the_manual_is_mdoc_with_every_verb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
