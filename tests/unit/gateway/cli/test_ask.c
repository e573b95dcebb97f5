/* SPDX-License-Identifier: Apache-2.0 */
/* Questions on a terminal, and what is typed at them. */
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/ask.h"

enum { WAIT_MS = 20000 };

/* Somebody is asked on a terminal of which we have the other side. */
struct asked {
	int fd;
	pid_t pid;
	char seen[4096];
	size_t n;
};

/* In the child: 0 when the answer is the one wanted. */
static int
ask(const char *want, bool twice)
{
	struct secret *s = NULL;
	struct fail f = {0};
	int bad = 1;

	if (ask_secret(&s, "password", twice, &f) == 0)
		bad = !span_eq(secret_show(s), want);
	else
		dprintf(1, "<%s>", f.why);
	secret_free(s);
	return bad;
}

static void
begin(struct asked *a, const char *want, bool twice)
{
	memset(a, 0, sizeof(*a));
	fflush(NULL);
	a->pid = forkpty(&a->fd, NULL, NULL, NULL);
	assert_true(a->pid >= 0);
	if (a->pid == 0)
		_exit(ask(want, twice));
}

/* Reads until text is there; whether it came. */
static bool
saw(struct asked *a, const char *text)
{
	struct pollfd p = {.fd = a->fd, .events = POLLIN};
	ssize_t n;

	while (strstr(a->seen, text) == NULL) {
		if (a->n == sizeof(a->seen) - 1 || poll(&p, 1, WAIT_MS) != 1)
			return false;
		n = read(a->fd, a->seen + a->n, sizeof(a->seen) - 1 - a->n);
		if (n <= 0)
			return false;
		a->n += (size_t)n;
	}
	return true;
}

static void
type(struct asked *a, const char *text)
{
	assert_int_equal(
	    write(a->fd, text, strlen(text)), (ssize_t)strlen(text));
}

static bool
echoes(const struct asked *a)
{
	struct termios t;

	assert_int_equal(tcgetattr(a->fd, &t), 0);
	return (t.c_lflag & ECHO) != 0;
}

static int
end(struct asked *a)
{
	int status;

	(void)saw(a, "\001"); /* all that comes */
	assert_int_equal(waitpid(a->pid, &status, 0), a->pid);
	assert_int_equal(close(a->fd), 0);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
what_is_typed_at_once_is_neither_shown_nor_lost(void **state)
{
	struct asked a;
	int i;

	(void)state;
	for (i = 0; i < 50; i++) {
		begin(&a, "correct horse", false);
		assert_true(saw(&a, "password: "));
		assert_false(echoes(&a));
		type(&a, "correct horse\n");
		assert_int_equal(end(&a), 0);
		assert_null(strstr(a.seen, "horse"));
	}
}

static void
twice_means_the_same_twice(void **state)
{
	struct asked a;

	(void)state;
	begin(&a, "abc", true);
	assert_true(saw(&a, "password: "));
	type(&a, "abc\n");
	assert_true(saw(&a, "again: "));
	assert_false(echoes(&a));
	type(&a, "abc\n");
	assert_int_equal(end(&a), 0);

	begin(&a, "abc", true);
	assert_true(saw(&a, "password: "));
	type(&a, "abc\n");
	assert_true(saw(&a, "again: "));
	type(&a, "abd\n");
	assert_int_equal(end(&a), 1);
	assert_non_null(strstr(a.seen, "<the two are not the same>"));
	assert_null(strstr(a.seen, "abd"));
}

static void
an_interrupt_is_no_answer(void **state)
{
	struct asked a;

	(void)state;
	begin(&a, "abc", false);
	assert_true(saw(&a, "password: "));
	type(&a, "ab\003c\n");
	assert_int_equal(end(&a), 1);
	assert_non_null(strstr(a.seen, "<interrupted>"));
}

static void
an_empty_secret_is_none(void **state)
{
	struct asked a;

	(void)state;
	begin(&a, "abc", false);
	assert_true(saw(&a, "password: "));
	type(&a, "\n");
	assert_int_equal(end(&a), 1);
	assert_non_null(strstr(a.seen, "<the secret is empty>"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_typed_at_once_is_neither_shown_nor_lost),
	    cmocka_unit_test(twice_means_the_same_twice),
	    cmocka_unit_test(an_interrupt_is_no_answer),
	    cmocka_unit_test(an_empty_secret_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
