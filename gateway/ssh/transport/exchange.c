/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What both roles do in a key exchange: KEXINIT, the exchange hash, the change
 * of keys, and holding back what may not be sent meanwhile.
 *
 * Strict key exchange (OpenSSH's PROTOCOL section 1.10): when both sides know
 * it, KEXINIT is the very first packet, nothing but key exchange messages
 * passes until the first NEWKEYS, and sequence numbers restart with each
 * NEWKEYS.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

#include "ssh/transport/exchange.h"
#include "ssh/transport/names.h"
#include "ssh/transport/negotiate.h"

/* Both KEXINITs, host key, values and group, with room to spare. */
enum { HASH_INPUT_MAX = 4 * NEGOTIATE_INIT_MAX };

static struct exchange *
exchange_new(void)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	buf_init(&x->ours, NEGOTIATE_INIT_MAX);
	buf_init(&x->theirs, NEGOTIATE_INIT_MAX);
	buf_init(&x->hostkey, STATE_HOSTKEY_MAX);
	buf_init(&x->group, 2 * KEX_PUBLIC_MAX);
	buf_init(&x->offer, KEX_PUBLIC_MAX);
	buf_init(&x->answer, KEX_PUBLIC_MAX);
	buf_init_secret(&x->secret, KEX_SECRET_MAX);
	return x;
}

void
exchange_free(struct ssh_transport *t)
{
	struct exchange *x = t->exchange;

	if (x == NULL)
		return;
	buf_fini(&x->ours);
	buf_fini(&x->theirs);
	buf_fini(&x->hostkey);
	buf_fini(&x->group);
	buf_fini(&x->offer);
	buf_fini(&x->answer);
	buf_fini(&x->secret);
	kex_fini(&x->kex);
	box_fini(&x->rx);
	box_fini(&x->tx);
	wipe(x, sizeof(*x));
	free(x);
	t->exchange = NULL;
}

int
exchange_start(struct ssh_transport *t, struct buf *out)
{
	struct exchange *x;
	int r;

	if (t->exchange == NULL && (t->exchange = exchange_new()) == NULL)
		return FAIL_NOMEM;
	x = t->exchange;
	r = negotiate_init(&t->algs, t->role, state_first_kex(t), &x->ours);
	if (r != 0)
		return r;
	r = packet_write(
	    &t->tx, &t->pool, out, buf_span(&x->ours), SPAN(NULL, 0));
	if (r == 0)
		x->sent_init = true;
	return r;
}

static int
apply(struct ssh_transport *t, const struct negotiated *n)
{
	struct exchange *x = t->exchange;

	x->choice = n->choice;
	x->skip_guess = n->wrong_guess;
	kex_init(&x->kex, n->choice.kex);
	if (!state_first_kex(t))
		return 0;
	t->session.strict = n->strict;
	t->session.peer_ext_info = n->peer_ext_info;
	if (n->strict && t->rx.packets != 1)
		return fail_set(&t->fail, FAIL_PROTO,
		    "a packet before KEXINIT in strict key exchange");
	return 0;
}

int
exchange_kexinit(struct ssh_transport *t, struct span pkt, struct buf *out)
{
	struct negotiated n;
	struct exchange *x;
	int r;

	if (t->exchange != NULL && t->exchange->got_init)
		return fail_set(
		    &t->fail, FAIL_PROTO, "KEXINIT within a key exchange");
	if (t->exchange == NULL && (r = exchange_start(t, out)) != 0)
		return r;
	x = t->exchange;
	if (pkt.len > NEGOTIATE_INIT_MAX)
		return fail_set(&t->fail, FAIL_PROTO, "KEXINIT too long");
	if ((r = buf_put(&x->theirs, pkt.p, pkt.len)) != 0)
		return r;
	x->got_init = true;
	r = negotiate_choose(
	    t->role, buf_span(&x->ours), buf_span(&x->theirs), &n, &t->fail);
	if (r != 0 || (r = apply(t, &n)) != 0)
		return r;
	if (t->role == SSH_ROLE_CLIENT)
		r = exchange_client_begin(t, out);
	else
		x->expect = kex_wants_group(&x->kex) ? EXCHANGE_GEX_REQUEST
						     : EXCHANGE_INIT;
	return r != 0 ? r : STATE_AGAIN;
}

