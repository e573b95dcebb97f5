/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What surrounds the relay: the filter chain, the conditions under which a leg
 * is held, and the rules of time.
 */
#include <stdio.h>
#include <string.h>

#include "ssh/session_impl.h"

enum { PAUSE_TICK_MS = 1000, TROUBLE_MS = 10000, WARN_S = 60 };

/* ---- the relay's operations */

static int
relay_send(void *ctx, enum leg to, struct span head, struct span tail)
{
	struct ssh_session *s = ctx;
	struct ssh_leg *leg = &s->leg[to];

	return ssh_transport_send2(leg->t, io_out(leg->io), head, tail);
}

static int
relay_push(void *ctx, const struct chunk *c)
{
	struct ssh_session *s = ctx;

	if (c->flow == FLOW_TO_TARGET && c->kind != CHUNK_EVENT)
		s->active_ns = c->mono_ns;
	return chain_push(s->chain, c);
}

static bool
relay_allow(void *ctx, enum ssh_right what, struct span text, const char **why)
{
	(void)ctx;
	(void)text;
	switch (what) {
	case SSH_RIGHT_SESSION:
	case SSH_RIGHT_SHELL:
	case SSH_RIGHT_EXEC:
	case SSH_RIGHT_SFTP:
	case SSH_RIGHT_SUBSYSTEM:
	case SSH_RIGHT_ENV:
	case SSH_RIGHT_PTY:
	case SSH_RIGHT_SIGNAL:
	case SSH_RIGHT_BREAK:
	case SSH_RIGHT_REQUEST:
	case SSH_RIGHT_GLOBAL:
		return true;
	default:
		*why = "not permitted through this gateway";
		return false;
	}
}

static int
relay_audit(void *ctx, unsigned event, struct span fields)
{
	return session_audit(ctx, (enum audit_event)event, fields);
}

/* The target's words before login come with the first thing that runs. */
static void
relay_channel(
    void *ctx, const struct ssh_relay_channel *ch, enum ssh_relay_change what)
{
	struct ssh_session *s = ctx;

	if (what != RELAY_CH_START || s->banner_shown)
		return;
	(void)ch;
	session_kick(s);
}

static void
show_banner(struct ssh_session *s)
{
	char text[1001];
	struct span banner;

	if (s->banner_shown || s->targetauth == NULL)
		return;
	banner = targetauth_banner(s->targetauth);
	if (banner.len == 0) {
		s->banner_shown = true;
		return;
	}
	(void)snprintf(text, sizeof(text), "%.*s", (int)banner.len,
	    (const char *)banner.p);
	if (ssh_relay_notice(s->relay, text, mono_ns()) > 0)
		s->banner_shown = true;
}

static const struct ssh_relay_ops relay_ops = {
    .send = relay_send,
    .push = relay_push,
    .allow = relay_allow,
    .audit = relay_audit,
    .channel = relay_channel,
};

void
session_relay_opts(struct ssh_session *s, struct ssh_relay_opts *o)
{
	const struct session_grant *g = &s->grant;

	memset(o, 0, sizeof(*o));
	o->ops = &relay_ops;
	o->ctx = s;
	if (g->shell == RECORD_METADATA)
		o->metadata |= BIT(SSH_RIGHT_SHELL);
	if (g->exec == RECORD_METADATA)
		o->metadata |= BIT(SSH_RIGHT_EXEC);
	if (g->sftp == RECORD_METADATA)
		o->metadata |= BIT(SSH_RIGHT_SFTP);
}

/* ---- the chain */

static int
live_filter_push(void *priv, const struct chunk *c)
{
	live_push(priv, c);
	return CHAIN_PASS;
}

static const struct chain_filter live_filter = {
    .name = "live",
    .push = live_filter_push,
};

/* Chain and live tap on the recording that is there. */
int
session_chain_new(struct ssh_session *s)
{
	int r;

	if ((s->live = live_new(s->env->loop)) == NULL ||
	    (s->chain = chain_new()) == NULL)
		return FAIL_NOMEM;
	if ((r = chain_add(s->chain, &live_filter, s->live)) != 0)
		return r;
	return chain_add(s->chain, &recording_filter, s->recording);
}

int
session_relay_start(struct ssh_session *s)
{
	struct ssh_relay_opts o;
	struct bm_session_start m = {
	    .at_us = unix_us(),
	    .target_addr = SPAN(s->target_addr, strlen(s->target_addr)),
	};
	struct buf b;
	int r;

	if ((r = session_chain_new(s)) != 0)
		return r;
	session_relay_opts(s, &o);
	if ((s->relay = ssh_relay_new(&o)) == NULL)
		return FAIL_NOMEM;
	memcpy(m.session_id, s->grant.session_id, UUID_LEN);
	buf_init(&b, 512);
	if ((r = bm_session_start_put(&b, &m)) == 0)
		r = session_post(s, bm_session_start_type, buf_span(&b));
	buf_fini(&b);
	if (r != 0)
		return r;
	s->started = true;
	s->active_ns = mono_ns();
	log_info(&s->log, "session to %s@%s at %s, %s", s->grant.account,
	    s->grant.asset, s->target_addr,
	    ssh_transport_algs_text(s->leg[LEG_TARGET].t));
	session_to(s, SESSION_RELAY);
	session_rules_arm(s);
	session_user_gone(s);
	session_kick(s);
	return 0;
}

