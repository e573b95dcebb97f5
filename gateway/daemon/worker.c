/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway worker process: accepts users, holds their sessions, and ends
 * when it is told to and nothing is left.  It has no database, no disk and no
 * master key.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secret.h"

#include "daemon/confine.h"
#include "daemon/worker_impl.h"
#include "keeper/keeper_msg.h"
#include "recorder/codec.h"

enum {
	TICK_MS = 50,
	STOP_MS = 9000,
	ACCEPT_BATCH = 16,
	/* Descriptors for targets, for links to new processes, for watchers. */
	FD_RESERVE = 32,
	BANNER_MAX = 4096,
	CHUNK_MEMORY = 1024 * 1024,    /* smaller pieces are kept */
	KEPT_MEMORY = 4 * 1024 * 1024, /* that is free, at the most */
};

/* ---- listeners */

static bool
is_full(const struct worker *w)
{
	return w->n_seats + w->n_knocks >= w->conf->gateway_sessions_per_worker;
}

static bool
is_starved(const struct worker *w)
{
	const struct listener *l = w->listeners;

	while (l != NULL && !acceptor_starved(l->acceptor))
		l = l->next;
	return l != NULL;
}

/* One that can take nobody counts as full: others are started instead. */
static void
tell_load(struct worker *w)
{
	uint32_t all = (uint32_t)w->conf->gateway_sessions_per_worker;

	if (w->child != NULL)
		IGNORE(child_load(
		    w->child, is_starved(w) ? all : w->n_seats + w->n_knocks));
}

static void
on_starved(void *ctx, bool is)
{
	(void)is;
	tell_load(ctx);
}

/* Listen exactly while there is room. */
static void
listen_as_needed(struct worker *w)
{
	bool want = w->ready && !w->draining && !is_full(w);
	struct listener *l;

	for (l = w->listeners; l != NULL; l = l->next)
		acceptor_listen(l->acceptor, want);
}

/* ---- start */

static void
on_hostkeys(void *ctx, int code, const struct ipc_msg *m)
{
	struct worker *w = ctx;
	struct km_hostkeys hk;

	if (code != 0 || m->type != km_hostkeys_type ||
	    km_hostkeys_get(m->body, &hk) != 0 || hk.blobs.len == 0) {
		log_err(NULL, "the keeper has no host keys");
		return;
	}
	buf_reset(&w->hostkeys);
	if (buf_put(&w->hostkeys, hk.blobs.p, hk.blobs.len) != 0)
		return;
	w->env.hostkeys = buf_span(&w->hostkeys);
	worker_changed(w);
}

static void
ask_hostkeys(struct worker *w)
{
	IGNORE(peers_ask(w->peers, PEER_KEEPER, km_hostkeys_get_type,
	    SPAN("", 0), on_hostkeys, w));
}

static bool
has_all(const struct worker *w)
{
	return w->env.hostkeys.len > 0 && peers_up(w->peers, PEER_KEEPER) &&
	       peers_up(w->peers, PEER_BROKER) &&
	       peers_up(w->peers, PEER_RECORDER);
}

void
worker_changed(struct worker *w)
{
	if (!w->ready && has_all(w)) {
		w->ready = true;
		IGNORE(child_ready(w->child));
	}
	listen_as_needed(w);
	tell_load(w);
}

/* ---- orders of the supervisor */

static void
on_link(void *ctx, enum role role, uint32_t peer, int fd)
{
	struct worker *w = ctx;
	enum peer p;
	int r;

	if (role == ROLE_KEEPER) {
		p = PEER_KEEPER;
	} else if (role == ROLE_BROKER) {
		p = PEER_BROKER;
	} else if (role == ROLE_RECORDER) {
		p = PEER_RECORDER;
	} else {
		(void)close(fd);
		return;
	}
	if ((r = peers_link(w->peers, p, peer, fd)) != 0) {
		log_err(NULL, "no link to the %s: %s", role_name(role),
		    fail_text(r));
	} else if (p == PEER_KEEPER && w->env.hostkeys.len == 0) {
		ask_hostkeys(w);
	}
}

static void
on_listener(void *ctx, const char *name, int fd)
{
	struct worker *w = ctx;
	const struct acceptor_opts o = {.what = "ssh",
	    .got = worker_knock,
	    .starved = on_starved,
	    .ctx = w,
	    .batch = ACCEPT_BATCH,
	    .reserve = FD_RESERVE,
	    .shared = true};
	struct listener *l = NULL;

	if (strcmp(name, "ssh") != 0 || (l = calloc(1, sizeof(*l))) == NULL ||
	    (l->acceptor = acceptor_new(w->loop, fd, &o)) == NULL) {
		free(l);
		(void)close(fd);
		return;
	}
	l->fd = fd;
	l->next = w->listeners;
	w->listeners = l;
	worker_changed(w);
}

static void
on_drain(void *ctx)
{
	struct worker *w = ctx;

	w->draining = true;
	listen_as_needed(w);
	timer_set(w->tick, 0);
}

