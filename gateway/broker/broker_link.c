/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker's links: who may send what.  Workers are judged by wlink.c, the
 * command line by broker_admin.c; the recorder tells of finished recordings.
 * A link that breaks a rule is closed, with one line in the log.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "session/why.h"
#include "sql/bulk.h"

#include "broker/broker_int.h"

enum {
	MSG_MAX = 256 * 1024,
	QUEUE_MAX = 32 * 1024 * 1024,
	ADMIN_QUEUE = 1024 * 1024,
};

static const char *const kind_names[] = {
    [LINK_WORKER] = "worker",
    [LINK_RECORDER] = "recorder",
    [LINK_ADMIN] = "command line",
};

static void
key_of(uint8_t key[16], uint64_t number)
{
	memset(key, 0, 16);
	memcpy(key, &number, sizeof(number));
}

struct blink *
broker_blink(const struct broker *b, uint64_t number)
{
	uint8_t key[16];

	key_of(key, number);
	return idmap_get(b->links, key);
}

static void
blink_free(struct blink *l)
{
	uint8_t key[16];

	key_of(key, l->number);
	(void)idmap_del(l->b->links, key);
	ipc_free(l->ipc);
	wlink_free(l->w);
	free(l);
}

void
broker_links_free(struct broker *b)
{
	struct blink *l;
	size_t pos = 0;

	while ((l = idmap_next(b->links, &pos)) != NULL)
		blink_free(l);
}

void
broker_links_hold(struct broker *b, bool hold)
{
	struct blink *l;
	size_t pos = 0;

	b->held = hold;
	while ((l = idmap_next(b->links, &pos)) != NULL) {
		if (l->kind != LINK_WORKER)
			continue;
		if (hold)
			ipc_pause(l->ipc);
		else
			ipc_resume(l->ipc);
	}
}

void
broker_links_begin(struct broker *b)
{
	struct blink *l;
	size_t pos = 0;

	while ((l = idmap_next(b->links, &pos)) != NULL)
		if (!b->held || l->kind != LINK_WORKER)
			ipc_resume(l->ipc);
}

/* ---- answers */

void
broker_answer(struct broker *b, uint64_t link, uint16_t type, uint32_t id,
    struct span body)
{
	struct blink *l = broker_blink(b, link);
	int r;

	if (l == NULL)
		return;
	if ((r = ipc_send(l->ipc, type, id, body, -1)) != 0)
		log_warn(NULL, "%s: an answer is lost: %s", kind_names[l->kind],
		    fail_text(r));
}

void
broker_error(
    struct broker *b, uint64_t link, uint32_t id, int code, const char *why)
{
	struct bm_error m = {
	    .code = (uint32_t)-code,
	    .why = SPAN(why, strlen(why)),
	};
	struct buf body;

	buf_init(&body, 512);
	if (bm_error_put(&body, &m) == 0)
		broker_answer(b, link, bm_error_type, id, buf_span(&body));
	buf_fini(&body);
}

/* ---- workers */

static bool
op_knock(void *ctx, struct wlink *w, uint32_t id, struct wconn *c,
    const struct bm_knock *m)
{
	return broker_knock(ctx, w, id, c, m);
}

static void
op_left(void *ctx, const struct wconn *c)
{
	struct broker *b = ctx;

	door_left(b->door, c->source);
}

static int
op_auth(void *ctx, struct wlink *w, uint32_t id, const struct bm_auth *m)
{
	return broker_auth(ctx, w, id, m);
}

static int
op_want(void *ctx, struct wlink *w, uint32_t id, const struct wconn *c,
    const struct bm_want *m)
{
	return broker_want(ctx, w, id, c, m);
}

static int
op_row(
    void *ctx, struct wlink *w, uint32_t id, const struct row *r, uint32_t seq)
{
	struct rows_ref ref = {.link = wlink_number(w), .id = id, .seq = seq};
	struct broker *b = ctx;
	int e;

	if (r->kind == jr_keys_type)
		memcpy(ref.session, r->keys.session_id, 16);
	else if (r->kind == jr_audit_type)
		memcpy(ref.session, r->audit.session_id, 16);
	else /* start and end begin alike */
		memcpy(ref.session, r->start.session_id, 16);
	if ((e = broker_row(b, r, id != 0 ? &ref : NULL)) != 0)
		broker_error(b, ref.link, id, e, "the row was not taken");
	return 0;
}

