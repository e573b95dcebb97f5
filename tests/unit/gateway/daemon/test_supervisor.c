/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real supervisor with the roles of toy_roles.c: start, links, restarts,
 * growth, graceful restart, giving up root, and the end of all.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <limits.h>
#include <netinet/in.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cdefs.h"
#include "base/loop.h"

enum { WAIT_MS = 20000 };

static char dir[64], conf[96], program[PATH_MAX];
static in_port_t port;
static const char *keyring;
static pid_t node;

/* A port that is free now. */
static in_port_t
free_port(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET,
	    .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	(void)close(fd);
	return ntohs(sa.sin_port);
}

static void
write_conf(
    const char *user, const char *name, unsigned per_worker, const char *more)
{
	FILE *f = fopen(conf, "w");

	assert_non_null(f);
	assert_true(
	    fprintf(f,
		"[node]\nstate = %s/state\nrun = %s/run\nuser = %s\n"
		"name = %s\n[vault]\nmaster_key = /dev/null\n"
		"keyring = %s\n[gateway]\nssh = 127.0.0.1:%u\n"
		"sessions_per_worker = %u\n%s\n",
		dir, dir, user, name, keyring, port, per_worker, more) > 0);
	assert_int_equal(fclose(f), 0);
}

static pid_t
launch(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		char log[128];

		(void)snprintf(log, sizeof(log), "%s/log", dir);
		if (freopen(log, "a", stderr) == NULL)
			_exit(126);
		(void)execl(program, program, "-c", conf, (char *)NULL);
		_exit(127);
	}
	return pid;
}

static void
nap(void)
{
	(void)usleep(5000);
}

/* Wait for its end; its status, or -1 when it takes too long. */
static int
end_of(pid_t pid)
{
	int status;

	for (int ms = 0; ms < WAIT_MS; ms += 5) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		nap();
	}
	return -1;
}

static int
setup(void **state UNUSED)
{
	(void)snprintf(dir, sizeof(dir), "/tmp/test_supervisor.XXXXXX");
	if (mkdtemp(dir) == NULL || chmod(dir, 0755) != 0)
		return -1;
	(void)snprintf(conf, sizeof(conf), "%s/conf", dir);
	port = free_port();
	keyring = "/dev/null";
	write_conf("", "toy", 64, "");
	node = -1;
	return 0;
}

static int
teardown(void **state UNUSED)
{
	char command[128];

	if (node > 0) {
		(void)kill(node, SIGKILL);
		(void)end_of(node);
	}
	(void)snprintf(command, sizeof(command), "%s/log", dir);
	(void)unlink(command);
	(void)unlink(conf);
	for (int i = 0; i < 2; i++) {
		(void)snprintf(command, sizeof(command), "%s/run/%s.sock", dir,
		    i ? "keeper" : "broker");
		(void)unlink(command);
	}
	(void)snprintf(command, sizeof(command), "%s/run", dir);
	(void)rmdir(command);
	(void)snprintf(command, sizeof(command), "%s/state", dir);
	(void)rmdir(command);
	return rmdir(dir);
}

/* How long an answer may take. */
static void
patience(int fd, unsigned ms)
{
	struct timeval tv = {
	    .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};

	assert_int_equal(
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
}

static int
dial(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	/* A process may first have to start, and slowly so. */
	patience(fd, WAIT_MS);
	for (int ms = 0; ms < WAIT_MS; ms += 5) {
		if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
			return fd;
		nap();
	}
	fail_msg("the node does not listen");
	return -1;
}

struct who {
	char role[16];
	unsigned number;
	int pid; /* 0: no answer */
};

/* Ask over the session who serves: p itself, k, b, r a peer. */
static struct who
ask(int fd, char what)
{
	char text[64] = "";
	struct who w = {.pid = 0};
	ssize_t n;

	assert_int_equal(write(fd, &what, 1), 1);
	n = read(fd, text, sizeof(text) - 1);
	if (n > 0 && sscanf(text, "%15s %u %d", w.role, &w.number, &w.pid) != 3)
		w.pid = 0;
	return w;
}

/* The same until another process than `but` answers. */
static struct who
ask_another(int fd, char what, int but)
{
	struct who w = {.pid = 0};

	/* One that is just dying answers never. */
	patience(fd, 300);
	for (int ms = 0; ms < WAIT_MS; ms += 5) {
		w = ask(fd, what);
		if (w.pid != 0 && w.pid != but) {
			patience(fd, WAIT_MS);
			return w;
		}
		nap();
	}
	fail_msg("no other process answers %c", what);
	return w;
}

/* Children of a process; their pids. */
static size_t
children_of(pid_t pid, pid_t *who, size_t max)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	size_t n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		char path[300], text[512] = "";
		int parent = 0;
		FILE *f;

		(void)snprintf(path, sizeof(path), "/proc/%s/stat", e->d_name);
		f = e->d_name[0] >= '1' && e->d_name[0] <= '9'
			? fopen(path, "r")
			: NULL;
		if (f == NULL)
			continue;
		if (fgets(text, sizeof(text), f) != NULL &&
		    strrchr(text, ')') != NULL &&
		    sscanf(strrchr(text, ')'), ") %*c %d", &parent) == 1 &&
		    parent == pid && n < max)
			who[n++] = (pid_t)strtol(e->d_name, NULL, 10);
		(void)fclose(f);
	}
	(void)closedir(d);
	return n;
}