static void
listeners_close(struct worker *w)
{
	struct listener *l;

	while ((l = w->listeners) != NULL) {
		w->listeners = l->next;
		acceptor_free(l->acceptor);
		(void)close(l->fd);
		free(l);
	}
}

static void
on_stop(void *ctx)
{
	struct worker *w = ctx;
	uint64_t ms = STOP_MS;
	struct seat *st, *next;

	if (w->stopping)
		return;
	w->stopping = true;
	if (child_orphaned(w->child)) {
		/* Its addresses are for the next node. */
		listeners_close(w);
		ms = CHILD_ORPHAN_WORKER_MS;
	}
	w->stop_ns = mono_ns() + ms * 1000000U;
	worker_knocks_end(w);
	for (st = w->seats; st != NULL; st = next) {
		next = st->next;
		ssh_session_stop(st->s);
	}
	on_drain(w);
}

static void
on_handover(void *ctx, uint32_t to, int fd)
{
	struct worker *w = ctx;

	log_info(NULL, "handing %u sessions over to worker %u", w->n_seats, to);
	worker_handover(w, fd);
	on_drain(w);
}

static void
on_takeover(void *ctx, uint32_t from, int fd)
{
	(void)from;
	worker_takeover(ctx, fd);
}

static const struct child_ops child_ops = {
    .link = on_link,
    .listener = on_listener,
    .drain = on_drain,
    .stop = on_stop,
    .handover = on_handover,
    .takeover = on_takeover,
};

/* While draining: move what can be moved, end when nothing is left. */
static void
on_tick(struct timer *t, void *ctx)
{
	struct worker *w = ctx;

	worker_move(w);
	if (w->n_seats == 0 && w->n_knocks == 0 &&
	    peers_posted(w->peers) == 0 &&
	    (w->out == NULL || ipc_queued(w->out->ipc) == 0)) {
		loop_stop(w->loop);
		return;
	}
	if (w->stop_ns != 0 && mono_ns() > w->stop_ns) {
		log_warn(NULL, "ending with %u sessions and %u rows open",
		    w->n_seats, peers_posted(w->peers));
		loop_stop(w->loop);
		return;
	}
	timer_set(t, TICK_MS);
}

/* ---- the process */

static char *
banner_load(const struct conf *c)
{
	char *path, *text;
	FILE *fp;
	size_t n;

	if ((text = calloc(1, BANNER_MAX + 1)) == NULL ||
	    c->gateway_banner[0] == '\0')
		return text;
	if ((path = conf_path(c, c->gateway_banner)) == NULL)
		return text;
	if ((fp = fopen(path, "r")) == NULL) {
		log_warn(NULL, "banner %s: %s", path, strerror(errno));
	} else {
		n = fread(text, 1, BANNER_MAX, fp);
		text[n] = '\0';
		(void)fclose(fp);
	}
	free(path);
	return text;
}

static void
worker_fini(struct worker *w)
{
	while (w->seats != NULL) {
		/* Only when time ran out: its recording closes as truncated. */
		struct seat *st = w->seats;

		w->seats = st->next;
		free(st);
	}
	worker_move_fini(w);
	worker_knocks_end(w);
	listeners_close(w);
	child_free(w->child);
	peers_free(w->peers);
	rcd_codec_free(w->env.codec);
	timer_free(w->tick);
	buf_fini(&w->hostkeys);
	free(w->banner);
	loop_free(w->loop);
}

static int
worker_init(struct worker *w, const struct role_args *a)
{
	w->conf = a->conf;
	buf_init(&w->hostkeys, 65536);
	if ((w->loop = loop_new()) == NULL ||
	    (w->tick = timer_new(w->loop, on_tick, w)) == NULL ||
	    (w->peers = peers_new(w->loop, &worker_peers_ops, w)) == NULL ||
	    (w->env.codec = rcd_codec_new()) == NULL ||
	    (w->banner = banner_load(w->conf)) == NULL)
		return FAIL_NOMEM;
	w->env.loop = w->loop;
	w->env.conf = w->conf;
	w->env.peers = w->peers;
	w->env.banner = w->banner;
	w->env.writable = true;
	w->env.ops = &worker_session_ops;
	w->env.ctx = w;
	if ((w->child = child_new(w->loop, a, &child_ops, w)) == NULL)
		return FAIL_NOMEM;
	return 0;
}

int
worker_main(const struct role_args *a)
{
	struct fail f = {.code = 0};
	static struct worker w;
	int r;

	role_keep_memory(CHUNK_MEMORY, KEPT_MEMORY);
	if ((r = worker_init(&w, a)) == 0)
		r = confine_role(ROLE_WORKER, a->conf, &f);
	if (r == 0)
		r = loop_run(w.loop);
	if (r != 0)
		log_err(NULL, "worker: %s", fail_why(&f, r));
	worker_fini(&w);
	return r == 0 ? 0 : 1;
}
