/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_DAEMON_SUPERVISOR_H
#define GATEWAY_DAEMON_SUPERVISOR_H

#include "base/cdefs.h"

/*
 * The first process of a node: opens the listening sockets, gives up root,
 * starts the others, joins them, watches them, replaces them on SIGHUP and
 * stops them in order on SIGTERM.
 */

struct supervisor_opts {
	const char *exe; /* the program by path, so that an upgrade is
			    found there; absolute */
	const char *conf_file;
	int resume_fd; /* state of the program before; -1: none */
};

/* Returns the exit status of the program. */
int supervisor_run(const struct supervisor_opts *o);

#endif /* GATEWAY_DAEMON_SUPERVISOR_H */
