/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a transport and the calls of its owner: sending, asking for new
 * keys, saying goodbye, and what there is to know about it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/secret.h"

#include "ssh/transport/exchange.h"
#include "ssh/transport/version.h"

/* RFC 4253 section 9 asks for new keys long before the counter wraps. */
static const uint64_t packet_limit = UINT64_C(1) << 31;

enum { IGNORE_MAX = 4096, GOODBYE_MAX = 512 };

void
state_escape(char *dst, size_t size, struct span src)
{
	static const char hex[] = "0123456789abcdef";
	size_t at = 0;

	for (size_t i = 0; i < src.len; i++) {
		uint8_t c = src.p[i];
		bool plain = c >= 0x20 && c <= 0x7e;

		if (at + (plain ? 1 : 4) >= size)
			break;
		if (plain) {
			dst[at++] = (char)c;
			continue;
		}
		dst[at++] = '\\';
		dst[at++] = 'x';
		dst[at++] = hex[c >> 4];
		dst[at++] = hex[c & 15];
	}
	dst[at] = '\0';
}

static void
free_session(struct session *s)
{
	buf_fini(&s->hostkey);
	buf_fini(&s->sig_algs);
}

static void
destroy(struct ssh_transport *t)
{
	exchange_free(t);
	free_session(&t->session);
	buf_fini(&t->hostkeys);
	buf_fini(&t->queue);
	algs_fini(&t->algs);
	box_fini(&t->rx);
	box_fini(&t->tx);
	wipe(t, sizeof(*t));
	free(t);
}

void
ssh_transport_free(struct ssh_transport *t)
{
	if (t != NULL)
		destroy(t);
}

struct ssh_transport *
ssh_transport_new(const struct ssh_transport_opts *o)
{
	struct ssh_transport *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->role = o->role;
	t->rekey_bytes = o->rekey_bytes;
	t->rekey_packets = o->rekey_packets;
	buf_init_secret(&t->queue, STATE_QUEUE_MAX);
	buf_init(&t->hostkeys, 16 * STATE_HOSTKEY_MAX);
	buf_init(&t->session.hostkey, STATE_HOSTKEY_MAX);
	buf_init(&t->session.sig_algs, STATE_SIG_ALGS_MAX);
	if (!version_set(&t->versions, o->software) ||
	    algs_init(&t->algs, o) != 0 ||
	    buf_put(&t->hostkeys, o->hostkeys.p, o->hostkeys.len) != 0) {
		destroy(t);
		return NULL;
	}
	return t;
}

/* Every error ends the connection; the first one is kept. */
static int
latch(struct ssh_transport *t, int r)
{
	return r < 0 ? fail_set(&t->fail, r, "%s", fail_text(r)) : r;
}

int
ssh_transport_start(struct ssh_transport *t, struct buf *out)
{
	const char *line = t->versions.ours;
	int r;

	if (t->phase != PHASE_NEW)
		return FAIL_STATE;
	t->phase = PHASE_VERSION;
	if ((r = buf_put(out, line, strlen(line))) != 0 ||
	    (r = buf_put(out, "\r\n", 2)) != 0)
		return latch(t, r);
	return latch(t, exchange_start(t, out));
}

bool
ssh_transport_can_send(const struct ssh_transport *t)
{
	if (t->phase != PHASE_PACKETS || t->fail.code != 0)
		return false;
	return t->exchange == NULL || t->exchange->sent_newkeys;
}

bool
ssh_transport_awaits_kexinit(const struct ssh_transport *t)
{
	const struct exchange *x = t->exchange;

	return x != NULL && x->sent_init && !x->got_init;
}

int
ssh_transport_send2(struct ssh_transport *t, struct buf *out, struct span head,
    struct span tail)
{
	if (t->fail.code != 0)
		return t->fail.code;
	if (t->phase == PHASE_NEW)
		return FAIL_STATE;
	if (t->phase == PHASE_GONE)
		return FAIL_CLOSED;
	if (!ssh_transport_can_send(t))
		return exchange_queue(t, head, tail);
	return packet_write(&t->tx, &t->pool, out, head, tail);
}

int
ssh_transport_send(struct ssh_transport *t, struct buf *out,
    const uint8_t *payload, size_t len)
{
	return ssh_transport_send2(t, out, SPAN(NULL, 0), SPAN(payload, len));
}

int
ssh_transport_rekey(struct ssh_transport *t, struct buf *out)
{
	if (t->fail.code != 0)
		return t->fail.code;
	if (t->phase == PHASE_GONE)
		return FAIL_CLOSED;
	if (t->exchange != NULL)
		return 0;
	if (t->phase != PHASE_PACKETS)
		return FAIL_STATE;
	return latch(t, exchange_start(t, out));
}

static bool
worn(const struct ssh_transport *t, const struct box *b)
{
	uint64_t bytes =
	    t->rekey_bytes != 0 ? t->rekey_bytes : box_byte_limit(b);
	uint64_t packets =
	    t->rekey_packets != 0 && t->rekey_packets < packet_limit
		? t->rekey_packets
		: packet_limit;

	return b->bytes >= bytes || b->packets >= packets;
}

