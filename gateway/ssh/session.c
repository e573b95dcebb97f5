/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of an SSH session: its states, each with its limit in time, and what
 * a worker asks of a session.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ssh/session_impl.h"

struct row {
	const char *name;
	uint64_t limit_s;
	unsigned next;
	int why;
};

static const struct row states[] = {
#define STATE(name, secs, next, why)                                           \
	[SESSION_##name] = {#name, secs, next, why},
#include "ssh/session_tbl.h"
#undef STATE
};

/* ---- states */

static uint64_t
state_limit_ms(const struct ssh_session *s, enum session_state st)
{
	const struct conf *c = s->env->conf;

	switch (st) {
	case SESSION_HELLO:
	case SESSION_AUTH:
		return c->gateway_login_grace;
	case SESSION_CONNECT:
	case SESSION_TARGET_KEX:
	case SESSION_TARGET_AUTH:
		return c->gateway_connect_timeout;
	default:
		return states[st].limit_s * 1000U;
	}
}

void
session_to(struct ssh_session *s, enum session_state to)
{
	uint64_t limit = state_limit_ms(s, to);

	MUST(to == SESSION_CLOSING || (states[s->state].next & BIT(to)) != 0 ||
	     (s->state == SESSION_HELLO && to == SESSION_HELLO));
	log_debug(&s->log, "%s -> %s", states[s->state].name, states[to].name);
	/* One limit for all of the login. */
	if (to != SESSION_AUTH) {
		if (limit != 0)
			timer_set(s->timer, limit);
		else
			timer_clear(s->timer);
	}
	s->state = to;
}

static void
on_timer(struct timer *t, void *ctx)
{
	struct ssh_session *s = ctx;

	(void)t;
	if (s->state == SESSION_CLOSING) {
		session_moved(s); /* waited long enough */
		return;
	}
	if (s->state == SESSION_RELAY) {
		session_user_gone(s);
		return;
	}
	if (s->state == SESSION_CONNECT || s->state == SESSION_TARGET_KEX ||
	    s->state == SESSION_TARGET_AUTH || s->state == SESSION_WANT ||
	    s->state == SESSION_OPEN) {
		session_refuse(s, states[s->state].why, NULL);
		return;
	}
	session_endf(
	    s, states[s->state].why, "%s took too long", states[s->state].name);
}

void
session_end(struct ssh_session *s, int why)
{
	if (s->state == SESSION_CLOSING || s->state == SESSION_CLOSED ||
	    s->state == SESSION_MOVED)
		return;
	if (s->why == 0)
		s->why = why;
	session_to(s, SESSION_CLOSING);
	session_closing(s);
}

void
session_endf(struct ssh_session *s, int why, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)fail_set(&s->fail, FAIL_STATE, "%s", text);
	session_end(s, why);
}

/* ---- life */

void
session_free(struct ssh_session *s)
{
	if (s == NULL)
		return;
	loop_undefer(s->env->loop, s);
	peers_forget(s->env->peers, s);
	session_leg_free(&s->leg[LEG_USER]);
	session_leg_free(&s->leg[LEG_TARGET]);
	userauth_free(s->userauth);
	targetauth_free(s->targetauth);
	refusal_free(s->refusal);
	ssh_relay_free(s->relay);
	chain_free(s->chain);
	recording_free(s->recording);
	live_free(s->live);
	secret_free(s->password);
	timer_free(s->timer);
	timer_free(s->rules);
	buf_fini(&s->pubkey);
	buf_fini(&s->grant.pins);
	buf_fini(&s->grant.wrapped);
	s->env->ops->gone(s->env->ctx, s);
	wipe(&s->login, sizeof(s->login));
	free(s);
}

/* The parts that every session has from its first moment. */
struct ssh_session *
session_alloc(const struct ssh_env *env)
{
	struct ssh_session *s;
	int i;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	s->env = env;
	for (i = 0; i < 2; i++) {
		s->leg[i].s = s;
		buf_init_secret(&s->leg[i].carry, SSH_PACKET_MAX);
	}
	buf_init(&s->pubkey, 16384);
	buf_init(&s->grant.pins, 65536);
	buf_init(&s->grant.wrapped, 1024);
	s->timer = timer_new(env->loop, on_timer, s);
	s->rules = timer_new(env->loop, session_on_rules, s);
	if (s->timer == NULL || s->rules == NULL) {
		timer_free(s->timer);
		timer_free(s->rules);
		free(s);
		return NULL;
	}
	s->began_ns = s->active_ns = mono_ns();
	return s;
}

struct ssh_session *
ssh_session_new(
    const struct ssh_env *env, int fd, uint64_t conn, const char *peer)
{
	struct ssh_session *s;

	if ((s = session_alloc(env)) == NULL) {
		(void)close(fd);
		return NULL;
	}
	s->conn = conn;
	(void)snprintf(s->peer, sizeof(s->peer), "%s", peer);
	(void)snprintf(s->log.prefix, sizeof(s->log.prefix), "c=%llu from=%s",
	    (unsigned long long)conn, s->peer);
	s->leg[LEG_USER].io = io_new(
	    env->loop, fd, &session_io_opts, session_on_io, &s->leg[LEG_USER]);
	if (s->leg[LEG_USER].io == NULL)
		(void)close(fd);
	if (s->leg[LEG_USER].io == NULL || session_user_hello(s) != 0) {
		session_free(s);
		return NULL;
	}
	session_to(s, SESSION_HELLO);
	return s;
}

bool
ssh_session_live(const struct ssh_session *s)
{
	return s->state == SESSION_RELAY;
}

const uint8_t *
ssh_session_id(const struct ssh_session *s)
{
	return s->grant.session_id;
}

const uint8_t *
ssh_session_rec_id(const struct ssh_session *s)
{
	return s->grant.rec_id;
}

void
ssh_session_stop(struct ssh_session *s)
{
	session_end(s, WHY_NODE_STOP);
}

void
ssh_session_set_seat(struct ssh_session *s, void *seat)
{
	s->seat = seat;
}

void *
ssh_session_seat(const struct ssh_session *s)
{
	return s->seat;
}
