/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts children.  What runs between fork and exec is kept to system calls;
 * a failure there is told by the exit status alone.
 */
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/spawn.h"

enum { SPAWN_HIGH_FD = 64, SPAWN_FAILED = 125 };

/* SIGTERM waits until the child's loop takes it; nothing else is held back. */
static void
reset_signals(void)
{
	struct sigaction sa = {.sa_handler = SIG_DFL};
	sigset_t set;

	for (int s = 1; s < NSIG; s++)
		if (s != SIGKILL && s != SIGSTOP && s != SIGPIPE)
			(void)sigaction(s, &sa, NULL);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_SETMASK, &set, NULL);
}

/* Put fd at place without CLOEXEC; false when the system refuses. */
static bool
place_fd(int fd, int place)
{
	return fd < 0 || dup2(fd, place) == place;
}

static void NORETURN
run(const char *exe, char *const argv[], pid_t parent, int control, int conf_fd)
{
	int null;

	(void)setsid();
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent)
		_exit(SPAWN_FAILED);
	/* Out of the way of the numbers that they are to have. */
	if (control >= 0)
		control = fcntl(control, F_DUPFD, SPAWN_HIGH_FD);
	if (conf_fd >= 0)
		conf_fd = fcntl(conf_fd, F_DUPFD, SPAWN_HIGH_FD);
	null = open("/dev/null", O_RDONLY);
	if (null < 0 || !place_fd(null, STDIN_FILENO) ||
	    !place_fd(control, SPAWN_CONTROL_FD) ||
	    !place_fd(conf_fd, SPAWN_CONF_FD))
		_exit(SPAWN_FAILED);
	if (close_range(control >= 0 ? SPAWN_CONF_FD + 1 : STDERR_FILENO + 1,
		~0U, 0) != 0)
		_exit(SPAWN_FAILED);
	reset_signals();
	(void)execv(exe, argv);
	_exit(SPAWN_FAILED);
}

static int
start(const char *exe, char *const argv[], int control, int conf_fd, pid_t *pid,
    struct fail *f)
{
	pid_t parent = getpid();

	*pid = fork();
	if (*pid < 0)
		return fail_sys(f, "fork");
	if (*pid == 0) {
		(void)unsetenv("NOTIFY_SOCKET");
		(void)unsetenv("WATCHDOG_USEC");
		(void)unsetenv("WATCHDOG_PID");
		run(exe, argv, parent, control, conf_fd);
	}
	return 0;
}

int
spawn_role(const struct spawn_opts *o, pid_t *pid, int *control, struct fail *f)
{
	char number[16], conf_fd[16];
	const char *argv[] = {"sallyportd", "-c", o->conf_file, "--role",
	    role_name(o->role), "--number", number, "--conf-fd", conf_fd, NULL};
	int sv[2];
	int r;

	(void)snprintf(number, sizeof(number), "%u", o->number);
	(void)snprintf(conf_fd, sizeof(conf_fd), "%d", SPAWN_CONF_FD);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) != 0)
		return fail_sys(f, "socketpair");
	r = start("/proc/self/exe", (char *const *)(uintptr_t)argv, sv[1],
	    o->conf_fd, pid, f);
	(void)close(sv[1]);
	if (r != 0)
		(void)close(sv[0]);
	else
		*control = sv[0];
	return r;
}

int
spawn_check(const char *exe, const char *file, pid_t *pid, struct fail *f)
{
	const char *argv[] = {exe, "--check", "-c", file, NULL};

	return start(exe, (char *const *)(uintptr_t)argv, -1, -1, pid, f);
}
