/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The role `database`: keeps the private server of embedded mode running.
 * Starts it, reports when it answers, starts it again when it dies, and shuts
 * it down cleanly when the node stops.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "daemon/child.h"
#include "daemon/confine.h"
#include "daemon/role.h"
#include "sql/db.h"

#include "sql/embedded.h"

#define POLL_MS 50U
#define START_NS UINT64_C(120000000000)
#define BACKOFF_MIN_MS 250U
#define BACKOFF_MAX_MS 30000U
#define STABLE_NS UINT64_C(60000000000)
#define STOP_MS 60000U

enum phase { STARTING, RUNNING, WAITING, STOPPING };

struct database {
	struct loop *loop;
	struct child *child;
	struct embedded *server;
	struct timer *timer;
	enum phase phase;
	uint64_t started_ns;
	unsigned backoff_ms;
	bool told_ready;
	int status; /* of this process */
};

static void
give_up(struct database *d, const struct fail *f)
{
	log_err(NULL, "%s", f->why);
	d->status = 1;
	loop_stop(d->loop);
}

static void
server_start(struct database *d)
{
	struct fail f = {0};

	if (embedded_spawn(d->server, &f)) {
		give_up(d, &f);
		return;
	}
	d->phase = STARTING;
	d->started_ns = mono_ns();
	timer_set(d->timer, POLL_MS);
}

static void
server_stop(struct database *d)
{
	if (d->phase == STOPPING)
		return;
	d->phase = STOPPING;
	if (embedded_pid(d->server) == 0) {
		loop_stop(d->loop);
		return;
	}
	embedded_signal(d->server, SIGTERM);
	timer_set(d->timer, STOP_MS);
}

static void
server_check(struct database *d)
{
	struct fail f = {0};
	int r = embedded_answers(d->server, &f);

	if (r == FAIL_BUSY && mono_ns() - d->started_ns < START_NS) {
		timer_set(d->timer, POLL_MS);
		return;
	}
	if (r) {
		fail_set(&f, r, "the database server does not answer");
		log_err(NULL, "%s", f.why);
		/* Its end brings the next start. */
		embedded_signal(d->server, SIGKILL);
		return;
	}
	d->phase = RUNNING;
	log_info(NULL, "the database answers after %u ms",
	    (unsigned)((mono_ns() - d->started_ns) / 1000000));
	if (!d->told_ready && child_ready(d->child) == 0)
		d->told_ready = true;
}

static void
on_timer(struct timer *t, void *ctx)
{
	struct database *d = ctx;

	(void)t;
	switch (d->phase) {
	case STARTING:
		server_check(d);
		break;
	case WAITING:
		server_start(d);
		break;
	case STOPPING:
		log_err(NULL, "the database server does not stop, killing it");
		embedded_signal(d->server, SIGKILL);
		break;
	case RUNNING:
		break;
	}
}

static void
on_child_end(int signo, void *ctx)
{
	struct database *d = ctx;
	int status = 0;

	(void)signo;
	if (!embedded_reap(d->server, &status))
		return;
	if (d->phase == STOPPING) {
		log_info(NULL, "the database has stopped");
		loop_stop(d->loop);
		return;
	}
	if (mono_ns() - d->started_ns > STABLE_NS)
		d->backoff_ms = BACKOFF_MIN_MS;
	log_err(NULL, "the database server ended (%s %d), again in %u ms",
	    WIFSIGNALED(status) ? "signal" : "status",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
	    d->backoff_ms);
	d->phase = WAITING;
	timer_set(d->timer, d->backoff_ms);
	d->backoff_ms *= 2;
	if (d->backoff_ms > BACKOFF_MAX_MS)
		d->backoff_ms = BACKOFF_MAX_MS;
}

static void
on_signal(int signo, void *ctx)
{
	(void)signo;
	server_stop(ctx);
}

static void
on_stop(void *ctx)
{
	server_stop(ctx);
}

/* It has no peers and no sessions. */
static void
on_link(void *ctx, enum role role, uint32_t peer, int fd)
{
	(void)ctx;
	(void)role;
	(void)peer;
	close(fd);
}

static void
on_drain(void *ctx)
{
	(void)ctx;
}

static const struct child_ops ops = {
    .link = on_link,
    .drain = on_drain,
    .stop = on_stop,
};

static int
set_up(struct database *d, const struct role_args *a, struct fail *f)
{
	int r = db_library_init(f);

	if (r == 0)
		r = embedded_new(&d->server, a->conf, f);
	/* The server is under it too. */
	if (r == 0)
		r = confine_role(ROLE_DATABASE, a->conf, f);
	if (r == 0 && !embedded_installed(d->server))
		r = embedded_install(d->server, f);
	if (r)
		return r;
	d->loop = loop_new();
	if (d->loop == NULL)
		return fail_set(f, FAIL_NOMEM, "out of memory");
	d->timer = timer_new(d->loop, on_timer, d);
	d->child = child_new(d->loop, a, &ops, d);
	if (d->timer == NULL || d->child == NULL ||
	    loop_signal(d->loop, SIGCHLD, on_child_end, d) ||
	    loop_signal(d->loop, SIGTERM, on_signal, d) ||
	    loop_signal(d->loop, SIGINT, on_signal, d))
		return fail_set(f, FAIL_NOMEM, "cannot set up the event loop");
	return 0;
}

int
database_main(const struct role_args *a)
{
	struct database d = {.backoff_ms = BACKOFF_MIN_MS};
	struct fail f = {0};

	if (set_up(&d, a, &f)) {
		log_err(NULL, "%s", f.why);
		d.status = 1;
	} else {
		server_start(&d);
		if (d.status == 0 && loop_run(d.loop))
			d.status = 1;
	}
	if (d.server && embedded_pid(d.server) &&
	    embedded_stop(d.server, STOP_MS, &f))
		log_err(NULL, "%s", f.why);
	child_free(d.child);
	timer_free(d.timer);
	loop_free(d.loop);
	embedded_free(d.server);
	return d.status;
}
