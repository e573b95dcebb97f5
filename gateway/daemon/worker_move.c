/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hand-over of live sessions between two workers at a graceful restart: two
 * sockets and the state of each go over a link that the supervisor made.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"

#include "daemon/worker_impl.h"

/* Messages of the link; the body of MOVE_STATE is ssh_session_export()'s. */
enum { MOVE_USER_FD = 1, MOVE_TARGET_FD = 2, MOVE_STATE = 3 };
enum { MOVE_MAX = 32 * 1024 * 1024, MOVE_QUEUE = 64 * 1024 * 1024 };

static void
link_drop(struct move_link *l)
{
	struct worker *w = l->w;
	struct move_link **lp;

	if (w->out == l) {
		w->out = NULL;
	} else {
		for (lp = &w->in; *lp != NULL; lp = &(*lp)->next)
			if (*lp == l) {
				*lp = l->next;
				break;
			}
	}
	if (l->user_fd >= 0)
		(void)close(l->user_fd);
	if (l->target_fd >= 0)
		(void)close(l->target_fd);
	ipc_free(l->ipc);
	free(l);
}

static int
arrive(struct move_link *l, const struct ipc_msg *m)
{
	struct ssh_session *s;
	struct fail f = {.code = 0};
	int user_fd = l->user_fd, target_fd = l->target_fd;

	if (user_fd < 0 || target_fd < 0)
		return FAIL_PROTO;
	l->user_fd = l->target_fd = -1;
	if (ssh_session_import(
		&l->w->env, m->body, user_fd, target_fd, &s, &f) != 0) {
		log_err(
		    NULL, "a session that was handed over is lost: %s", f.why);
		return 0; /* the others may fare better */
	}
	return worker_seat(l->w, s);
}

static int
on_message(struct ipc *c, const struct ipc_msg *m, void *ctx)
{
	struct move_link *l = ctx;
	int *slot = NULL;

	(void)c;
	if (m->type == MOVE_USER_FD)
		slot = &l->user_fd;
	else if (m->type == MOVE_TARGET_FD)
		slot = &l->target_fd;
	if (slot != NULL && m->fd >= 0 && *slot < 0) {
		*slot = m->fd;
		return 0;
	}
	if (m->fd >= 0)
		(void)close(m->fd);
	if (m->type == MOVE_STATE)
		return arrive(l, m);
	return FAIL_PROTO;
}

static void
on_gone(struct ipc *c, const struct fail *f, void *ctx)
{
	struct move_link *l = ctx;

	(void)c;
	(void)f;
	link_drop(l);
}

static struct move_link *
link_new(struct worker *w, int fd)
{
	struct move_link *l;
	struct ipc_opts o = {
	    .max_msg = MOVE_MAX,
	    .max_queue = MOVE_QUEUE,
	    .msg = on_message,
	    .gone = on_gone,
	    .secret = true,
	};

	if ((l = calloc(1, sizeof(*l))) == NULL) {
		(void)close(fd);
		return NULL;
	}
	l->w = w;
	l->user_fd = l->target_fd = -1;
	o.ctx = l;
	if ((l->ipc = ipc_new(w->loop, fd, &o)) == NULL) {
		free(l);
		return NULL;
	}
	return l;
}

void
worker_takeover(struct worker *w, int fd)
{
	struct move_link *l = link_new(w, fd);

	if (l == NULL)
		return;
	l->next = w->in;
	w->in = l;
}

void
worker_handover(struct worker *w, int fd)
{
	if (w->out != NULL)
		link_drop(w->out);
	if ((w->out = link_new(w, fd)) == NULL)
		return;
	worker_move(w);
}

/* One session; FAIL_BUSY: not just now. */
static int
move_one(struct worker *w, struct ssh_session *s)
{
	int user_fd, target_fd, r;
	struct buf state;

	buf_init_secret(&state, MOVE_MAX - 64);
	if ((r = ssh_session_export(s, &state, &user_fd, &target_fd)) == 0) {
		if (ipc_send(w->out->ipc, MOVE_USER_FD, 0, SPAN("", 0),
			user_fd) != 0 ||
		    ipc_send(w->out->ipc, MOVE_TARGET_FD, 0, SPAN("", 0),
			target_fd) != 0 ||
		    ipc_send(
			w->out->ipc, MOVE_STATE, 0, buf_span(&state), -1) != 0)
			log_err(NULL, "a session could not be handed over");
	}
	buf_fini(&state);
	return r;
}

void
worker_move(struct worker *w)
{
	struct seat *st, *next;

	for (st = w->seats; st != NULL && w->out != NULL; st = next) {
		next = st->next;
		if (ipc_queued(w->out->ipc) > MOVE_QUEUE / 4)
			return; /* the timer tries again */
		if (ssh_session_live(st->s))
			IGNORE(move_one(w, st->s));
	}
}

void
worker_move_fini(struct worker *w)
{
	if (w->out != NULL)
		link_drop(w->out);
	while (w->in != NULL)
		link_drop(w->in);
}
