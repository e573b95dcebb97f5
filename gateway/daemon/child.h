/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_DAEMON_CHILD_H
#define GATEWAY_DAEMON_CHILD_H

#include "base/cdefs.h"
#include "base/ipc.h"
#include "base/loop.h"
#include "daemon/role.h"

/*
 * A child's end of the control link to the supervisor: decodes the messages of
 * daemon_msg_tbl.h and calls back.  When the supervisor goes away the child is
 * told to stop.
 */

struct child;

struct child_ops {
	/* A peer came (again): takes fd. */
	void (*link)(void *ctx, enum role role, uint32_t peer, int fd);
	/* A listening socket: takes fd.  May be NULL. */
	void (*listener)(void *ctx, const char *name, int fd);
	void (*drain)(void *ctx);
	void (*stop)(void *ctx);
	/* Workers only, else NULL: takes fd. */
	void (*handover)(void *ctx, uint32_t to, int fd);
	void (*takeover)(void *ctx, uint32_t from, int fd);
	/* Broker and recorder only, else NULL: a worker process died; status
	 * as of waitpid(2). */
	void (*worker_gone)(void *ctx, uint32_t number, uint32_t status);
};

void child_free(struct child *c);
/*
 * Takes a->control_fd.  ops is kept a pointer to.  stop is called at most once,
 * by order, by SIGTERM, or because the supervisor is gone.  A callback may not
 * call child_free(); free the loop only after it.
 */
struct child *child_new(struct loop *l, const struct role_args *a,
    const struct child_ops *ops, void *ctx) OWNED_BY(child_free) MUST_USE;

int child_ready(struct child *c) MUST_USE;
int child_load(struct child *c, uint32_t sessions) MUST_USE;

#endif /* GATEWAY_DAEMON_CHILD_H */
