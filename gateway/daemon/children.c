/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor's children: which there should be, how they are started,
 * what follows when one ends, and the order in which all are stopped.
 */
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#include "daemon/links.h"
#include "daemon/spawn.h"
#include "daemon/supervisor_impl.h"

enum {
	DB_WAIT_MS = 60000, /* for the database before the node is said up */
	STOP_MS = 10000,
	DB_STOP_MS = 70000, /* it writes everything out */
};

static uint64_t
lived_ms(const struct proc *p)
{
	return (mono_ns() - p->start_ns) / 1000000U;
}

static void
back_off(struct supervisor *sv, enum role role, uint64_t lived)
{
	struct single *s = &sv->single[role];

	s->not_before_ns =
	    mono_ns() + plan_backoff(&s->backoff, lived) * 1000000ULL;
}

struct proc *
children_start(struct supervisor *sv, enum role role)
{
	struct spawn_opts o = {
	    .role = role,
	    .number = sv->procs.next_number++,
	    .conf_file = sv->opts->conf_file,
	    .conf_fd = sv->conf_fd,
	};
	struct fail f = {0};
	struct proc *p = NULL;
	pid_t pid = 0;
	int fd, r;

	r = spawn_role(&o, &pid, &fd, &f);
	if (r == 0) {
		p = proc_add(&sv->procs, role, o.number, pid, fd);
		if (p == NULL) {
			r = FAIL_NOMEM;
			(void)kill(pid, SIGKILL);
		}
	}
	if (role == ROLE_WORKER)
		sv->workers = true;
	if (p != NULL) {
		p->current = true;
		if (!sv->workers &&
		    (role == ROLE_RECORDER || role == ROLE_BROKER))
			proc_alone(p);
		r = links_give(&sv->procs, p);
		if (r == 0)
			r = listeners_give(&sv->listeners, role, p->ctl);
		/* Without its links it is of no use; its end is seen to. */
		if (r != 0)
			proc_kill(p);
	}
	if (r != 0) {
		log_err(NULL, "cannot start %s: %s", role_name(role),
		    fail_why(&f, r));
		if (p == NULL)
			back_off(sv, role, 0);
	}
	return p;
}

struct proc *
children_ensure(struct supervisor *sv, enum role role)
{
	struct proc *p = proc_by_role(&sv->procs, role);
	struct single *s = &sv->single[role];

	if (p != NULL)
		return p;
	/* Two of them would write to the same spool; its end brings us here. */
	if (role == ROLE_RECORDER && proc_count(&sv->procs, role) > 0)
		return NULL;
	if (s->not_before_ns <= mono_ns())
		p = children_start(sv, role);
	if (p == NULL)
		supervisor_wake(sv, s->not_before_ns);
	return p;
}

static bool
embedded(const struct supervisor *sv)
{
	return strcmp(sv->conf->database_mode, "embedded") == 0;
}

static bool
is_ready(const struct supervisor *sv, enum role role)
{
	const struct proc *p = proc_by_role(&sv->procs, role);

	return p != NULL && p->state == PROC_READY;
}

/*
 * The node is not said to be up before its database, but nothing waits for
 * that: what must be written goes to disk, and who comes is let in a bit later.
 */
static void
await_database(struct supervisor *sv)
{
	uint64_t until = sv->start_ns + DB_WAIT_MS * 1000000ULL;

	if (sv->db_waited)
		return;
	if (is_ready(sv, ROLE_DATABASE)) {
		sv->db_waited = true;
	} else if (mono_ns() >= until) {
		log_warn(NULL, "the database is not ready; going on without");
		sv->db_waited = true;
	} else {
		supervisor_wake(sv, until);
	}
}

void
children_keep(struct supervisor *sv)
{
	if (embedded(sv)) {
		(void)children_ensure(sv, ROLE_DATABASE);
		await_database(sv);
	} else {
		sv->db_waited = true;
	}
	(void)children_ensure(sv, ROLE_KEEPER);
	(void)children_ensure(sv, ROLE_RECORDER);
	(void)children_ensure(sv, ROLE_BROKER);
}

/* Counts as one that sessions can go to. */
static bool
accepts(const struct proc *p)
{
	return p->role == ROLE_WORKER && !p->old &&
	       (p->state == PROC_STARTING || p->state == PROC_READY);
}

