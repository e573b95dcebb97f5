/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_DAEMON_CONFINE_H
#define GATEWAY_DAEMON_CONFINE_H

#include "base/conf.h"
#include "base/fail.h"

#include "daemon/role.h"

/*
 * Confines this process, for good, to what its role needs: SECURITY.md has the
 * table.  Call it with everything open that the role needs to have open, and
 * before it has threads.  Makes the folders that the role writes to.  [gateway]
 * sandbox = no makes it do nothing.
 */
int confine_role(enum role role, const struct conf *c, struct fail *f) MUST_USE;

#endif /* GATEWAY_DAEMON_CONFINE_H */