int
exchange_method(struct ssh_transport *t, struct span pkt, struct buf *out)
{
	struct exchange *x = t->exchange;
	uint8_t msg = pkt.p[0];

	if (!x->got_init)
		return fail_set(
		    &t->fail, FAIL_PROTO, "message %u before KEXINIT", msg);
	if (x->skip_guess) {
		x->skip_guess = false;
		return STATE_AGAIN;
	}
	if (msg != x->expect)
		return fail_set(&t->fail, FAIL_PROTO,
		    "unexpected key exchange message %u", msg);
	x->expect = 0;
	pkt.p++;
	pkt.len--;
	if (t->role == SSH_ROLE_SERVER)
		return exchange_server_message(t, msg, pkt, out);
	return exchange_client_message(t, msg, pkt, out);
}

int
exchange_put_value(const struct exchange *x, struct buf *b, struct span value)
{
	if (x->kex.method->ops->numbers)
		return buf_put_mpint(b, value.p, value.len);
	return buf_put_string(b, value.p, value.len);
}

int
exchange_take_mpint(struct span *s, struct span *value)
{
	int r = span_string(s, value);

	if (r != 0)
		return r;
	if (value->len == 0 || (value->p[0] & 0x80) != 0)
		return FAIL_FORMAT;
	while (value->len > 0 && value->p[0] == 0) {
		value->p++;
		value->len--;
	}
	return value->len > 0 ? 0 : FAIL_FORMAT;
}

int
exchange_take_value(const struct exchange *x, struct span *s, struct buf *value)
{
	struct span v;
	int r;

	if (x->kex.method->ops->numbers)
		r = exchange_take_mpint(s, &v);
	else
		r = span_string(s, &v);
	if (r == 0 && (v.len == 0 || v.len > KEX_PUBLIC_MAX))
		r = FAIL_FORMAT;
	return r != 0 ? r : buf_put(value, v.p, v.len);
}

int
exchange_hash(struct ssh_transport *t)
{
	bool server = t->role == SSH_ROLE_SERVER;
	const struct versions *v = &t->versions;
	struct exchange *x = t->exchange;
	struct buf *init_c = server ? &x->theirs : &x->ours;
	struct buf *init_s = server ? &x->ours : &x->theirs;
	struct span group = buf_span(&x->group);
	struct span secret = buf_span(&x->secret);
	struct span all;
	struct buf b;
	int r;

	buf_init_secret(&b, HASH_INPUT_MAX);
	if ((r = buf_put_cstring(&b, server ? v->theirs : v->ours)) == 0 &&
	    (r = buf_put_cstring(&b, server ? v->ours : v->theirs)) == 0 &&
	    (r = buf_put_string(&b, buf_head(init_c), buf_len(init_c))) == 0 &&
	    (r = buf_put_string(&b, buf_head(init_s), buf_len(init_s))) == 0 &&
	    (r = buf_put_string(
		 &b, buf_head(&x->hostkey), buf_len(&x->hostkey))) == 0 &&
	    (r = buf_put(&b, group.p, group.len)) == 0 &&
	    (r = exchange_put_value(x, &b, buf_span(&x->offer))) == 0 &&
	    (r = exchange_put_value(x, &b, buf_span(&x->answer))) == 0 &&
	    (r = buf_put(&b, secret.p, secret.len)) == 0) {
		all = buf_span(&b);
		r = kex_hash(x->kex.method, &all, 1, x->hash, &x->hash_len);
	}
	buf_fini(&b);
	return r;
}

/* Both boxes of the new keys; the hash of the first exchange is the id. */
static int
make_keys(struct ssh_transport *t)
{
	bool server = t->role == SSH_ROLE_SERVER;
	struct exchange *x = t->exchange;
	struct session *s = &t->session;
	struct span id, hash = SPAN(x->hash, x->hash_len);
	struct box_keys keys[2];
	struct box *box[2];
	int r = 0;

	if (s->id_len == 0) {
		memcpy(s->id, x->hash, x->hash_len);
		s->id_len = x->hash_len;
	}
	id = SPAN(s->id, s->id_len);
	box[TO_SERVER] = server ? &x->rx : &x->tx;
	box[TO_CLIENT] = server ? &x->tx : &x->rx;
	for (int dir = TO_SERVER; r == 0 && dir <= TO_CLIENT; dir++) {
		r = kex_derive(x->kex.method, buf_span(&x->secret), hash, id,
		    dir == TO_SERVER ? 'A' : 'B', &keys[dir]);
		if (r == 0)
			r = box_init(box[dir], x->choice.cipher[dir],
			    x->choice.mac[dir], &keys[dir], box[dir] == &x->tx);
	}
	wipe(keys, sizeof(keys));
	buf_fini(&x->secret);
	kex_fini(&x->kex);
	return r;
}

