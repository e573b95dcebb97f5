/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two legs of a session: what happens on their sockets, and the pump that
 * takes packets from each leg to whoever they are for in the present state.
 */
#include "ssh/session_impl.h"

const struct io_opts session_io_opts = {
    .in_max = LEG_IN,
    .out_max = 4 * 1024 * 1024,
    .read_size = 128 * 1024,
    .lowat = LEG_OUT_LOW,
};

int
session_leg_start(struct ssh_leg *leg, const struct ssh_transport_opts *o)
{
	if ((leg->t = ssh_transport_new(o)) == NULL)
		return FAIL_NOMEM;
	leg->held.p = NULL;
	return ssh_transport_start(leg->t, io_out(leg->io));
}

void
session_leg_free(struct ssh_leg *leg)
{
	io_free(leg->io);
	leg->io = NULL;
	ssh_transport_free(leg->t);
	leg->t = NULL;
	buf_fini(&leg->carry);
	leg->held.p = NULL;
}

/* ---- packets */

static int
keys_changed(struct ssh_session *s, struct ssh_leg *leg)
{
	if (ssh_transport_kex_count(leg->t) > 1) {
		session_kick(s); /* the other leg may have waited for it */
		return 0;
	}
	return leg == &s->leg[LEG_USER] ? session_user_auth(s)
					: session_target_auth(s);
}

/* Hand one packet on.  0 taken, 1 hold, or a FAIL_* code. */
static int
leg_packet(struct ssh_session *s, struct ssh_leg *leg)
{
	const struct ssh_packet *pkt = &leg->held;
	bool user = leg == &s->leg[LEG_USER];
	uint8_t num = pkt->len > 0 ? pkt->p[0] : 0;

	switch (s->state) {
	case SESSION_RELAY:
		if (num >= SSH_MSG_GLOBAL_REQUEST)
			return session_relay_packet(s, leg, &leg->held);
		break;
	case SESSION_REFUSED:
		if (!user)
			return 0;
		break;
	case SESSION_WANT:
	case SESSION_OPEN:
	case SESSION_CONNECT:
	case SESSION_TARGET_KEX:
	case SESSION_TARGET_AUTH:
		if (user && num >= SSH_MSG_GLOBAL_REQUEST)
			return 1; /* until there is a target */
		break;
	default:
		break;
	}
	return user ? session_user_packet(s, pkt)
		    : session_target_packet(s, pkt);
}

static void
leg_failed(struct ssh_session *s, struct ssh_leg *leg, int code)
{
	bool user = leg == &s->leg[LEG_USER];
	const struct fail *f = ssh_transport_fail(leg->t);

	if (f->code != 0)
		(void)fail_set(&s->fail, code, "%s", f->why);
	if (!user && s->state < SESSION_RELAY) {
		(void)fail_set(&s->fail, code, "%s", fail_text(code));
		session_target_lost(s, fail_why(&s->fail, code));
		return;
	}
	/* A broken peer hears what it did, as far as it can. */
	IGNORE(ssh_transport_disconnect(leg->t, io_out(leg->io),
	    code == FAIL_MAC ? SSH_DISCONNECT_MAC_ERROR
			     : SSH_DISCONNECT_PROTOCOL_ERROR,
	    fail_why(&s->fail, code)));
	io_flush(leg->io);
	session_end(s, user ? WHY_USER_PROTO : WHY_TARGET_PROTO);
}

/* The peer has said goodbye, or just gone. */
static void
leg_left(struct ssh_session *s, struct ssh_leg *leg)
{
	const char *words = ssh_transport_goodbye(leg->t);

	if (leg == &s->leg[LEG_USER]) {
		session_end(s, WHY_USER_LEFT);
		return;
	}
	if (words[0] != '\0')
		(void)fail_set(&s->fail, FAIL_CLOSED, "%s", words);
	if (s->state < SESSION_RELAY)
		session_target_lost(s, words[0] != '\0' ? words
				       : s->state == SESSION_TARGET_AUTH
					   ? "during the login"
					   : "during the key exchange");
	else
		session_end(s, WHY_TARGET_LEFT);
}

