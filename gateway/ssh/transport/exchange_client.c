/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's half of a key exchange.  The signature of the server's host key
 * is verified here; whether the key is the right one is asked of the owner,
 * once: later exchanges must come with the same key.
 */
#include <string.h>

#include "ssh/transport/exchange.h"
#include "ssh/transport/names.h"
#include "ssh/transport/sshkey.h"

static int
send_offer(struct ssh_transport *t, uint8_t msg, uint8_t reply, struct buf *out)
{
	struct exchange *x = t->exchange;
	struct buf b;
	int r;

	r = x->kex.method->ops->offer(&x->kex, &x->offer);
	if (r != 0)
		return r;
	buf_init(&b, 2 * KEX_PUBLIC_MAX);
	if ((r = exchange_put_value(x, &b, buf_span(&x->offer))) == 0)
		r = packet_write(
		    &t->tx, &t->pool, out, SPAN(&msg, 1), buf_span(&b));
	buf_fini(&b);
	x->expect = reply;
	return r;
}

static int
send_gex_request(struct ssh_transport *t, struct buf *out)
{
	struct exchange *x = t->exchange;
	uint8_t msg = EXCHANGE_GEX_REQUEST;
	int r;

	if ((r = buf_put_u32(&x->group, kex_group_min(&x->kex))) != 0 ||
	    (r = buf_put_u32(&x->group, KEX_GROUP_WISH)) != 0 ||
	    (r = buf_put_u32(&x->group, KEX_GROUP_MAX)) != 0)
		return r;
	x->expect = EXCHANGE_GEX_GROUP;
	return packet_write(
	    &t->tx, &t->pool, out, SPAN(&msg, 1), buf_span(&x->group));
}

int
exchange_client_begin(struct ssh_transport *t, struct buf *out)
{
	if (kex_wants_group(&t->exchange->kex))
		return send_gex_request(t, out);
	return send_offer(t, EXCHANGE_INIT, EXCHANGE_REPLY, out);
}

static int
gex_group(struct ssh_transport *t, struct span pkt, struct buf *out)
{
	struct exchange *x = t->exchange;
	struct span p, g;
	int r;

	if (exchange_take_mpint(&pkt, &p) != 0 ||
	    exchange_take_mpint(&pkt, &g) != 0 || pkt.len != 0)
		return fail_set(&t->fail, FAIL_PROTO, "malformed GEX_GROUP");
	if ((r = kex_dh_take_group(&x->kex, p, g)) != 0)
		return fail_set(
		    &t->fail, r, "group of %zu bytes refused", p.len);
	if ((r = buf_put_mpint(&x->group, p.p, p.len)) != 0 ||
	    (r = buf_put_mpint(&x->group, g.p, g.len)) != 0)
		return r;
	return send_offer(t, EXCHANGE_GEX_INIT, EXCHANGE_GEX_REPLY, out);
}

/* Is sig the server's, over this exchange, by the key that it sent? */
static int
check_signature(struct ssh_transport *t, struct span sig)
{
	struct exchange *x = t->exchange;
	struct span blob = buf_span(&x->hostkey);
	bool legacy =
	    names_has(buf_span(&t->algs.hostkey), names_span("ssh-rsa"));
	int r;

	if (!sshkey_fits(blob, x->choice.hostkey))
		return fail_set(&t->fail, FAIL_PROTO,
		    "host key is not one for %s", x->choice.hostkey);
	r = sshkey_verify_flags(blob, x->choice.hostkey,
	    SPAN(x->hash, x->hash_len), sig, legacy ? SSHKEY_LEGACY : 0);
	if (r != 0)
		return fail_set(&t->fail, r, "host key: %s", fail_text(r));
	return 0;
}

/* The same key as before needs no second judgement; another is refused. */
static int
check_same(struct ssh_transport *t, struct buf *out)
{
	struct span old = buf_span(&t->session.hostkey);
	struct exchange *x = t->exchange;
	struct span new = buf_span(&x->hostkey);
	int r;

	if (old.len == 0) {
		x->wait = WAIT_HOSTKEY;
		return SSH_NEXT_HOSTKEY;
	}
	if (old.len != new.len || memcmp(old.p, new.p, old.len) != 0)
		return fail_set(&t->fail, FAIL_HOSTKEY,
		    "host key changed within the connection");
	r = exchange_send_newkeys(t, out);
	return r != 0 ? r : STATE_AGAIN;
}

static int
reply(struct ssh_transport *t, struct span pkt, struct buf *out)
{
	struct exchange *x = t->exchange;
	struct span blob, sig;
	int r;

	if (span_string(&pkt, &blob) != 0 || blob.len > STATE_HOSTKEY_MAX ||
	    exchange_take_value(x, &pkt, &x->answer) != 0 ||
	    span_string(&pkt, &sig) != 0 || pkt.len != 0)
		return fail_set(
		    &t->fail, FAIL_PROTO, "malformed key exchange reply");
	if ((r = buf_put(&x->hostkey, blob.p, blob.len)) != 0)
		return r;
	r = x->kex.method->ops->finish(
	    &x->kex, buf_span(&x->answer), &x->secret);
	if (r != 0)
		return fail_set(&t->fail, r, "key agreement: %s", fail_text(r));
	if ((r = exchange_hash(t)) != 0 || (r = check_signature(t, sig)) != 0)
		return r;
	return check_same(t, out);
}

int
exchange_client_message(
    struct ssh_transport *t, uint8_t msg, struct span pkt, struct buf *out)
{
	int r;

	if (!kex_wants_group(&t->exchange->kex) || msg != EXCHANGE_GEX_GROUP)
		return reply(t, pkt, out);
	r = gex_group(t, pkt, out);
	return r != 0 ? r : STATE_AGAIN;
}

int
exchange_client_accepted(struct ssh_transport *t, struct buf *out)
{
	struct exchange *x = t->exchange;
	struct span blob = buf_span(&x->hostkey);
	int r;

	x->wait = WAIT_PEER;
	r = buf_put(&t->session.hostkey, blob.p, blob.len);
	return r != 0 ? r : exchange_send_newkeys(t, out);
}
