/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorder process in one loop with its peers: workers, keeper and broker
 * are the test's, messages and links are the real ones.
 */
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

#include "base/hash.h"
#include "base/uuid.h"
#include "broker/broker_msg.h"
#include "keeper/keeper_msg.h"
#include "recorder/reader.h"
#include "recorder/recorder.h"
#include "recorder/recorder_msg.h"

#include "rec_make.h"

enum { SECOND = 1000 };

struct peer {
	struct ipc *ipc; /* NULL: the link is gone */
	struct scene *scene;
	uint64_t committed; /* of the recording that was told last */
	unsigned states;
	struct rm_state state;
	unsigned closed;
	struct rm_closed closing;
	unsigned errors;
	unsigned spaces;
	struct rm_space space;
};

struct scene {
	struct loop *loop;
	struct conf *conf;
	struct recorder *recorder;
	char dir[64];
	struct rec_make make;
	struct peer worker[3];
	struct peer keeper;
	struct peer broker;
	bool mute; /* the keeper does not answer */
	unsigned asked;
	unsigned finished;
	struct bm_rec_finished last;
	char path[512];
};

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

static void
join(struct scene *s, struct peer *p, enum role role, ipc_fn *fn)
{
	static uint32_t number = 10;
	struct ipc_opts o = {.max_msg = IPC_BODY_MAX,
	    .max_queue = 64 * 1024 * 1024,
	    .msg = fn,
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

static void
leave(struct peer *p)
{
	ipc_free(p->ipc);
	p->ipc = NULL;
}

/* ---- the scene */

static void
recorder_begin(struct scene *s)
{
	struct fail f = {0};
	int r = recorder_new(&s->recorder, s->loop, s->conf, &f);

	if (r != 0)
		print_error("%s\n", fail_why(&f, r));
	assert_int_equal(r, 0);
}

static void
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
	recorder_begin(s);
	join(s, &s->worker[0], ROLE_WORKER, on_worker);
	join(s, &s->worker[1], ROLE_WORKER, on_worker);
	join(s, &s->keeper, ROLE_KEEPER, on_keeper);
	join(s, &s->broker, ROLE_BROKER, on_broker);
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

/* Run the loop until *n is at least want, or for ms. */
static bool
run(struct scene *s, const unsigned *n, unsigned want, uint64_t ms)
{
	uint64_t until = mono_ns() + ms * 1000000;

	while ((n == NULL || *n < want) && mono_ns() < until)
		assert_int_equal(loop_once(s->loop, 10), 0);
	return n != NULL && *n >= want;
}

static void
run_committed(struct scene *s, struct peer *p, uint64_t want)
{
	uint64_t until = mono_ns() + 10000000000;

	while (p->committed < want && mono_ns() < until)
		assert_int_equal(loop_once(s->loop, 10), 0);
	assert_int_equal(p->committed, want);
}

/* ---- what a worker says */

static void
say_open(struct scene *s, struct peer *p)
{
	struct rm_open m = {.header = rcd_writer_header(s->make.w)};

	memcpy(m.rec_id, s->make.rec_id, 16);
	assert_int_equal(rm_open_send(p->ipc, 0, &m), 0);
	assert_true(run(s, &p->states, 1, 5 * SECOND));
}

static struct span
chunk(const struct scene *s, size_t i)
{
	const struct rec_make *m = &s->make;
	size_t end = i + 1 < m->chunks ? m->place[i + 1] : buf_len(&m->file);

	return SPAN(buf_head(&m->file) + m->place[i], end - m->place[i]);
}

static void
say_chunks(struct scene *s, struct peer *p, size_t from, size_t to)
{
	size_t i;

	for (i = from; i < to; i++) {
		struct rm_chunk m = {.seq = i, .data = chunk(s, i)};

		memcpy(m.rec_id, s->make.rec_id, 16);
		assert_int_equal(rm_chunk_send(p->ipc, 0, &m), 0);
	}
}

static void
say(struct scene *s, struct peer *p, uint16_t type)
{
	assert_int_equal(
	    ipc_send(p->ipc, type, 0, SPAN(s->make.rec_id, 16), -1), 0);
}

/* The finished file verifies and is as long as was said. */
static void
check_file(struct scene *s, struct rcd_verdict *v)
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

static unsigned
count_files(const struct scene *s, const char *sub)
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

/* ---- tests */

static void
a_closed_recording_becomes_one_file(void **state)
{
	struct rcd_verdict v;
	struct scene s;
	struct peer *w = &s.worker[0];

	(void)state;
	scene_begin(&s, "");
	rec_make_typical(&s.make, 90, 30);
	assert_true(run(&s, &w->spaces, 1, SECOND));
	assert_int_equal(w->space.writable, 1);
	say_open(&s, w);
	assert_int_equal(w->state.code, 0);
	say_chunks(&s, w, 0, s.make.chunks);
	run_committed(&s, w, s.make.chunks);
	say(&s, w, rm_close_type);
	assert_true(run(&s, &w->closed, 1, 5 * SECOND));
	assert_int_equal(w->closing.code, 0);
	assert_true(run(&s, &s.finished, 1, SECOND));
	assert_int_equal(s.last.truncated, 0);
	check_file(&s, &v);
	assert_int_equal(v.bytes, buf_len(&s.make.file));
	assert_int_equal(s.asked, 0);
	assert_int_equal(recorder_count(s.recorder), 0);
	/* Said again, as a worker does whose link was new in between. */
	w->states = 0;
	say(&s, w, rm_resume_type);
	assert_true(run(&s, &w->states, 1, SECOND));
	assert_int_equal(w->state.code, 0);
	assert_int_equal(w->state.next_seq, s.make.chunks);
	say(&s, w, rm_close_type);
	assert_true(run(&s, &w->closed, 2, SECOND));
	assert_int_equal(w->closing.code, 0);
	scene_end(&s);
}

static void
a_dead_writers_recording_is_closed_signed_and_marked(void **state)
{
	struct rcd_verdict v;
	struct scene s;
	uint64_t t0;

	(void)state;
	scene_begin(&s, "");
	rec_make_typical(&s.make, 90, 0);
	say_open(&s, &s.worker[0]);
	say_chunks(&s, &s.worker[0], 0, 50);
	run_committed(&s, &s.worker[0], 50);
	t0 = mono_ns();
	leave(&s.worker[0]);
	assert_true(run(&s, &s.finished, 1, 4 * SECOND));
	assert_true(mono_ns() - t0 < 2500000000);
	assert_int_equal(s.last.truncated, 1);
	check_file(&s, &v);
	assert_int_equal(v.chunks, 52); /* and gap and trailer */
	assert_true(v.truncated && !v.unsigned_end);
	assert_int_equal(v.gaps, 1);
	assert_int_equal(v.signed_chunks, 52);
	/* Whoever comes too late is told. */
	say(&s, &s.worker[1], rm_resume_type);
	assert_true(run(&s, &s.worker[1].states, 1, SECOND));
	assert_int_equal(s.worker[1].state.code, -FAIL_CLOSED);
	scene_end(&s);
}

static void
a_truncated_recording_plays(void **state)
{
	struct rcd_event_view e;
	struct rcd_reader *r;
	struct fail f = {0};
	struct scene s;
	unsigned n = 0;
	int fd, x;

	(void)state;
	scene_begin(&s, "");
	rec_make_typical(&s.make, 20, 0);
	say_open(&s, &s.worker[0]);
	say_chunks(&s, &s.worker[0], 0, 20);
	run_committed(&s, &s.worker[0], 20);
	leave(&s.worker[0]);
	assert_true(run(&s, &s.finished, 1, 4 * SECOND));
	fd = open(s.path, O_RDONLY);
	assert_int_equal(
	    rcd_reader_open(&r, fd, RCD_KEY_DEK, s.make.dek, &f), 0);
	while ((x = rcd_reader_event(r, &e)) == 0)
		n++;
	assert_int_equal(x, RCD_END);
	assert_int_equal(n, 20);
	rcd_reader_free(r);
	(void)close(fd);
	scene_end(&s);
}

static void
without_a_keeper_the_end_is_unsigned_and_says_so(void **state)
{
	struct rcd_verdict v;
	struct scene s;

	(void)state;
	scene_begin(&s, "");
	s.mute = true;
	rec_make_typical(&s.make, 10, 0);
	say_open(&s, &s.worker[0]);
	say_chunks(&s, &s.worker[0], 0, 10);
	run_committed(&s, &s.worker[0], 10);
	leave(&s.worker[0]);
	assert_false(run(&s, &s.finished, 1, 5 * SECOND));
	assert_int_equal(s.asked, 1);
	assert_true(run(&s, &s.finished, 1, 4 * SECOND));
	check_file(&s, &v);
	assert_true(v.truncated && v.unsigned_end);
	scene_end(&s);
}

static void
a_new_keeper_is_asked_again(void **state)
{
	struct rcd_verdict v;
	struct scene s;

	(void)state;
	scene_begin(&s, "");
	s.mute = true;
	rec_make_typical(&s.make, 10, 0);
	say_open(&s, &s.worker[0]);
	say_chunks(&s, &s.worker[0], 0, 10);
	run_committed(&s, &s.worker[0], 10);
	leave(&s.worker[0]);
	assert_true(run(&s, &s.asked, 1, 4 * SECOND));
	s.mute = false;
	leave(&s.keeper);
	join(&s, &s.keeper, ROLE_KEEPER, on_keeper);
	assert_true(run(&s, &s.finished, 1, 2 * SECOND));
	check_file(&s, &v);
	assert_false(v.unsigned_end);
	scene_end(&s);
}

static void
a_handed_over_recording_waits_for_its_heir(void **state)
{
	struct rcd_verdict v;
	struct scene s;
	struct peer *old = &s.worker[0], *heir = &s.worker[1];

	(void)state;
	scene_begin(&s, "");
	rec_make_typical(&s.make, 60, 20);
	say_open(&s, old);
	say_chunks(&s, old, 0, 25);
	/* The heir may be faster than what the old one still has to say. */
	say(&s, heir, rm_resume_type);
	assert_false(run(&s, &heir->states, 1, SECOND / 5));
	say(&s, old, rm_handover_type);
	assert_true(run(&s, &heir->states, 1, SECOND));
	assert_int_equal(heir->state.code, 0);
	assert_int_equal(heir->state.next_seq, 25);
	leave(old);
	assert_false(run(&s, &s.finished, 1, 3 * SECOND));
	say_chunks(&s, heir, 25, s.make.chunks);
	say(&s, heir, rm_close_type);
	assert_true(run(&s, &heir->closed, 1, 5 * SECOND));
	assert_true(run(&s, &s.finished, 1, SECOND));
	check_file(&s, &v);
	assert_false(v.truncated);
	scene_end(&s);
}

static void
a_worker_that_breaks_a_rule_loses_its_link(void **state)
{
	struct scene s;
	struct peer *w = &s.worker[1];
	uint8_t bad[4096];
	struct rm_chunk m = {.seq = 0};
	unsigned how;

	(void)state;
	scene_begin(&s, "");
	rec_make_typical(&s.make, 30, 0);
	say_open(&s, &s.worker[0]);
	say_chunks(&s, &s.worker[0], 0, 5);
	run_committed(&s, &s.worker[0], 5);
	memcpy(m.rec_id, s.make.rec_id, 16);
	/* Somebody else's recording; nothing can be said about it. */
	m.seq = 5;
	m.data = chunk(&s, 5);
	assert_int_equal(rm_chunk_send(w->ipc, 0, &m), 0);
	(void)run(&s, NULL, 0, 100);
	assert_null(w->ipc);
	join(&s, w, ROLE_WORKER, on_worker);
	say(&s, w, rm_handover_type);
	(void)run(&s, NULL, 0, 100);
	assert_null(w->ipc);
	/* Nor can it be opened again. */
	join(&s, w, ROLE_WORKER, on_worker);
	say_open(&s, w);
	assert_int_equal(w->state.code, -FAIL_EXISTS);
	/* A gap, a changed byte, a wrong number, a chunk in pieces. */
	for (how = 0; how < 4; how++) {
		struct peer *v = &s.worker[2];

		leave(&s.worker[0]);
		join(&s, &s.worker[0], ROLE_WORKER, on_worker);
		join(&s, v, ROLE_WORKER, on_worker);
		(void)run(&s, NULL, 0, 50);
		say(&s, v, rm_resume_type);
		assert_true(run(&s, &v->states, 1, SECOND));
		assert_int_equal(v->state.next_seq, 5);
		m.seq = how == 0 ? 6 : 5;
		m.data = chunk(&s, how == 0 ? 6 : 5);
		assert_true(m.data.len <= sizeof(bad));
		memcpy(bad, m.data.p, m.data.len);
		if (how == 1)
			bad[m.data.len / 2] ^= 1;
		if (how == 2)
			m.data = chunk(&s, 6);
		if (how == 3)
			m.data.len--;
		if (how == 1)
			m.data.p = bad;
		assert_int_equal(rm_chunk_send(v->ipc, 0, &m), 0);
		(void)run(&s, NULL, 0, 100);
		assert_null(v->ipc);
	}
	/* What was good is still good. */
	assert_true(run(&s, &s.finished, 1, 4 * SECOND));
	assert_int_equal(s.last.chunks, 7);
	scene_end(&s);
}

static void
a_header_that_does_not_fit_is_refused(void **state)
{
	struct scene s;
	struct peer *w = &s.worker[0];
	struct rm_open m;

	(void)state;
	scene_begin(&s, "");
	assert_int_equal(rec_make_start(&s.make), 0);
	m.header = rcd_writer_header(s.make.w);
	uuid_new(m.rec_id); /* another id than the header's */
	assert_int_equal(rm_open_send(w->ipc, 0, &m), 0);
	assert_true(run(&s, &w->states, 1, SECOND));
	assert_int_equal(w->state.code, -FAIL_FORMAT);
	/* Not a header at all. */
	m.header = SPAN("RCD1", 4);
	assert_int_equal(rm_open_send(w->ipc, 0, &m), 0);
	(void)run(&s, NULL, 0, 100);
	assert_null(w->ipc);
	assert_int_equal(recorder_count(s.recorder), 0);
	scene_end(&s);
}

static void
a_restarted_recorder_goes_on_where_it_was(void **state)
{
	struct rcd_verdict v;
	struct scene s;
	struct peer *w = &s.worker[0];

	(void)state;
	scene_begin(&s, "");
	rec_make_typical(&s.make, 60, 0);
	say_open(&s, w);
	say_chunks(&s, w, 0, 40);
	run_committed(&s, w, 40);
	recorder_free(s.recorder);
	recorder_begin(&s);
	assert_int_equal(recorder_count(s.recorder), 1);
	(void)run(&s, NULL, 0, 50);
	join(&s, w, ROLE_WORKER, on_worker);
	join(&s, &s.broker, ROLE_BROKER, on_broker);
	say(&s, w, rm_resume_type);
	assert_true(run(&s, &w->states, 1, SECOND));
	assert_int_equal(w->state.code, 0);
	assert_int_equal(w->state.next_seq, 40);
	assert_int_equal(w->committed, 40);
	say_chunks(&s, w, 38, s.make.chunks); /* two of them again */
	say(&s, w, rm_close_type);
	assert_true(run(&s, &w->closed, 1, 5 * SECOND));
	assert_true(run(&s, &s.finished, 1, SECOND));
	check_file(&s, &v);
	assert_int_equal(v.bytes, buf_len(&s.make.file));
	scene_end(&s);
}

static void
after_a_restart_what_nobody_resumes_is_closed(void **state)
{
	struct rcd_verdict v;
	struct scene s;

	(void)state;
	scene_begin(&s, "");
	rec_make_typical(&s.make, 30, 0);
	say_open(&s, &s.worker[0]);
	say_chunks(&s, &s.worker[0], 0, 30);
	run_committed(&s, &s.worker[0], 30);
	recorder_free(s.recorder);
	(void)run(&s, NULL, 0, 20);
	recorder_begin(&s);
	join(&s, &s.keeper, ROLE_KEEPER, on_keeper);
	assert_false(run(&s, &s.finished, 1, 2 * SECOND));
	assert_true(run(&s, &s.asked, 1, 3 * SECOND));
	(void)run(&s, NULL, 0, 500);
	/* The file is made; the broker hears of it when it is there. */
	join(&s, &s.broker, ROLE_BROKER, on_broker);
	assert_true(run(&s, &s.finished, 1, SECOND));
	assert_int_equal(s.last.truncated, 1);
	check_file(&s, &v);
	assert_int_equal(recorder_count(s.recorder), 0);
	scene_end(&s);
}

static void
what_the_broker_did_not_hear_is_said_after_a_restart(void **state)
{
	struct rcd_verdict v;
	struct scene s;
	struct peer *w = &s.worker[0];

	(void)state;
	scene_begin(&s, "");
	leave(&s.broker);
	rec_make_typical(&s.make, 30, 0);
	say_open(&s, w);
	say_chunks(&s, w, 0, s.make.chunks);
	say(&s, w, rm_close_type);
	assert_true(run(&s, &w->closed, 1, 5 * SECOND));
	recorder_free(s.recorder);
	(void)run(&s, NULL, 0, 20);
	recorder_begin(&s);
	join(&s, &s.broker, ROLE_BROKER, on_broker);
	assert_true(run(&s, &s.finished, 1, SECOND));
	assert_int_equal(s.last.truncated, 0);
	check_file(&s, &v);
	(void)run(&s, NULL, 0, 100);
	recorder_free(s.recorder);
	/* And not once more. */
	(void)run(&s, NULL, 0, 20);
	recorder_begin(&s);
	assert_int_equal(recorder_count(s.recorder), 0);
	scene_end(&s);
}

/* About 12 MB of noise, in chunks of 64 KiB. */
static void
make_big(struct scene *s)
{
	uint8_t *noise = malloc(1024 * 1024);
	unsigned i;

	assert_non_null(noise);
	random_bytes(noise, 1024 * 1024);
	assert_int_equal(rec_make_start(&s->make), 0);
	for (i = 0; i < 12; i++)
		assert_int_equal(rcd_writer_event(s->make.w, i, RCD_EV_OUT, 0,
				     SPAN(noise, 1024 * 1024)),
		    0);
	rec_make_end(&s->make, 100);
	free(noise);
}

static void
segments_go_while_a_long_session_runs(void **state)
{
	struct rcd_verdict v;
	struct scene s;
	struct peer *w = &s.worker[0];
	unsigned i;

	(void)state;
	scene_begin(&s, "segment = 2M\n");
	make_big(&s);
	say_open(&s, w);
	for (i = 0; i < 11; i++) {
		size_t from = s.make.chunks * i / 12;
		size_t to = s.make.chunks * (i + 1) / 12;

		say_chunks(&s, w, from, to);
		run_committed(&s, w, to);
	}
	for (i = 0; i < 100 && count_files(&s, "spool") > 2; i++)
		(void)run(&s, NULL, 0, 50);
	assert_true(count_files(&s, "spool") <= 2);
	assert_int_equal(count_files(&s, "spool/open"), 1);
	/* A restart in the middle: state file, .part and the last segment. */
	recorder_free(s.recorder);
	(void)run(&s, NULL, 0, 20);
	recorder_begin(&s);
	join(&s, w, ROLE_WORKER, on_worker);
	join(&s, &s.broker, ROLE_BROKER, on_broker);
	say(&s, w, rm_resume_type);
	assert_true(run(&s, &w->states, 1, SECOND));
	assert_int_equal(w->state.next_seq, s.make.chunks * 11 / 12);
	say_chunks(&s, w, s.make.chunks * 11 / 12, s.make.chunks);
	say(&s, w, rm_close_type);
	assert_true(run(&s, &w->closed, 1, 5 * SECOND));
	assert_true(run(&s, &s.finished, 1, SECOND));
	check_file(&s, &v);
	assert_int_equal(v.bytes, buf_len(&s.make.file));
	(void)run(&s, NULL, 0, 300);
	assert_int_equal(count_files(&s, "spool/open"), 0);
	scene_end(&s);
}

static void
a_damaged_state_is_made_again_from_the_file(void **state)
{
	struct rcd_verdict v;
	char path[256], id[UUID_TEXT_SIZE];
	struct scene s;
	struct peer *w = &s.worker[0];
	unsigned i;
	int fd;

	(void)state;
	scene_begin(&s, "segment = 2M\n");
	make_big(&s);
	say_open(&s, w);
	say_chunks(&s, w, 0, s.make.chunks / 2);
	run_committed(&s, w, s.make.chunks / 2);
	for (i = 0; i < 100 && count_files(&s, "spool") > 2; i++)
		(void)run(&s, NULL, 0, 50);
	recorder_free(s.recorder);
	(void)run(&s, NULL, 0, 20);
	(void)snprintf(path, sizeof(path), "%s/spool/open/%s", s.dir,
	    uuid_text(id, s.make.rec_id));
	fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, "x", 1, 80), 1);
	(void)close(fd);
	recorder_begin(&s);
	join(&s, w, ROLE_WORKER, on_worker);
	join(&s, &s.broker, ROLE_BROKER, on_broker);
	say(&s, w, rm_resume_type);
	assert_true(run(&s, &w->states, 1, SECOND));
	assert_int_equal(w->state.next_seq, s.make.chunks / 2);
	say_chunks(&s, w, s.make.chunks / 2, s.make.chunks);
	say(&s, w, rm_close_type);
	assert_true(run(&s, &s.finished, 1, 5 * SECOND));
	check_file(&s, &v);
	assert_int_equal(v.bytes, buf_len(&s.make.file));
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_closed_recording_becomes_one_file),
	    cmocka_unit_test(
		a_dead_writers_recording_is_closed_signed_and_marked),
	    cmocka_unit_test(a_truncated_recording_plays),
	    cmocka_unit_test(without_a_keeper_the_end_is_unsigned_and_says_so),
	    cmocka_unit_test(a_new_keeper_is_asked_again),
	    cmocka_unit_test(a_handed_over_recording_waits_for_its_heir),
	    cmocka_unit_test(a_worker_that_breaks_a_rule_loses_its_link),
	    cmocka_unit_test(a_header_that_does_not_fit_is_refused),
	    cmocka_unit_test(a_restarted_recorder_goes_on_where_it_was),
	    cmocka_unit_test(after_a_restart_what_nobody_resumes_is_closed),
	    cmocka_unit_test(
		what_the_broker_did_not_hear_is_said_after_a_restart),
	    cmocka_unit_test(segments_go_while_a_long_session_runs),
	    cmocka_unit_test(a_damaged_state_is_made_again_from_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