static void
wait_for_children(size_t want)
{
	pid_t who[64];

	for (int ms = 0; ms < WAIT_MS; ms += 5) {
		if (children_of(node, who, 64) == want)
			return;
		nap();
	}
	fail_msg("not %zu children", want);
}

static void
a_node_starts_with_all_roles_linked(void **state UNUSED)
{
	int fd;

	node = launch();
	fd = dial();
	assert_string_equal(ask(fd, 'p').role, "worker");
	assert_string_equal(ask(fd, 'k').role, "keeper");
	assert_string_equal(ask(fd, 'b').role, "broker");
	assert_string_equal(ask(fd, 'r').role, "recorder");
	wait_for_children(6);
	(void)close(fd);
}

static void
a_role_that_dies_is_back_at_once_with_new_links(void **state UNUSED)
{
	static const char asks[] = "kbr", dies[] = "KBR";
	int fd;

	node = launch();
	fd = dial();
	for (int i = 0; i < 3; i++) {
		struct who before = ask_another(fd, asks[i], 0), after;
		uint64_t start = mono_ns();

		assert_int_equal(write(fd, &dies[i], 1), 1);
		after = ask_another(fd, asks[i], before.pid);
		assert_true(mono_ns() - start < 2000000000U);
		assert_true(after.number > before.number);
		assert_string_equal(after.role, before.role);
	}
	(void)close(fd);
}

static void
a_link_that_broke_is_made_anew(void **state UNUSED)
{
	struct who before, after;
	int fd;

	node = launch();
	fd = dial();
	before = ask(fd, 'k');
	assert_int_not_equal(before.pid, 0);
	assert_int_equal(write(fd, "c", 1), 1);
	assert_int_equal(ask(fd, 'k').pid, 0);
	after = ask_another(fd, 'k', 0);
	assert_int_equal(after.pid, before.pid);
	(void)close(fd);
}

/* Only the first one can know that nobody is left of those before it. */
static void
a_broker_is_alone_only_before_the_first_worker(void **state UNUSED)
{
	struct who first, second;
	int fd;

	node = launch();
	fd = dial();
	first = ask(fd, 'a');
	assert_string_equal(first.role, "alone");
	assert_int_equal(write(fd, "B", 1), 1);
	second = ask_another(fd, 'a', first.pid);
	assert_string_equal(second.role, "joined");
	assert_int_equal(kill(node, SIGHUP), 0);
	second = ask_another(fd, 'a', second.pid);
	assert_string_equal(second.role, "joined");
	(void)close(fd);
}

static void
a_worker_that_dies_is_replaced_and_the_others_go_on(void **state UNUSED)
{
	int a, b = -1;
	struct who wa, wb = {.pid = 0};

	write_conf("", "toy", 1, "");
	node = launch();
	a = dial();
	wa = ask(a, 'p');
	b = dial();
	wb = ask(b, 'p');
	assert_int_not_equal(wa.pid, wb.pid);
	assert_int_equal(write(b, "x", 1), 1);
	assert_int_equal(ask(b, 'p').pid, 0);
	(void)close(b);
	assert_int_equal(ask(a, 'p').pid, wa.pid);
	b = dial();
	assert_int_not_equal(ask(b, 'p').pid, wb.pid);
	assert_string_equal(ask(b, 'k').role, "keeper");
	(void)close(a);
	(void)close(b);
}

