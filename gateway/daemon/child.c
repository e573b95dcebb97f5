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

enum { CHILD_MSG_MAX = 4096, CHILD_QUEUE_MAX = 65536 };

struct child {
	struct loop *loop;
	struct ipc *ipc; /* NULL when the supervisor is gone */
	const struct child_ops *ops;
	void *ctx;
	bool stopped;
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

/* Also what the kernel sends when the supervisor has died. */
static void
on_term(int signo UNUSED, void *ctx)
{
	stop(ctx);
}

static void
on_gone(struct ipc *ipc, const struct fail *f, void *ctx)
{
	struct child *c = ctx;

	if (!c->stopped)
		log_warn(
		    NULL, "control link: %s; stopping", fail_why(f, f->code));
	ipc_free(ipc);
	c->ipc = NULL;
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
	c->ipc = ipc_new(l, a->control_fd, &o);
	if (c->ipc == NULL) {
		free(c);
		return NULL;
	}
	if (loop_signal(l, SIGTERM, on_term, c) != 0) {
		(void)ipc_detach(c->ipc);
		ipc_free(c->ipc);
		free(c);
		return NULL;
	}
	return c;
}

int
child_ready(struct child *c)
{
	struct dm_ready x = {0};

	return c->ipc == NULL ? FAIL_CLOSED : dm_ready_send(c->ipc, 0, &x);
}

int
child_load(struct child *c, uint32_t sessions)
{
	struct dm_load x = {.sessions = sessions};

	return c->ipc == NULL ? FAIL_CLOSED : dm_load_send(c->ipc, 0, &x);
}
