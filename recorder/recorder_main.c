/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorder as a process: control link, sandbox, loop.
 */
#include <unistd.h>

#include "base/log.h"
#include "base/secret.h"
#include "daemon/child.h"
#include "daemon/confine.h"

#include "recorder/recorder_int.h"

enum {
	CHUNK_MEMORY = 4 * 1024 * 1024, /* smaller pieces are kept */
	KEPT_MEMORY = 64 * 1024 * 1024, /* that is free, at the most */
	LOOK_MS = 500,			/* whether all links are there */
};

struct process {
	struct loop *loop;
	struct child *child;
	struct timer *look;
	struct recorder *recorder;
};

static void
on_link(void *ctx, enum role role, uint32_t peer, int fd)
{
	struct process *p = ctx;

	recorder_link(p->recorder, role, peer, fd);
}

static void
on_look(struct timer *t, void *ctx)
{
	static const enum role roles[] = {ROLE_KEEPER, ROLE_BROKER};
	const struct process *p = ctx;

	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (recorder_link_to(p->recorder, roles[i]) == NULL)
			child_missing(p->child, roles[i]);
	timer_set(t, LOOK_MS);
}

static void
on_stop(void *ctx)
{
	struct process *p = ctx;

	loop_stop(p->loop);
}

static void
on_alone(void *ctx)
{
	struct process *p = ctx;

	recorder_alone(p->recorder);
}

static bool
on_orphan(void *ctx)
{
	const struct process *p = ctx;

	return recorder_link_to(p->recorder, ROLE_WORKER) == NULL;
}

static const struct child_ops child_ops = {
    .link = on_link,
    .stop = on_stop,
    .orphan = on_orphan,
    .alone = on_alone,
};

static int
start(struct process *p, const struct role_args *a, struct fail *f)
{
	int r;

	if ((p->loop = loop_new()) == NULL)
		return fail_set(f, FAIL_NOMEM, "no memory for the recorder");
	/* Before it starts its threads. */
	if ((r = confine_role(ROLE_RECORDER, a->conf, f)) != 0 ||
	    (r = recorder_new(&p->recorder, p->loop, a->conf, f)) != 0)
		return r;
	p->look = timer_new(p->loop, on_look, p);
	if (p->look == NULL ||
	    (p->child = child_new(p->loop, a, &child_ops, p)) == NULL)
		return fail_set(f, FAIL_NOMEM, "no memory for the recorder");
	if ((r = child_ready(p->child)) != 0)
		return fail_set(f, r, "cannot tell the supervisor");
	timer_set(p->look, LOOK_MS);
	return 0;
}

int
recorder_main(const struct role_args *a)
{
	struct process p = {0};
	struct fail f = {0};
	int r;

	role_keep_memory(CHUNK_MEMORY, KEPT_MEMORY);
	secret_harden_process();
	if ((r = start(&p, a, &f)) != 0)
		log_err(NULL, "%s", fail_why(&f, r));
	else if ((r = loop_run(p.loop)) != 0)
		log_err(NULL, "event loop: %s", fail_text(r));
	timer_free(p.look);
	child_free(p.child);
	recorder_free(p.recorder);
	loop_free(p.loop);
	return r == 0 ? 0 : 1;
}
