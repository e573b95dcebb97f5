/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roles that do next to nothing, for the test of the supervisor: linked with
 * the real main.c and supervisor they make a node of which the behaviour of
 * processes is all there is.
 *
 * A worker takes connections as sessions.  A session's line of one letter is a
 * command: p: who are you; k, b, r: ask keeper, broker, recorder who they are;
 * a: ask the broker whether it was told to be alone; x: die; K, B, R: let them
 * die; c: break the link to the keeper.  Answers are a line "role number pid".
 */
#include <sys/socket.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ipc.h"
#include "daemon/child.h"
#include "daemon/role.h"

enum { ASK = 1, ANSWER = 2, DIE = 3, MOVE = 4, ASK_ALONE = 5, SESSIONS = 64 };

struct toy {
	const struct role_args *args;
	const char *role;
	struct loop *loop;
	struct child *child;
	struct watch *listener;
	int listen_fd;
	struct ipc *peer[8]; /* a worker's, by role */
	struct ipc *move;    /* between workers, during a hand-over */
	struct timer *look;  /* whether the link to the keeper is there */
	int session[SESSIONS];
	struct watch *watch[SESSIONS];
	uint32_t sessions;
	int asking; /* session that waits for a peer's answer */
	bool leaving;
	bool alone; /* there was no worker before it */
};

static void
who(const struct toy *t, char text[64])
{
	(void)snprintf(
	    text, 64, "%s %u %d\n", t->role, t->args->number, (int)getpid());
}

/* One that is full looks away from the listener. */
static void
look(struct toy *t)
{
	if (t->listener != NULL)
		watch_set(t->listener,
		    t->sessions < t->args->conf->gateway_sessions_per_worker
			? LOOP_READ
			: 0);
}

static void
maybe_leave(struct toy *t)
{
	look(t);
	if (t->leaving && t->sessions == 0)
		loop_stop(t->loop);
}

static void
end_session(struct toy *t, int i, bool keep)
{
	watch_free(t->watch[i]);
	t->watch[i] = NULL;
	if (!keep)
		(void)close(t->session[i]);
	t->sessions--;
	(void)!child_load(t->child, t->sessions);
	maybe_leave(t);
}

static void
ask(struct toy *t, int i, enum role role, uint16_t type)
{
	t->asking = t->session[i];
	if (t->peer[role] == NULL ||
	    ipc_send(t->peer[role], type, 1, SPAN(NULL, 0), -1) != 0)
		(void)!write(t->asking, "none\n", 5);
}

static void
command(struct toy *t, int i, char c)
{
	char text[64];

	switch (c) {
	case 'p':
		who(t, text);
		(void)!write(t->session[i], text, strlen(text));
		break;
	case 'k':
	case 'K':
		ask(t, i, ROLE_KEEPER, c == 'k' ? ASK : DIE);
		break;
	case 'b':
	case 'B':
		ask(t, i, ROLE_BROKER, c == 'b' ? ASK : DIE);
		break;
	case 'r':
	case 'R':
		ask(t, i, ROLE_RECORDER, c == 'r' ? ASK : DIE);
		break;
	case 'a':
		ask(t, i, ROLE_BROKER, ASK_ALONE);
		break;
	case 'c':
		ipc_free(t->peer[ROLE_KEEPER]);
		t->peer[ROLE_KEEPER] = NULL;
		break;
	case 'x':
		_exit(7);
	default:
		break;
	}
}

static void
on_session(struct watch *w, int fd, unsigned ev UNUSED, void *ctx)
{
	struct toy *t = ctx;
	char c;

	for (int i = 0; i < SESSIONS; i++) {
		if (t->watch[i] != w)
			continue;
		if (recv(fd, &c, 1, 0) != 1)
			end_session(t, i, false);
		else
			command(t, i, c);
	}
}

static void
add_session(struct toy *t, int fd)
{
	for (int i = 0; i < SESSIONS; i++) {
		if (t->watch[i] != NULL)
			continue;
		t->session[i] = fd;
		t->watch[i] = watch_new(t->loop, fd, LOOP_READ, on_session, t);
		if (t->watch[i] == NULL)
			break;
		t->sessions++;
		look(t);
		(void)!child_load(t->child, t->sessions);
		return;
	}
	(void)close(fd);
}

static void
on_accept(struct watch *w UNUSED, int fd, unsigned ev UNUSED, void *ctx)
{
	struct toy *t = ctx;
	int s;

	s = accept(fd, NULL, NULL);
	if (s >= 0)
		add_session(t, s);
}

static int
on_msg(struct ipc *c, const struct ipc_msg *m, void *ctx)
{
	struct toy *t = ctx;
	char text[64];

	switch (m->type) {
	case ASK:
		who(t, text);
		return ipc_send(c, ANSWER, m->id, SPAN(text, strlen(text)), -1);
	case ASK_ALONE:
		(void)snprintf(text, sizeof(text), "%s %u %d\n",
		    t->alone ? "alone" : "joined", t->args->number,
		    (int)getpid());
		return ipc_send(c, ANSWER, m->id, SPAN(text, strlen(text)), -1);
	case ANSWER:
		(void)!write(t->asking, m->body.p, m->body.len);
		return 0;
	case DIE:
		(void)raise(SIGKILL);
		return 0;
	case MOVE:
		add_session(t, m->fd);
		return 0;
	default:
		return FAIL_PROTO;
	}
}