/* One step: true to go on. */
static bool
leg_step(struct ssh_session *s, struct ssh_leg *leg)
{
	int r;

	if (leg->held.p == NULL) {
		r = ssh_transport_next(
		    leg->t, io_in(leg->io), io_out(leg->io), &leg->held);
		if (r != SSH_NEXT_PACKET)
			leg->held.p = NULL;
		switch (r) {
		case SSH_NEXT_PACKET:
			break;
		case SSH_NEXT_MORE:
			return false;
		case SSH_NEXT_SIGN:
			r = session_user_sign(s);
			goto check;
		case SSH_NEXT_HOSTKEY:
			r = session_target_hostkey(s);
			goto check;
		case SSH_NEXT_KEYS:
			r = keys_changed(s, leg);
			goto check;
		case SSH_NEXT_DISCONNECT:
			leg_left(s, leg);
			return false;
		default:
			leg_failed(s, leg, r);
			return false;
		}
	}
	r = leg_packet(s, leg);
	if (r == 1) {
		io_pause(leg->io); /* held points into its buffer */
		return false;
	}
	leg->held.p = NULL;
	if (buf_len(&leg->carry) > 0)
		buf_fini(&leg->carry);
check:
	if (r < 0 && s->state < SESSION_CLOSING)
		leg_failed(s, leg, r);
	return r >= 0;
}

static void
leg_pump(struct ssh_session *s, struct ssh_leg *leg)
{
	if (leg->io == NULL || leg->t == NULL)
		return;
	while (s->state < SESSION_CLOSING) {
		if (!leg_step(s, leg))
			break;
		if (leg->io == NULL)
			return;
	}
	if (s->state >= SESSION_CLOSING || leg->io == NULL)
		return;
	if (leg->held.p == NULL) {
		if (leg->eof) {
			leg_left(s, leg);
			return;
		}
		if (io_paused(leg->io))
			io_resume(leg->io);
	}
}

static void
on_kick(void *ctx)
{
	struct ssh_session *s = ctx;
	int i;

	if (s->state == SESSION_CLOSED) {
		session_free(s);
		return;
	}
	for (i = 0; i < 2; i++) {
		leg_pump(s, &s->leg[i]);
		if (s->leg[i ^ 1].io != NULL)
			io_flush_soon(s->leg[i ^ 1].io);
		if (s->leg[i].io != NULL)
			io_flush_soon(s->leg[i].io);
	}
}

void
session_kick(struct ssh_session *s)
{
	if (loop_defer(s->env->loop, on_kick, s) != 0)
		session_end(s, WHY_INTERNAL);
}

void
session_on_io(struct io *io, enum io_event ev, void *ctx)
{
	struct ssh_leg *leg = ctx;
	struct ssh_session *s = leg->s;
	struct ssh_leg *other = &s->leg[leg == &s->leg[LEG_USER]];

	switch (ev) {
	case IO_DATA:
		if (s->state == SESSION_CLOSING) {
			buf_reset(io_in(io));
			return;
		}
		leg_pump(s, leg);
		if (other->io != NULL)
			io_flush_soon(other->io);
		if (leg->io != NULL)
			io_flush_soon(leg->io);
		return;
	case IO_LOWAT:
		if (s->state == SESSION_CLOSING)
			session_closing_io(s);
		else
			session_kick(s);
		return;
	case IO_CONNECTED:
		if (session_target_connected(s) != 0)
			session_end(s, WHY_INTERNAL);
		return;
	case IO_EOF:
		leg->eof = true;
		break;
	case IO_ERROR:
		if (s->state == SESSION_CONNECT && leg == &s->leg[LEG_TARGET]) {
			session_target_lost(s, io_fail(io)->why);
			return;
		}
		leg->eof = true;
		leg->held.p = NULL;
		break;
	case IO_TIMEOUT:
		return;
	case IO_GONE:
		if (leg == &s->leg[LEG_USER])
			session_user_gone(s);
		return;
	}
	if (s->state == SESSION_CLOSING)
		session_closing_io(s);
	else
		session_kick(s);
}
