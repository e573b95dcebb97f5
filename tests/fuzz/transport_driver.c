/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives one transport with a hostile peer that has its keys.  For the
 * encrypted phase a handshake is made once; each input gets both ends from its
 * exported state.
 */
#include <stdbool.h>
#include <string.h>

#include "base/cdefs.h"

#include "ssh/transport/state.h"

#include "hostile.h"
#include "transport_driver.h"

enum { IO_MAX = 1024 * 1024, ALL = 255 };

struct drive {
	enum ssh_role role;
	uint8_t flags;
	struct hostile_taste taste;
	struct ssh_transport *t;
	struct buf in, out;
	struct hostile peer;
	bool due; /* a signature or a verdict */
};

/* After a handshake, by role. */
static struct buf shared[2];

static enum ssh_role
other(enum ssh_role role)
{
	return role == SSH_ROLE_SERVER ? SSH_ROLE_CLIENT : SSH_ROLE_SERVER;
}

static struct ssh_transport_opts
opts(enum ssh_role role, uint8_t flags)
{
	return (struct ssh_transport_opts){
	    .role = role,
	    .algs = (flags & DRIVER_LEGACY) != 0 ? &ssh_algs_legacy : NULL,
	    .software = "fuzz",
	    .hostkeys = hostile_blobs(),
	    .rekey_packets = 5,
	};
}

static struct ssh_transport *
make(const struct ssh_transport_opts *o)
{
	struct ssh_transport *t = ssh_transport_new(o);

	MUST(t != NULL);
	return t;
}

static void
pass(struct buf *from, struct buf *to)
{
	IGNORE(buf_put(to, buf_head(from), buf_len(from)));
	buf_reset(from);
}

/* One handshake for all inputs. */
static void
share(void)
{
	struct hostile side[2];

	for (int i = 0; i < 2; i++) {
		struct ssh_transport_opts o = opts((enum ssh_role)i, 0);

		hostile_init(&side[i], NULL);
		side[i].t = make(&o);
		MUST(ssh_transport_start(side[i].t, &side[i].out) == 0);
	}
	while (ssh_transport_kex_count(side[0].t) == 0 ||
	       ssh_transport_kex_count(side[1].t) == 0) {
		pass(&side[0].out, &side[1].in);
		MUST(hostile_take(&side[1], ALL));
		pass(&side[1].out, &side[0].in);
		MUST(hostile_take(&side[0], ALL));
	}
	for (int i = 0; i < 2; i++) {
		buf_init_secret(&shared[i], 16384);
		MUST(ssh_transport_export(side[i].t, &shared[i]) == 0);
		hostile_fini(&side[i]);
	}
}

static struct ssh_transport *
import(const struct ssh_transport_opts *o, const struct buf *state)
{
	struct ssh_transport *t;

	MUST(ssh_transport_import(&t, o, buf_span(state), NULL) == 0);
	return t;
}

/* Through another transport, if its state allows. */
static void
move(struct drive *d)
{
	struct ssh_transport_opts o = opts(d->role, d->flags);
	struct ssh_transport *next;
	struct buf state;

	buf_init_secret(&state, 16384);
	if (ssh_transport_export(d->t, &state) == 0) {
		next = import(&o, &state);
		ssh_transport_free(d->t);
		d->t = next;
	}
	buf_fini(&state);
}

/* What is above a transport may see packets only where it is ready for them. */
static void
check_packet(const struct drive *d, const struct ssh_packet *pkt)
{
	uint8_t msg = pkt->p[0];

	MUST(pkt->len > 0 && ssh_transport_kex_count(d->t) > 0);
	MUST(msg == SSH_MSG_SERVICE_REQUEST || msg == SSH_MSG_SERVICE_ACCEPT ||
	     msg > SSH_MSG_KEX_LAST);
	MUST(d->t->exchange == NULL || !d->t->exchange->got_init);
	/* It is writable. */
	pkt->p[pkt->len - 1] ^= msg;
}

/* All events of what is there; false when the connection is over. */
static bool
take(struct drive *d)
{
	struct ssh_packet pkt;
	int r;

	do {
		r = ssh_transport_next(d->t, &d->in, &d->out, &pkt);
		if (r == SSH_NEXT_PACKET)
			check_packet(d, &pkt);
		if (r != SSH_NEXT_SIGN && r != SSH_NEXT_HOSTKEY)
			continue;
		MUST((r == SSH_NEXT_SIGN) == (d->role == SSH_ROLE_SERVER));
		d->due = true;
		if ((d->flags & DRIVER_LATE) != 0)
			return true;
		d->due = false;
		r = hostile_answer(d->t, &d->out) == 0 ? SSH_NEXT_KEYS : -1;
	} while (r > 0 && r != SSH_NEXT_DISCONNECT);
	return r == 0;
}

