/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Children as the supervisor sees them.  Orders go out here and have a time
 * limit each: drain, then stop, then SIGKILL.  When to give which order is
 * decided elsewhere.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"

#include "daemon/daemon_msg.h"
#include "daemon/proc.h"

enum {
	STOP_MS = 10000,
	LOST_MS = 5000, /* to end after the control link broke */
};

static uint64_t
in_ms(uint64_t ms)
{
	return mono_ns() + ms * 1000000U;
}

const char *
proc_name(const struct proc *p, char name[32])
{
	const char *role = role_name(p->role);

	(void)snprintf(
	    name, 32, "%s %u", role == NULL ? "process" : role, p->number);
	return name;
}

static int
on_ready(struct proc *p, struct span body)
{
	struct dm_ready x;
	char name[32];
	int r = dm_ready_get(body, &x);

	if (r != 0)
		return r;
	if (p->state == PROC_STARTING) {
		p->state = PROC_READY;
		p->idle_ns = mono_ns();
		log_info(NULL, "%s is ready", proc_name(p, name));
	}
	return 0;
}

static int
on_load(struct proc *p, struct span body)
{
	struct dm_load x;
	int r = dm_load_get(body, &x);

	if (r != 0)
		return r;
	if (p->role != ROLE_WORKER)
		return FAIL_PROTO;
	if (x.sessions == 0 && p->load > 0)
		p->idle_ns = mono_ns();
	p->load = x.sessions;
	return 0;
}

static int
on_serving(struct proc *p, struct span body)
{
	struct dm_serving x;
	int r = dm_serving_get(body, &x);

	if (r == 0)
		p->serving = true;
	return r;
}

static int
on_unlinked(struct proc *p, struct span body)
{
	struct dm_unlinked x;
	int r = dm_unlinked_get(body, &x);

	if (r != 0)
		return r;
	if (role_name((enum role)x.role) == NULL)
		return FAIL_PROTO;
	p->unlinked |= BIT(x.role);
	return 0;
}

static int
on_msg(struct ipc *c UNUSED, const struct ipc_msg *m, void *ctx)
{
	struct proc *p = ctx;
	int r = FAIL_PROTO;

	if (m->fd >= 0)
		(void)close(m->fd);
	else if (m->type == dm_ready_type)
		r = on_ready(p, m->body);
	else if (m->type == dm_load_type)
		r = on_load(p, m->body);
	else if (m->type == dm_serving_type)
		r = on_serving(p, m->body);
	else if (m->type == dm_unlinked_type)
		r = on_unlinked(p, m->body);
	p->in->changed(p->in->ctx);
	return r;
}

static void
on_gone(struct ipc *c, const struct fail *f, void *ctx)
{
	struct proc *p = ctx;
	char name[32];

	ipc_free(c);
	p->ctl = NULL;
	if (f->code != FAIL_CLOSED)
		log_err(NULL, "%s: control link: %s", proc_name(p, name),
		    fail_why(f, f->code));
	if (p->state < PROC_STOPPING) {
		p->state = PROC_STOPPING;
		p->due_ns = in_ms(LOST_MS);
	}
	p->in->changed(p->in->ctx);
}

struct proc *
proc_add(struct procs *ps, enum role role, uint32_t number, pid_t pid, int fd)
{
	struct proc *p = calloc(1, sizeof(*p));
	struct ipc_opts o = {
	    .max_msg = PROC_MSG_MAX,
	    .max_queue = PROC_QUEUE_MAX,
	    .msg = on_msg,
	    .gone = on_gone,
	    .ctx = p,
	};

	if (p == NULL) {
		(void)close(fd);
		return NULL;
	}
	p->ctl = ipc_new(ps->loop, fd, &o);
	if (p->ctl == NULL) {
		(void)close(fd);
		free(p);
		return NULL;
	}
	p->in = ps;
	p->role = role;
	p->number = number;
	p->pid = pid;
	p->start_ns = mono_ns();
	p->idle_ns = p->start_ns;
	p->next = ps->first;
	ps->first = p;
	return p;
}

void
proc_remove(struct proc *p)
{
	struct proc **at = &p->in->first;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	ipc_free(p->ctl);
	free(p);
}

struct proc *
proc_by_pid(const struct procs *ps, pid_t pid)
{
	for (struct proc *p = ps->first; p != NULL; p = p->next)
		if (p->pid == pid)
			return p;
	return NULL;
}

