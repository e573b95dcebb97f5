/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prompts on the controlling terminal, never on standard input, so that a
 * secret is asked for even in a pipe; and secrets from files and pipes.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#include "cli/ask.h"

static int
open_tty(int *fd, struct fail *f)
{
	*fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (*fd < 0)
		return fail_set(f, FAIL_DENIED,
		    "there is no terminal to ask on: see the options");
	return 0;
}

static void
say(int fd, const char *text)
{
	IGNORE(write(fd, text, strlen(text)) < 0);
}

/* Up to the end of a line or file.  FAIL_RANGE: longer than size - 1. */
static int
read_line(int fd, char *dst, size_t size, size_t *len, struct fail *f)
{
	ssize_t n;
	char c;

	*len = 0;
	for (;;) {
		n = read(fd, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_sys(f, "cannot read");
		if (n == 0 || c == '\n')
			break;
		if (*len == size - 1)
			return fail_set(f, FAIL_RANGE,
			    "more than %zu bytes on a line", size - 1);
		dst[(*len)++] = c;
	}
	if (*len && dst[*len - 1] == '\r')
		(*len)--;
	dst[*len] = '\0';
	return 0;
}

/*
 * The prompt comes when the echo is off: what is typed at it is neither shown
 * nor flushed.  The echo is back on whatever happens: ^C waits until the line
 * is read.
 */
static int
read_quietly(int tty, const char *prompt, char *dst, size_t size, size_t *len,
    struct fail *f)
{
	struct termios before, quiet;
	sigset_t hold, old;
	int r;

	if (tcgetattr(tty, &before))
		return fail_sys(f, "cannot ask on the terminal");
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	quiet.c_lflag |= ICANON | ECHONL;
	sigemptyset(&hold);
	sigaddset(&hold, SIGTSTP);
	sigaddset(&hold, SIGINT);
	sigaddset(&hold, SIGTERM);
	sigprocmask(SIG_BLOCK, &hold, &old);
	tcsetattr(tty, TCSAFLUSH, &quiet);
	say(tty, prompt);
	say(tty, ": ");
	r = read_line(tty, dst, size, len, f);
	tcsetattr(tty, TCSAFLUSH, &before);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (r == 0 && *len && memchr(dst, 3, *len))
		r = fail_set(f, FAIL_DENIED, "interrupted");
	return r;
}

static int
take(struct secret **out, char *text, size_t len, struct fail *f)
{
	if (len == 0)
		return fail_set(f, FAIL_RANGE, "the secret is empty");
	*out = secret_from(text, len);
	return *out ? 0 : fail_set(f, FAIL_NOMEM, "out of memory");
}

int
ask_secret(struct secret **out, const char *prompt, bool twice, struct fail *f)
{
	char one[ASK_SECRET_MAX + 1], two[ASK_SECRET_MAX + 1];
	size_t n1 = 0, n2 = 0;
	int tty, r;

	*out = NULL;
	r = open_tty(&tty, f);
	if (r)
		return r;
	r = read_quietly(tty, prompt, one, sizeof(one), &n1, f);
	if (r == 0 && twice) {
		r = read_quietly(tty, "again", two, sizeof(two), &n2, f);
		if (r == 0 && (n1 != n2 || memcmp(one, two, n1) != 0))
			r = fail_set(
			    f, FAIL_DENIED, "the two are not the same");
	}
	if (r == 0)
		r = take(out, one, n1, f);
	wipe(one, sizeof(one));
	wipe(two, sizeof(two));
	close(tty);
	return r;
}

int
ask_read(struct secret **out, const char *path, struct fail *f)
{
	char text[ASK_SECRET_MAX + 1];
	size_t len = 0;
	int fd = STDIN_FILENO, r;

	*out = NULL;
	if (strcmp(path, "-") != 0)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail_sys(f, "cannot open %s", path);
	r = read_line(fd, text, sizeof(text), &len, f);
	if (r == 0)
		r = take(out, text, len, f);
	wipe(text, sizeof(text));
	if (fd != STDIN_FILENO)
		close(fd);
	return r;
}

int
ask_yes(const char *question, struct fail *f)
{
	char answer[16];
	size_t len;
	int tty, r;

	r = open_tty(&tty, f);
	if (r)
		return r;
	say(tty, question);
	say(tty, " (yes/no) ");
	r = read_line(tty, answer, sizeof(answer), &len, f);
	close(tty);
	if (r == 0 && strcasecmp(answer, "yes") != 0)
		r = fail_set(f, FAIL_DENIED, "not confirmed, nothing was done");
	return r;
}
