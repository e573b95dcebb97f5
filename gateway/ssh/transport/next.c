/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ssh_transport_next(): takes packets from the input one after the other, and
 * deals with those that are the transport's own.
 */
#include <string.h>

#include "ssh/transport/exchange.h"
#include "ssh/transport/names.h"
#include "ssh/transport/version.h"

static int
disconnected(struct ssh_transport *t, struct span pkt)
{
	struct span words = SPAN(NULL, 0);
	uint32_t reason;

	/* Said or not said well, it is a goodbye. */
	if (span_u32(&pkt, &reason) == 0 && span_string(&pkt, &words) != 0)
		words = SPAN(NULL, 0);
	state_escape(t->words, sizeof(t->words), words);
	t->phase = PHASE_GONE;
	return SSH_NEXT_DISCONNECT;
}

/* RFC 8308: names and values; only server-sig-algs says something to us. */
static int
ext_info(struct ssh_transport *t, struct span pkt)
{
	struct buf *algs = &t->session.sig_algs;
	struct span name, value;
	uint32_t n;
	int r = span_u32(&pkt, &n);

	while (r == 0 && n-- > 0) {
		if ((r = span_string(&pkt, &name)) != 0 ||
		    (r = span_string(&pkt, &value)) != 0)
			break;
		if (t->role != SSH_ROLE_CLIENT ||
		    !span_eq(name, "server-sig-algs") ||
		    value.len >= STATE_SIG_ALGS_MAX ||
		    (value.len > 0 && memchr(value.p, 0, value.len) != NULL))
			continue;
		buf_reset(algs);
		if ((r = buf_put(algs, value.p, value.len)) == 0)
			r = buf_put_u8(algs, 0);
		if (r != 0)
			return r;
	}
	if (r != 0)
		return fail_set(&t->fail, FAIL_PROTO, "malformed EXT_INFO");
	return STATE_AGAIN;
}

static int
unknown(struct ssh_transport *t, uint32_t seq, struct buf *out)
{
	uint8_t msg[5] = {SSH_MSG_UNIMPLEMENTED};
	int r;

	/* RFC 4253 section 7.1 allows it at any time. */
	be32_put(msg + 1, seq);
	r = packet_write(
	    &t->tx, &t->pool, out, SPAN(msg, sizeof(msg)), SPAN(NULL, 0));
	return r != 0 ? r : STATE_AGAIN;
}

/* For the layers above: only between key exchanges. */
static int
deliver(struct ssh_transport *t, uint8_t msg)
{
	if (state_first_kex(t))
		return fail_set(&t->fail, FAIL_PROTO,
		    "message %u before the first keys", msg);
	if (t->exchange != NULL && t->exchange->got_init)
		return fail_set(&t->fail, FAIL_PROTO,
		    "message %u within a key exchange", msg);
	return SSH_NEXT_PACKET;
}

/* Between strict peers nothing else passes before the first keys. */
static int
check_strict(struct ssh_transport *t, uint8_t msg)
{
	bool kex = (msg >= SSH_MSG_KEXINIT && msg <= SSH_MSG_NEWKEYS) ||
		   (msg >= SSH_MSG_KEX_FIRST && msg <= SSH_MSG_KEX_LAST);

	if (!state_first_kex(t) || !t->session.strict || kex ||
	    msg == SSH_MSG_DISCONNECT)
		return 0;
	return fail_set(
	    &t->fail, FAIL_PROTO, "message %u within strict key exchange", msg);
}

static int
dispatch(struct ssh_transport *t, const struct ssh_packet *pkt, struct buf *out)
{
	struct span all = SPAN(pkt->p, pkt->len);
	struct span body = SPAN(pkt->p + 1, pkt->len - 1);
	uint8_t msg = pkt->p[0];
	int r = check_strict(t, msg);

	if (r != 0)
		return r;
	switch (msg) {
	case 0:
		return fail_set(&t->fail, FAIL_PROTO, "message number 0");
	case SSH_MSG_DISCONNECT:
		return disconnected(t, body);
	case SSH_MSG_IGNORE:
	case SSH_MSG_UNIMPLEMENTED:
	case SSH_MSG_DEBUG:
		return STATE_AGAIN;
	case SSH_MSG_SERVICE_REQUEST:
	case SSH_MSG_SERVICE_ACCEPT:
		return deliver(t, msg);
	case SSH_MSG_EXT_INFO:
		r = deliver(t, msg);
		return r < 0 ? r : ext_info(t, body);
	case SSH_MSG_KEXINIT:
		return exchange_kexinit(t, all, out);
	case SSH_MSG_NEWKEYS:
		return exchange_newkeys(t, all);
	default:
		break;
	}
	if (msg > SSH_MSG_KEX_LAST)
		return deliver(t, msg);
	if (msg >= SSH_MSG_KEX_FIRST && t->exchange != NULL)
		return exchange_method(t, all, out);
	return unknown(t, pkt->seq, out);
}

static int
step(struct ssh_transport *t, struct buf *in, struct buf *out,
    struct ssh_packet *pkt)
{
	int r;

	if (t->phase == PHASE_VERSION) {
		r = version_read(&t->versions, t->role, in, &t->fail);
		if (r == 1)
			t->phase = PHASE_PACKETS;
		return r == 1 ? STATE_AGAIN : r;
	}
	r = packet_read(&t->rx, &t->reader, in, pkt, &t->fail);
	return r == 1 ? dispatch(t, pkt, out) : r;
}

int
ssh_transport_next(struct ssh_transport *t, struct buf *in, struct buf *out,
    struct ssh_packet *pkt)
{
	int r;

	if (t->fail.code != 0)
		return t->fail.code;
	if (t->phase == PHASE_NEW)
		return FAIL_STATE;
	do {
		if ((r = packet_drop(&t->reader, in)) != 0)
			break;
		if (t->phase == PHASE_GONE)
			return FAIL_CLOSED;
		if (t->exchange != NULL && t->exchange->wait != WAIT_PEER)
			return SSH_NEXT_MORE;
		r = step(t, in, out, pkt);
	} while (r == STATE_AGAIN);
	return r < 0 ? fail_set(&t->fail, r, "%s", fail_text(r)) : r;
}
