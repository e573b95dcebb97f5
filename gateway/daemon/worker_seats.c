/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sessions of a worker: found by session and by recording, and given the
 * messages that are theirs.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#include "broker/broker_msg.h"
#include "daemon/worker_impl.h"
#include "recorder/recorder_msg.h"

/* The last bytes of a UUIDv7 are random. */
static unsigned
bucket(const uint8_t *id)
{
	return ((unsigned)id[14] << 8 | id[15]) % SEAT_BUCKETS;
}

static struct ssh_session *
by_rec(struct worker *w, const uint8_t *rec_id)
{
	struct seat *st;

	for (st = w->by_rec[bucket(rec_id)]; st != NULL; st = st->next_rec)
		if (memcmp(ssh_session_rec_id(st->s), rec_id, UUID_LEN) == 0)
			return st->s;
	return NULL;
}

struct ssh_session *
worker_by_id(struct worker *w, const uint8_t *session_id)
{
	struct seat *st;

	for (st = w->by_id[bucket(session_id)]; st != NULL; st = st->next_id)
		if (memcmp(ssh_session_id(st->s), session_id, UUID_LEN) == 0)
			return st->s;
	return NULL;
}

static struct seat *
seat_new(struct worker *w, struct ssh_session *s)
{
	struct seat *st;

	if ((st = calloc(1, sizeof(*st))) == NULL)
		return NULL;
	st->s = s;
	st->next = w->seats;
	st->prev = &w->seats;
	if (st->next != NULL)
		st->next->prev = &st->next;
	w->seats = st;
	w->n_seats++;
	ssh_session_set_seat(s, st);
	return st;
}

int
worker_seat(struct worker *w, struct ssh_session *s)
{
	if (ssh_session_seat(s) == NULL && seat_new(w, s) == NULL)
		return FAIL_NOMEM;
	worker_changed(w);
	return 0;
}

static void
on_known(void *ctx, struct ssh_session *s)
{
	struct worker *w = ctx;
	struct seat *st = ssh_session_seat(s);
	unsigned b;

	/* One that was handed over is known before it has a seat. */
	if (st == NULL && (st = seat_new(w, s)) == NULL)
		return;
	if (st->known)
		return;
	st->known = true;
	b = bucket(ssh_session_rec_id(s));
	st->next_rec = w->by_rec[b];
	w->by_rec[b] = st;
	b = bucket(ssh_session_id(s));
	st->next_id = w->by_id[b];
	w->by_id[b] = st;
}

static void
on_gone(void *ctx, struct ssh_session *s)
{
	struct worker *w = ctx;
	struct seat *st = ssh_session_seat(s), **sp;

	if (st == NULL)
		return;
	if (st->known) {
		sp = &w->by_rec[bucket(ssh_session_rec_id(s))];
		while (*sp != st)
			sp = &(*sp)->next_rec;
		*sp = st->next_rec;
		sp = &w->by_id[bucket(ssh_session_id(s))];
		while (*sp != st)
			sp = &(*sp)->next_id;
		*sp = st->next_id;
	}
	*st->prev = st->next;
	if (st->next != NULL)
		st->next->prev = st->prev;
	w->n_seats--;
	free(st);
	worker_changed(w);
}

const struct ssh_session_ops worker_session_ops = {
    .known = on_known,
    .gone = on_gone,
};

/* ---- messages */

static int
on_space(struct worker *w, const struct ipc_msg *m)
{
	struct rm_space space;
	struct seat *st;
	bool was = w->env.writable;
	int r;

	if ((r = rm_space_get(m->body, &space)) != 0)
		return r;
	w->env.space_low =
	    space.free_percent < w->conf->recording_reserve_percent;
	w->env.writable = space.writable != 0;
	if (!was && w->env.writable)
		for (st = w->seats; st != NULL; st = st->next)
			ssh_session_writable(st->s);
	return 0;
}

static int
on_recorder(struct worker *w, const struct ipc_msg *m)
{
	struct ssh_session *s;

	if (m->type == rm_space_type)
		return on_space(w, m);
	/* All others begin with the recording's id. */
	if (m->body.len < UUID_LEN)
		return FAIL_FORMAT;
	if ((s = by_rec(w, m->body.p)) == NULL)
		return 0; /* it has just ended here */
	return ssh_session_recorder(s, m);
}

static void
text_of(char *dst, size_t size, struct span s)
{
	size_t n = s.len < size ? s.len : size - 1;

	memcpy(dst, s.p, n);
	dst[n] = '\0';
}

static int
on_control(struct worker *w, const struct ipc_msg *m)
{
	struct bm_controlled answer;
	struct fail why = {.code = 0};
	char by[256], text[1025];
	struct ssh_session *s;
	struct bm_control c;
	struct buf b;
	int r, code;

	if ((r = bm_control_get(m->body, &c)) != 0) {
		if (m->fd >= 0)
			(void)close(m->fd);
		return r;
	}
	text_of(by, sizeof(by), c.by);
	text_of(text, sizeof(text), c.text);
	if ((s = worker_by_id(w, c.session_id)) == NULL) {
		if (m->fd >= 0)
			(void)close(m->fd);
		code =
		    fail_set(&why, FAIL_NOTFOUND, "the session has just ended");
	} else {
		code = ssh_session_control(s, c.verb, by, text, m->fd, &why);
	}
	memcpy(answer.session_id, c.session_id, UUID_LEN);
	answer.code = (uint32_t)-code;
	answer.why = SPAN(why.why, strlen(why.why));
	buf_init(&b, 1024);
	if ((r = bm_controlled_put(&b, &answer)) == 0)
		r = peers_answer(w->peers, PEER_BROKER, bm_controlled_type,
		    m->id, buf_span(&b));
	buf_fini(&b);
	return r;
}

static int
on_message(void *ctx, enum peer p, const struct ipc_msg *m)
{
	struct worker *w = ctx;

	if (p == PEER_BROKER && m->type == bm_control_type)
		return on_control(w, m);
	if (m->fd >= 0)
		(void)close(m->fd);
	if (p == PEER_RECORDER)
		return on_recorder(w, m);
	/* The answer to what nobody waits for any more. */
	return 0;
}

static void
on_up(void *ctx, enum peer p)
{
	struct worker *w = ctx;
	struct seat *st;

	for (st = w->seats; st != NULL; st = st->next)
		ssh_session_peer_up(st->s, p);
	worker_changed(w);
}

static void
on_missing(void *ctx, enum peer p)
{
	static const enum role roles[] = {
	    [PEER_KEEPER] = ROLE_KEEPER,
	    [PEER_BROKER] = ROLE_BROKER,
	    [PEER_RECORDER] = ROLE_RECORDER,
	};
	struct worker *w = ctx;

	child_missing(w->child, roles[p]);
}

const struct peers_ops worker_peers_ops = {
    .message = on_message,
    .up = on_up,
    .missing = on_missing,
};