bool
session_relay_blocked(const struct ssh_session *s, const struct ssh_leg *from)
{
	const struct ssh_leg *to = &s->leg[from == &s->leg[LEG_USER]];

	return s->held || !ssh_transport_can_send(to->t) ||
	       buf_len(io_out(to->io)) > LEG_OUT_HIGH;
}

static void
maybe_rekey(struct ssh_session *s, struct ssh_leg *leg)
{
	const struct ssh_leg *other = &s->leg[leg == &s->leg[LEG_USER]];

	/* One leg at a time: see ssh_transport_rekey(). */
	if (ssh_transport_wants_rekey(leg->t) &&
	    ssh_transport_can_send(other->t) &&
	    !ssh_transport_awaits_kexinit(other->t))
		IGNORE(ssh_transport_rekey(leg->t, io_out(leg->io)));
}

int
session_relay_packet(
    struct ssh_session *s, struct ssh_leg *from, struct ssh_packet *pkt)
{
	enum leg which = from == &s->leg[LEG_USER] ? LEG_USER : LEG_TARGET;
	struct ssh_leg *other = &s->leg[which ^ 1];
	int r;

	if (session_relay_blocked(s, from))
		return 1;
	r = ssh_relay_packet(s->relay, which, pkt->p, pkt->len, mono_ns());
	switch (r) {
	case RELAY_DONE:
		break;
	case RELAY_HOLD:
		return 1;
	case RELAY_UNIMPLEMENTED:
		return ssh_transport_unimplemented(
		    from->t, io_out(from->io), pkt->seq);
	default:
		(void)fail_set(
		    &s->fail, r, "%s", fail_why(ssh_relay_fail(s->relay), r));
		session_end(s, r == FAIL_PROTO
				   ? ssh_relay_culprit(s->relay) == LEG_USER
					 ? WHY_USER_PROTO
					 : WHY_TARGET_PROTO
			       : r == FAIL_RECORDING ? WHY_RECORDING
						     : WHY_INTERNAL);
		return 0;
	}
	maybe_rekey(s, from);
	maybe_rekey(s, other);
	if (other->held.p != NULL || !s->banner_shown) {
		show_banner(s);
		if (other->held.p != NULL)
			session_kick(s);
	}
	return 0;
}

/* ---- time */

void
session_rules_arm(struct ssh_session *s)
{
	const struct session_grant *g = &s->grant;
	uint64_t ms = UINT64_MAX;

	if (s->paused || s->trouble)
		ms = PAUSE_TICK_MS;
	else if (g->idle_s != 0 || g->length_s != 0)
		ms = 1000;
	if (ms != UINT64_MAX)
		timer_set(s->rules, ms);
}

static void
keep_awake(struct ssh_session *s)
{
	int i;

	for (i = 0; i < 2; i++)
		if (ssh_transport_can_send(s->leg[i].t) &&
		    buf_len(io_out(s->leg[i].io)) < LEG_OUT_LOW &&
		    ssh_transport_ignore(
			s->leg[i].t, io_out(s->leg[i].io), 8) == 0)
			io_flush_soon(s->leg[i].io);
}

void
session_on_rules(struct timer *t, void *ctx)
{
	struct ssh_session *s = ctx;
	const struct session_grant *g = &s->grant;
	uint64_t now = mono_ns(), length;

	(void)t;
	if (s->state == SESSION_CLOSING) {
		s->said = true;
		session_closing_io(s);
		return;
	}
	if (s->state != SESSION_RELAY)
		return;
	length = (now - s->began_ns) / 1000000000U;
	if (s->paused || s->trouble)
		keep_awake(s);
	if (s->trouble &&
	    (recording_lost(s->recording) ||
		(g->on_fail == 0 &&
		    now - s->warned_ns > (uint64_t)TROUBLE_MS * 1000000U))) {
		session_end(s, WHY_RECORDING);
		return;
	}
	if (g->length_s != 0 && length >= g->length_s) {
		session_end(s, WHY_LENGTH);
		return;
	}
	/* Looked at about once a second, which may pass over one. */
	if (!s->last_minute && g->length_s > WARN_S &&
	    length >= g->length_s - WARN_S) {
		s->last_minute =
		    ssh_relay_notice(s->relay,
			"sallyport: this session ends in one minute", now) > 0;
		io_flush_soon(s->leg[LEG_USER].io);
	}
	if (g->idle_s != 0 && !s->paused &&
	    (now - s->active_ns) / 1000000000U >= g->idle_s) {
		session_end(s, WHY_IDLE);
		return;
	}
	session_rules_arm(s);
}
