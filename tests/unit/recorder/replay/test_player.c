/* SPDX-License-Identifier: Apache-2.0 */
/* The player in a terminal of its own. */
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <cmocka.h>

#include "base/fail.h"
#include "base/loop.h"
#include "recorder/replay/pick.h"
#include "recorder/replay/player.h"
#include "recorder/replay/screen.h"

#include "rp_make.h"

enum { COLS = 60, ROWS = 12, LONG_NS = 1000000000, PATIENCE = 10 };

static struct rec_make m;
static struct player_opts opts;
static pid_t child;
static int tty = -1;
static struct termios before;
static struct screen *view; /* what the viewer sees */
static struct buf sent;	    /* all that was sent to the terminal */

static void
make(void)
{
	rec_make_init(&m);
	assert_int_equal(rec_make_start(&m), 0);
	opts = (struct player_opts){.channel = PICK_AUTO, .speed_milli = 1000};
}

/* In the child: play, and say by the status how it went. */
static void
child_run(void)
{
	struct source *s = rp_source(&m);
	struct fail f = {0};
	int sig, r = player_run(s, &opts, &sig, &f);

	source_free(s);
	_exit(sig != 0 ? 100 + sig : r < 0 ? 99 : r);
}

static void
size_set(unsigned short cols, unsigned short rows)
{
	struct winsize w = {.ws_col = cols, .ws_row = rows};

	assert_int_equal(ioctl(tty, TIOCSWINSZ, &w), 0);
}

static void
start(void)
{
	struct winsize w = {.ws_col = COLS, .ws_row = ROWS};
	int other;

	assert_int_equal(openpty(&tty, &other, NULL, NULL, &w), 0);
	assert_int_equal(tcgetattr(tty, &before), 0);
	assert_int_equal(screen_new(&view,
			     &(struct screen_opts){.cols = COLS, .rows = ROWS}),
	    0);
	buf_init(&sent, 64 << 20);
	assert_true((child = fork()) >= 0);
	if (child == 0) {
		(void)close(tty);
		MUST(login_tty(other) == 0);
		child_run();
	}
	(void)close(other);
}

/* Take what has been sent; false: nothing comes any more. */
static bool
pump(int ms)
{
	struct pollfd p = {.fd = tty, .events = POLLIN};
	uint8_t bytes[65536];
	ssize_t n;

	if (poll(&p, 1, ms) <= 0)
		return true;
	n = read(tty, bytes, sizeof(bytes));
	if (n <= 0)
		return false;
	assert_int_equal(buf_put(&sent, bytes, (size_t)n), 0);
	assert_int_equal(screen_feed(view, SPAN(bytes, (size_t)n)), 0);
	return true;
}

static bool
is_seen(const char *text)
{
	static char row[SCREEN_ROW_SIZE];
	unsigned i;

	for (i = 0; i < ROWS; i++) {
		(void)screen_row(view, i, row);
		if (strstr(row, text) != NULL)
			return true;
	}
	return false;
}

static void
see(const char *text)
{
	uint64_t end = mono_ns() + (uint64_t)PATIENCE * LONG_NS;

	while (!is_seen(text) && mono_ns() < end && pump(100))
		;
	if (!is_seen(text))
		fail_msg("%s was not seen", text);
}

static void
type(const char *keys)
{
	assert_int_equal(write(tty, keys, strlen(keys)), strlen(keys));
}

