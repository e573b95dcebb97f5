/* SPDX-License-Identifier: Apache-2.0 */
/* The wires of a whole session, and the order in which all have their turn. */
#include "cable.h"
#include "ssh/transport/sshkey.h"
#include "whole_priv.h"
#include "wire.h"

const char *
whole_wire_name(enum whole_wire w)
{
	static const char *const names[] = {"user to gateway",
	    "gateway to user", "gateway to target", "target to gateway"};

	return names[w];
}

void
side_init(struct side *s, const struct whole_opts *o, enum ssh_role role)
{
	struct ssh_transport_opts to = {
	    .role = role, .algs = &o->algs, .software = "Whole"};
	struct buf blob, blobs;

	*s = (struct side){0};
	buf_init(&s->in, WHOLE_BUF_MAX);
	buf_init(&s->out, WHOLE_BUF_MAX);
	buf_init(&blob, 8192);
	buf_init(&blobs, 8192);
	if (role == SSH_ROLE_SERVER) {
		assert_int_equal(sshkey_public_blob(o->key, &blob), 0);
		wire_put(&blobs, "S", buf_span(&blob));
		to.hostkeys = buf_span(&blobs);
	}
	s->t = ssh_transport_new(&to);
	assert_non_null(s->t);
	assert_int_equal(ssh_transport_start(s->t, &s->out), 0);
	buf_fini(&blob);
	buf_fini(&blobs);
}

void
side_fini(struct side *s)
{
	ssh_transport_free(s->t);
	buf_fini(&s->in);
	buf_fini(&s->out);
}

void
side_send(struct side *s, const char *fmt, ...)
{
	struct buf b;
	va_list ap;

	buf_init(&b, WHOLE_BUF_MAX);
	va_start(ap, fmt);
	wire_putv(&b, fmt, ap);
	va_end(ap);
	assert_int_equal(
	    ssh_transport_send(s->t, &s->out, buf_head(&b), buf_len(&b)), 0);
	buf_fini(&b);
}

int
side_sign(struct side *s, EVP_PKEY *key)
{
	struct span hash;
	const char *alg = ssh_transport_sign_request(s->t, &hash);
	struct buf sig;
	int r;

	buf_init(&sig, 4096);
	assert_int_equal(sshkey_sign(key, alg, hash, &sig), 0);
	r = ssh_transport_signed(s->t, &s->out, buf_span(&sig));
	buf_fini(&sig);
	return r;
}

struct run {
	struct peer user, target;
	struct gateway *g;
	struct cable wire[WIRES];
	size_t step;
};

/* Who writes to a wire, and who reads from it. */
static struct side *
writer(struct run *r, enum whole_wire w)
{
	switch (w) {
	case WIRE_USER_UP:
		return &r->user.side;
	case WIRE_USER_DOWN:
		return gateway_side(r->g, 0);
	case WIRE_TARGET_UP:
		return gateway_side(r->g, 1);
	default:
		return &r->target.side;
	}
}

static struct side *
reader(struct run *r, enum whole_wire w)
{
	static const enum whole_wire back[] = {
	    WIRE_USER_DOWN, WIRE_USER_UP, WIRE_TARGET_DOWN, WIRE_TARGET_UP};

	return writer(r, back[w]);
}

/* What was just written goes on its way. */
static void
collect(struct run *r)
{
	for (int w = 0; w < WIRES; w++)
		cable_put(&r->wire[w], &writer(r, (enum whole_wire)w)->out);
}

static bool
work(struct run *r)
{
	bool moved = false;

	while (peer_step(&r->user)) {
		collect(r);
		moved = true;
	}
	collect(r);
	while (gateway_step(r->g)) {
		collect(r);
		moved = true;
	}
	collect(r);
	while (peer_step(&r->target)) {
		collect(r);
		moved = true;
	}
	collect(r);
	return moved;
}

static bool
deliver(struct run *r)
{
	size_t n = 0;

	for (int w = 0; w < WIRES; w++) {
		struct cable *c = &r->wire[w];
		struct side *to = reader(r, (enum whole_wire)w);

		if (to->t == NULL)
			continue; /* not connected yet */
		n += cable_deliver(c, &to->in, r->step);
		if (buf_len(&c->queue) == 0 && c->cut && !to->eof) {
			to->eof = true;
			n++;
		}
	}
	/* Who has left closes the connection behind its last word. */
	if (r->user.gone && buf_len(&r->wire[WIRE_USER_UP].queue) == 0)
		gateway_side(r->g, 0)->eof = true;
	if (r->target.gone && buf_len(&r->wire[WIRE_TARGET_UP].queue) == 0 &&
	    buf_len(&r->wire[WIRE_TARGET_DOWN].queue) == 0)
		gateway_side(r->g, 1)->eof = true;
	return n > 0;
}

static bool
finished(const struct run *r)
{
	return r->user.closed && r->user.status && r->target.closed &&
	       buf_len(&r->user.got) == WHOLE_STREAM;
}

static void
go(struct run *r, struct whole_result *res)
{
	bool moved;

	do {
		moved = work(r);
		moved |= deliver(r);
		if (gateway_ended(r->g))
			return;
	} while (moved);
	res->done = finished(r);
	if (res->done)
		return;
	/* In the end somebody gives up: no byte may pass then either. */
	res->stalled = true;
	for (int leg = 0; leg < 2; leg++)
		gateway_side(r->g, leg)->eof = true;
	(void)work(r);
}

void
whole_run(const struct whole_opts *o, struct whole_result *res)
{
	struct run *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	*res = (struct whole_result){0};
	r->step = o->step;
	peer_init(&r->user, o, true);
	peer_init(&r->target, o, false);
	r->g = gateway_new(o);
	for (int w = 0; w < WIRES; w++)
		cable_init(&r->wire[w],
		    w == (int)o->wire ? o->damage : DAMAGE_NONE, o->at);
	go(r, res);
	gateway_sum_up(r->g, res);
	res->keys = ssh_transport_kex_count(r->user.side.t);
	for (int w = 0; w < WIRES; w++) {
		res->bytes[w] = r->wire[w].bytes;
		res->segments[w] = r->wire[w].segments;
		res->clear[w] = r->wire[w].clear_bytes;
		res->damaged |= r->wire[w].done;
		res->harmless |= r->wire[w].harmless;
		cable_fini(&r->wire[w]);
	}
	gateway_free(r->g);
	peer_fini(&r->user);
	peer_fini(&r->target);
	free(r);
}