static struct plan
plan(struct supervisor *sv, struct proc **who)
{
	struct plan_limits l = {
	    .min = sv->conf->gateway_workers,
	    .slots = sv->conf->gateway_sessions_per_worker,
	    .max_sessions = sv->conf->gateway_max_sessions,
	};
	size_t n = proc_count(&sv->procs, ROLE_WORKER), i = 0;
	struct plan_worker *w = calloc(n + 1, sizeof(*w));
	struct plan pl = {0};
	uint64_t now = mono_ns();

	if (w == NULL) {
		pl.again_ms = 1000;
		return pl;
	}
	for (struct proc *p = sv->procs.first; p != NULL; p = p->next) {
		if (!accepts(p))
			continue;
		w[i].load = p->load;
		if (p->state == PROC_READY && p->load == 0)
			w[i].idle_ms = (now - p->idle_ns) / 1000000U;
		i++;
	}
	pl = plan_workers(&l, w, i);
	free(w);
	i = 0;
	for (struct proc *p = sv->procs.first; pl.drain && p != NULL;
	     p = p->next)
		if (accepts(p) && i++ == pl.which)
			*who = p;
	return pl;
}

void
children_keep_workers(struct supervisor *sv)
{
	struct single *s = &sv->single[ROLE_WORKER];
	struct proc *surplus = NULL;
	struct plan pl;

	pl = plan(sv, &surplus);
	for (size_t i = 0; i < pl.start; i++) {
		if (s->not_before_ns > mono_ns() ||
		    children_start(sv, ROLE_WORKER) == NULL) {
			supervisor_wake(sv, s->not_before_ns);
			break;
		}
	}
	if (surplus != NULL)
		proc_drain(surplus, sv->conf->node_drain);
	if (pl.again_ms > 0)
		supervisor_wake_in(sv, pl.again_ms);
}

bool
children_all_ready(const struct supervisor *sv)
{
	size_t n = 0;

	if (!sv->db_waited || !is_ready(sv, ROLE_KEEPER) ||
	    !is_ready(sv, ROLE_RECORDER) || !is_ready(sv, ROLE_BROKER))
		return false;
	for (struct proc *p = sv->procs.first; p != NULL; p = p->next)
		n += accepts(p) && p->state == PROC_READY;
	return n >= sv->conf->gateway_workers;
}

static void
log_end(const struct proc *p, int status, bool clean)
{
	char name[32];

	if (clean)
		log_info(NULL, "%s has ended", proc_name(p, name));
	else if (WIFSIGNALED(status))
		log_err(NULL, "%s (pid %d) was ended by signal %d (%s)",
		    proc_name(p, name), (int)p->pid, WTERMSIG(status),
		    sigabbrev_np(WTERMSIG(status)) == NULL
			? "?"
			: sigabbrev_np(WTERMSIG(status)));
	else
		log_err(NULL, "%s (pid %d) ended with status %d",
		    proc_name(p, name), (int)p->pid, WEXITSTATUS(status));
}

static void
ended(struct supervisor *sv, struct proc *p, int status)
{
	bool clean = p->asked && WIFEXITED(status) && WEXITSTATUS(status) == 0;

	log_end(p, status, clean);
	if (p->role == ROLE_WORKER && !clean) {
		proc_worker_gone(
		    proc_by_role(&sv->procs, ROLE_RECORDER), p->number, status);
		proc_worker_gone(
		    proc_by_role(&sv->procs, ROLE_BROKER), p->number, status);
	}
	if (!p->asked && (p->current || p->role == ROLE_WORKER))
		back_off(sv, p->role, lived_ms(p));
	proc_remove(p);
}

void
children_reap(struct supervisor *sv)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct proc *p = proc_by_pid(&sv->procs, pid);

		if (p != NULL)
			ended(sv, p, status);
		else
			(void)reload_checked(sv, pid, status);
	}
}

bool
children_stop(struct supervisor *sv)
{
	static const enum role order[] = {ROLE_WORKER, ROLE_RECORDER,
	    ROLE_BROKER, ROLE_KEEPER, ROLE_DATABASE};

	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		size_t n = 0;

		for (struct proc *p = sv->procs.first; p != NULL; p = p->next) {
			if (p->role != order[i])
				continue;
			n++;
			if (p->state >= PROC_STOPPING)
				continue;
			if (p->role == ROLE_DATABASE) {
				proc_stop(p, DB_STOP_MS);
				(void)kill(p->pid, SIGTERM);
			} else {
				proc_stop(p, STOP_MS);
			}
		}
		if (n > 0)
			return false;
	}
	return true;
}
