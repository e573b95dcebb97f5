/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_DAEMON_PRIVS_H
#define GATEWAY_DAEMON_PRIVS_H

#include "base/cdefs.h"
#include "base/fail.h"
#include "base/owner.h"

/* What only root may do at the start, and giving up root for good. */

/* Limits that only root may raise; as far as the system lets us. */
void privs_limits(void);

/*
 * Become the owner and see that there is no way back; for everybody: no new
 * privileges by exec.
 */
int privs_drop(const struct owner *o, struct fail *f) MUST_USE;

#endif /* GATEWAY_DAEMON_PRIVS_H */