static void
workers_are_started_as_sessions_come(void **state UNUSED)
{
	int fd[20];
	struct who w[20];

	write_conf("", "toy", 2, "");
	node = launch();
	for (int i = 0; i < 20; i++) {
		int same = 0;

		fd[i] = dial();
		w[i] = ask(fd[i], 'p');
		assert_int_not_equal(w[i].pid, 0);
		for (int k = 0; k <= i; k++)
			same += w[k].pid == w[i].pid;
		assert_true(same <= 2);
	}
	for (int i = 0; i < 20; i++)
		(void)close(fd[i]);
}

static void
no_session_is_lost_by_a_graceful_restart(void **state UNUSED)
{
	static const char asks[] = "pkbr";
	struct who before[10][4];
	int fd[10];

	write_conf("", "toy", 4, "");
	node = launch();
	for (int i = 0; i < 10; i++) {
		fd[i] = dial();
		for (int k = 0; k < 4; k++)
			before[i][k] = ask_another(fd[i], asks[k], 0);
	}
	for (int round = 0; round < 3; round++) {
		assert_int_equal(kill(node, SIGHUP), 0);
		for (int i = 0; i < 10; i++)
			for (int k = 0; k < 4; k++)
				before[i][k] = ask_another(
				    fd[i], asks[k], before[i][k].pid);
	}
	/* No old process stays: database, three singles, workers as needed. */
	for (int i = 0; i < 10; i++)
		(void)close(fd[i]);
	assert_int_equal(waitpid(node, NULL, WNOHANG), 0);
}

/* Who has a session says so to the new broker before it hands it over. */
static void
workers_are_replaced_when_the_new_broker_serves(void **state UNUSED)
{
	struct who broker, worker;
	uint64_t since;
	int fd;

	node = launch();
	fd = dial();
	broker = ask(fd, 'b');
	worker = ask(fd, 'p');
	write_conf("", "slow-broker", 64, "");
	assert_int_equal(kill(node, SIGHUP), 0);
	(void)ask_another(fd, 'b', broker.pid);
	since = mono_ns();
	(void)ask_another(fd, 'p', worker.pid);
	assert_true(mono_ns() - since > 700000000U);
	(void)close(fd);
}

static void
a_wrong_configuration_changes_nothing(void **state UNUSED)
{
	struct who p, k;
	int fd;

	node = launch();
	fd = dial();
	p = ask(fd, 'p');
	k = ask(fd, 'k');
	write_conf("", "toy", 64, "no_such_key = 1");
	assert_int_equal(kill(node, SIGHUP), 0);
	(void)usleep(500000);
	assert_int_equal(ask(fd, 'p').pid, p.pid);
	assert_int_equal(ask(fd, 'k').pid, k.pid);
	/* A role that is restarted meanwhile reads what was in force. */
	assert_int_equal(write(fd, "K", 1), 1);
	k = ask_another(fd, 'k', k.pid);
	write_conf("", "toy", 64, "");
	assert_int_equal(kill(node, SIGHUP), 0);
	(void)ask_another(fd, 'k', k.pid);
	(void)ask_another(fd, 'p', p.pid);
	(void)close(fd);
}

static void
a_successor_that_fails_leaves_the_old_one_in_place(void **state UNUSED)
{
	struct who p, k, r;
	int fd;

	node = launch();
	fd = dial();
	p = ask(fd, 'p');
	k = ask(fd, 'k');
	r = ask(fd, 'r');
	write_conf("", "bad-keeper", 64, "");
	assert_int_equal(kill(node, SIGHUP), 0);
	(void)ask_another(fd, 'r', r.pid);
	(void)usleep(500000);
	assert_int_equal(ask(fd, 'k').pid, k.pid);
	assert_int_equal(ask(fd, 'p').pid, p.pid);
	(void)close(fd);
}

static void
a_stop_ends_all_in_good_order(void **state UNUSED)
{
	pid_t who[16];
	size_t n;
	char path[128];
	int status, fd;

	node = launch();
	fd = dial();
	(void)ask(fd, 'k');
	wait_for_children(6);
	n = children_of(node, who, 16);
	assert_int_equal(kill(node, SIGTERM), 0);
	status = end_of(node);
	node = -1;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(kill(who[i], 0), -1);
	(void)snprintf(path, sizeof(path), "%s/run/keeper.sock", dir);
	assert_int_equal(access(path, F_OK), -1);
	(void)close(fd);
}

