/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_DAEMON_LINKS_H
#define GATEWAY_DAEMON_LINKS_H

#include "base/cdefs.h"
#include "daemon/proc.h"

/*
 * Join p by socket pairs with all its peers of links_tbl.h that serve.  Both
 * sides take a new link in place of the one that they had.
 */
int links_give(const struct procs *ps, struct proc *p) MUST_USE;

/*
 * Join those again that said that a link is missing, where the peer lives.  One
 * that loses link after link is stopped.
 */
void links_mend(struct procs *ps);

#endif /* GATEWAY_DAEMON_LINKS_H */
