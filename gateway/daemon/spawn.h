/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_DAEMON_SPAWN_H
#define GATEWAY_DAEMON_SPAWN_H

#include <sys/types.h>

#include <stdint.h>

#include "base/cdefs.h"
#include "base/fail.h"
#include "daemon/role.h"

/*
 * fork and exec of a child.  It gets standard input from /dev/null, standard
 * output and error as they are, its control link as SPAWN_CONTROL_FD and the
 * configuration as SPAWN_CONF_FD; nothing else stays open.  It is terminated
 * when this process dies.
 */

enum { SPAWN_CONTROL_FD = 3, SPAWN_CONF_FD = 4 };

struct spawn_opts {
	enum role role;
	uint32_t number;
	const char *conf_file; /* for its messages */
	int conf_fd;	       /* file with the configuration */
};

/* Runs /proc/self/exe.  *control is our end of its control link. */
int spawn_role(const struct spawn_opts *o, pid_t *pid, int *control,
    struct fail *f) MUST_USE;

/* Runs `exe --check -c file`, which judges the file by its exit status. */
int spawn_check(
    const char *exe, const char *file, pid_t *pid, struct fail *f) MUST_USE;

#endif /* GATEWAY_DAEMON_SPAWN_H */
