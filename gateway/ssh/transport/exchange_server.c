/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's half of a key exchange.  The signature is made elsewhere: the
 * exchange waits for it.
 */
#include "ssh/transport/exchange.h"
#include "ssh/transport/sshkey.h"

/* min, n, max: choose a group and send it (RFC 4419 section 3). */
static int
gex_request(struct ssh_transport *t, struct span pkt, struct buf *out)
{
	struct exchange *x = t->exchange;
	struct span group, asked = pkt;
	uint32_t min, n, max;
	uint8_t msg = EXCHANGE_GEX_GROUP;
	int r;

	if (span_u32(&pkt, &min) != 0 || span_u32(&pkt, &n) != 0 ||
	    span_u32(&pkt, &max) != 0 || pkt.len != 0)
		return fail_set(&t->fail, FAIL_PROTO, "malformed GEX_REQUEST");
	if ((r = buf_put(&x->group, asked.p, asked.len)) != 0)
		return r;
	r = kex_dh_give_group(&x->kex, min, n, max, &x->group);
	if (r != 0)
		return fail_set(&t->fail, r,
		    "no group of %u to %u bits, best %u", min, max, n);
	group = buf_span(&x->group);
	group.p += asked.len;
	group.len -= asked.len;
	x->expect = EXCHANGE_GEX_INIT;
	return packet_write(&t->tx, &t->pool, out, SPAN(&msg, 1), group);
}

static int
init(struct ssh_transport *t, struct span pkt)
{
	struct exchange *x = t->exchange;
	struct span blob;
	int r;

	if ((r = exchange_take_value(x, &pkt, &x->offer)) != 0 || pkt.len != 0)
		return fail_set(&t->fail, r == FAIL_NOMEM ? r : FAIL_PROTO,
		    "malformed key exchange message");
	/* The list that was offered has only algorithms with a key. */
	if (!algs_hostkey_for(buf_span(&t->hostkeys), x->choice.hostkey, &blob))
		return fail_set(
		    &t->fail, FAIL_STATE, "no key for %s", x->choice.hostkey);
	if ((r = buf_put(&x->hostkey, blob.p, blob.len)) != 0)
		return r;
	r = x->kex.method->ops->answer(
	    &x->kex, buf_span(&x->offer), &x->answer, &x->secret);
	if (r != 0)
		return fail_set(&t->fail, r, "key agreement: %s", fail_text(r));
	if ((r = exchange_hash(t)) != 0)
		return r;
	x->wait = WAIT_SIGN;
	return SSH_NEXT_SIGN;
}

int
exchange_server_message(
    struct ssh_transport *t, uint8_t msg, struct span pkt, struct buf *out)
{
	int r;

	if (msg != EXCHANGE_GEX_REQUEST)
		return init(t, pkt);
	r = gex_request(t, pkt, out);
	return r != 0 ? r : STATE_AGAIN;
}

int
exchange_server_signed(
    struct ssh_transport *t, struct span sig, struct buf *out)
{
	struct exchange *x = t->exchange;
	struct span name, rest = sig;
	struct buf b;
	int r;

	if (span_string(&rest, &name) != 0 ||
	    !span_eq(name, x->choice.hostkey) || sig.len > KEX_PUBLIC_MAX)
		return fail_set(&t->fail, FAIL_FORMAT,
		    "host key signature is not %s", x->choice.hostkey);
	x->wait = WAIT_PEER;
	buf_init(&b, PACKET_CLEAR_MAX);
	if ((r = buf_put_u8(&b, kex_wants_group(&x->kex) ? EXCHANGE_GEX_REPLY
							 : EXCHANGE_REPLY)) ==
		0 &&
	    (r = buf_put_string(
		 &b, buf_head(&x->hostkey), buf_len(&x->hostkey))) == 0 &&
	    (r = exchange_put_value(x, &b, buf_span(&x->answer))) == 0 &&
	    (r = buf_put_string(&b, sig.p, sig.len)) == 0)
		r = packet_write(
		    &t->tx, &t->pool, out, buf_span(&b), SPAN(NULL, 0));
	buf_fini(&b);
	return r != 0 ? r : exchange_send_newkeys(t, out);
}