struct proc *
proc_by_role(const struct procs *ps, enum role role)
{
	for (struct proc *p = ps->first; p != NULL; p = p->next)
		if (p->role == role && p->current)
			return p;
	return NULL;
}

size_t
proc_count(const struct procs *ps, enum role role)
{
	size_t n = 0;

	for (const struct proc *p = ps->first; p != NULL; p = p->next)
		n += p->role == role;
	return n;
}

/* An order that cannot be given is given by signal. */
static void
check(struct proc *p, int r, const char *what)
{
	char name[32];

	if (r == 0 || p->ctl == NULL)
		return;
	log_err(NULL, "%s: cannot send %s: %s", proc_name(p, name), what,
	    fail_text(r));
	(void)kill(p->pid, SIGTERM);
}

void
proc_drain(struct proc *p, uint64_t ms)
{
	struct dm_drain x = {0};

	if (p->state >= PROC_LEAVING)
		return;
	p->state = PROC_LEAVING;
	p->asked = true;
	p->due_ns = in_ms(ms);
	if (p->ctl != NULL)
		check(p, dm_drain_send(p->ctl, 0, &x), "drain");
}

void
proc_stop(struct proc *p, uint64_t ms)
{
	struct dm_stop x = {0};

	p->asked = true;
	if (p->state >= PROC_STOPPING)
		return;
	p->state = PROC_STOPPING;
	p->due_ns = in_ms(ms);
	if (p->ctl != NULL)
		check(p, dm_stop_send(p->ctl, 0, &x), "stop");
}

void
proc_kill(struct proc *p)
{
	p->state = PROC_KILLED;
	p->due_ns = 0;
	(void)kill(p->pid, SIGKILL);
}

static int
send_with_fd(struct ipc *c, uint16_t type, const struct buf *b, int r, int fd)
{
	if (r == 0)
		return ipc_send(c, type, 0, buf_span(b), fd);
	(void)close(fd);
	return r;
}

void
proc_handover(struct proc *p, uint32_t to, int fd, uint64_t ms)
{
	struct dm_handover x = {.to = to};
	struct buf b;
	int r;

	p->state = PROC_LEAVING;
	p->asked = true;
	p->due_ns = in_ms(ms);
	if (p->ctl == NULL) {
		(void)close(fd);
		return;
	}
	buf_init(&b, 64);
	r = dm_handover_put(&b, &x);
	check(p, send_with_fd(p->ctl, dm_handover_type, &b, r, fd), "handover");
	buf_fini(&b);
}

void
proc_takeover(struct proc *p, uint32_t from, int fd)
{
	struct dm_takeover x = {.from = from};
	struct buf b;
	int r;

	p->took = true;
	if (p->ctl == NULL) {
		(void)close(fd);
		return;
	}
	buf_init(&b, 64);
	r = dm_takeover_put(&b, &x);
	check(p, send_with_fd(p->ctl, dm_takeover_type, &b, r, fd), "takeover");
	buf_fini(&b);
}

void
proc_alone(struct proc *p)
{
	struct dm_alone x = {0};

	if (p->ctl != NULL)
		check(p, dm_alone_send(p->ctl, 0, &x), "alone");
}

void
proc_worker_gone(struct proc *p, uint32_t number, int status)
{
	struct dm_worker_gone x = {
	    .number = number, .status = (uint32_t)status};

	if (p != NULL && p->ctl != NULL)
		check(p, dm_worker_gone_send(p->ctl, 0, &x), "worker_gone");
}

uint64_t
proc_sharpen(struct procs *ps)
{
	uint64_t now = mono_ns(), next = 0;

	for (struct proc *p = ps->first; p != NULL; p = p->next) {
		char name[32];

		if (p->due_ns != 0 && p->due_ns <= now) {
			if (p->state == PROC_LEAVING) {
				log_warn(NULL,
				    "%s still has %u sessions; "
				    "stopping it",
				    proc_name(p, name), p->load);
				proc_stop(p, STOP_MS);
			} else {
				log_err(NULL, "%s does not end; killing it",
				    proc_name(p, name));
				proc_kill(p);
			}
		}
		if (p->due_ns != 0 && (next == 0 || p->due_ns < next))
			next = p->due_ns;
	}
	return next;
}
