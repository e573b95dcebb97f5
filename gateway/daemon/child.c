/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A child's end of the control link: decodes what the supervisor says and
 * calls back.  A message that the role has no use for loses its descriptor and
 * is passed over; one that is malformed ends the link, and with it the child.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"

#include "daemon/child.h"
#include "daemon/daemon_msg.h"

enum {
	CHILD_MSG_MAX = 4096,
	CHILD_QUEUE_MAX = 65536,
	ORPHAN_STEP_MS = 20,
	MISSING_GAP_MS = 2000, /* unsaid for so long it is there again */
	ROLES = 8,
};

/* Since when a link is missing, and when that was last said. */
struct missing {
	uint64_t since_ns;
	uint64_t said_ns;
};

struct child {
	struct loop *loop;
	struct ipc *ipc; /* NULL when the supervisor is gone */
	const struct child_ops *ops;
	void *ctx;
	bool stopped;
	pid_t parent;		       /* the supervisor */
	uint64_t orphaned_ns;	       /* since when it is gone, 0: it lives */
	struct timer *orphaned;	       /* looks whether somebody needs us */
	struct missing missing[ROLES]; /* by role */
};

static void
stop(struct child *c)
{
	if (c->stopped)
		return;
	c->stopped = true;
	c->ops->stop(c->ctx);
}

static int
on_link(struct child *c, const struct ipc_msg *m)
{
	struct dm_link x;
	int r = dm_link_get(m->body, &x);

	if (r != 0)
		return r;
	if (m->fd < 0 || role_name((enum role)x.role) == NULL)
		return FAIL_PROTO;
	if (c->ops->link == NULL)
		(void)close(m->fd);
	else
		c->ops->link(c->ctx, (enum role)x.role, x.peer, m->fd);
	return 0;
}

static int
on_listener(struct child *c, const struct ipc_msg *m)
{
	struct dm_listener x;
	char name[33];
	int r = dm_listener_get(m->body, &x);

	if (r != 0)
		return r;
	if (m->fd < 0)
		return FAIL_PROTO;
	for (size_t i = 0; i < x.name.len; i++)
		name[i] = (char)x.name.p[i];
	name[x.name.len] = '\0';
	if (c->ops->listener == NULL)
		(void)close(m->fd);
	else
		c->ops->listener(c->ctx, name, m->fd);
	return 0;
}

static int
on_handover(struct child *c, const struct ipc_msg *m)
{
	struct dm_handover x;
	int r = dm_handover_get(m->body, &x);

	if (r != 0)
		return r;
	if (m->fd < 0)
		return FAIL_PROTO;
	if (c->ops->handover == NULL)
		(void)close(m->fd);
	else
		c->ops->handover(c->ctx, x.to, m->fd);
	return 0;
}

static int
on_takeover(struct child *c, const struct ipc_msg *m)
{
	struct dm_takeover x;
	int r = dm_takeover_get(m->body, &x);

	if (r != 0)
		return r;
	if (m->fd < 0)
		return FAIL_PROTO;
	if (c->ops->takeover == NULL)
		(void)close(m->fd);
	else
		c->ops->takeover(c->ctx, x.from, m->fd);
	return 0;
}

static int
on_drain(struct child *c, const struct ipc_msg *m)
{
	struct dm_drain x;
	int r = dm_drain_get(m->body, &x);

	if (r == 0 && c->ops->drain != NULL)
		c->ops->drain(c->ctx);
	return r;
}

static int
on_stop(struct child *c, const struct ipc_msg *m)
{
	struct dm_stop x;
	int r = dm_stop_get(m->body, &x);

	if (r == 0)
		stop(c);
	return r;
}

static int
on_worker_gone(struct child *c, const struct ipc_msg *m)
{
	struct dm_worker_gone x;
	int r = dm_worker_gone_get(m->body, &x);

	if (r == 0 && c->ops->worker_gone != NULL)
		c->ops->worker_gone(c->ctx, x.number, x.status);
	return r;
}

static int
on_alone(struct child *c, const struct ipc_msg *m)
{
	struct dm_alone x;
	int r = dm_alone_get(m->body, &x);

	if (r == 0 && c->ops->alone != NULL)
		c->ops->alone(c->ctx);
	return r;
}

static const struct {
	uint16_t type;
	bool with_fd;
	int (*fn)(struct child *c, const struct ipc_msg *m);
} handlers[] = {
    {dm_link_type, true, on_link},
    {dm_listener_type, true, on_listener},
    {dm_drain_type, false, on_drain},
    {dm_stop_type, false, on_stop},
    {dm_handover_type, true, on_handover},
    {dm_takeover_type, true, on_takeover},
    {dm_worker_gone_type, false, on_worker_gone},
    {dm_alone_type, false, on_alone},
};

