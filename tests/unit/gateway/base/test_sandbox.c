/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each profile in a process of its own: what it needs works, what it must not
 * do ends it or fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/crypt.h"
#include "base/hash.h"
#include "base/sandbox.h"
#include "base/secret.h"
#include "base/uuid.h"

enum { OK = 0, REFUSED = 1, NOT_ENTERED = 2 };

static char rw_dir[] = "/tmp/test_sandbox.XXXXXX";
static char other_dir[] = "/tmp/test_sandbox.XXXXXX";
static int report;  /* the child's stderr */
static int pair[2]; /* a link, made before */

typedef int try_fn(void);

/*
 * Run fn in a sandboxed child.  Returns its result, or minus the signal that
 * ended it.
 */
static int
confined(enum sandbox_profile profile, try_fn *fn)
{
	const char *const ro[] = {"/etc", "/usr", "/lib", NULL};
	const char *const rw[] = {rw_dir, NULL};
	const struct sandbox_opts opts = {
	    .profile = profile, .read_only = ro, .read_write = rw};
	struct fail f = {0};
	int status;
	pid_t pid;

	if ((pid = fork()) == 0) {
		(void)dup2(report, STDERR_FILENO);
		if (sandbox_enter(&opts, &f) != 0) {
			(void)fprintf(stderr, "%s\n", f.why);
			_exit(NOT_ENTERED);
		}
		_exit(fn());
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int
do_execve(void)
{
	(void)execl("/bin/true", "true", (char *)NULL);
	return OK;
}

/* UNUSED: the sanitizers need them themselves, and are not tested. */
static UNUSED int
do_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid > 0 ? OK : REFUSED;
}

static UNUSED int
do_ptrace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? OK : REFUSED;
}

static int
do_write_file(void)
{
	char path[128];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/file", rw_dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, "x", 1) != 1 || fsync(fd) != 0)
		return REFUSED;
	return close(fd) == 0 ? OK : REFUSED;
}

static int
do_rename(void)
{
	char from[128], to[128];

	(void)snprintf(from, sizeof(from), "%s/file", rw_dir);
	(void)snprintf(to, sizeof(to), "%s/renamed", rw_dir);
	return do_write_file() == OK && rename(from, to) == 0 && unlink(to) == 0
		   ? OK
		   : REFUSED;
}

static int
do_write_elsewhere(void)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/file", other_dir);
	return open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0 ? OK
								     : REFUSED;
}

static UNUSED int
do_read_file(void)
{
	return open("/etc/hostname", O_RDONLY | O_CLOEXEC) >= 0 ? OK : REFUSED;
}

static int
do_tcp_socket(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0 ? OK
								   : REFUSED;
}

static int
do_raw_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0) >= 0 ? OK
								  : REFUSED;
}

static int
do_connect(void)
{
	struct sockaddr_in sin = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_port = htons(1);
	if (fd < 0)
		return REFUSED;
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0)
		return OK;
	return errno == ECONNREFUSED ? OK : REFUSED;
}

static int
do_getaddrinfo(void)
{
	struct addrinfo *ai = NULL;
	int r = getaddrinfo("localhost", "22", NULL, &ai);

	if (r == 0)
		freeaddrinfo(ai);
	return r == 0 ? OK : REFUSED;
}

static void *
thread_main(void *arg)
{
	return arg;
}

static int
do_thread(void)
{
	pthread_t t;
	void *got = NULL;

	if (pthread_create(&t, NULL, thread_main, rw_dir) != 0)
		return REFUSED;
	(void)pthread_join(t, &got);
	return got == rw_dir ? OK : REFUSED;
}

static UNUSED int
do_kill_parent(void)
{
	return kill(getppid(), 0) == 0 ? OK : REFUSED;
}