static void
children_do_not_outlive_the_supervisor(void **state UNUSED)
{
	pid_t who[16];
	size_t n, alive = 1;
	int fd;

	node = launch();
	fd = dial();
	(void)ask(fd, 'k');
	wait_for_children(6);
	n = children_of(node, who, 16);
	assert_int_equal(n, 6);
	assert_int_equal(kill(node, SIGKILL), 0);
	(void)end_of(node);
	node = -1;
	for (int ms = 0; ms < WAIT_MS && alive > 0; ms += 5) {
		alive = 0;
		for (size_t i = 0; i < n; i++) {
			char path[64], text[256] = "";
			FILE *f;

			(void)snprintf(
			    path, sizeof(path), "/proc/%d/stat", (int)who[i]);
			f = fopen(path, "r");
			if (f == NULL)
				continue;
			if (fgets(text, sizeof(text), f) != NULL &&
			    strstr(text, ") Z ") == NULL)
				alive++;
			(void)fclose(f);
		}
		nap();
	}
	assert_int_equal(alive, 0);
	(void)close(fd);
}

static bool
log_has(const char *text)
{
	char path[128], all[8192];
	size_t n;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/log", dir);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(all, 1, sizeof(all) - 1, f);
	all[n] = '\0';
	assert_int_equal(fclose(f), 0);
	return strstr(all, text) != NULL;
}

static void
a_node_that_was_not_made_does_not_start(void **state UNUSED)
{
	int status;

	keyring = "/nonexistent/keyring";
	write_conf("", "toy", 64, "");
	status = end_of(launch());
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_true(log_has("there is no /nonexistent/keyring: run"));
}

static void
a_second_node_in_the_same_place_is_refused(void **state UNUSED)
{
	int fd, status;
	pid_t second;

	node = launch();
	fd = dial();
	(void)ask(fd, 'k');
	port = free_port();
	write_conf("", "toy", 64, "");
	second = launch();
	status = end_of(second);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_string_equal(ask(fd, 'k').role, "keeper");
	(void)close(fd);
}

/* A number in /proc/PID/status. */
static long
status_of(pid_t pid, const char *field)
{
	char path[64], line[256];
	long v = -1;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, field, strlen(field)) == 0)
			v = strtol(line + strlen(field), NULL, 10);
	(void)fclose(f);
	return v;
}

static void
root_is_given_up_by_all(void **state UNUSED)
{
	struct passwd *pw = getpwnam("nobody");
	struct stat st;
	char path[128];
	pid_t who[16];
	size_t n;
	int fd;

	if (geteuid() != 0 || pw == NULL)
		skip();
	write_conf("nobody", "toy", 64, "");
	node = launch();
	fd = dial();
	(void)ask(fd, 'k');
	wait_for_children(6);
	n = children_of(node, who, 16);
	who[n++] = node;
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(status_of(who[i], "Uid:"), pw->pw_uid);
		assert_int_equal(status_of(who[i], "Gid:"), pw->pw_gid);
		assert_int_equal(status_of(who[i], "NoNewPrivs:"), 1);
		assert_int_equal(status_of(who[i], "CapEff:"), 0);
	}
	(void)snprintf(path, sizeof(path), "%s/run/keeper.sock", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, pw->pw_uid);
	assert_int_equal(st.st_mode & 0777, 0600);
	(void)snprintf(path, sizeof(path), "%s/state", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, pw->pw_uid);
	(void)close(fd);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_node_starts_with_all_roles_linked),
	    T(a_role_that_dies_is_back_at_once_with_new_links),
	    T(a_link_that_broke_is_made_anew),
	    T(a_broker_is_alone_only_before_the_first_worker),
	    T(a_worker_that_dies_is_replaced_and_the_others_go_on),
	    T(workers_are_started_as_sessions_come),
	    T(no_session_is_lost_by_a_graceful_restart),
	    T(workers_are_replaced_when_the_new_broker_serves),
	    T(a_wrong_configuration_changes_nothing),
	    T(a_successor_that_fails_leaves_the_old_one_in_place),
	    T(a_stop_ends_all_in_good_order),
	    T(children_do_not_outlive_the_supervisor),
	    T(a_node_that_was_not_made_does_not_start),
	    T(a_second_node_in_the_same_place_is_refused),
	    T(root_is_given_up_by_all),
	};
	struct sigaction sa = {.sa_handler = SIG_IGN};
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 20);
	char *slash;

	if (n <= 0 || sigaction(SIGPIPE, &sa, NULL) != 0)
		return 1;
	program[n] = '\0';
	slash = strrchr(program, '/');
	(void)snprintf(slash + 1, 20, "%s", "toy_sallyportd");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