static void
op_skip(void *ctx, struct wlink *w, uint32_t id, const uint8_t session[16])
{
	struct rows_ref ref = {.link = wlink_number(w), .id = id};

	memcpy(ref.session, session, 16);
	if (id != 0)
		broker_stored(ctx, &ref);
}

/* The check is the clock's: it also finds those of before the database came. */
static void
op_claimed(void *ctx, struct wlink *w, const uint8_t session[16])
{
	char id[UUID_TEXT_SIZE];

	(void)ctx;
	log_info(NULL, "worker %" PRIu32 " claims session %s", wlink_worker(w),
	    uuid_text(id, session));
}

static void
op_ended(void *ctx, const struct session_ent *e)
{
	broker_revoke(ctx, e);
}

static int
op_controlled(
    void *ctx, struct wlink *w, uint32_t id, const struct bm_controlled *m)
{
	return broker_controlled(ctx, w, id, m);
}

static uint64_t
op_now_ms(void *ctx)
{
	return broker_now_ms(ctx);
}

static uint64_t
op_unix_us(void *ctx)
{
	(void)ctx;
	return unix_us();
}

static const struct wlink_ops wlink_ops = {
    .knock = op_knock,
    .left = op_left,
    .auth = op_auth,
    .want = op_want,
    .row = op_row,
    .skip = op_skip,
    .claimed = op_claimed,
    .ended = op_ended,
    .controlled = op_controlled,
    .now_ms = op_now_ms,
    .unix_us = op_unix_us,
};

/* ---- recorder */

static int
on_recorder(struct blink *l, const struct ipc_msg *m, struct fail *f)
{
	const struct rows_ref ref = {.link = l->number, .id = m->id};
	struct row row = {.kind = jr_rec_type};
	struct bm_rec_finished rec;
	char path[513];
	int r;

	if (m->type != bm_rec_finished_type)
		return fail_set(
		    f, FAIL_PROTO, "message %u of the recorder", m->type);
	if ((r = bm_rec_finished_get(m->body, &rec)) != 0)
		return fail_set(f, r, "rec_finished");
	memcpy(row.rec.rec_id, rec.rec_id, 16);
	row.rec.at_us = unix_us();
	row.rec.truncated = rec.truncated != 0;
	row.rec.bytes = rec.bytes;
	row.rec.chunks = rec.chunks;
	row.rec.duration_us = rec.duration_us;
	row.rec.hash = rec.hash;
	row.rec.path = SPAN(path, bulk_utf8(path, sizeof(path), rec.path));
	if ((r = broker_row(l->b, &row, m->id != 0 ? &ref : NULL)) != 0)
		broker_error(l->b, l->number, m->id, r, fail_text(r));
	return 0;
}

/* ---- all of them */

static int
on_msg(struct ipc *c, const struct ipc_msg *m, void *ctx)
{
	struct blink *l = ctx;
	struct fail f = {0};
	int r;

	(void)c;
	if (m->fd >= 0) {
		(void)close(m->fd);
		r = fail_set(&f, FAIL_PROTO, "a descriptor nobody asked for");
	} else if (l->kind == LINK_WORKER) {
		r = wlink_message(l->w, m->type, m->id, m->body, &f);
	} else if (l->kind == LINK_RECORDER) {
		r = on_recorder(l, m, &f);
	} else {
		r = broker_admin_message(l, m, &f);
	}
	if (r != 0)
		log_err(NULL, "%s %" PRIu64 " is cut off: %s",
		    kind_names[l->kind], l->number, fail_why(&f, r));
	return r;
}

