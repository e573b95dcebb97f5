/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_DAEMON_CHILD_H
#define GATEWAY_DAEMON_CHILD_H

#include <stdbool.h>

#include "base/cdefs.h"
#include "base/ipc.h"
#include "base/loop.h"
#include "daemon/role.h"

/*
 * A child's end of the control link to the supervisor: decodes the messages of
 * daemon_msg_tbl.h and calls back.  When the supervisor goes away the child is
 * told to stop: the workers at once, those that they need to end their sessions
 * a little later, so that a new node soon finds everything free.
 */

struct child;

/* Workers have their sessions closed a while before that. */
enum {
	CHILD_ORPHAN_MS = 3000,
	CHILD_ORPHAN_WORKER_MS = 2500,
	CHILD_MISSING_MS = 1000,
};

struct child_ops {
	/* A peer came (again): takes fd. */
	void (*link)(void *ctx, enum role role, uint32_t peer, int fd);
	/* A listening socket: takes fd.  May be NULL. */
	void (*listener)(void *ctx, const char *name, int fd);
	void (*drain)(void *ctx);
	void (*stop)(void *ctx);
	/*
	 * The supervisor is gone.  Asked at once and then again until it is
	 * true that nobody needs this process any more; then, or after
	 * CHILD_ORPHAN_MS, comes stop.  NULL: nobody does.
	 */
	bool (*orphan)(void *ctx);
	/* Workers only, else NULL: takes fd. */
	void (*handover)(void *ctx, uint32_t to, int fd);
	void (*takeover)(void *ctx, uint32_t from, int fd);
	/* Broker and recorder only, else NULL: a worker process died; status
	 * as of waitpid(2). */
	void (*worker_gone)(void *ctx, uint32_t number, uint32_t status);
	/* The same, else NULL: no worker lives that was before this process. */
	void (*alone)(void *ctx);
};

void child_free(struct child *c);
/*
 * Takes a->control_fd.  ops is kept a pointer to.  stop is called at most once,
 * by order, by SIGTERM, or because the supervisor is gone.  A callback may not
 * call child_free(); free the loop only after it.
 */
struct child *child_new(struct loop *l, const struct role_args *a,
    const struct child_ops *ops, void *ctx) OWNED_BY(child_free) MUST_USE;

/* The supervisor is gone; stop comes, or has come, for that. */
bool child_orphaned(const struct child *c);
int child_ready(struct child *c) MUST_USE;
/* Of a broker, once: it has taken over from the one before. */
int child_serving(struct child *c) MUST_USE;
/*
 * There is no link to role; to be said every half second or so while that is
 * so.  After CHILD_MISSING_MS the supervisor is asked for a new one: a peer
 * that died comes with one, but of a link that just broke nobody else knows.
 */
void child_missing(struct child *c, enum role role);
int child_load(struct child *c, uint32_t sessions) MUST_USE;

#endif /* GATEWAY_DAEMON_CHILD_H */
