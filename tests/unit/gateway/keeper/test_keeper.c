/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper as a process: started on a real vault, fed by a supervisor's
 * control link, asked over its links and its administrator's socket.
 */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/conf.h"
#include "base/ipc.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/child.h"
#include "daemon/daemon_msg.h"
#include "keeper/cred.h"
#include "keeper/keeper_msg.h"
#include "vault/vault.h"

enum { WAIT_MS = 10000 };

static char dir[64], sock_path[96];
static struct conf *conf;
static struct loop *loop;
static struct ipc *control;
static pid_t pid;
static bool ready;

static int
on_control(struct ipc *c, const struct ipc_msg *m, void *ctx)
{
	(void)c;
	(void)ctx;
	ready = m->type == dm_ready_type;
	return 0;
}

static void
on_control_gone(struct ipc *c, const struct fail *f, void *ctx)
{
	(void)c;
	(void)f;
	(void)ctx;
}

static void
run_child(int fd)
{
	struct log_opts lo = {
	    .program = "keeper", .level = LOG_LEVEL_ERR, .fd = 2};
	struct role_args a = {.conf = conf, .number = 1, .control_fd = 3};

	if (dup2(fd, 3) != 3)
		_exit(9);
	log_init(&lo);
	_exit(keeper_main(&a));
}

static void
start_keeper(void)
{
	struct ipc_opts o = {
	    .max_msg = 4096,
	    .max_queue = 65536,
	    .msg = on_control,
	    .gone = on_control_gone,
	};
	int fd[2], i;

	ready = false;
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
	if ((pid = fork()) == 0)
		run_child(fd[1]);
	assert_true(pid > 0);
	(void)close(fd[1]);
	assert_non_null(loop = loop_new());
	assert_non_null(control = ipc_new(loop, fd[0], &o));
	for (i = 0; i < WAIT_MS / 10 && !ready; i++)
		assert_int_equal(loop_once(loop, 10), 0);
	assert_true(ready);
}

static void
pump(void)
{
	assert_int_equal(loop_once(loop, 0), 0);
	assert_int_equal(loop_once(loop, 0), 0);
}

/* Give the keeper one end of a link, as the supervisor does. */
static int
give_link(enum role role, uint32_t peer)
{
	struct dm_link x = {.role = (uint8_t)role, .peer = peer};
	struct buf b;
	int fd[2];

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
	buf_init(&b, 64);
	assert_int_equal(dm_link_put(&b, &x), 0);
	assert_int_equal(
	    ipc_send(control, dm_link_type, 0, buf_span(&b), fd[1]), 0);
	buf_fini(&b);
	pump();
	return fd[0];
}

