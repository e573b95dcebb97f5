/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The links of the recorder process: to workers, whose messages are
 * recorder_worker.c, and to the keeper and the broker, which are one each.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"

#include "recorder/recorder_int.h"

enum { QUEUE_MAX = 8 * 1024 * 1024 };

struct rlink *
recorder_link_to(struct recorder *r, enum role role)
{
	struct rlink *l = r->links;

	while (l != NULL && l->role != role)
		l = l->next;
	return l;
}

static void
link_free(struct rlink *l)
{
	struct rlink **p = &l->recorder->links;

	while (*p != l)
		p = &(*p)->next;
	*p = l->next;
	ipc_free(l->ipc);
	free(l);
}

void
recorder_link_end(struct rlink *l)
{
	struct recorder *r = l->recorder;
	struct rec *x;

	for (x = r->recs.all; x != NULL; x = x->next) {
		if (x->heir == l)
			x->heir = NULL;
		if (x->owner == l)
			recorder_orphan(r, x, ORPHAN_MS);
	}
	link_free(l);
}

static void
on_gone(struct ipc *c, const struct fail *f, void *ctx)
{
	struct rlink *l = ctx;

	(void)c;
	if (f->code != FAIL_CLOSED)
		log_warn(NULL, "link to %s %u: %s", role_name(l->role),
		    (unsigned)l->peer, fail_why(f, f->code));
	recorder_link_end(l);
}

static int
on_msg(struct ipc *c, const struct ipc_msg *m, void *ctx)
{
	struct rlink *l = ctx;

	(void)c;
	if (m->fd >= 0)
		(void)close(m->fd);
	switch (l->role) {
	case ROLE_WORKER:
		return recorder_on_worker(l, m);
	case ROLE_KEEPER:
		return recorder_on_keeper(l->recorder, m);
	default:
		return 0; /* the broker has nothing to say */
	}
}

/* The keeper and the broker are one each: a new link replaces the old one. */
static void
replace_old(struct recorder *r, enum role role)
{
	struct rlink *old;

	if (role != ROLE_WORKER && (old = recorder_link_to(r, role)) != NULL)
		link_free(old);
}

void
recorder_link(struct recorder *r, enum role role, uint32_t peer, int fd)
{
	struct ipc_opts o = {.max_msg = IPC_HEADER_LEN + IPC_BODY_MAX,
	    .max_queue = QUEUE_MAX,
	    .msg = on_msg,
	    .gone = on_gone};
	struct rlink *l = calloc(1, sizeof(*l));

	replace_old(r, role);
	if (l == NULL)
		goto fail;
	o.ctx = l;
	l->recorder = r;
	l->role = role;
	l->peer = peer;
	if ((l->ipc = ipc_new(r->loop, fd, &o)) == NULL)
		goto fail;
	l->next = r->links;
	r->links = l;
	if (role == ROLE_WORKER) {
		recorder_tell_space(r, l);
		if (r->paused)
			ipc_pause(l->ipc);
	} else if (role == ROLE_KEEPER) {
		recorder_sign_again(r);
	} else if (role == ROLE_BROKER) {
		recorder_announce(r);
	}
	return;
fail:
	log_err(NULL, "no memory for a link");
	free(l);
	(void)close(fd);
}

void
recorder_links_free(struct recorder *r)
{
	while (r->links != NULL)
		link_free(r->links);
}
