/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_DAEMON_LISTENERS_H
#define GATEWAY_DAEMON_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cdefs.h"
#include "base/conf.h"
#include "base/fail.h"
#include "base/ipc.h"
#include "daemon/role.h"

/*
 * The node's listening sockets, opened by the supervisor and lent to whom they
 * are for: "ssh" to the workers, "keeper" and "broker" (unix sockets in the
 * run folder) to these.
 */

enum { LISTENERS_MAX = 32, LISTENER_NAME_SIZE = 16, LISTENER_AT_SIZE = 128 };

struct listener {
	char name[LISTENER_NAME_SIZE];
	char at[LISTENER_AT_SIZE]; /* address as configured, or path */
	int fd;
	bool kept; /* during listeners_merge() */
};

struct listeners {
	struct listener l[LISTENERS_MAX];
	size_t n;
};

void listeners_init(struct listeners *ls);
/* Closes all; unlinks nothing: the next start does. */
void listeners_fini(struct listeners *ls);
/* The paths of the unix sockets disappear with a clean stop. */
void listeners_unlink(const struct listeners *ls);

/* Everything in [gateway] ssh can be read. */
int listeners_check(const struct conf *c, struct fail *f) MUST_USE;

/*
 * Open what the configuration asks for, keep what is open already, close what
 * is asked for no more.  tcp: the network's; may need root.  unix: to be
 * called as the user that they shall belong to.
 */
int listeners_open_tcp(
    struct listeners *ls, const struct conf *c, struct fail *f) MUST_USE;
int listeners_open_unix(
    struct listeners *ls, const struct conf *c, struct fail *f) MUST_USE;

/* Adopt an open socket, after a re-exec.  Takes fd. */
int listeners_adopt(
    struct listeners *ls, const char *name, const char *at, int fd) MUST_USE;

/* Send the role those that are for it. */
int listeners_give(
    const struct listeners *ls, enum role role, struct ipc *to) MUST_USE;

#endif /* GATEWAY_DAEMON_LISTENERS_H */
