/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor: start, signals, and the look that compares what is with what
 * should be.  Children are children.c, the graceful restart is reload.c.
 */
#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#include "daemon/links.h"
#include "daemon/privs.h"
#include "daemon/supervisor_impl.h"

static void
look(void *ctx)
{
	struct supervisor *sv = ctx;
	uint64_t due, now;

	sv->wake_ns = 0;
	children_reap(sv);
	if (sv->phase == PHASE_STOP) {
		if (children_stop(sv)) {
			loop_stop(sv->loop);
			return;
		}
	} else {
		reload_look(sv);
		children_keep(sv);
		links_mend(&sv->procs);
		if (sv->phase == PHASE_RUN)
			children_keep_workers(sv);
		if (!sv->announced && sv->phase == PHASE_RUN &&
		    children_all_ready(sv)) {
			sv->announced = true;
			sdnotify_ready(&sv->notify);
			log_info(NULL, "the node is up");
		}
	}
	due = proc_sharpen(&sv->procs);
	if (due != 0)
		supervisor_wake(sv, due);
	now = mono_ns();
	if (sv->wake_ns == 0)
		timer_clear(sv->timer);
	else
		timer_set(sv->timer, sv->wake_ns <= now
					 ? 0
					 : (sv->wake_ns - now) / 1000000U + 1);
}

void
supervisor_changed(void *ctx)
{
	struct supervisor *sv = ctx;

	if (loop_defer(sv->loop, look, sv) != 0)
		timer_set(sv->timer, 10);
}

void
supervisor_wake(struct supervisor *sv, uint64_t at_ns)
{
	if (sv->wake_ns == 0 || at_ns < sv->wake_ns)
		sv->wake_ns = at_ns == 0 ? 1 : at_ns;
}

void
supervisor_wake_in(struct supervisor *sv, uint64_t ms)
{
	supervisor_wake(sv, mono_ns() + ms * 1000000U);
}

static void
on_timer(struct timer *t UNUSED, void *ctx)
{
	supervisor_changed(ctx);
}

static void
on_watchdog(struct timer *t, void *ctx)
{
	struct supervisor *sv = ctx;

	sdnotify_alive(&sv->notify);
	timer_set(t, sv->notify.watchdog_ms / 2);
}

static void
on_signal(int signo, void *ctx)
{
	struct supervisor *sv = ctx;

	switch (signo) {
	case SIGTERM:
	case SIGINT:
		if (sv->phase == PHASE_STOP)
			break;
		log_info(NULL, "stopping");
		sv->phase = PHASE_STOP;
		sdnotify_stopping(&sv->notify);
		break;
	case SIGHUP:
		log_info(NULL, "reload asked for");
		reload_ask(sv);
		break;
	default:
		break;
	}
	supervisor_changed(sv);
}

static void
init_log(const struct conf *c)
{
	struct log_opts o = {
	    .program = "supervisor",
	    .level = LOG_LEVEL_INFO,
	    .json = strcmp(c->log_format, "json") == 0,
	    .fd = STDERR_FILENO,
	};
	if (log_level_parse(c->log_level, &o.level) != 0)
		o.level = LOG_LEVEL_INFO;
	log_init(&o);
}