/* What every process does all day. */
static int
do_daily_work(void)
{
	uint8_t key[AEAD_KEY_LEN], nonce[AEAD_NONCE_LEN] = {0}, id[UUID_LEN];
	uint8_t text[4 + AEAD_TAG_LEN] = "abc", out[sizeof(text)];
	struct aead *a = aead_new();
	struct secret *small = secret_random(32);
	struct secret *large = secret_random(100000);
	void *big = malloc(10U << 20);
	int r = REFUSED;

	random_bytes(key, sizeof(key));
	uuid_new(id);
	if (a != NULL && small != NULL && large != NULL && big != NULL &&
	    write(pair[0], id, sizeof(id)) == sizeof(id) &&
	    read(pair[1], id, sizeof(id)) == sizeof(id) &&
	    aead_seal(a, key, nonce, NULL, 0, SPAN(text, 4), text) == 0 &&
	    aead_open(a, key, nonce, NULL, 0, SPAN(text, sizeof(text)), out) ==
		0)
		r = strcmp((const char *)out, "abc") == 0 ? OK : REFUSED;
	free(big);
	secret_free(small);
	secret_free(large);
	aead_free(a);
	return r;
}

static int
do_abort(void)
{
	abort();
}

static void
every_profile_does_its_daily_work(void **state)
{
	(void)state;
	assert_int_equal(confined(SANDBOX_WORKER, do_daily_work), OK);
	assert_int_equal(confined(SANDBOX_KEEPER, do_daily_work), OK);
	assert_int_equal(confined(SANDBOX_RECORDER, do_daily_work), OK);
	assert_int_equal(confined(SANDBOX_BROKER, do_daily_work), OK);
	assert_int_equal(confined(SANDBOX_VIEWER, do_daily_work), OK);
}

static void *
thread_waits(void *arg)
{
	char byte;

	(void)!read(*(int *)arg, &byte, 1);
	return NULL;
}

/* A thread that was there before would not be under landlock. */
static void
who_has_threads_already_is_turned_away(void **state)
{
	const struct sandbox_opts opts = {.profile = SANDBOX_RECORDER};
	struct fail f = {0};
	int fd[2];
	pthread_t t;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(pthread_create(&t, NULL, thread_waits, &fd[0]), 0);
	assert_int_equal(sandbox_enter(&opts, &f), FAIL_STATE);
	(void)close(fd[1]);
	(void)pthread_join(t, NULL);
	(void)close(fd[0]);
}

static void
a_broken_invariant_still_aborts(void **state)
{
	(void)state;
	assert_int_equal(confined(SANDBOX_WORKER, do_abort), -SIGABRT);
	assert_int_equal(confined(SANDBOX_KEEPER, do_abort), -SIGABRT);
}

static void
no_profile_starts_a_program(void **state)
{
	(void)state;
	assert_int_equal(confined(SANDBOX_WORKER, do_execve), -SIGSYS);
	assert_int_equal(confined(SANDBOX_KEEPER, do_execve), -SIGSYS);
	assert_int_equal(confined(SANDBOX_RECORDER, do_execve), -SIGSYS);
	assert_int_equal(confined(SANDBOX_BROKER, do_execve), -SIGSYS);
}

#ifndef BUILT_WITH_SANITIZER
static void
no_profile_forks_traces_or_signals(void **state)
{
	(void)state;
	assert_int_equal(confined(SANDBOX_WORKER, do_fork), -SIGSYS);
	assert_int_equal(confined(SANDBOX_KEEPER, do_fork), -SIGSYS);
	assert_int_equal(confined(SANDBOX_RECORDER, do_fork), -SIGSYS);
	assert_int_equal(confined(SANDBOX_BROKER, do_fork), -SIGSYS);
	assert_int_equal(confined(SANDBOX_BROKER, do_ptrace), -SIGSYS);
	assert_int_equal(confined(SANDBOX_WORKER, do_ptrace), -SIGSYS);
	assert_int_equal(confined(SANDBOX_WORKER, do_kill_parent), -SIGSYS);
	assert_int_equal(confined(SANDBOX_RECORDER, do_kill_parent), -SIGSYS);
}