static void
on_gone(struct ipc *c, const struct fail *f, void *ctx)
{
	struct blink *l = ctx;
	struct broker *b = l->b;
	uint64_t number = l->number;

	(void)c;
	if (l->kind == LINK_WORKER) {
		log_info(NULL, "worker %" PRIu32 ": %s", wlink_worker(l->w),
		    fail_why(f, FAIL_CLOSED));
		sessions_link_gone(b->sessions, number, wlink_worker(l->w),
		    broker_now_ms(b) + (l->dead ? DEAD_MS : CLAIM_MS),
		    WHY_WORKER_DIED);
	}
	blink_free(l);
	broker_orders_gone(b, number);
}

void
broker_link_cut(struct broker *b, uint64_t link, const char *why)
{
	struct blink *l = broker_blink(b, link);
	struct fail f = {0};

	if (l == NULL)
		return;
	(void)fail_set(&f, FAIL_DENIED, "it %s", why);
	log_err(NULL, "%s %" PRIu64 " is cut off: %s", kind_names[l->kind],
	    l->number, f.why);
	on_gone(l->ipc, &f, l);
}

struct blink *
broker_link_add(struct broker *b, enum link_kind kind, uint32_t peer, int fd)
{
	const bool admin = kind == LINK_ADMIN;
	struct ipc_opts o = {
	    .max_msg = MSG_MAX,
	    .max_queue = admin ? ADMIN_QUEUE : QUEUE_MAX,
	    .msg = on_msg,
	    .gone = on_gone,
	    .secret = kind == LINK_WORKER,
	};
	struct blink *l;
	uint8_t key[16];

	if ((l = calloc(1, sizeof(*l))) == NULL) {
		(void)close(fd);
		return NULL;
	}
	l->b = b;
	l->kind = kind;
	l->number = ++b->last_link;
	o.ctx = l;
	key_of(key, l->number);
	if (kind == LINK_WORKER)
		l->w = wlink_new(&wlink_ops, b, b->sessions, l->number, peer);
	if ((kind == LINK_WORKER && l->w == NULL) ||
	    idmap_put(b->links, key, l) != 0 ||
	    (l->ipc = ipc_new(b->loop, fd, &o)) == NULL) {
		if (l->ipc == NULL)
			(void)close(fd);
		blink_free(l);
		return NULL;
	}
	if (b->journal == NULL || (b->held && kind == LINK_WORKER))
		ipc_pause(l->ipc);
	return l;
}

void
broker_link(struct broker *b, enum role role, uint32_t peer, int fd)
{
	bool ok = false;

	if (role == ROLE_KEEPER)
		ok = kask_link(b->keeper, peer, fd) == 0;
	else if (role == ROLE_WORKER)
		ok = broker_link_add(b, LINK_WORKER, peer, fd) != NULL;
	else if (role == ROLE_RECORDER)
		ok = broker_link_add(b, LINK_RECORDER, peer, fd) != NULL;
	else
		(void)close(fd);
	if (!ok)
		log_err(NULL, "no link to process %" PRIu32, peer);
}

void
broker_worker_gone(struct broker *b, uint32_t worker)
{
	struct blink *l;
	size_t pos = 0;

	/* Its link may still hold what it said last. */
	while ((l = idmap_next(b->links, &pos)) != NULL)
		if (l->kind == LINK_WORKER && wlink_worker(l->w) == worker)
			l->dead = true;
	sessions_worker_gone(b->sessions, worker, broker_now_ms(b) + DEAD_MS);
}

void
broker_alone(struct broker *b)
{
	b->node.alone = true;
}

bool
broker_needed(const struct broker *b)
{
	const struct blink *l;
	size_t pos = 0;

	while ((l = idmap_next(b->links, &pos)) != NULL)
		if (l->kind == LINK_WORKER)
			return true;
	return false;
}

bool
broker_awaited(const struct broker *b)
{
	const struct blink *l;
	size_t pos = 0;

	while ((l = idmap_next(b->links, &pos)) != NULL)
		if (l->kind == LINK_WORKER && !l->dead &&
		    wlink_awaits(l->w, broker_now_ms(b)))
			return true;
	return false;
}

bool
broker_has_keeper(const struct broker *b)
{
	return kask_keeper(b->keeper) != 0;
}