/* Until the child ends; its status. */
static int
end(void)
{
	int status;

	while (waitpid(child, &status, WNOHANG) == 0)
		IGNORE(!pump(20));
	while (pump(0) &&
	       poll(&(struct pollfd){.fd = tty, .events = POLLIN}, 1, 50) > 0)
		;
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool
has_been_sent(const char *text)
{
	return memmem(buf_head(&sent), buf_len(&sent), text, strlen(text)) !=
	       NULL;
}

static void
is_restored(void)
{
	struct termios now;

	assert_int_equal(tcgetattr(tty, &now), 0);
	assert_int_equal(now.c_lflag, before.c_lflag);
	assert_int_equal(now.c_iflag, before.c_iflag);
	assert_int_equal(now.c_oflag, before.c_oflag);
	assert_true(has_been_sent("\033[?25h\033[?1049l"));
}

static void
finish(void)
{
	(void)close(tty);
	screen_free(view);
	buf_fini(&sent);
	rec_make_fini(&m);
}

/* Lines "line N", one each second, of a shell of this size. */
static void
counting(unsigned secs, unsigned cols, unsigned rows)
{
	char line[64];
	unsigned i;

	make();
	rp_shell(&m, 0, 0, cols, rows);
	for (i = 0; i < secs; i++) {
		(void)snprintf(line, sizeof(line), "line %u.\r\n", i);
		rp_event(&m, i * 1000, RCD_EV_OUT, 0, line);
	}
	rec_make_end(&m, (uint64_t)secs * 1000000);
}

static void
unattended_it_plays_to_the_end_and_leaves_the_last_picture(void **state)
{
	(void)state;
	counting(30, COLS, 5);
	opts.speed_milli = 100000;
	start();
	assert_int_equal(end(), RCD_END);
	is_restored();
	assert_true(is_seen("line 29."));
	assert_false(is_seen("line 2."));
	finish();
}

static void
q_leaves_and_everything_is_as_it_was(void **state)
{
	(void)state;
	counting(1000, COLS, 5);
	start();
	see("line 0.");
	see("play  0:01/16:40  x1  ana at db1");
	type("q");
	assert_int_equal(end(), 0);
	is_restored();
	finish();
}

static void
keys_pause_seek_and_change_the_speed(void **state)
{
	(void)state;
	counting(1000, COLS, 8);
	start();
	see("line 0.");
	type(" ");
	see("pause");
	type("\033[C");
	see("pause 0:1");
	see("line 10.");
	type("\033[6~");
	see("line 70.");
	type("\033[D");
	see("line 60.");
	type("t5:00\r");
	see("line 300.");
	see("5:00/16:40");
	type(".");
	see("line 301.");
	type("++");
	see("x4");
	type("-");
	see("x2");
	type("G");
	see("line 999.");
	see("end ");
	type("g");
	see("0:00/16:40");
	type("?");
	see("10 seconds back");
	type("x");
	see("line 0.");
	type("q");
	assert_int_equal(end(), 0);
	is_restored();
	finish();
}

static void
a_text_is_searched_and_searched_on(void **state)
{
	(void)state;
	counting(1000, COLS, 8);
	start();
	type(" ");
	see("pause");
	type("n");
	see("nothing to search");
	type("/LINE 7\r");
	see("not found");
	type("/line 7\r");
	see("found; n: next");
	see("0:07/");
	type("n");
	see("1:10/");
	type("n");
	see("1:11/");
	type("/line 999");
	see("/line 999");
	type("\033");
	see("pause");
	type("/line 888.\r");
	see("14:48/");
	type("q");
	assert_int_equal(end(), 0);
	finish();
}

static void
idle_time_is_skipped(void **state)
{
	(void)state;
	make();
	rp_shell(&m, 0, 0, COLS, 8);
	rp_event(&m, 0, RCD_EV_OUT, 0, "before");
	rp_event(&m, 3600000, RCD_EV_OUT, 0, " after");
	rec_make_end(&m, 3600000000);
	opts.max_idle_us = 200000;
	start();
	see("before after");
	assert_int_equal(end(), RCD_END);
	finish();
}

static void
a_larger_screen_is_cut_and_a_new_size_is_followed(void **state)
{
	(void)state;
	counting(1000, 200, 50);
	opts.at_us = 40000000;
	start();
	see("200x50, cut");
	see("line 40.");
	assert_false(is_seen("line 20."));
	size_set(30, 6);
	assert_int_equal(screen_resize(view, 30, 6), 0);
	buf_reset(&sent);
	see("line 41.");
	assert_true(has_been_sent("\033[2J"));
	assert_false(has_been_sent("\033[7;1H"));
	type("q");
	assert_int_equal(end(), 0);
	finish();
}

static void
signals_find_the_terminal_as_it_was(void **state)
{
	static const int sigs[] = {SIGINT, SIGTERM, SIGHUP};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(sigs); i++) {
		counting(1000, COLS, 5);
		start();
		see("line 0.");
		assert_int_equal(kill(child, sigs[i]), 0);
		assert_int_equal(end(), 100 + sigs[i]);
		is_restored();
		finish();
	}
}

static void
a_fault_of_the_player_finds_it_as_it_was_too(void **state)
{
	int status;

	(void)state;
	counting(1000, COLS, 5);
	start();
	see("line 0.");
	assert_int_equal(kill(child, SIGSEGV), 0);
	while (waitpid(child, &status, WNOHANG) == 0)
		IGNORE(!pump(20));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
	IGNORE(!pump(100));
	is_restored();
	finish();
}

static void
it_is_suspended_and_goes_on(void **state)
{
	struct termios now;
	int status;

	(void)state;
	counting(1000, COLS, 5);
	start();
	see("line 0.");
	assert_int_equal(kill(child, SIGTSTP), 0);
	while (waitpid(child, &status, WNOHANG | WUNTRACED) == 0)
		IGNORE(!pump(20));
	assert_true(WIFSTOPPED(status));
	IGNORE(!pump(100));
	is_restored();
	buf_reset(&sent);
	assert_int_equal(kill(child, SIGCONT), 0);
	see("line 1.");
	assert_true(has_been_sent("\033[?1049h"));
	assert_int_equal(tcgetattr(tty, &now), 0);
	assert_int_equal(now.c_lflag & (ECHO | ICANON), 0);
	type("q");
	assert_int_equal(end(), 0);
	is_restored();
	finish();
}