/* The configuration as children read it: no path, no permission, no change. */
static int
conf_memfd(const struct conf *c, int *fd, struct fail *f)
{
	FILE *to;

	*fd = memfd_create("sallyport.conf", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd < 0)
		return fail_sys(f, "memfd");
	to = fdopen(fcntl(*fd, F_DUPFD_CLOEXEC, 0), "w");
	if (to == NULL)
		return fail_sys(f, "memfd");
	conf_print(c, to);
	if (fclose(to) != 0 ||
	    fcntl(*fd, F_ADD_SEALS,
		F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
		return fail_sys(f, "memfd");
	return 0;
}

static int
folders(const struct supervisor *sv, const struct owner *o, struct fail *f)
{
	char *run = conf_path(sv->conf, sv->conf->node_run);
	int r = run == NULL ? FAIL_NOMEM
			    : owner_folder(o, sv->conf->node_state, 0750, f);

	if (r == 0)
		r = owner_folder(o, run, 0750, f);
	free(run);
	return r;
}

/* Nothing can run before `sallyport init`: its processes would die in turn. */
static int
need_file(const struct conf *c, const char *file, struct fail *f)
{
	char *path = conf_path(c, file);
	int r = 0;

	if (path == NULL)
		return FAIL_NOMEM;
	if (access(path, F_OK) != 0 && errno == ENOENT)
		r = fail_set(f, FAIL_CONF,
		    "there is no %s: run `sallyport init` first", path);
	free(path);
	return r;
}

/* First start: what needs root, then no root any more. */
static int
start_fresh(struct supervisor *sv, struct fail *f)
{
	struct owner owner;
	int r;

	r = conf_load(&sv->conf, sv->opts->conf_file, f);
	if (r != 0)
		return r;
	init_log(sv->conf);
	r = listeners_check(sv->conf, f);
	r = r ? r : owner_find(&owner, sv->conf->node_user, f);
	r = r ? r : need_file(sv->conf, sv->conf->vault_master_key, f);
	r = r ? r : need_file(sv->conf, sv->conf->vault_keyring, f);
	r = r ? r : folders(sv, &owner, f);
	r = r ? r : listeners_open_tcp(&sv->listeners, sv->conf, f);
	if (r != 0)
		return r;
	privs_limits();
	r = privs_drop(&owner, f);
	return r ? r : listeners_open_unix(&sv->listeners, sv->conf, f);
}

/* By exec: the children live; new addresses that fail are done without. */
static int
start_resumed(struct supervisor *sv, struct fail *f)
{
	struct fail lf = {0};
	bool is_new = false;
	int r = carry_resume(sv, sv->opts->resume_fd, &is_new, f);

	if (r != 0)
		return r;
	init_log(sv->conf);
	sv->db_waited = sv->workers = true;
	if (listeners_open_tcp(&sv->listeners, sv->conf, &lf) != 0 ||
	    listeners_open_unix(&sv->listeners, sv->conf, &lf) != 0)
		log_err(NULL, "reload: %s", lf.why);
	if (is_new)
		reload_begin(sv);
	return 0;
}

static int
watch_signals(struct supervisor *sv)
{
	static const int signals[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(signals); i++)
		r = loop_signal(sv->loop, signals[i], on_signal, sv);
	return r;
}

static int
start(struct supervisor *sv, struct fail *f)
{
	int r;

	sv->loop = loop_new();
	if (sv->loop == NULL)
		return FAIL_NOMEM;
	sv->procs.loop = sv->loop;
	sv->procs.changed = supervisor_changed;
	sv->procs.ctx = sv;
	sv->procs.next_number = 1;
	sv->timer = timer_new(sv->loop, on_timer, sv);
	sv->watchdog = timer_new(sv->loop, on_watchdog, sv);
	if (sv->timer == NULL || sv->watchdog == NULL)
		return FAIL_NOMEM;
	r = watch_signals(sv);
	if (r == 0)
		r = sv->opts->resume_fd >= 0 ? start_resumed(sv, f)
					     : start_fresh(sv, f);
	if (r == 0)
		r = conf_memfd(sv->conf, &sv->conf_fd, f);
	if (r != 0)
		return r;
	sdnotify_init(&sv->notify);
	if (sv->notify.watchdog_ms > 0)
		timer_set(sv->watchdog, 0);
	sv->start_ns = mono_ns();
	supervisor_changed(sv);
	return 0;
}

int
supervisor_run(const struct supervisor_opts *o)
{
	struct supervisor sv = {.opts = o, .conf_fd = -1, .notify = {.fd = -1}};
	struct fail f = {0};
	int r = start(&sv, &f);

	if (r == 0)
		r = loop_run(sv.loop);
	if (r != 0)
		log_err(NULL, "%s", fail_why(&f, r));
	else
		listeners_unlink(&sv.listeners);
	while (sv.procs.first != NULL)
		proc_remove(sv.procs.first);
	listeners_fini(&sv.listeners);
	sdnotify_fini(&sv.notify);
	if (sv.conf_fd >= 0)
		(void)close(sv.conf_fd);
	timer_free(sv.timer);
	timer_free(sv.watchdog);
	loop_free(sv.loop);
	conf_free(sv.conf);
	return r == 0 ? 0 : 1;
}
