/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway of a whole session.  What it is given to record is kept, and what
 * it sends is held against it.
 */
#include "base/fail.h"
#include "base/secret.h"
#include "session/chain.h"
#include "ssh/auth/targetauth.h"
#include "ssh/auth/userauth.h"
#include "ssh/channels/relay.h"
#include "ssh/channels/relay_priv.h"
#include "whole_priv.h"
#include "wire.h"

struct gateway {
	const struct whole_opts *o;
	struct side side[2]; /* LEG_USER, LEG_TARGET */
	struct ssh_packet held[2];
	bool ready[2]; /* authentication is done */
	struct userauth *ua;
	struct targetauth *ta;
	struct secret *password;
	struct ssh_relay *relay;
	bool asked, right;		      /* the user's login */
	struct buf recorded[2], forwarded[2]; /* by receiving leg */
	bool exec_recorded, eof_recorded;
	bool ended, left;
	int code;
	char why[200];
};

static void
end(struct gateway *g, int code, const char *why)
{
	if (g->ended)
		return;
	g->ended = true;
	g->code = code;
	(void)snprintf(g->why, sizeof(g->why), "%s", why);
	for (int leg = 0; leg < 2; leg++) {
		struct side *s = &g->side[leg];

		if (s->t != NULL)
			(void)!ssh_transport_disconnect(
			    s->t, &s->out, SSH_DISCONNECT_BY_APPLICATION, why);
	}
}

static int
to_leg(struct side *s, struct span head, struct span tail)
{
	return ssh_transport_send2(s->t, &s->out, head, tail);
}

static int
user_send(void *ctx, struct span head, struct span tail)
{
	struct gateway *g = ctx;

	return to_leg(&g->side[LEG_USER], head, tail);
}

static int
user_ask(void *ctx, const struct userauth_ask *q)
{
	struct gateway *g = ctx;

	g->asked = true;
	g->right = q->method == USERAUTH_PASSWORD &&
		   span_eq(q->password, "open sesame");
	return 0;
}

static const struct userauth_ops user_ops = {user_send, user_ask};

static int
target_send(void *ctx, struct span head, struct span tail)
{
	struct gateway *g = ctx;

	return to_leg(&g->side[LEG_TARGET], head, tail);
}

static const char *
target_sig_algs(void *ctx)
{
	struct gateway *g = ctx;

	return ssh_transport_server_sig_algs(g->side[LEG_TARGET].t);
}

static const struct targetauth_ops target_ops = {
    target_send, NULL, target_sig_algs};

/* The law: what is forwarded was recorded, byte for byte. */
static void
hold_against(struct gateway *g, enum leg to, struct span data)
{
	struct buf *f = &g->forwarded[to], *rec = &g->recorded[to];

	assert_int_equal(buf_put(f, data.p, data.len), 0);
	if (buf_len(f) == 0)
		return;
	assert_true(buf_len(f) <= buf_len(rec));
	assert_memory_equal(wire_bytes(f), wire_bytes(rec), buf_len(f));
}

static int
relay_sends(void *ctx, enum leg to, struct span head, struct span tail)
{
	struct gateway *g = ctx;
	struct span s, data;
	struct buf b;
	uint32_t id;
	uint8_t msg;

	buf_init(&b, WHOLE_BUF_MAX);
	wire_put(&b, "rr", head, tail);
	s = buf_span(&b);
	assert_int_equal(span_u8(&s, &msg), 0);
	if (msg == SSH_MSG_CHANNEL_DATA) {
		assert_int_equal(span_u32(&s, &id), 0);
		assert_int_equal(span_string(&s, &data), 0);
		hold_against(g, to, data);
	} else if (to == LEG_TARGET && msg == SSH_MSG_CHANNEL_REQUEST) {
		assert_true(g->exec_recorded);
	} else if (to == LEG_TARGET && msg == SSH_MSG_CHANNEL_EOF) {
		assert_true(g->eof_recorded);
	}
	buf_fini(&b);
	return to_leg(&g->side[to], head, tail);
}

static int
relay_pushes(void *ctx, const struct chunk *c)
{
	struct gateway *g = ctx;
	enum leg to = c->flow == FLOW_TO_TARGET ? LEG_TARGET : LEG_USER;

	if (c->kind == CHUNK_DATA)
		assert_int_equal(buf_put(&g->recorded[to], c->data, c->len), 0);
	g->exec_recorded |= c->kind == CHUNK_EVENT && c->type == RCD_EV_EXEC;
	g->eof_recorded |= c->kind == CHUNK_EVENT && c->type == RCD_EV_EOF_UP;
	return CHAIN_PASS;
}

static bool
relay_allows(void *ctx UNUSED, enum ssh_right what UNUSED,
    struct span text UNUSED, const char **why UNUSED)
{
	return true;
}

static int
relay_audits(void *ctx UNUSED, unsigned event UNUSED, struct span f UNUSED)
{
	return 0;
}

static void
relay_changes(void *ctx UNUSED, const struct ssh_relay_channel *ch UNUSED,
    enum ssh_relay_change what UNUSED)
{
}

static const struct ssh_relay_ops relay_ops = {
    relay_sends, relay_pushes, relay_allows, relay_audits, relay_changes};

/* ---- life */