static void
a_hostile_recording_cannot_reach_the_terminal(void **state)
{
	static const char *const evil[] = {"\033]52;", "\033]0;", "\033]2;",
	    "\033[6n", "\033[c", "\033[>c", "\033[21t", "\033P", "\033_",
	    "\033^", "\033]1337", "\033[5i", "\302\233", "\302\235", "\005",
	    "\007", "\033Z", "\033#8", "\033[?1000h", "\033[?2004h",
	    "\342\200\256"};
	size_t i;

	(void)state;
	make();
	rp_shell(&m, 0, 0, COLS, 8);
	for (i = 0; i < ARRAY_LEN(evil); i++) {
		rp_event(&m, 1000 + i, RCD_EV_OUT, 0, evil[i]);
		rp_event(&m, 1000 + i, RCD_EV_OUT, 0, "c;aGFja2Vk\007\033\\");
	}
	rp_event(&m, 2000, RCD_EV_POLICY, 0, "\033]52;c;aGk=\007");
	rp_event(&m, 2000, RCD_EV_OUT, 0, "\033c\r\nall is well");
	rp_event(&m, 2500, RCD_EV_EXEC, 0, "\033]52;c;aGk=\007");
	rec_make_end(&m, 3000000);
	start();
	see("all is well");
	see("policy: \\x1b]52");
	type("?q");
	assert_int_equal(end(), 0);
	for (i = 0; i < ARRAY_LEN(evil); i++)
		assert_false(has_been_sent(evil[i]));
	finish();
}

static void
commands_are_played_one_after_the_other(void **state)
{
	(void)state;
	make();
	rp_exec(&m, 0, 0, "one");
	rp_event(&m, 100, RCD_EV_OUT, 0, "first\nsecond\n");
	rp_close(&m, 200, 0);
	rp_exec(&m, 300, 1, "two");
	rp_event(&m, 2000, RCD_EV_ERR, 1, "third\n");
	rp_close(&m, 2200, 1);
	rec_make_end(&m, 3000000);
	start();
	see("first");
	see("channel 0: exec one");
	type("s");
	type("s");
	see("third");
	assert_false(is_seen("first"));
	see("channel 1: exec two");
	type("\t");
	see("channel 0: exec one");
	see("second");
	type("q");
	assert_int_equal(end(), 0);
	finish();
}

static void
damage_is_said_and_what_is_before_it_is_seen(void **state)
{
	(void)state;
	make();
	rp_shell(&m, 0, 0, COLS, 8);
	rp_event(&m, 0, RCD_EV_OUT, 0, "good");
	assert_int_equal(rcd_writer_seal(m.w), 0);
	rp_event(&m, 100, RCD_EV_OUT, 0, " bad");
	rec_make_end(&m, 1000000);
	m.file.data[m.file.off + m.place[1] + 45] ^= 1;
	start();
	assert_int_equal(end(), 99);
	is_restored();
	assert_true(is_seen("good"));
	finish();
}

static void
standard_output_must_be_a_terminal(void **state)
{
	struct source *s;
	struct fail f = {0};
	int sig, fd, keep = dup(STDOUT_FILENO), r;

	(void)state;
	counting(1, COLS, 5);
	s = rp_source(&m);
	fd = rec_make_fd(SPAN("", 0));
	assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
	r = player_run(s, &opts, &sig, &f);
	assert_int_equal(dup2(keep, STDOUT_FILENO), STDOUT_FILENO);
	assert_int_equal(r, FAIL_STATE);
	assert_non_null(strstr(f.why, "--text"));
	(void)close(fd);
	(void)close(keep);
	source_free(s);
	rec_make_fini(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		unattended_it_plays_to_the_end_and_leaves_the_last_picture),
	    cmocka_unit_test(q_leaves_and_everything_is_as_it_was),
	    cmocka_unit_test(keys_pause_seek_and_change_the_speed),
	    cmocka_unit_test(a_text_is_searched_and_searched_on),
	    cmocka_unit_test(idle_time_is_skipped),
	    cmocka_unit_test(a_larger_screen_is_cut_and_a_new_size_is_followed),
	    cmocka_unit_test(signals_find_the_terminal_as_it_was),
	    cmocka_unit_test(a_fault_of_the_player_finds_it_as_it_was_too),
	    cmocka_unit_test(it_is_suspended_and_goes_on),
	    cmocka_unit_test(a_hostile_recording_cannot_reach_the_terminal),
	    cmocka_unit_test(commands_are_played_one_after_the_other),
	    cmocka_unit_test(damage_is_said_and_what_is_before_it_is_seen),
	    cmocka_unit_test(standard_output_must_be_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
