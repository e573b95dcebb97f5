/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_DAEMON_SDNOTIFY_H
#define GATEWAY_DAEMON_SDNOTIFY_H

#include <stdint.h>

#include "base/cdefs.h"

/* What systemd wants to hear: see sd_notify(3).  No-ops without systemd. */

struct sdnotify {
	int fd;		      /* -1: nobody listens */
	uint64_t watchdog_ms; /* 0: no watchdog */
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID of the environment. */
void sdnotify_init(struct sdnotify *n);
void sdnotify_fini(struct sdnotify *n);

/* "READY=1" and the like; with MONOTONIC_USEC where systemd asks for it. */
void sdnotify_ready(const struct sdnotify *n);
void sdnotify_reloading(const struct sdnotify *n);
void sdnotify_stopping(const struct sdnotify *n);
void sdnotify_alive(const struct sdnotify *n);

#endif /* GATEWAY_DAEMON_SDNOTIFY_H */