static void
on_gone(struct ipc *c, const struct fail *f UNUSED, void *ctx)
{
	struct toy *t = ctx;

	for (size_t i = 0; i < ARRAY_LEN(t->peer); i++)
		if (t->peer[i] == c)
			t->peer[i] = NULL;
	if (t->move == c)
		t->move = NULL;
	ipc_free(c);
}

static struct ipc *
join(struct toy *t, int fd)
{
	struct ipc_opts o = {.max_msg = 4096,
	    .max_queue = 65536,
	    .msg = on_msg,
	    .gone = on_gone,
	    .ctx = t};

	return ipc_new(t->loop, fd, &o);
}

static void
op_link(void *ctx, enum role role, uint32_t peer UNUSED, int fd)
{
	struct toy *t = ctx;
	struct ipc *c = join(t, fd);

	/* Workers have one peer of each role, the others many workers. */
	if (t->args->number > 0 && strcmp(t->role, "worker") == 0) {
		ipc_free(t->peer[role]);
		t->peer[role] = c;
	}
}

static void
op_listener(void *ctx, const char *name UNUSED, int fd)
{
	struct toy *t = ctx;

	if (strcmp(t->role, "worker") != 0) {
		(void)close(fd);
		return;
	}
	t->listen_fd = fd;
	t->listener = watch_new_listener(t->loop, fd, on_accept, t);
}

static void
close_listener(struct toy *t)
{
	watch_free(t->listener);
	t->listener = NULL;
}

static void
op_drain(void *ctx)
{
	struct toy *t = ctx;

	t->leaving = true;
	close_listener(t);
	maybe_leave(t);
}

static void
on_look(struct timer *timer, void *ctx)
{
	struct toy *t = ctx;

	if (t->peer[ROLE_KEEPER] == NULL)
		child_missing(t->child, ROLE_KEEPER);
	timer_set(timer, 100);
}

static void
op_stop(void *ctx)
{
	struct toy *t = ctx;

	loop_stop(t->loop);
}

static void
op_handover(void *ctx, uint32_t to UNUSED, int fd)
{
	struct toy *t = ctx;

	t->move = join(t, fd);
	close_listener(t);
	for (int i = 0; i < SESSIONS; i++) {
		if (t->watch[i] == NULL)
			continue;
		(void)!ipc_send(t->move, MOVE, 0, SPAN(NULL, 0), t->session[i]);
		end_session(t, i, true);
	}
	ipc_flush(t->move);
	t->leaving = true;
	maybe_leave(t);
}

static void
op_takeover(void *ctx, uint32_t from UNUSED, int fd)
{
	struct toy *t = ctx;

	t->move = join(t, fd);
}

static void
op_alone(void *ctx)
{
	struct toy *t = ctx;

	t->alone = true;
}

static const struct child_ops ops = {
    .link = op_link,
    .listener = op_listener,
    .drain = op_drain,
    .stop = op_stop,
    .handover = op_handover,
    .takeover = op_takeover,
    .alone = op_alone,
};

/* [node] name of the configuration tells a role to misbehave. */
static bool
told_to(const struct role_args *a, const char *what)
{
	return strcmp(a->conf->node_name, what) == 0;
}

static void
on_serving(struct timer *timer UNUSED, void *ctx)
{
	struct toy *t = ctx;

	(void)!child_serving(t->child);
}

static int
toy_main(const struct role_args *a, const char *role)
{
	static struct toy t;

	t = (struct toy){.args = a, .role = role, .loop = loop_new()};
	if (t.loop == NULL)
		return 1;
	t.child = child_new(t.loop, a, &ops, &t);
	if (t.child == NULL || child_ready(t.child) != 0)
		return 1;
	if (strcmp(role, "broker") == 0)
		timer_set(timer_new(t.loop, on_serving, &t),
		    told_to(a, "slow-broker") ? 1500 : 0);
	if (strcmp(role, "worker") == 0)
		timer_set(t.look = timer_new(t.loop, on_look, &t), 100);
	/* Its memory goes with the process. */
	_exit(loop_run(t.loop) == 0 ? 0 : 1);
}

int
keeper_main(const struct role_args *a)
{
	if (told_to(a, "bad-keeper"))
		return 3;
	return toy_main(a, "keeper");
}

int
broker_main(const struct role_args *a)
{
	return toy_main(a, "broker");
}

int
recorder_main(const struct role_args *a)
{
	return toy_main(a, "recorder");
}

int
worker_main(const struct role_args *a)
{
	return toy_main(a, "worker");
}

int
database_main(const struct role_args *a)
{
	return toy_main(a, "database");
}
