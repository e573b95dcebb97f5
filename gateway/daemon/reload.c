/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The graceful restart.  On SIGHUP the program at our own path judges the
 * configuration file; if it is good we exec that program, which finds all
 * children alive and replaces them one after the other:
 *
 *	recorder	the old one ends first: only one may have the spool
 *	keeper, broker	the new one is ready before the old one ends; if it
 *			does not get ready, the old one goes on
 *	(wait)		until the new broker hears the workers: what a session's
 *			old worker says must reach it before the new one's word
 *	workers		each hands its sessions over to a new one
 *
 * The database stays.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <signal.h>
#include <unistd.h>

#include "base/log.h"

#include "daemon/links.h"
#include "daemon/spawn.h"
#include "daemon/supervisor_impl.h"

enum {
	CHECK_MS = 10000,
	STOP_MS = 10000,
	READY_MS = 10000,   /* for a new child to get ready */
	SERVING_MS = 15000, /* for a new broker to have what the old one had */
	WORKERS_MS = 30000, /* for the first new worker to get ready */
	STARTS = 8,	    /* new workers that start at the same time */
	IDLE_MS = 5,	    /* between looks whether all links are idle */
};

static uint64_t
since_ms(const struct supervisor *sv)
{
	return (mono_ns() - sv->reload.since_ns) / 1000000U;
}

static void
next_step(struct supervisor *sv)
{
	sv->reload.step++;
	sv->reload.since_ns = 0;
}

/* Whatever was not replaced stays as it is. */
static void
finish(struct supervisor *sv, const char *what)
{
	for (struct proc *p = sv->procs.first; p != NULL; p = p->next)
		p->old = p->took = false;
	sv->phase = PHASE_RUN;
	sv->announced = false; /* READY=1 again */
	log_info(NULL, "reload: %s", what);
	supervisor_wake_in(sv, 0);
}

void
reload_ask(struct supervisor *sv)
{
	struct fail f = {0};

	if (sv->phase == PHASE_STOP)
		return;
	if (sv->phase == PHASE_RELOAD || sv->reload.checker != 0 ||
	    sv->reload.exec) {
		sv->reload.again = true;
		return;
	}
	sdnotify_reloading(&sv->notify);
	if (spawn_check(sv->opts->exe, sv->opts->conf_file, &sv->reload.checker,
		&f) != 0) {
		sv->reload.checker = 0;
		log_err(NULL, "reload: %s", f.why);
		sdnotify_ready(&sv->notify);
		return;
	}
	sv->reload.check_ns = mono_ns() + CHECK_MS * 1000000ULL;
	supervisor_changed(sv);
}

bool
reload_checked(struct supervisor *sv, pid_t pid, int status)
{
	if (sv->reload.checker != pid)
		return false;
	sv->reload.checker = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		sv->reload.exec = true;
		return true;
	}
	log_err(NULL,
	    "reload: %s --check does not accept %s; everything stays as it is",
	    sv->opts->exe, sv->opts->conf_file);
	sdnotify_ready(&sv->notify);
	return true;
}

static void
try_exec(struct supervisor *sv)
{
	for (struct proc *p = sv->procs.first; p != NULL; p = p->next) {
		if (p->ctl == NULL)
			continue;
		ipc_flush(p->ctl);
		if (!ipc_idle(p->ctl)) {
			supervisor_wake_in(sv, IDLE_MS);
			return;
		}
	}
	sv->reload.exec = false;
	carry_exec(sv);
	/* It failed, and said so. */
	sdnotify_ready(&sv->notify);
}

void
reload_begin(struct supervisor *sv)
{
	for (struct proc *p = sv->procs.first; p != NULL; p = p->next)
		p->old = p->role != ROLE_DATABASE && p->state < PROC_LEAVING;
	sv->phase = PHASE_RELOAD;
	sv->reload = (struct reload){0};
}

static struct proc *
old_one(const struct supervisor *sv, enum role role)
{
	for (struct proc *p = sv->procs.first; p != NULL; p = p->next)
		if (p->role == role && p->old)
			return p;
	return NULL;
}

static void
replace_recorder(struct supervisor *sv)
{
	struct proc *p = old_one(sv, ROLE_RECORDER);

	if (p != NULL) {
		p->current = false;
		proc_stop(p, STOP_MS);
		return;
	}
	p = children_ensure(sv, ROLE_RECORDER);
	if (sv->reload.since_ns == 0)
		sv->reload.since_ns = mono_ns();
	if (p != NULL && p->state == PROC_READY)
		next_step(sv);
	else if (since_ms(sv) >= READY_MS) {
		log_err(NULL, "reload: the new recorder does not get ready");
		next_step(sv);
	} else {
		supervisor_wake_in(sv, READY_MS);
	}
}

/* The new one failed: the old one serves again. */
static void
fall_back(struct supervisor *sv, struct proc *old, struct proc *fresh)
{
	char name[32];

	if (fresh != NULL) {
		fresh->current = false;
		fresh->asked = true;
		proc_kill(fresh);
	}
	old->current = true;
	old->old = false;
	if (links_give(&sv->procs, old) != 0)
		proc_stop(old, STOP_MS);
	log_err(NULL, "reload: %s goes on, its successor did not get ready",
	    proc_name(old, name));
	finish(sv, "given up");
}

