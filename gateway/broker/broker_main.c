/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker's process: the supervisor's control link on one side, a struct
 * broker on the other.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secret.h"
#include "daemon/child.h"
#include "daemon/confine.h"
#include "daemon/role.h"
#include "sql/db.h"

#include "broker/broker.h"

#ifndef SALLYPORT_VERSION
#define SALLYPORT_VERSION "0"
#endif

enum {
	LEAVE_MS = 2000, /* for those who have just logged in */
	LEAVE_STEP_MS = 5,
	LOOK_MS = 500, /* whether all links are there */
};

struct process {
	struct loop *loop;
	struct timer *look;
	struct timer *leave;
	uint64_t leave_ns; /* ends by then, once told to */
	struct child *child;
	struct broker *broker;
};

static void
on_link(void *ctx, enum role role, uint32_t peer, int fd)
{
	struct process *p = ctx;

	broker_link(p->broker, role, peer, fd);
}

static void
on_listener(void *ctx, const char *name, int fd)
{
	struct process *p = ctx;

	(void)name;
	broker_listen(p->broker, fd);
}

static void
on_drain(void *ctx)
{
	(void)ctx; /* the workers drain; we serve them to the end */
}

static void
on_leave(struct timer *t, void *ctx)
{
	struct process *p = ctx;

	if (mono_ns() >= p->leave_ns || !broker_awaited(p->broker))
		loop_stop(p->loop);
	else
		timer_set(t, LEAVE_STEP_MS);
}

static void
on_stop(void *ctx)
{
	struct process *p = ctx;
	uint64_t ms = child_orphaned(p->child) ? 0 : LEAVE_MS;

	broker_unlisten(p->broker);
	p->leave_ns = mono_ns() + ms * UINT64_C(1000000);
	timer_set(p->leave, 0);
}

static void
on_worker_gone(void *ctx, uint32_t number, uint32_t status)
{
	struct process *p = ctx;

	(void)status;
	broker_worker_gone(p->broker, number);
}

static void
on_alone(void *ctx)
{
	struct process *p = ctx;

	broker_alone(p->broker);
}

/* Workers tell how their sessions end. */
static bool
on_orphan(void *ctx)
{
	struct process *p = ctx;

	broker_unlisten(p->broker);
	return !broker_needed(p->broker);
}

static const struct child_ops child_ops = {
    .link = on_link,
    .listener = on_listener,
    .drain = on_drain,
    .stop = on_stop,
    .orphan = on_orphan,
    .worker_gone = on_worker_gone,
    .alone = on_alone,
};

static void
on_look(struct timer *t, void *ctx)
{
	struct process *p = ctx;

	if (!broker_has_keeper(p->broker))
		child_missing(p->child, ROLE_KEEPER);
	timer_set(t, LOOK_MS);
}

static void
on_serving(void *ctx)
{
	struct process *p = ctx;

	/* Without a supervisor nobody waits for that. */
	IGNORE(child_serving(p->child));
}

static int
run(struct process *p, const struct role_args *a, struct fail *f)
{
	const struct broker_opts o = {
	    .loop = p->loop,
	    .conf = a->conf,
	    .version = SALLYPORT_VERSION,
	    .serving = on_serving,
	    .ctx = p,
	};
	int r;

	/* Before it starts its threads. */
	if ((r = confine_role(ROLE_BROKER, a->conf, f)) != 0 ||
	    (r = broker_new(&p->broker, &o, f)) != 0)
		return r;
	p->leave = timer_new(p->loop, on_leave, p);
	p->look = timer_new(p->loop, on_look, p);
	if (p->leave == NULL || p->look == NULL ||
	    (p->child = child_new(p->loop, a, &child_ops, p)) == NULL)
		return fail_set(f, FAIL_NOMEM, "control link");
	if ((r = child_ready(p->child)) != 0)
		return r;
	timer_set(p->look, LOOK_MS);
	return loop_run(p->loop);
}

int
broker_main(const struct role_args *a)
{
	struct process p = {0};
	struct fail f = {0};
	int r;

	secret_harden_process();
	if ((r = db_library_init(&f)) != 0) {
		log_err(NULL, "%s", fail_why(&f, r));
		return 1;
	}
	if ((p.loop = loop_new()) == NULL) {
		log_err(NULL, "out of memory");
		return 1;
	}
	if ((r = run(&p, a, &f)) != 0)
		log_err(NULL, "%s", fail_why(&f, r));
	if (r == 0 && child_orphaned(p.child)) {
		/* The database goes as well: the next broker has the rows. */
		broker_leave(p.broker);
		_exit(0);
	}
	timer_free(p.leave);
	timer_free(p.look);
	broker_free(p.broker);
	child_free(p.child);
	loop_free(p.loop);
	db_library_fini();
	return r == 0 ? 0 : 1;
}
