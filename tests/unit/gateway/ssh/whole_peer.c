/* SPDX-License-Identifier: Apache-2.0 */
/* The user and the target of a whole session: as little as there must be. */
#include "base/fail.h"
#include "whole_priv.h"
#include "wire.h"

enum { WINDOW = 100000, CHANNEL = 3, MAX_PACKET = 32768 };

/* What goes up, and comes back down. */
const char whole_stream[WHOLE_STREAM + 1] =
    "a first line that goes to the target and is to come back unchanged\n"
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-+\n"
    "and a third one, which is the last of what the user has to say here, "
    "before the end.\n";

/* In these pieces. */
static const size_t pieces[] = {1, 17, 200};

void
peer_init(struct peer *p, const struct whole_opts *o, bool user)
{
	*p = (struct peer){.o = o, .user = user};
	side_init(&p->side, o, user ? SSH_ROLE_CLIENT : SSH_ROLE_SERVER);
	buf_init(&p->got, WHOLE_BUF_MAX);
}

void
peer_fini(struct peer *p)
{
	side_fini(&p->side);
	buf_fini(&p->got);
}

static void
leave(struct peer *p, int code)
{
	if (!p->gone && code < 0)
		(void)!ssh_transport_disconnect(p->side.t, &p->side.out,
		    SSH_DISCONNECT_PROTOCOL_ERROR, "that is not right");
	p->gone = true;
}

/* Nobody is ever given bytes that were not sent. */
static void
take_data(struct peer *p, struct span s)
{
	struct span data;
	uint32_t id;

	assert_int_equal(span_u32(&s, &id), 0);
	assert_int_equal(span_string(&s, &data), 0);
	assert_int_equal(buf_put(&p->got, data.p, data.len), 0);
	assert_true(buf_len(&p->got) <= WHOLE_STREAM);
	assert_memory_equal(
	    wire_bytes(&p->got), whole_stream, buf_len(&p->got));
	if (!p->user)
		side_send(&p->side, "buS", SSH_MSG_CHANNEL_DATA, 0, data);
}

static void
target_packet(struct peer *p, uint8_t msg, struct span s)
{
	struct side *c = &p->side;
	struct span a, b, method;

	switch (msg) {
	case SSH_MSG_SERVICE_REQUEST:
		side_send(c, "bs", SSH_MSG_SERVICE_ACCEPT, "ssh-userauth");
		break;
	case SSH_MSG_USERAUTH_REQUEST:
		assert_int_equal(span_string(&s, &a), 0);
		assert_int_equal(span_string(&s, &b), 0);
		assert_int_equal(span_string(&s, &method), 0);
		if (span_eq(method, "password"))
			side_send(c, "b", SSH_MSG_USERAUTH_SUCCESS);
		else
			side_send(
			    c, "bsb", SSH_MSG_USERAUTH_FAILURE, "password", 0);
		break;
	case SSH_MSG_CHANNEL_OPEN:
		side_send(c, "buuuu", SSH_MSG_CHANNEL_OPEN_CONFIRMATION, 0,
		    CHANNEL, WINDOW, MAX_PACKET);
		break;
	case SSH_MSG_CHANNEL_REQUEST:
		side_send(c, "bu", SSH_MSG_CHANNEL_SUCCESS, 0);
		break;
	case SSH_MSG_CHANNEL_DATA:
		take_data(p, s);
		break;
	case SSH_MSG_CHANNEL_EOF:
		side_send(c, "busbu", SSH_MSG_CHANNEL_REQUEST, 0, "exit-status",
		    0, WHOLE_STATUS);
		side_send(c, "bu", SSH_MSG_CHANNEL_EOF, 0);
		side_send(c, "bu", SSH_MSG_CHANNEL_CLOSE, 0);
		break;
	case SSH_MSG_CHANNEL_CLOSE:
		p->closed = true;
		break;
	default:
		break;
	}
}

static void
user_packet(struct peer *p, uint8_t msg, struct span s)
{
	struct side *c = &p->side;
	uint32_t status;

	switch (msg) {
	case SSH_MSG_SERVICE_ACCEPT:
		side_send(c, "bsssbs", SSH_MSG_USERAUTH_REQUEST, "ana@a@b",
		    "ssh-connection", "password", 0, "open sesame");
		break;
	case SSH_MSG_USERAUTH_SUCCESS:
		side_send(c, "bsuuu", SSH_MSG_CHANNEL_OPEN, "session", CHANNEL,
		    WINDOW, MAX_PACKET);
		break;
	case SSH_MSG_CHANNEL_OPEN_CONFIRMATION:
		side_send(
		    c, "busbs", SSH_MSG_CHANNEL_REQUEST, 0, "exec", 1, "cat");
		break;
	case SSH_MSG_CHANNEL_SUCCESS:
		p->sent = 1;
		break;
	case SSH_MSG_CHANNEL_DATA:
		take_data(p, s);
		break;
	case SSH_MSG_CHANNEL_REQUEST:
		assert_true(s.len >= 4);
		status = be32_get(s.p + s.len - 4);
		assert_int_equal(status, WHOLE_STATUS);
		p->status = true;
		break;
	case SSH_MSG_CHANNEL_CLOSE:
		side_send(c, "bu", SSH_MSG_CHANNEL_CLOSE, 0);
		p->closed = true;
		break;
	default:
		break;
	}
}

/* The user's next piece of the stream, or its end. */
static bool
say_more(struct peer *p)
{
	size_t n = p->sent - 1, at = 0;

	for (size_t i = 0; i < n && i < ARRAY_LEN(pieces); i++)
		at += pieces[i];
	p->sent++;
	if (n < ARRAY_LEN(pieces))
		side_send(&p->side, "buS", SSH_MSG_CHANNEL_DATA, 0,
		    SPAN(whole_stream + at, pieces[n]));
	else if (n == ARRAY_LEN(pieces))
		side_send(&p->side, "bu", SSH_MSG_CHANNEL_EOF, 0);
	else
		return p->sent--, false;
	if (p->o->rekey && n == 1)
		assert_int_equal(
		    ssh_transport_rekey(p->side.t, &p->side.out), 0);
	return true;
}

bool
peer_step(struct peer *p)
{
	struct side *c = &p->side;
	struct ssh_packet pkt;
	int r;

	if (p->gone)
		return false;
	r = ssh_transport_next(c->t, &c->in, &c->out, &pkt);
	switch (r) {
	case SSH_NEXT_MORE:
		if (p->user && p->sent > 0 && say_more(p))
			return true;
		if (c->eof)
			leave(p, 0);
		return c->eof;
	case SSH_NEXT_PACKET:
		if (p->user)
			user_packet(p, pkt.p[0], SPAN(pkt.p + 1, pkt.len - 1));
		else
			target_packet(
			    p, pkt.p[0], SPAN(pkt.p + 1, pkt.len - 1));
		return true;
	case SSH_NEXT_SIGN:
		r = side_sign(c, p->o->key);
		break;
	case SSH_NEXT_HOSTKEY:
		r = ssh_transport_hostkey_accept(c->t, &c->out);
		break;
	case SSH_NEXT_KEYS:
		if (p->user && ssh_transport_kex_count(c->t) == 1)
			side_send(
			    c, "bs", SSH_MSG_SERVICE_REQUEST, "ssh-userauth");
		return true;
	default:
		leave(p, r);
		return false;
	}
	if (r < 0)
		leave(p, r);
	return true;
}
