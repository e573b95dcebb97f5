/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes a terminal over and gives it back.  Signals become a descriptor, so
 * that there is one place where they are dealt with.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "recorder/replay/tty.h"

/* No wrapping at the margin: the player says where each row begins. */
static const char enter_text[] = "\033[?1049h\033[?7l\033[0m\033[H\033[2J";
static const char leave_text[] = "\033[0m\033[?7h\033[?25h\033[?1049l";

static const int ours[] = {
    SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT};
static const int fatal[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGSYS};

/* For the handler of fatal signals, which is given nothing. */
static volatile sig_atomic_t emergency;
static int emergency_out, emergency_in;
static struct termios emergency_before;

static void
on_fatal(int sig)
{
	if (emergency) {
		emergency = 0;
		if (write(emergency_out, leave_text, sizeof(leave_text) - 1) <
		    0) {
		}
		(void)tcsetattr(emergency_in, TCSANOW, &emergency_before);
	}
	/* SA_RESETHAND: this time it is the end. */
	(void)raise(sig);
}

static void
fatal_catch(bool on)
{
	struct sigaction sa = {.sa_handler = on ? on_fatal : SIG_DFL};
	size_t i;

	sa.sa_flags = (int)SA_RESETHAND | SA_NODEFER;
	(void)sigemptyset(&sa.sa_mask);
	for (i = 0; i < ARRAY_LEN(fatal); i++)
		(void)sigaction(fatal[i], &sa, NULL);
}

static void
ours_set(sigset_t *set)
{
	size_t i;

	(void)sigemptyset(set);
	for (i = 0; i < ARRAY_LEN(ours); i++)
		(void)sigaddset(set, ours[i]);
}

static int
enter(struct tty *t, struct fail *f)
{
	struct termios raw = t->before;

	raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG | IEXTEN);
	raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL | INLCR | ISTRIP);
	raw.c_oflag &= ~(tcflag_t)OPOST;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(t->in, TCSADRAIN, &raw) != 0)
		return fail_sys(f, "cannot set the terminal");
	t->entered = true;
	emergency = 1;
	return tty_write(t, SPAN(enter_text, sizeof(enter_text) - 1));
}

static void
leave(struct tty *t)
{
	if (!t->entered)
		return;
	t->entered = false;
	emergency = 0;
	IGNORE(tty_write(t, SPAN(leave_text, sizeof(leave_text) - 1)));
	(void)tcsetattr(t->in, TCSADRAIN, &t->before);
}

static int
descriptors(struct tty *t, struct fail *f)
{
	if (!isatty(t->out))
		return fail_set(f, FAIL_STATE,
		    "standard output is no terminal: --text prints what was "
		    "shown");
	t->in = STDIN_FILENO;
	if (!isatty(t->in)) {
		t->in = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (t->in < 0)
			return fail_sys(f, "cannot open the terminal");
		t->own_in = true;
	}
	if (tcgetattr(t->in, &t->before) != 0)
		return fail_sys(f, "cannot read the terminal's settings");
	return 0;
}

int
tty_open(struct tty *t, struct fail *f)
{
	sigset_t set;
	int r;

	memset(t, 0, sizeof(*t));
	t->out = STDOUT_FILENO;
	t->signals = -1;
	if ((r = descriptors(t, f)) != 0)
		return r;
	ours_set(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	t->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (t->signals < 0)
		return fail_sys(f, "signalfd");
	emergency_out = t->out;
	emergency_in = t->in;
	emergency_before = t->before;
	fatal_catch(true);
	return enter(t, f);
}

void
tty_close(struct tty *t)
{
	sigset_t set;

	leave(t);
	if (t->signals >= 0) {
		(void)close(t->signals);
		fatal_catch(false);
		ours_set(&set);
		(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	}
	if (t->own_in)
		(void)close(t->in);
	t->signals = -1;
	t->own_in = false;
}

void
tty_size(const struct tty *t, unsigned *cols, unsigned *rows)
{
	struct winsize w = {0};

	if (ioctl(t->out, TIOCGWINSZ, &w) != 0)
		memset(&w, 0, sizeof(w));
	*cols = w.ws_col;
	*rows = w.ws_row;
}

int
tty_write(struct tty *t, struct span bytes)
{
	struct pollfd p = {.fd = t->out, .events = POLLOUT};
	ssize_t n;

	while (bytes.len > 0) {
		n = write(t->out, bytes.p, bytes.len);
		if (n < 0 && errno == EAGAIN)
			(void)poll(&p, 1, 1000);
		else if (n < 0 && errno != EINTR)
			return FAIL_CLOSED;
		if (n > 0)
			bytes = SPAN(bytes.p + n, bytes.len - (size_t)n);
	}
	return 0;
}

int
tty_signal(struct tty *t)
{
	struct signalfd_siginfo si;

	if (read(t->signals, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return 0;
	return (int)si.ssi_signo;
}

int
tty_suspend(struct tty *t, struct fail *f)
{
	leave(t);
	/* The shell sees us stopped, as by ^Z. */
	(void)raise(SIGSTOP);
	if (tcgetattr(t->in, &t->before) != 0)
		return fail_sys(f, "the terminal is gone");
	return enter(t, f);
}