static bool
feed(struct drive *d, struct buf *wire)
{
	bool bytes = (d->flags & DRIVER_BYTES) != 0;

	while (buf_len(wire) > 0) {
		size_t n = bytes ? 1 : buf_len(wire);

		if (buf_put(&d->in, buf_head(wire), n) != 0)
			return false;
		buf_consume(wire, n);
		if (!take(d))
			return false;
	}
	return true;
}

static void
peer_start(struct drive *d)
{
	if (d->peer.t != NULL && d->peer.t->phase == PHASE_NEW)
		IGNORE(ssh_transport_start(d->peer.t, &d->peer.out));
}

static bool
talk(struct drive *d, unsigned n)
{
	peer_start(d);
	pass(&d->out, &d->peer.in);
	IGNORE(hostile_take(&d->peer, n));
	return feed(d, &d->peer.out);
}

static bool
step(struct drive *d, uint8_t op, struct span body)
{
	switch (op) {
	case DRIVER_PACKET:
		hostile_say(&d->peer, body);
		return feed(d, &d->peer.out);
	case DRIVER_RAW:
		d->peer.told = true;
		IGNORE(buf_put(&d->peer.out, body.p, body.len));
		return feed(d, &d->peer.out);
	case DRIVER_REKEY:
		return ssh_transport_rekey(d->t, &d->out) == 0;
	case DRIVER_SEND:
		return ssh_transport_send(d->t, &d->out, body.p, body.len) ==
			   0 &&
		       ssh_transport_ignore(d->t, &d->out, 9) == 0;
	case DRIVER_TALK:
		return talk(d, body.len > 0 ? body.p[0] : ALL);
	case DRIVER_BEFORE:
		hostile_before(&d->peer, body);
		return true;
	case DRIVER_ALTER:
		hostile_alter(&d->peer, body);
		return true;
	case DRIVER_PEER_REKEY:
		if (d->peer.t != NULL)
			IGNORE(ssh_transport_rekey(d->peer.t, &d->peer.out));
		return feed(d, &d->peer.out);
	default:
		if (!d->due)
			return true;
		d->due = false;
		return hostile_answer(d->t, &d->out) == 0 && take(d);
	}
}

/* What came of it: Terrapin, and two ends that agree. */
static void
check_end(const struct drive *d)
{
	struct span ours = ssh_transport_session_id(d->t), theirs;

	if (ssh_transport_kex_count(d->t) == 0 || d->peer.t == NULL)
		return;
	if ((d->flags & DRIVER_KEYED) == 0)
		MUST(!d->t->session.strict || !d->peer.intruded);
	if (d->peer.told || ssh_transport_kex_count(d->peer.t) == 0)
		return;
	theirs = ssh_transport_session_id(d->peer.t);
	MUST(ours.len == theirs.len && memcmp(ours.p, theirs.p, ours.len) == 0);
}

static void
begin(struct drive *d)
{
	struct ssh_transport_opts o = opts(d->role, d->flags);
	struct ssh_transport_opts po = opts(other(d->role), 0);
	const struct ssh_algs algs = hostile_algs(&d->taste);

	buf_init(&d->in, IO_MAX);
	buf_init(&d->out, IO_MAX);
	hostile_init(&d->peer, NULL);
	if ((d->flags & DRIVER_TASTE) != 0)
		po.algs = &algs;
	if ((d->flags & DRIVER_KEYED) != 0) {
		d->t = import(&o, &shared[d->role]);
		d->peer.t = import(&po, &shared[po.role]);
		return;
	}
	d->t = make(&o);
	MUST(ssh_transport_start(d->t, &d->out) == 0);
	if ((d->flags & DRIVER_PEER) != 0)
		d->peer.t = make(&po);
}

void
transport_driver(enum ssh_role role, const uint8_t *data, size_t size)
{
	struct span s = SPAN(data, size), body;
	struct drive d = {.role = role};
	uint16_t len;
	uint8_t op;

	if (buf_len(&shared[0]) == 0)
		share();
	if (span_u8(&s, &d.flags) != 0)
		return;
	if ((d.flags & DRIVER_TASTE) != 0 &&
	    (span_u8(&s, &d.taste.kex) != 0 ||
		span_u8(&s, &d.taste.cipher) != 0 ||
		span_u8(&s, &d.taste.mac) != 0 ||
		span_u8(&s, &d.taste.hostkey) != 0))
		return;
	begin(&d);
	while (span_u8(&s, &op) == 0 && span_u16(&s, &len) == 0) {
		body = SPAN(s.p, len < s.len ? len : s.len);
		s.p += body.len;
		s.len -= body.len;
		if ((d.flags & DRIVER_MOVE) != 0)
			move(&d);
		if (!step(&d, op % DRIVER_OPCODES, body))
			break;
		(void)ssh_transport_wants_rekey(d.t);
	}
	check_end(&d);
	MUST(ssh_transport_disconnect(d.t, &d.out, 2, "bye") <= 0);
	ssh_transport_free(d.t);
	hostile_fini(&d.peer);
	buf_fini(&d.in);
	buf_fini(&d.out);
}
