/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorder as a process of its own, in its sandbox: many recordings at a
 * time, segments that fill, a stop in good order.  The test is its supervisor,
 * worker and broker.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/conf.h"
#include "base/fail.h"
#include "base/hash.h"
#include "broker/broker_msg.h"
#include "daemon/daemon_msg.h"
#include "daemon/role.h"
#include "recorder/recorder_msg.h"

#include "rec_make.h"

enum { RECS = 40 };

struct scene {
	struct loop *loop;
	struct ipc *control;
	struct ipc *worker;
	struct ipc *broker;
	pid_t pid;
	char dir[64];
	unsigned ready;
	unsigned states;
	unsigned closed;
	unsigned finished;
	unsigned bad; /* finished files that do not verify */
	struct rec_make make[RECS];
	bool told[RECS]; /* closed */
};

/*
 * Closed, the first time: one that was on disk before it was asked to be closed
 * is told again.
 */
static bool
first_told(struct scene *s, const uint8_t *id)
{
	for (size_t i = 0; i < RECS; i++) {
		if (memcmp(s->make[i].rec_id, id, RCD_ID_LEN) != 0)
			continue;
		if (s->told[i])
			return false;
		s->told[i] = true;
		return true;
	}
	return false;
}

static int
on_control(struct ipc *c, const struct ipc_msg *m, void *ctx)
{
	struct scene *s = ctx;

	(void)c;
	s->ready += m->type == dm_ready_type;
	return 0;
}

static int
on_worker(struct ipc *c, const struct ipc_msg *m, void *ctx)
{
	struct scene *s = ctx;
	struct rm_closed x;
	struct rm_state st;

	(void)c;
	if (m->type == rm_state_type && rm_state_get(m->body, &st) == 0)
		s->states += st.code == 0;
	if (m->type == rm_closed_type && rm_closed_get(m->body, &x) == 0)
		s->closed += x.code == 0 && first_told(s, x.rec_id);
	return 0;
}

static int
on_broker(struct ipc *c, const struct ipc_msg *m, void *ctx)
{
	struct scene *s = ctx;
	struct bm_rec_finished x;
	struct rcd_verdict v;
	char path[512];
	int fd;

	(void)c;
	assert_int_equal(bm_rec_finished_get(m->body, &x), 0);
	(void)snprintf(path, sizeof(path), "%s/recordings/%.*s", s->dir,
	    (int)x.path.len, (const char *)x.path.p);
	fd = open(path, O_RDONLY);
	s->bad += fd < 0 || rcd_verify(fd, NULL, &v) != 0 ||
		  memcmp(v.hash, x.hash.p, 32) != 0;
	if (fd >= 0)
		(void)close(fd);
	s->finished++;
	return 0;
}

static void
on_gone(struct ipc *c, const struct fail *f, void *ctx)
{
	(void)c;
	(void)f;
	(void)ctx;
}

static struct ipc *
ipc_to(struct scene *s, int fd, ipc_fn *fn)
{
	struct ipc_opts o = {.max_msg = IPC_BODY_MAX,
	    .max_queue = 64 * 1024 * 1024,
	    .msg = fn,
	    .gone = on_gone,
	    .ctx = s};
	struct ipc *c = ipc_new(s->loop, fd, &o);

	assert_non_null(c);
	return c;
}

static struct ipc *
link_to(struct scene *s, enum role role, ipc_fn *fn)
{
	struct dm_link m = {.role = (uint8_t)role, .peer = 5};
	struct buf b;
	int fds[2];

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	buf_init(&b, 64);
	assert_int_equal(dm_link_put(&b, &m), 0);
	assert_int_equal(
	    ipc_send(s->control, dm_link_type, 0, buf_span(&b), fds[1]), 0);
	buf_fini(&b);
	return ipc_to(s, fds[0], fn);
}

static void
run(struct scene *s, const unsigned *n, unsigned want)
{
	uint64_t until = mono_ns() + 20000000000;

	while (*n < want && mono_ns() < until)
		assert_int_equal(loop_once(s->loop, 20), 0);
	assert_int_equal(*n, want);
}

static void
child_begin(struct scene *s)
{
	struct role_args a = {.number = 3};
	struct fail f = {0};
	struct conf *conf;
	char text[256];
	int fds[2];

	(void)snprintf(text, sizeof(text),
	    "[node]\nstate = %s\n[recording]\nsegment = 2M\ncommit = 2ms\n",
	    s->dir);
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	if ((s->pid = fork()) == 0) {
		(void)close(fds[0]);
		if (conf_parse(&conf, "test", text, strlen(text), &f) != 0)
			_exit(9);
		a.conf = conf;
		a.control_fd = fds[1];
		_exit(recorder_main(&a));
	}
	assert_true(s->pid > 0);
	(void)close(fds[1]);
	s->loop = loop_new();
	assert_non_null(s->loop);
	s->control = ipc_to(s, fds[0], on_control);
	run(s, &s->ready, 1);
}

static void
send_chunks(struct scene *s, const struct rec_make *m)
{
	size_t i;

	for (i = 0; i < m->chunks; i++) {
		size_t end =
		    i + 1 < m->chunks ? m->place[i + 1] : buf_len(&m->file);
		struct rm_chunk x = {.seq = i,
		    .data = SPAN(
			buf_head(&m->file) + m->place[i], end - m->place[i])};

		memcpy(x.rec_id, m->rec_id, 16);
		assert_int_equal(rm_chunk_send(s->worker, 0, &x), 0);
	}
}

static void
record_all(struct scene *s)
{
	struct rm_open o;
	struct rm_close c;
	unsigned i;

	for (i = 0; i < RECS; i++) {
		rec_make_init(&s->make[i]);
		rec_make_typical(&s->make[i], 250, 0);
		memcpy(o.rec_id, s->make[i].rec_id, 16);
		o.header = rcd_writer_header(s->make[i].w);
		assert_int_equal(rm_open_send(s->worker, 0, &o), 0);
	}
	run(s, &s->states, RECS);
	for (i = 0; i < RECS; i++)
		send_chunks(s, &s->make[i]);
	for (i = 0; i < RECS; i++) {
		memcpy(c.rec_id, s->make[i].rec_id, 16);
		assert_int_equal(rm_close_send(s->worker, 0, &c), 0);
	}
	run(s, &s->closed, RECS);
	run(s, &s->finished, RECS);
	assert_int_equal(s->bad, 0);
	for (i = 0; i < RECS; i++)
		rec_make_fini(&s->make[i]);
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *w)
{
	(void)st;
	(void)kind;
	(void)w;
	return remove(path);
}

static void
the_process_records_within_its_sandbox_and_stops(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	int status, round;

	(void)state;
	assert_non_null(s);
	(void)snprintf(s->dir, sizeof(s->dir), "/tmp/test_main.XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	child_begin(s);
	s->worker = link_to(s, ROLE_WORKER, on_worker);
	s->broker = link_to(s, ROLE_BROKER, on_broker);
	for (round = 0; round < 2; round++) {
		s->states = s->closed = s->finished = 0;
		memset(s->told, 0, sizeof(s->told));
		record_all(s);
	}
	assert_int_equal(
	    ipc_send(s->control, dm_stop_type, 0, SPAN(NULL, 0), -1), 0);
	while (waitpid(s->pid, &status, WNOHANG) == 0)
		assert_int_equal(loop_once(s->loop, 20), 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	ipc_free(s->worker);
	ipc_free(s->broker);
	ipc_free(s->control);
	loop_free(s->loop);
	(void)nftw(s->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_process_records_within_its_sandbox_and_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