struct gateway *
gateway_new(const struct whole_opts *o)
{
	struct gateway *g = calloc(1, sizeof(*g));

	assert_non_null(g);
	g->o = o;
	for (int i = 0; i < 2; i++) {
		buf_init(&g->recorded[i], WHOLE_BUF_MAX);
		buf_init(&g->forwarded[i], WHOLE_BUF_MAX);
	}
	buf_init(&g->side[LEG_TARGET].in, WHOLE_BUF_MAX);
	buf_init(&g->side[LEG_TARGET].out, WHOLE_BUF_MAX);
	side_init(&g->side[LEG_USER], o, SSH_ROLE_SERVER);
	return g;
}

void
gateway_free(struct gateway *g)
{
	userauth_free(g->ua);
	targetauth_free(g->ta);
	secret_free(g->password);
	ssh_relay_free(g->relay);
	for (int i = 0; i < 2; i++) {
		side_fini(&g->side[i]);
		buf_fini(&g->recorded[i]);
		buf_fini(&g->forwarded[i]);
	}
	free(g);
}

struct side *
gateway_side(struct gateway *g, int leg)
{
	return &g->side[leg];
}

bool
gateway_ended(const struct gateway *g)
{
	return g->ended;
}

void
gateway_sum_up(const struct gateway *g, struct whole_result *res)
{
	res->code = g->code;
	res->left = g->left;
	(void)snprintf(res->why, sizeof(res->why), "%s", g->why);
	for (int i = 0; i < 2; i++) {
		res->recorded += buf_len(&g->recorded[i]);
		res->forwarded += buf_len(&g->forwarded[i]);
	}
}

/* ---- packets */

static int
keys(struct gateway *g, enum leg leg)
{
	const struct userauth_opts uo = {.ops = &user_ops,
	    .ctx = g,
	    .session_id = ssh_transport_session_id(g->side[leg].t)};
	struct targetauth_opts to = {.ops = &target_ops,
	    .ctx = g,
	    .session_id = uo.session_id,
	    .login = "demo"};

	if (ssh_transport_kex_count(g->side[leg].t) > 1)
		return 0;
	if (leg == LEG_USER) {
		g->ua = userauth_new(&uo);
		assert_non_null(g->ua);
		return 0;
	}
	g->password = secret_from("xyzzy", 5);
	to.password = g->password;
	g->ta = targetauth_new(&to);
	assert_non_null(g->ta);
	return targetauth_start(g->ta);
}

static int
auth_packet(struct gateway *g, enum leg leg, struct ssh_packet *p)
{
	int v;

	if (leg == LEG_TARGET) {
		if (g->ta == NULL)
			return FAIL_PROTO;
		v = targetauth_packet(g->ta, p->p, p->len);
		if (v < 0)
			end(g, v, fail_why(targetauth_fail(g->ta), v));
		g->ready[leg] = v == TARGETAUTH_DONE;
		return v;
	}
	g->asked = false;
	v = userauth_packet(g->ua, p->p, p->len);
	if (v == USERAUTH_ASKED && g->asked)
		v = userauth_answer(g->ua, g->right);
	if (v < 0)
		end(g, v, fail_why(userauth_fail(g->ua), v));
	if (v == USERAUTH_DONE && !g->ready[leg]) {
		const struct ssh_relay_opts o = {.ops = &relay_ops, .ctx = g};

		g->ready[leg] = true;
		g->relay = ssh_relay_new(&o);
		assert_non_null(g->relay);
		side_fini(&g->side[LEG_TARGET]);
		side_init(&g->side[LEG_TARGET], g->o, SSH_ROLE_CLIENT);
	}
	return v;
}

/* False: it must wait. */
static bool
packet(struct gateway *g, enum leg leg, struct ssh_packet *p)
{
	int v;

	if (p->p[0] < 80) {
		(void)auth_packet(g, leg, p);
		return true;
	}
	if (!g->ready[LEG_USER] || !g->ready[LEG_TARGET] ||
	    !ssh_transport_can_send(g->side[leg ^ 1].t))
		return false;
	v = ssh_relay_packet(g->relay, leg, p->p, p->len, 1);
	assert_int_not_equal(v, RELAY_HOLD);
	if (v < 0)
		end(g, v, fail_why(ssh_relay_fail(g->relay), v));
	return true;
}

static bool
leg_step(struct gateway *g, enum leg leg)
{
	struct side *s = &g->side[leg];
	int v;

	if (s->t == NULL || g->ended)
		return false;
	if (g->held[leg].p != NULL) {
		if (!packet(g, leg, &g->held[leg]))
			return false;
		g->held[leg].p = NULL;
		return true;
	}
	v = ssh_transport_next(s->t, &s->in, &s->out, &g->held[leg]);
	if (v == SSH_NEXT_PACKET) {
		if (packet(g, leg, &g->held[leg]))
			g->held[leg].p = NULL;
		return true;
	}
	g->held[leg].p = NULL;
	if (v == SSH_NEXT_SIGN)
		v = side_sign(s, g->o->key);
	else if (v == SSH_NEXT_HOSTKEY)
		v = ssh_transport_hostkey_accept(s->t, &s->out);
	else if (v == SSH_NEXT_KEYS)
		v = keys(g, leg);
	else if (v == SSH_NEXT_DISCONNECT || (v == SSH_NEXT_MORE && s->eof)) {
		g->left = true;
		end(g, 0, "a peer left");
		return false;
	} else if (v == SSH_NEXT_MORE) {
		return false;
	}
	if (v < 0)
		end(g, v, fail_why(ssh_transport_fail(s->t), v));
	return true;
}

bool
gateway_step(struct gateway *g)
{
	bool user = leg_step(g, LEG_USER);

	return leg_step(g, LEG_TARGET) || user;
}
