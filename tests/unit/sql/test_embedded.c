/* SPDX-License-Identifier: Apache-2.0 */
/* The private server, and the role that keeps it running. */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/ipc.h"
#include "base/loop.h"
#include "daemon/daemon_msg.h"
#include "daemon/role.h"

#include "server.h"

/* A supervisor's view of the role, in a process of its own. */
struct role_proc {
	pid_t pid;
	int control;
};

static void
role_start(struct role_proc *p, const struct server *s)
{
	int fd[2];

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
	p->pid = fork();
	assert_true(p->pid >= 0);
	if (p->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		close(fd[0]);
		_exit(database_main(&(struct role_args){
		    .conf = s->conf, .number = 1, .control_fd = fd[1]}));
	}
	close(fd[1]);
	p->control = fd[0];
}

static void
role_ready(const struct role_proc *p)
{
	struct pollfd pfd = {.fd = p->control, .events = POLLIN};
	uint8_t head[IPC_HEADER_LEN];

	assert_int_equal(poll(&pfd, 1, 60000), 1);
	assert_int_equal(
	    recv(p->control, head, sizeof(head), MSG_WAITALL), sizeof(head));
	assert_int_equal(head[4] << 8 | head[5], dm_ready_type);
}

static int
role_wait(struct role_proc *p)
{
	int status = -1;

	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	close(p->control);
	return status;
}

/* The pid that the server wrote down; 0: none runs. */
static pid_t
server_pid(const struct server *s)
{
	char path[128], text[32] = "";
	FILE *from;
	long pid = 0;

	snprintf(path, sizeof(path), "%s/db/db.pid", s->dir);
	from = fopen(path, "r");
	if (from) {
		if (fgets(text, sizeof(text), from))
			pid = strtol(text, NULL, 10);
		fclose(from);
	}
	return pid > 0 && kill((pid_t)pid, 0) == 0 ? (pid_t)pid : 0;
}

static void
await_no_server(pid_t pid)
{
	for (unsigned i = 0; i < 1000 && kill(pid, 0) == 0; i++)
		usleep(20000);
	assert_int_not_equal(kill(pid, 0), 0);
}

static void
only_a_unix_socket_is_served(void **state)
{
	struct server *s = *state;
	struct db *db = db_new(&s->opts);
	struct fail f = {0};

	s->opts.name = NULL;
	assert_non_null(db);
	assert_int_equal(db_connect(db, &f), 0);
	assert_int_equal(
	    server_number(db, "SELECT @@port=0 AND @@skip_networking AND "
			      "@@innodb_flush_log_at_trx_commit=1 AND "
			      "NOT @@log_bin"),
	    1);
	db_free(db);
}

