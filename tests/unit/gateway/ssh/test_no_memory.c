/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole session, from the first byte to a shell and its end, in which the
 * n-th allocation fails, for all n: the process lives, what it had is freed
 * (where leaks are looked for), and nothing else goes wrong.  Each n has a
 * process of its own.
 */
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

#include "base/buf.h"
#include "base/log.h"
#include "ssh/session_impl.h"
#include "tests/fuzz/session_drive.h"
#include "tests/unit/nomem.h"

enum {
	SURVIVED = 0,
	BEYOND = 90, /* there are not so many allocations */
	PEERS = 91,  /* it was the users' and targets' part that had none */
	FIRST_CHANNEL = 0,
	WINDOW = 0x200000,
	PACKET = 0x8000,
};

void NORETURN __wrap_must_fail(const char *file, int line, const char *cond);

void NORETURN
__wrap_must_fail(const char *file, int line, const char *cond)
{
	if (strstr(file, "tests/fuzz/") != NULL)
		_exit(PEERS);
	(void)fprintf(stderr, "%s:%d: %s\n", file, line, cond);
	abort();
}

static void
step(struct buf *in, uint8_t what, const struct buf *body)
{
	assert_int_equal(buf_put_u8(in, what), 0);
	assert_int_equal(buf_put_u16(in, (uint16_t)buf_len(body)), 0);
	assert_int_equal(buf_put(in, buf_head(body), buf_len(body)), 0);
}

static void
put(struct buf *b, uint8_t type, uint32_t channel, const char *text)
{
	buf_reset(b);
	assert_int_equal(buf_put_u8(b, type), 0);
	if (type != 90)
		assert_int_equal(buf_put_u32(b, channel), 0);
	if (text != NULL)
		assert_int_equal(
		    buf_put_string(b, text, (uint32_t)strlen(text)), 0);
}

static void
put_numbers(struct buf *b, unsigned n, ...)
{
	va_list ap;

	va_start(ap, n);
	while (n-- > 0)
		assert_int_equal(buf_put_u32(b, va_arg(ap, uint32_t)), 0);
	va_end(ap);
}

/* A login, a terminal with a shell, some lines of it, and the end. */
static void
script(struct buf *in, unsigned flags)
{
	struct buf b;

	buf_init(&b, 4096);
	assert_int_equal(buf_put_u8(in, (uint8_t)(SESSION_RELAY | flags)), 0);
	put(&b, 90, 0, "session");
	put_numbers(&b, 3, FIRST_CHANNEL, WINDOW, PACKET);
	step(in, STEP_SAY, &b);
	put(&b, 91, FIRST_CHANNEL, NULL);
	put_numbers(&b, 3, FIRST_CHANNEL, WINDOW, PACKET);
	step(in, STEP_SAY + 1, &b);
	put(&b, 98, FIRST_CHANNEL, "pty-req");
	assert_int_equal(buf_put_u8(&b, 0), 0);
	assert_int_equal(buf_put_string(&b, "xterm", 5), 0);
	put_numbers(&b, 4, 80, 24, 0, 0);
	assert_int_equal(buf_put_string(&b, "", 0), 0);
	step(in, STEP_SAY, &b);
	put(&b, 98, FIRST_CHANNEL, "shell");
	assert_int_equal(buf_put_u8(&b, 0), 0);
	step(in, STEP_SAY, &b);
	for (int i = 0; i < 3; i++) {
		put(&b, 94, FIRST_CHANNEL, "alice@target:~$ ");
		step(in, STEP_SAY + 1, &b);
		put(&b, 94, FIRST_CHANNEL, "uptime\r");
		step(in, STEP_SAY, &b);
		put(&b, 94, FIRST_CHANNEL, "uptime\r\nup 3 days\r\n");
		step(in, STEP_SAY + 1, &b);
	}
	put(&b, 97, FIRST_CHANNEL, NULL);
	step(in, STEP_SAY + 1, &b);
	buf_reset(&b);
	step(in, STEP_STOP, &b);
	buf_fini(&b);
}

/* What becomes of a session in which the n-th allocation fails. */
static int
outcome(struct span in, unsigned n)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		(void)alarm(60);
		nomem_at(n);
		session_drive(in);
		/* With the leak check of exit(), where there is one. */
		exit(nomem_hit() ? SURVIVED : BEYOND);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void
check(unsigned flags)
{
	unsigned n = 0, survived = 0, peers = 0, bad = 0;
	struct buf in;
	int r;

	buf_init(&in, 65536);
	script(&in, flags);
	/* Keys, tables and what else is made once, with memory. */
	session_drive(buf_span(&in));
	while ((r = outcome(buf_span(&in), ++n)) != BEYOND) {
		survived += r == SURVIVED;
		peers += r == PEERS;
		if (r != SURVIVED && r != PEERS) {
			print_error("allocation %u: %d\n", n, r);
			bad++;
		}
	}
	print_message("%u allocations failed in a session, %u in its peers\n",
	    survived, peers);
	buf_fini(&in);
	assert_int_equal(bad, 0);
	/* Otherwise the script would not get where it is to get. */
	assert_true(survived > 120);
}

static void
a_session_with_a_password_lives_without_memory(void **state)
{
	(void)state;
	check(0);
}

static void
a_session_with_a_key_lives_without_memory(void **state)
{
	(void)state;
	check(DRIVE_KEY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_session_with_a_password_lives_without_memory),
	    cmocka_unit_test(a_session_with_a_key_lives_without_memory),
	};

	/* One line a failure would be a thousand. */
	log_init(&(struct log_opts){
	    .program = "test", .level = LOG_LEVEL_ERR, .fd = -1});
	return cmocka_run_group_tests(tests, NULL, NULL);
}