static int
on_msg(struct ipc *ipc UNUSED, const struct ipc_msg *m, void *ctx)
{
	struct child *c = ctx;
	int r = FAIL_PROTO;

	for (size_t i = 0; i < ARRAY_LEN(handlers); i++) {
		if (handlers[i].type != m->type)
			continue;
		if (handlers[i].with_fd || m->fd < 0)
			r = handlers[i].fn(c, m);
		break;
	}
	/* A handler that failed has not taken the descriptor. */
	if (r != 0 && m->fd >= 0)
		(void)close(m->fd);
	return r;
}

static void
on_orphaned(struct timer *t, void *ctx)
{
	struct child *c = ctx;
	uint64_t end = c->orphaned_ns + (uint64_t)CHILD_ORPHAN_MS * 1000000U;

	if (c->stopped)
		return;
	if (c->ops->orphan == NULL || c->ops->orphan(c->ctx) ||
	    mono_ns() >= end)
		stop(c);
	else
		timer_set(t, ORPHAN_STEP_MS);
}

static void
orphaned(struct child *c)
{
	if (c->orphaned_ns != 0)
		return;
	c->orphaned_ns = mono_ns();
	if (!c->stopped)
		log_warn(NULL, "the supervisor is gone; stopping");
	on_orphaned(c->orphaned, c);
}

/* Also what the kernel sends when the supervisor has died. */
static void
on_term(int signo UNUSED, void *ctx)
{
	struct child *c = ctx;

	if (getppid() != c->parent)
		orphaned(c);
	else
		stop(c);
}

static void
on_gone(struct ipc *ipc, const struct fail *f, void *ctx)
{
	struct child *c = ctx;

	ipc_free(ipc);
	c->ipc = NULL;
	if (f->code == FAIL_CLOSED) {
		orphaned(c);
		return;
	}
	if (!c->stopped)
		log_warn(
		    NULL, "control link: %s; stopping", fail_why(f, f->code));
	stop(c);
}

void
child_free(struct child *c)
{
	if (c == NULL)
		return;
	/* Forgetting a signal does not fail. */
	MUST(loop_signal(c->loop, SIGTERM, NULL, NULL) == 0);
	ipc_free(c->ipc);
	timer_free(c->orphaned);
	free(c);
}

struct child *
child_new(struct loop *l, const struct role_args *a,
    const struct child_ops *ops, void *ctx)
{
	struct child *c = calloc(1, sizeof(*c));
	struct ipc_opts o = {
	    .max_msg = CHILD_MSG_MAX,
	    .max_queue = CHILD_QUEUE_MAX,
	    .msg = on_msg,
	    .gone = on_gone,
	    .ctx = c,
	};

	if (c == NULL)
		return NULL;
	c->loop = l;
	c->ops = ops;
	c->ctx = ctx;
	c->parent = getppid();
	c->orphaned = timer_new(l, on_orphaned, c);
	if (c->orphaned == NULL ||
	    (c->ipc = ipc_new(l, a->control_fd, &o)) == NULL)
		goto fail;
	if (loop_signal(l, SIGTERM, on_term, c) == 0)
		return c;
	(void)ipc_detach(c->ipc);
	ipc_free(c->ipc);
fail:
	timer_free(c->orphaned);
	free(c);
	return NULL;
}

bool
child_orphaned(const struct child *c)
{
	return c->orphaned_ns != 0;
}

int
child_ready(struct child *c)
{
	struct dm_ready x = {0};

	return c->ipc == NULL ? FAIL_CLOSED : dm_ready_send(c->ipc, 0, &x);
}

int
child_serving(struct child *c)
{
	struct dm_serving x = {0};

	return c->ipc == NULL ? FAIL_CLOSED : dm_serving_send(c->ipc, 0, &x);
}

void
child_missing(struct child *c, enum role role)
{
	struct dm_unlinked x = {.role = (uint8_t)role};
	struct missing *m = &c->missing[role];
	uint64_t now = mono_ns();

	if (now - m->said_ns > MISSING_GAP_MS * UINT64_C(1000000))
		m->since_ns = now;
	m->said_ns = now;
	if (now - m->since_ns < CHILD_MISSING_MS * UINT64_C(1000000) ||
	    c->ipc == NULL)
		return;
	m->since_ns = now;
	IGNORE(dm_unlinked_send(c->ipc, 0, &x));
}

int
child_load(struct child *c, uint32_t sessions)
{
	struct dm_load x = {.sessions = sessions};

	return c->ipc == NULL ? FAIL_CLOSED : dm_load_send(c->ipc, 0, &x);
}