static void
give_listener(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct dm_listener x = {.name = SPAN("keeper", 6)};
	struct buf b;
	int fd;

	(void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", sock_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(fd, 8), 0);
	buf_init(&b, 64);
	assert_int_equal(dm_listener_put(&b, &x), 0);
	assert_int_equal(
	    ipc_send(control, dm_listener_type, 0, buf_span(&b), fd), 0);
	buf_fini(&b);
	pump();
}

static int
connect_admin(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", sock_path);
	assert_int_equal(
	    connect(fd, (const struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static int
setup(void **state)
{
	char text[128];
	int n;

	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test_keeper.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(sock_path, sizeof(sock_path), "%s/keeper.sock", dir);
	n = snprintf(text, sizeof(text),
	    "[node]\nstate = %s\nuser =\n[gateway]\nsandbox = yes\n", dir);
	if (conf_parse(&conf, "test", text, (size_t)n, NULL) != 0)
		return -1;
	return vault_init(conf, NULL);
}

static void
remove_files(void)
{
	static const char *const names[] = {
	    "vault/master.key", "vault/keyring", "vault", "keeper.sock", ""};
	char path[160];
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)remove(path);
	}
}

/* The exit status; the supervisor's end is closed first. */
static int
stop_keeper(void)
{
	int status = -1;

	ipc_free(control);
	control = NULL;
	loop_free(loop);
	loop = NULL;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	pid = 0;
	return status;
}

static int
teardown(void **state)
{
	(void)state;
	if (pid > 0) {
		(void)kill(pid, SIGKILL);
		(void)stop_keeper();
	}
	ipc_free(control);
	control = NULL;
	loop_free(loop);
	loop = NULL;
	conf_free(conf);
	conf = NULL;
	remove_files();
	return 0;
}

/* Ask and wait for the answer; false: the link ended without one. */
static bool
call(int fd, uint16_t type, const struct buf *body, uint16_t *got,
    struct buf *reply)
{
	struct fail f = {0};

	buf_reset(reply);
	return ipc_call(fd, type, buf_span(body), got, reply, NULL, WAIT_MS,
		   &f) == 0;
}

static bool
is_closed(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char c;

	return poll(&p, 1, WAIT_MS) == 1 && read(fd, &c, 1) <= 0;
}

/* The supervisor has a successor. */
static void
tell_to_stop(void)
{
	struct dm_stop x = {0};

	assert_int_equal(dm_stop_send(control, 0, &x), 0);
	pump();
}

static bool
has_ended(int wait_ms)
{
	int i, status = -1;

	for (i = 0; i < wait_ms / 10; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid) {
			pid = 0;
			assert_int_equal(status, 0);
			return true;
		}
		assert_int_equal(loop_once(loop, 10), 0);
	}
	return false;
}

/* A grant for worker 5 of what the administrator has sealed. */
static void
grant_password(int admin, int broker)
{
	struct km_seal seal = {.version = 1,
	    .kind = CRED_PASSWORD,
	    .secret = SPAN("s3cret", 6),
	    .row_id = {7}};
	struct km_grant grant = {.worker = 5,
	    .version = 1,
	    .kind = CRED_PASSWORD,
	    .ttl_s = 30,
	    .row_id = {7},
	    .grant_id = {1},
	    .rec_id = {2}};
	struct buf body, sealed, reply;
	struct km_sealed s;
	uint16_t type = 0;

	buf_init(&body, IPC_BODY_MAX);
	buf_init(&sealed, IPC_BODY_MAX);
	buf_init(&reply, IPC_BODY_MAX);
	assert_int_equal(km_seal_put(&body, &seal), 0);
	assert_true(call(admin, km_seal_type, &body, &type, &sealed));
	assert_int_equal(type, km_sealed_type);
	assert_int_equal(km_sealed_get(buf_span(&sealed), &s), 0);
	grant.sealed = s.blob;
	buf_reset(&body);
	assert_int_equal(km_grant_put(&body, &grant), 0);
	assert_true(call(broker, km_grant_type, &body, &type, &reply));
	assert_int_equal(type, km_granted_type);
	buf_fini(&body);
	buf_fini(&sealed);
	buf_fini(&reply);
}

static void
a_password_goes_from_seal_to_the_granted_worker(void **state)
{
	struct km_open open_it = {.grant_id = {1}};
	struct buf body, reply;
	struct km_opened o;
	int admin, broker, worker, other;
	uint16_t type = 0;

	(void)state;
	buf_init(&body, IPC_BODY_MAX);
	buf_init(&reply, IPC_BODY_MAX);
	start_keeper();
	give_listener();
	broker = give_link(ROLE_BROKER, 4);
	worker = give_link(ROLE_WORKER, 5);
	other = give_link(ROLE_WORKER, 6);
	admin = connect_admin();
	grant_password(admin, broker);
	assert_int_equal(km_open_put(&body, &open_it), 0);
	/* The wrong worker gets an error and loses its link. */
	assert_true(call(other, km_open_type, &body, &type, &reply));
	assert_int_equal(type, km_error_type);
	assert_true(is_closed(other));
	assert_true(call(worker, km_open_type, &body, &type, &reply));
	assert_int_equal(type, km_opened_type);
	assert_int_equal(km_opened_get(buf_span(&reply), &o), 0);
	assert_true(span_eq(o.secret, "s3cret"));
	/* And only once. */
	assert_true(call(worker, km_open_type, &body, &type, &reply));
	assert_int_equal(type, km_error_type);
	assert_true(is_closed(worker));
	buf_fini(&body);
	buf_fini(&reply);
	(void)close(admin);
	(void)close(broker);
	(void)close(worker);
	(void)close(other);
	assert_int_equal(stop_keeper(), 0);
}

static void
one_that_is_replaced_ends_when_its_grants_have_served(void **state)
{
	struct km_open open_it = {.grant_id = {1}};
	struct buf body, reply;
	int admin, broker, worker;
	uint16_t type = 0;

	(void)state;
	buf_init(&body, IPC_BODY_MAX);
	buf_init(&reply, IPC_BODY_MAX);
	start_keeper();
	give_listener();
	broker = give_link(ROLE_BROKER, 4);
	worker = give_link(ROLE_WORKER, 5);
	admin = connect_admin();
	grant_password(admin, broker);
	tell_to_stop();
	/* Neither while the broker may ask, nor while the worker has yet to. */
	assert_false(has_ended(100));
	(void)close(broker);
	assert_false(has_ended(100));
	assert_int_equal(km_open_put(&body, &open_it), 0);
	assert_true(call(worker, km_open_type, &body, &type, &reply));
	assert_int_equal(type, km_opened_type);
	assert_true(has_ended(WAIT_MS));
	buf_fini(&body);
	buf_fini(&reply);
	(void)close(admin);
	(void)close(worker);
}

static void
one_that_is_replaced_waits_for_nobody_else(void **state)
{
	int worker;

	(void)state;
	start_keeper();
	worker = give_link(ROLE_WORKER, 5);
	tell_to_stop();
	assert_true(has_ended(WAIT_MS));
	(void)close(worker);
}

static void
a_new_link_of_a_worker_replaces_the_old(void **state)
{
	struct buf body, reply;
	uint16_t type = 0;
	int first, second;

	(void)state;
	buf_init(&body, 64);
	buf_init(&reply, 65536);
	start_keeper();
	first = give_link(ROLE_WORKER, 5);
	assert_true(call(first, km_hostkeys_get_type, &body, &type, &reply));
	assert_int_equal(type, km_hostkeys_type);
	second = give_link(ROLE_WORKER, 5);
	assert_true(is_closed(first));
	assert_true(call(second, km_hostkeys_get_type, &body, &type, &reply));
	assert_int_equal(type, km_hostkeys_type);
	buf_fini(&body);
	buf_fini(&reply);
	(void)close(first);
	(void)close(second);
	assert_int_equal(stop_keeper(), 0);
}

static void
a_link_from_nobody_known_is_closed(void **state)
{
	int fd;

	(void)state;
	start_keeper();
	fd = give_link(ROLE_DATABASE, 8);
	assert_true(is_closed(fd));
	(void)close(fd);
	assert_int_equal(stop_keeper(), 0);
}

static void
the_administrators_connections_are_bounded(void **state)
{
	int fd[17], i;

	(void)state;
	start_keeper();
	give_listener();
	for (i = 0; i < 17; i++)
		fd[i] = connect_admin();
	assert_true(is_closed(fd[16]));
	for (i = 0; i < 17; i++)
		(void)close(fd[i]);
	assert_int_equal(stop_keeper(), 0);
}

static void
another_user_is_refused(void **state)
{
	int status = -1;
	pid_t child;

	(void)state;
	if (geteuid() != 0)
		skip();
	start_keeper();
	give_listener();
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(chmod(sock_path, 0777), 0);
	if ((child = fork()) == 0) {
		if (setresuid(65534, 65534, 65534) != 0)
			_exit(2);
		_exit(is_closed(connect_admin()) ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(stop_keeper(), 0);
}

static void
without_a_vault_it_does_not_start(void **state)
{
	char path[160];
	int fd[2], status = 0;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/vault/master.key", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
	if ((pid = fork()) == 0) {
		(void)close(fd[0]);
		(void)close(2); /* its complaint is expected */
		run_child(fd[1]);
	}
	(void)close(fd[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	pid = 0;
	(void)close(fd[0]);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	    T(a_password_goes_from_seal_to_the_granted_worker),
	    T(a_new_link_of_a_worker_replaces_the_old),
	    T(one_that_is_replaced_ends_when_its_grants_have_served),
	    T(one_that_is_replaced_waits_for_nobody_else),
	    T(a_link_from_nobody_known_is_closed),
	    T(the_administrators_connections_are_bounded),
	    T(another_user_is_refused),
	    T(without_a_vault_it_does_not_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
