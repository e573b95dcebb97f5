/* SPDX-License-Identifier: Apache-2.0 */
/* See scene.h. */
#include <sys/socket.h>
#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fail.h"
#include "keeper/keeper_msg.h"

#include "scene.h"

/* ---- peers */

static int
on_worker(struct ipc *c, const struct ipc_msg *m, void *ctx)
{
	struct peer *p = ctx;
	struct rm_committed x;

	(void)c;
	switch (m->type) {
	case rm_state_type:
		p->states++;
		return rm_state_get(m->body, &p->state);
	case rm_committed_type:
		assert_int_equal(rm_committed_get(m->body, &x), 0);
		assert_true(x.next_seq >= p->committed);
		p->committed = x.next_seq;
		return 0;
	case rm_closed_type:
		p->closed++;
		return rm_closed_get(m->body, &p->closing);
	case rm_error_type:
		p->errors++;
		return 0;
	case rm_space_type:
		p->spaces++;
		return rm_space_get(m->body, &p->space);
	default:
		fail();
		return 0;
	}
}

static int
on_keeper(struct ipc *c, const struct ipc_msg *m, void *ctx)
{
	struct peer *p = ctx;
	struct km_checkpoint_sign x;
	struct km_signature a;
	uint8_t sig[64];

	assert_int_equal(m->type, km_checkpoint_sign_type);
	assert_int_equal(km_checkpoint_sign_get(m->body, &x), 0);
	assert_int_equal(x.final, 1);
	p->scene->asked++;
	if (p->scene->mute)
		return 0;
	rec_make_sign(&p->scene->make, x.seq, x.hash.p, sig);
	a.blob = SPAN(sig, sizeof(sig));
	return km_signature_send(c, m->id, &a);
}

static int
on_broker(struct ipc *c, const struct ipc_msg *m, void *ctx)
{
	struct peer *p = ctx;
	struct scene *s = p->scene;

	(void)c;
	assert_int_equal(m->type, bm_rec_finished_type);
	assert_int_equal(bm_rec_finished_get(m->body, &s->last), 0);
	(void)snprintf(s->path, sizeof(s->path), "%s/recordings/%.*s", s->dir,
	    (int)s->last.path.len, (const char *)s->last.path.p);
	s->finished++;
	return 0;
}

static void
on_gone(struct ipc *c, const struct fail *f, void *ctx)
{
	struct peer *p = ctx;

	(void)f;
	ipc_free(c);
	p->ipc = NULL;
}

void
scene_join(struct scene *s, struct peer *p, enum role role)
{
	static uint32_t number = 10;
	struct ipc_opts o = {.max_msg = IPC_BODY_MAX,
	    .max_queue = 64 * 1024 * 1024,
	    .msg = role == ROLE_WORKER	 ? on_worker
		   : role == ROLE_KEEPER ? on_keeper
					 : on_broker,
	    .gone = on_gone,
	    .ctx = p};
	int fds[2];

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	memset(p, 0, sizeof(*p));
	p->scene = s;
	p->ipc = ipc_new(s->loop, fds[0], &o);
	assert_non_null(p->ipc);
	recorder_link(s->recorder, role, ++number, fds[1]);
}

void
scene_leave(struct peer *p)
{
	ipc_free(p->ipc);
	p->ipc = NULL;
}

/* ---- the scene */

void
scene_recorder(struct scene *s)
{
	struct fail f = {0};
	int r = recorder_new(&s->recorder, s->loop, s->conf, &f);

	if (r != 0)
		print_error("%s\n", fail_why(&f, r));
	assert_int_equal(r, 0);
}