static void
replace_single(struct supervisor *sv, enum role role)
{
	struct proc *old = old_one(sv, role);
	struct proc *fresh = proc_by_role(&sv->procs, role);

	if (old == NULL) {
		/* It ended by itself; what follows it is new anyway. */
		next_step(sv);
		return;
	}
	if (sv->reload.since_ns == 0) {
		sv->reload.since_ns = mono_ns();
		old->current = false;
		fresh = children_start(sv, role);
	}
	if (fresh == NULL || fresh->state >= PROC_STOPPING ||
	    (fresh->state == PROC_STARTING && since_ms(sv) >= READY_MS)) {
		fall_back(sv, old, fresh);
	} else if (fresh->state == PROC_READY) {
		old->old = false;
		proc_stop(old, STOP_MS);
		next_step(sv);
	} else {
		supervisor_wake_in(sv, READY_MS);
	}
}

static void
await_broker(struct supervisor *sv)
{
	struct proc *p = proc_by_role(&sv->procs, ROLE_BROKER);

	if (sv->reload.since_ns == 0)
		sv->reload.since_ns = mono_ns();
	if (p == NULL || p->serving) {
		next_step(sv);
	} else if (since_ms(sv) >= SERVING_MS) {
		log_err(NULL, "reload: the new broker does not take over");
		next_step(sv);
	} else {
		supervisor_wake_in(sv, SERVING_MS);
	}
}

/* A new worker for the sessions of `from`. */
static struct proc *
taker(const struct supervisor *sv, const struct proc *from)
{
	for (struct proc *p = sv->procs.first; p != NULL; p = p->next)
		if (p->role == ROLE_WORKER && !p->old &&
		    p->state == PROC_READY && (!p->took || from->load == 0))
			return p;
	return NULL;
}

static bool
hand_over(struct supervisor *sv, struct proc *from, struct proc *to)
{
	int sv2[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv2) != 0) {
		log_err(NULL, "reload: no socket pair for a hand-over");
		return false;
	}
	proc_takeover(to, from->number, sv2[0]);
	proc_handover(from, to->number, sv2[1], sv->conf->node_drain);
	from->old = false;
	return true;
}

static void
start_takers(struct supervisor *sv, size_t wanted)
{
	struct single *s = &sv->single[ROLE_WORKER];
	size_t starting = 0;

	for (struct proc *p = sv->procs.first; p != NULL; p = p->next)
		starting += p->role == ROLE_WORKER && !p->old &&
			    p->state == PROC_STARTING;
	for (; starting < wanted && starting < STARTS; starting++) {
		if (s->not_before_ns > mono_ns() ||
		    children_start(sv, ROLE_WORKER) == NULL) {
			supervisor_wake(sv, s->not_before_ns);
			break;
		}
	}
}

static void
replace_workers(struct supervisor *sv)
{
	size_t left = 0;

	if (sv->reload.since_ns == 0)
		sv->reload.since_ns = mono_ns();
	children_keep_workers(sv);
	for (struct proc *p = sv->procs.first; p != NULL; p = p->next) {
		struct proc *to;

		if (p->role != ROLE_WORKER || !p->old ||
		    p->state >= PROC_LEAVING)
			continue;
		to = taker(sv, p);
		if (p->state == PROC_STARTING) {
			p->old = false;
			proc_stop(p, STOP_MS);
		} else if (to != NULL && hand_over(sv, p, to)) {
			sv->reload.since_ns = mono_ns();
		} else {
			left++;
		}
	}
	if (left == 0)
		finish(sv, "done");
	else if (since_ms(sv) >= WORKERS_MS)
		finish(sv, "given up, no new worker gets ready");
	else {
		start_takers(sv, left);
		supervisor_wake_in(sv, WORKERS_MS);
	}
}

void
reload_look(struct supervisor *sv)
{
	struct reload *rl = &sv->reload;
	unsigned step;

	if (rl->checker != 0 && rl->check_ns <= mono_ns()) {
		(void)kill(rl->checker, SIGKILL);
		rl->check_ns = UINT64_MAX;
	} else if (rl->checker != 0 && rl->check_ns != UINT64_MAX) {
		supervisor_wake(sv, rl->check_ns);
	}
	if (rl->exec)
		try_exec(sv);
	if (sv->phase == PHASE_RUN && rl->again) {
		rl->again = false;
		reload_ask(sv);
	}
	do {
		step = rl->step;
		if (sv->phase != PHASE_RELOAD)
			return;
		switch (step) {
		case 0:
			replace_recorder(sv);
			break;
		case 1:
			replace_single(sv, ROLE_KEEPER);
			break;
		case 2:
			replace_single(sv, ROLE_BROKER);
			break;
		case 3:
			await_broker(sv);
			break;
		default:
			replace_workers(sv);
			break;
		}
	} while (rl->step != step);
}