/* Put new keys in force in one direction. */
static void
change(const struct ssh_transport *t, struct box *now, struct box *next)
{
	uint32_t seq = t->session.strict ? 0 : now->seq;

	box_fini(now);
	*now = *next;
	now->seq = seq;
	*next = (struct box){0};
}

static int
send_ext_info(struct ssh_transport *t, struct buf *out)
{
	struct buf b;
	int r;

	buf_init(&b, STATE_SIG_ALGS_MAX);
	if ((r = buf_put_u8(&b, SSH_MSG_EXT_INFO)) == 0 &&
	    (r = buf_put_u32(&b, 1)) == 0 &&
	    (r = buf_put_cstring(&b, "server-sig-algs")) == 0 &&
	    (r = buf_put_cstring(&b, algs_server_sig)) == 0)
		r = packet_write(
		    &t->tx, &t->pool, out, buf_span(&b), SPAN(NULL, 0));
	buf_fini(&b);
	return r;
}

int
exchange_queue(struct ssh_transport *t, struct span head, struct span tail)
{
	size_t len = head.len + tail.len;
	uint8_t *p;
	int r;

	if (len == 0 || len > SSH_PACKET_MAX)
		return FAIL_RANGE;
	if ((r = buf_reserve(&t->queue, 4 + len, &p)) != 0)
		return r;
	be32_put(p, (uint32_t)len);
	if (head.len > 0)
		memcpy(p + 4, head.p, head.len);
	if (tail.len > 0)
		memcpy(p + 4 + head.len, tail.p, tail.len);
	buf_commit(&t->queue, 4 + len);
	return 0;
}

static int
flush_queue(struct ssh_transport *t, struct buf *out)
{
	int r = 0;

	while (r == 0 && buf_len(&t->queue) > 0) {
		struct span rest = buf_span(&t->queue);
		struct span payload;

		MUST(span_string(&rest, &payload) == 0);
		r = packet_write(&t->tx, &t->pool, out, payload, SPAN(NULL, 0));
		buf_consume(&t->queue, 4 + payload.len);
	}
	buf_shrink(&t->queue);
	return r;
}

int
exchange_send_newkeys(struct ssh_transport *t, struct buf *out)
{
	static const uint8_t msg = SSH_MSG_NEWKEYS;
	struct exchange *x = t->exchange;
	int r;

	if ((r = make_keys(t)) != 0 || (r = packet_write(&t->tx, &t->pool, out,
					    SPAN(&msg, 1), SPAN(NULL, 0))) != 0)
		return r;
	change(t, &t->tx, &x->tx);
	x->sent_newkeys = true;
	x->expect = SSH_MSG_NEWKEYS;
	if (state_first_kex(t) && t->role == SSH_ROLE_SERVER &&
	    t->session.peer_ext_info && (r = send_ext_info(t, out)) != 0)
		return r;
	return flush_queue(t, out);
}

static void
name_algs(struct session *s, const struct choice *c)
{
	const char *mac[2] = {"-", "-"};
	const char *cipher[2];

	for (int dir = TO_SERVER; dir <= TO_CLIENT; dir++) {
		cipher[dir] = c->cipher[dir]->name;
		if (c->mac[dir] != NULL)
			mac[dir] = c->mac[dir]->name;
	}
	if (c->cipher[0] == c->cipher[1] && c->mac[0] == c->mac[1])
		(void)snprintf(s->algs, sizeof(s->algs), "%s %s %s %s",
		    c->kex->name, c->hostkey, cipher[0], mac[0]);
	else
		(void)snprintf(s->algs, sizeof(s->algs), "%s %s %s,%s %s,%s",
		    c->kex->name, c->hostkey, cipher[0], cipher[1], mac[0],
		    mac[1]);
}

int
exchange_newkeys(struct ssh_transport *t, struct span pkt)
{
	struct exchange *x = t->exchange;

	if (x == NULL || x->expect != SSH_MSG_NEWKEYS || x->skip_guess ||
	    pkt.len != 1)
		return fail_set(&t->fail, FAIL_PROTO, "unexpected NEWKEYS");
	change(t, &t->rx, &x->rx);
	name_algs(&t->session, &x->choice);
	t->session.kex_count++;
	exchange_free(t);
	return SSH_NEXT_KEYS;
}
