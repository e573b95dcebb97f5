/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_DAEMON_PRIVS_H
#define GATEWAY_DAEMON_PRIVS_H

#include <sys/types.h>

#include <stdbool.h>

#include "base/cdefs.h"
#include "base/conf.h"
#include "base/fail.h"

/* Whom the node runs as, and giving up root for good. */

struct privs {
	bool drop; /* we are root and are to become uid, gid */
	uid_t uid;
	gid_t gid;
};

int privs_lookup(
    const struct conf *c, struct privs *p, struct fail *f) MUST_USE;

/* Create path, parents too, mode 0750; owned by the user when we drop root. */
int privs_folder(
    const struct privs *p, const char *path, struct fail *f) MUST_USE;

/* Limits that only root may raise; as far as the system lets us. */
void privs_limits(void);

/*
 * Become the user and see that there is no way back; for everybody: no new
 * privileges by exec.
 */
int privs_drop(const struct privs *p, struct fail *f) MUST_USE;

#endif /* GATEWAY_DAEMON_PRIVS_H */
