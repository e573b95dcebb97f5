/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_DAEMON_PLAN_H
#define GATEWAY_DAEMON_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the supervisor decides by arithmetic alone: no clock, no process. */

enum {
	PLAN_BACKOFF_MIN_MS = 100,
	PLAN_BACKOFF_MAX_MS = 5000,
	PLAN_STABLE_MS = 10000, /* who lived that long starts anew at once */
	PLAN_IDLE_MS = 60000,	/* a surplus worker idle that long may go */
};

struct plan_backoff {
	uint32_t delay_ms; /* of the last restart; 0 at first */
};

/* A process ended after lived_ms: how long to wait before it is restarted. */
uint32_t plan_backoff(struct plan_backoff *b, uint64_t lived_ms);

struct plan_limits {
	uint64_t min;	/* workers that are always there */
	uint64_t slots; /* sessions that one worker takes */
	uint64_t max_sessions;
};

/* A worker that accepts sessions, or will as soon as it has started. */
struct plan_worker {
	uint32_t load;	  /* sessions that it has */
	uint64_t idle_ms; /* since it had one; 0 while it has or starts */
};

struct plan {
	size_t start; /* workers to start now */
	bool drain;   /* the worker `which` is not needed any more */
	size_t which;
	uint64_t again_ms; /* when a worker may become surplus; 0: not */
};

struct plan plan_workers(
    const struct plan_limits *l, const struct plan_worker *w, size_t n);

#endif /* GATEWAY_DAEMON_PLAN_H */