bool
ssh_transport_wants_rekey(const struct ssh_transport *t)
{
	return t->phase == PHASE_PACKETS && t->exchange == NULL &&
	       t->fail.code == 0 && (worn(t, &t->rx) || worn(t, &t->tx));
}

int
ssh_transport_disconnect(
    struct ssh_transport *t, struct buf *out, uint32_t reason, const char *text)
{
	size_t len = strlen(text);
	struct buf b;
	int r;

	if (t->phase == PHASE_NEW)
		return FAIL_STATE;
	if (t->phase == PHASE_GONE || t->said_goodbye)
		return 0;
	t->said_goodbye = true;
	t->phase = PHASE_GONE;
	if (len > GOODBYE_MAX)
		len = GOODBYE_MAX;
	buf_init(&b, 2 * GOODBYE_MAX);
	if ((r = buf_put_u8(&b, SSH_MSG_DISCONNECT)) == 0 &&
	    (r = buf_put_u32(&b, reason)) == 0 &&
	    (r = buf_put_string(&b, text, len)) == 0 &&
	    (r = buf_put_cstring(&b, "")) == 0)
		r = packet_write(
		    &t->tx, &t->pool, out, buf_span(&b), SPAN(NULL, 0));
	buf_fini(&b);
	return r;
}

int
ssh_transport_ignore(struct ssh_transport *t, struct buf *out, size_t n)
{
	uint8_t bytes[IGNORE_MAX];
	uint8_t head[5] = {SSH_MSG_IGNORE};

	/* Not worth holding back. */
	if (!ssh_transport_can_send(t))
		return t->fail.code;
	if (n > sizeof(bytes))
		return FAIL_RANGE;
	be32_put(head + 1, (uint32_t)n);
	random_bytes(bytes, n);
	return packet_write(
	    &t->tx, &t->pool, out, SPAN(head, sizeof(head)), SPAN(bytes, n));
}

int
ssh_transport_unimplemented(
    struct ssh_transport *t, struct buf *out, uint32_t seq)
{
	uint8_t msg[5] = {SSH_MSG_UNIMPLEMENTED};

	be32_put(msg + 1, seq);
	return ssh_transport_send(t, out, msg, sizeof(msg));
}

const char *
ssh_transport_goodbye(const struct ssh_transport *t)
{
	return t->words;
}

const char *
ssh_transport_sign_request(const struct ssh_transport *t, struct span *hash)
{
	const struct exchange *x = t->exchange;

	if (x == NULL || x->wait != WAIT_SIGN) {
		*hash = SPAN(NULL, 0);
		return "";
	}
	*hash = SPAN(x->hash, x->hash_len);
	return x->choice.hostkey;
}

struct span
ssh_transport_sign_key(const struct ssh_transport *t)
{
	const struct exchange *x = t->exchange;

	if (x == NULL || x->wait != WAIT_SIGN)
		return SPAN(NULL, 0);
	return buf_span(&x->hostkey);
}

int
ssh_transport_signed(struct ssh_transport *t, struct buf *out, struct span sig)
{
	if (t->fail.code != 0)
		return t->fail.code;
	if (t->phase == PHASE_GONE)
		return FAIL_CLOSED;
	if (t->exchange == NULL || t->exchange->wait != WAIT_SIGN)
		return FAIL_STATE;
	return latch(t, exchange_server_signed(t, sig, out));
}

struct span
ssh_transport_hostkey(const struct ssh_transport *t)
{
	const struct exchange *x = t->exchange;

	if (x != NULL && x->wait == WAIT_HOSTKEY)
		return buf_span(&x->hostkey);
	return buf_span(&t->session.hostkey);
}

int
ssh_transport_hostkey_accept(struct ssh_transport *t, struct buf *out)
{
	if (t->fail.code != 0)
		return t->fail.code;
	if (t->phase == PHASE_GONE)
		return FAIL_CLOSED;
	if (t->exchange == NULL || t->exchange->wait != WAIT_HOSTKEY)
		return FAIL_STATE;
	return latch(t, exchange_client_accepted(t, out));
}

struct span
ssh_transport_session_id(const struct ssh_transport *t)
{
	return SPAN(t->session.id, t->session.id_len);
}

const char *
ssh_transport_peer(const struct ssh_transport *t)
{
	return t->versions.shown;
}

const char *
ssh_transport_server_sig_algs(const struct ssh_transport *t)
{
	const struct buf *b = &t->session.sig_algs;

	return buf_len(b) > 0 ? (const char *)buf_head(b) : "";
}

const char *
ssh_transport_algs_text(const struct ssh_transport *t)
{
	return t->session.algs;
}

uint32_t
ssh_transport_kex_count(const struct ssh_transport *t)
{
	return t->session.kex_count;
}

const struct fail *
ssh_transport_fail(const struct ssh_transport *t)
{
	return &t->fail;
}
