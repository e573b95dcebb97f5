/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_DAEMON_SUPERVISOR_IMPL_H
#define GATEWAY_DAEMON_SUPERVISOR_IMPL_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/loop.h"
#include "daemon/listeners.h"
#include "daemon/plan.h"
#include "daemon/proc.h"
#include "daemon/sdnotify.h"
#include "daemon/supervisor.h"

/*
 * Shared by the files of the supervisor alone.  Everything that happens sets
 * some state and asks for supervisor_look(), which compares what is with what
 * should be and does the difference; nothing is done from a callback itself.
 *
 *	supervisor.c	start, signals, the look
 *	children.c	start and end of children, workers by need
 *	reload.c	the check, the exec, the replacement of children
 *	carry.c		the state across the exec
 */

enum supervisor_phase {
	PHASE_RUN,
	PHASE_RELOAD, /* children are being replaced, one after the other */
	PHASE_STOP,
};

struct single {
	struct plan_backoff backoff;
	uint64_t not_before_ns;
};

/* Where a reload stands: see reload.c. */
struct reload {
	unsigned step;
	uint64_t since_ns; /* the step's beginning; 0: not begun */
	pid_t checker;	   /* judges the new configuration; 0: none */
	uint64_t check_ns; /* when its time is up */
	bool exec;	   /* it is good: exec as soon as all links are idle */
	bool again;	   /* SIGHUP came meanwhile */
};

struct supervisor {
	const struct supervisor_opts *opts;
	struct loop *loop;
	struct conf *conf;
	int conf_fd; /* the same as text, for children to read */
	struct listeners listeners;
	struct procs procs;
	struct single single[8]; /* by role; WORKER: all workers */
	enum supervisor_phase phase;
	struct reload reload;
	struct sdnotify notify;
	struct timer *timer;
	struct timer *watchdog;
	uint64_t wake_ns; /* when to look again; 0: only on news */
	uint64_t start_ns;
	bool workers;	/* there are, or were, some */
	bool db_waited; /* the database has had its time to start */
	bool announced; /* READY=1 was said */
	int status;
};

/* Look soon; as a callback and by hand. */
void supervisor_changed(void *ctx);
/* Look again at that time at the latest. */
void supervisor_wake(struct supervisor *sv, uint64_t at_ns);
void supervisor_wake_in(struct supervisor *sv, uint64_t ms);

/* children.c */
struct proc *children_start(struct supervisor *sv, enum role role) MUST_USE;
/* The one that serves as role, started if there is none and it may be. */
struct proc *children_ensure(struct supervisor *sv, enum role role);
/* Keeper, recorder, broker; the database before all. */
void children_keep(struct supervisor *sv);
void children_keep_workers(struct supervisor *sv);
bool children_all_ready(const struct supervisor *sv);
/* Wait for those that ended. */
void children_reap(struct supervisor *sv);
/* A step towards the end of all; true when none is left. */
bool children_stop(struct supervisor *sv);

/* reload.c */
void reload_ask(struct supervisor *sv);
/* pid was the checker: true. */
bool reload_checked(struct supervisor *sv, pid_t pid, int status);
void reload_begin(struct supervisor *sv);
void reload_look(struct supervisor *sv);

/* carry.c */
/* exec the program anew; returns only when that failed. */
void carry_exec(struct supervisor *sv);
/* What the program before left in fd; conf falls back to what was in force. */
int carry_resume(
    struct supervisor *sv, int fd, bool *conf_is_new, struct fail *f) MUST_USE;

#endif /* GATEWAY_DAEMON_SUPERVISOR_IMPL_H */