static void
its_temporary_tables_are_in_its_own_folder(void **state)
{
	struct server *s = *state;
	struct db *db = db_new(&s->opts);
	char sql[256], tmp[128];
	struct stat st;

	assert_non_null(db);
	snprintf(tmp, sizeof(tmp), "%s/db/tmp", s->dir);
	snprintf(sql, sizeof(sql), "SELECT @@tmpdir='%s'", tmp);
	assert_int_equal(server_number(db, sql), 1);
	assert_int_equal(stat(tmp, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	db_free(db);
}

/* Without assertions: they belong to the test's own process. */
static int
make_another(const struct server *s, int no)
{
	struct embedded *e = NULL;
	struct conf *conf = NULL;
	struct fail f = {0};
	char text[256];
	int n = snprintf(text, sizeof(text),
	    "[node]\nstate = %s/%d\nrun = %s/%d\nuser =\n", s->dir, no, s->dir,
	    no);
	int r = conf_parse(&conf, "test", text, (size_t)n, &f);

	if (r == 0 && mkdir(conf->node_state, 0700) != 0)
		r = fail_sys(&f, "mkdir");
	if (r == 0)
		r = embedded_new(&e, conf, &f);
	if (r == 0)
		r = embedded_install(e, &f);
	if (r != 0)
		fprintf(stderr, "%s\n", fail_why(&f, r));
	embedded_free(e);
	conf_free(conf);
	return r;
}

static void
servers_may_be_made_at_the_same_time(void **state)
{
	enum { SERVERS = 6 };
	pid_t pids[SERVERS];
	int i, status;

	for (i = 0; i < SERVERS; i++) {
		fflush(NULL);
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			_exit(make_another(*state, i) != 0);
	}
	for (i = 0; i < SERVERS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
}

static void
it_is_installed_once_and_stops_cleanly(void **state)
{
	struct server *s = *state;
	struct fail f = {0};
	pid_t pid = embedded_pid(s->e);
	uint64_t begin;

	assert_true(embedded_installed(s->e));
	assert_int_equal(server_pid(s), pid);
	assert_int_equal(embedded_stop(s->e, 30000, &f), 0);
	assert_int_equal(server_pid(s), 0);
	begin = mono_ns();
	assert_int_equal(embedded_start(s->e, &f), 0);
	print_message("start to first answer %u ms\n",
	    (unsigned)((mono_ns() - begin) / 1000000));
	assert_int_equal(embedded_stop(s->e, 30000, &f), 0);
}

static void
a_program_that_is_not_there_is_an_error(void **state)
{
	struct server *s = *state;
	char *program = s->conf->database_mariadbd, no[] = "/nonexistent/db";
	struct fail f = {0};

	s->conf->database_mariadbd = no;
	assert_int_equal(embedded_start(s->e, &f), FAIL_SQL);
	assert_non_null(strstr(f.why, "db.err"));
	s->conf->database_mariadbd = program;
}

static void
the_role_starts_it_again_when_it_dies(void **state)
{
	struct server *s = *state;
	struct role_proc p;
	struct db *db = db_new(&s->opts);
	struct fail f = {0};
	pid_t first;

	assert_non_null(db);
	s->opts.budget_ms = 30000;
	role_start(&p, s);
	role_ready(&p);
	assert_int_equal(db_connect(db, &f), 0);
	first = server_pid(s);
	assert_true(first > 0);
	assert_int_equal(kill(first, SIGKILL), 0);
	await_no_server(first);
	assert_int_equal(db_connect(db, &f), 0);
	assert_int_not_equal(server_pid(s), first);
	db_free(db);
	/* The order to stop ends both. */
	first = server_pid(s);
	assert_int_equal(kill(p.pid, SIGTERM), 0);
	assert_int_equal(role_wait(&p), 0);
	await_no_server(first);
}

static void
the_server_does_not_outlive_a_killed_role(void **state)
{
	struct server *s = *state;
	struct role_proc p;
	pid_t pid;

	role_start(&p, s);
	role_ready(&p);
	pid = server_pid(s);
	assert_true(pid > 0);
	assert_int_equal(kill(p.pid, SIGKILL), 0);
	assert_true(WIFSIGNALED(role_wait(&p)));
	await_no_server(pid);
}

static void
the_role_ends_with_its_supervisor(void **state)
{
	struct server *s = *state;
	struct role_proc p;
	pid_t pid;

	role_start(&p, s);
	role_ready(&p);
	pid = server_pid(s);
	assert_true(pid > 0);
	assert_int_equal(shutdown(p.control, SHUT_RDWR), 0);
	assert_int_equal(role_wait(&p), 0);
	await_no_server(pid);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_a_unix_socket_is_served),
	    cmocka_unit_test(its_temporary_tables_are_in_its_own_folder),
	    cmocka_unit_test(servers_may_be_made_at_the_same_time),
	    cmocka_unit_test(it_is_installed_once_and_stops_cleanly),
	    cmocka_unit_test(a_program_that_is_not_there_is_an_error),
	    cmocka_unit_test(the_role_starts_it_again_when_it_dies),
	    cmocka_unit_test(the_server_does_not_outlive_a_killed_role),
	    cmocka_unit_test(the_role_ends_with_its_supervisor),
	};

	return cmocka_run_group_tests(tests, server_setup, server_teardown);
}