void
scene_begin(struct scene *s, const char *more)
{
	struct fail f = {0};
	char text[512];

	memset(s, 0, sizeof(*s));
	(void)snprintf(s->dir, sizeof(s->dir), "/tmp/test_recorder.XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	(void)snprintf(text, sizeof(text),
	    "[node]\nstate = %s\n[recording]\ncommit = 2ms\n%s", s->dir, more);
	assert_int_equal(
	    conf_parse(&s->conf, "test", text, strlen(text), &f), 0);
	s->loop = loop_new();
	assert_non_null(s->loop);
	rec_make_init(&s->make);
	scene_recorder(s);
	scene_join(s, &s->worker[0], ROLE_WORKER);
	scene_join(s, &s->worker[1], ROLE_WORKER);
	scene_join(s, &s->keeper, ROLE_KEEPER);
	scene_join(s, &s->broker, ROLE_BROKER);
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *w)
{
	(void)st;
	(void)kind;
	(void)w;
	return remove(path);
}

void
scene_end(struct scene *s)
{
	size_t i;

	recorder_free(s->recorder);
	for (i = 0; i < ARRAY_LEN(s->worker); i++)
		ipc_free(s->worker[i].ipc);
	ipc_free(s->keeper.ipc);
	ipc_free(s->broker.ipc);
	rec_make_fini(&s->make);
	loop_free(s->loop);
	conf_free(s->conf);
	(void)nftw(s->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

bool
scene_run(struct scene *s, const unsigned *n, unsigned want, uint64_t ms)
{
	uint64_t until = mono_ns() + ms * 1000000;

	while ((n == NULL || *n < want) && mono_ns() < until)
		assert_int_equal(loop_once(s->loop, 10), 0);
	return n != NULL && *n >= want;
}

void
scene_run_committed(struct scene *s, struct peer *p, uint64_t want)
{
	uint64_t until = mono_ns() + 10000000000;

	while (p->committed < want && mono_ns() < until)
		assert_int_equal(loop_once(s->loop, 10), 0);
	assert_int_equal(p->committed, want);
}

/* ---- what a worker says */

void
scene_open(struct scene *s, struct peer *p)
{
	struct rm_open m = {.header = rcd_writer_header(s->make.w)};

	memcpy(m.rec_id, s->make.rec_id, 16);
	assert_int_equal(rm_open_send(p->ipc, 0, &m), 0);
	assert_true(scene_run(s, &p->states, 1, 5 * SECOND));
}

struct span
scene_chunk(const struct scene *s, size_t i)
{
	const struct rec_make *m = &s->make;
	size_t end = i + 1 < m->chunks ? m->place[i + 1] : buf_len(&m->file);

	return SPAN(buf_head(&m->file) + m->place[i], end - m->place[i]);
}

void
scene_chunks(struct scene *s, struct peer *p, size_t from, size_t to)
{
	size_t i;

	for (i = from; i < to; i++) {
		struct rm_chunk m = {.seq = i, .data = scene_chunk(s, i)};

		memcpy(m.rec_id, s->make.rec_id, 16);
		assert_int_equal(rm_chunk_send(p->ipc, 0, &m), 0);
	}
}

void
scene_say(struct scene *s, struct peer *p, uint16_t type)
{
	assert_int_equal(
	    ipc_send(p->ipc, type, 0, SPAN(s->make.rec_id, 16), -1), 0);
}

void
scene_record(struct scene *s, struct peer *p, unsigned secs, size_t n)
{
	rec_make_typical(&s->make, secs, 0);
	scene_open(s, p);
	scene_chunks(s, p, 0, n);
	scene_run_committed(s, p, n);
}

void
scene_check_file(struct scene *s, struct rcd_verdict *v)
{
	struct stat st;
	int fd = open(s->path, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(rcd_verify(fd, s->make.node_key, v), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, s->last.bytes);
	assert_int_equal(v->bytes, s->last.bytes);
	assert_int_equal(v->chunks, s->last.chunks);
	assert_int_equal(v->duration_us, s->last.duration_us);
	assert_int_equal(st.st_mode & 0777, 0440);
	(void)close(fd);
}

unsigned
scene_count_files(const struct scene *s, const char *sub)
{
	char path[128];
	struct dirent *e;
	unsigned n = 0;
	DIR *d;

	(void)snprintf(path, sizeof(path), "%s/%s", s->dir, sub);
	d = opendir(path);
	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		n += e->d_type == DT_REG;
	(void)closedir(d);
	return n;
}
