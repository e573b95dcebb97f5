/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_DAEMON_ROLE_H
#define GATEWAY_DAEMON_ROLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "base/conf.h"

/*
 * The processes of a node: one row in role_tbl.h each.  A role's main runs in
 * its own process, started by the supervisor as `sallyportd --role NAME`.
 */

enum role {
	ROLE_SUPERVISOR = 0,
#define ROLE(name, num, text, fn) ROLE_##name = (num),
#include "daemon/role_tbl.h"
#undef ROLE
};

/* What a role's main gets.  conf is lent for the life of the process. */
struct role_args {
	const struct conf *conf;
	uint32_t number; /* the supervisor's number of this process */
	int control_fd;	 /* link to the supervisor: daemon_msg_tbl.h */
};

/* Returns the process's exit status. */
typedef int role_main_fn(const struct role_args *a);

#define ROLE(name, num, text, fn) role_main_fn fn;
#include "daemon/role_tbl.h"
#undef ROLE

/* "worker" and the like; NULL when there is no such role. */
const char *role_name(enum role r);
int role_parse(const char *name, enum role *r) MUST_USE;
role_main_fn *role_main(enum role r);

/*
 * Chunks live from seal to commit: given back to the system each time, their
 * memory cost more in page faults than all else that is done with them.  From
 * now on pieces of less than piece bytes are kept, up to kept bytes of them.
 */
void role_keep_memory(size_t piece, size_t kept);

#endif /* GATEWAY_DAEMON_ROLE_H */