static void
the_worker_has_no_threads_and_writes_no_file(void **state)
{
	(void)state;
	assert_int_equal(confined(SANDBOX_WORKER, do_thread), -SIGSYS);
	assert_int_equal(confined(SANDBOX_WORKER, do_write_file), -SIGSYS);
	assert_int_equal(confined(SANDBOX_WORKER, do_read_file), REFUSED);
	assert_int_equal(confined(SANDBOX_WORKER, do_connect), OK);
	assert_int_equal(confined(SANDBOX_WORKER, do_raw_socket), -SIGSYS);
}

static void
the_keeper_opens_nothing(void **state)
{
	(void)state;
	assert_int_equal(confined(SANDBOX_KEEPER, do_read_file), REFUSED);
	assert_int_equal(confined(SANDBOX_KEEPER, do_write_file), -SIGSYS);
	assert_int_equal(confined(SANDBOX_KEEPER, do_tcp_socket), -SIGSYS);
	assert_int_equal(confined(SANDBOX_KEEPER, do_thread), OK);
}
#endif

static void
the_recorder_has_files_and_no_network(void **state)
{
	(void)state;
	assert_int_equal(confined(SANDBOX_RECORDER, do_write_file), OK);
	assert_int_equal(confined(SANDBOX_RECORDER, do_rename), OK);
	assert_int_equal(confined(SANDBOX_RECORDER, do_thread), OK);
	assert_int_equal(confined(SANDBOX_RECORDER, do_tcp_socket), -SIGSYS);
}

static void
the_broker_has_files_threads_and_connections(void **state)
{
	(void)state;
	assert_int_equal(confined(SANDBOX_BROKER, do_write_file), OK);
	assert_int_equal(confined(SANDBOX_BROKER, do_rename), OK);
	assert_int_equal(confined(SANDBOX_BROKER, do_thread), OK);
	assert_int_equal(confined(SANDBOX_BROKER, do_connect), OK);
	assert_int_equal(confined(SANDBOX_BROKER, do_getaddrinfo), OK);
	assert_int_equal(confined(SANDBOX_BROKER, do_raw_socket), -SIGSYS);
}

static void
nobody_writes_outside_the_listed_folders(void **state)
{
	(void)state;
	if (sandbox_landlock_abi() == 0)
		skip();
	assert_int_equal(
	    confined(SANDBOX_RECORDER, do_write_elsewhere), REFUSED);
	assert_int_equal(confined(SANDBOX_BROKER, do_write_elsewhere), REFUSED);
}

/* ---- what is hidden below a folder that may be read */

static char hidden_file[128];

static int
do_read_below(const char *name)
{
	char path[160];

	(void)snprintf(path, sizeof(path), "%s/%s", other_dir, name);
	return open(path, O_RDONLY | O_CLOEXEC) >= 0 ? OK : REFUSED;
}

static int
do_read_around_hidden(void)
{
	return do_read_below("open") == OK && do_read_below("etc/open") == OK &&
		       do_read_below("etc/sub/open") == OK
		   ? OK
		   : REFUSED;
}

static int
do_read_hidden(void)
{
	return do_read_below("etc/keys/hidden") == OK ||
		       do_read_below("etc/link/hidden") == OK
		   ? OK
		   : REFUSED;
}

static int
hiding(const char *what, try_fn *fn)
{
	const char *const ro[] = {other_dir, NULL};
	const char *const hidden[] = {what, "/nowhere", NULL};
	const struct sandbox_opts opts = {
	    .profile = SANDBOX_BROKER, .read_only = ro, .hidden = hidden};
	struct fail f = {0};
	int status;
	pid_t pid;

	if ((pid = fork()) == 0) {
		(void)dup2(report, STDERR_FILENO);
		_exit(sandbox_enter(&opts, &f) != 0 ? NOT_ENTERED : fn());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void
put_file(const char *name)
{
	char path[160];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", other_dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
}

static void
put_folder(const char *name)
{
	char path[160];

	(void)snprintf(path, sizeof(path), "%s/%s", other_dir, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void
keys_below_a_readable_folder_are_out_of_reach(void **state)
{
	static const char *const made[] = {"open", "etc/open", "etc/sub/open",
	    "etc/keys/hidden", "etc/link", "etc/sub", "etc/keys", "etc"};
	char path[160], link[160];

	(void)state;
	if (sandbox_landlock_abi() == 0)
		skip();
	put_folder("etc");
	put_folder("etc/sub");
	put_folder("etc/keys");
	put_file("open");
	put_file("etc/open");
	put_file("etc/sub/open");
	put_file("etc/keys/hidden");
	(void)snprintf(path, sizeof(path), "%s/etc/keys", other_dir);
	(void)snprintf(link, sizeof(link), "%s/etc/link", other_dir);
	assert_int_equal(symlink(path, link), 0);
	(void)snprintf(
	    hidden_file, sizeof(hidden_file), "%s/etc/keys/hidden", other_dir);
	assert_int_equal(hiding("/nowhere", do_read_hidden), OK);
	assert_int_equal(hiding(hidden_file, do_read_around_hidden), OK);
	assert_int_equal(hiding(hidden_file, do_read_hidden), REFUSED);
	assert_int_equal(hiding(path, do_read_around_hidden), OK);
	assert_int_equal(hiding(path, do_read_hidden), REFUSED);
	assert_int_equal(hiding(other_dir, do_read_around_hidden), REFUSED);
	for (size_t i = 0; i < ARRAY_LEN(made); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", other_dir, made[i]);
		assert_int_equal(remove(path), 0);
	}
}

static void
a_refused_call_is_named_by_its_number(void **state)
{
	char path[128], line[256] = "";
	FILE *fp;

	(void)state;
	assert_int_equal(ftruncate(report, 0), 0);
	assert_int_equal(lseek(report, 0, SEEK_SET), 0);
	assert_int_equal(confined(SANDBOX_RECORDER, do_tcp_socket), -SIGSYS);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", report);
	assert_non_null(fp = fopen(path, "re"));
	while (fgets(line, sizeof(line), fp) != NULL)
		if (strstr(line, "refused system call") != NULL)
			break;
	(void)fclose(fp);
	(void)snprintf(path, sizeof(path), "sandbox: refused system call %d\n",
	    SYS_socket);
	assert_string_equal(line, path);
}

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(rw_dir) == NULL || mkdtemp(other_dir) == NULL)
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return -1;
	report = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return report < 0 ? -1 : 0;
}

static int
teardown(void **state)
{
	char path[128];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/file", rw_dir);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/file", other_dir);
	(void)unlink(path);
	(void)close(report);
	(void)close(pair[0]);
	(void)close(pair[1]);
	return rmdir(rw_dir) == 0 && rmdir(other_dir) == 0 ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_profile_does_its_daily_work),
	    cmocka_unit_test(who_has_threads_already_is_turned_away),
	    cmocka_unit_test(a_broken_invariant_still_aborts),
	    cmocka_unit_test(no_profile_starts_a_program),
#ifndef BUILT_WITH_SANITIZER
	    cmocka_unit_test(no_profile_forks_traces_or_signals),
	    cmocka_unit_test(the_worker_has_no_threads_and_writes_no_file),
	    cmocka_unit_test(the_keeper_opens_nothing),
#endif
	    cmocka_unit_test(the_recorder_has_files_and_no_network),
	    cmocka_unit_test(the_broker_has_files_threads_and_connections),
	    cmocka_unit_test(nobody_writes_outside_the_listed_folders),
	    cmocka_unit_test(keys_below_a_readable_folder_are_out_of_reach),
	    cmocka_unit_test(a_refused_call_is_named_by_its_number),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
