/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives one transport with hostile packets.  For the encrypted phase a
 * handshake is made once; each input gets both ends from its exported state, so
 * that the other end can seal any payload.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cdefs.h"

#include "ssh/transport/packet.h"
#include "ssh/transport/sshkey.h"

#include "transport_driver.h"

enum { IO_MAX = 1024 * 1024 };

struct side {
	struct ssh_transport *t;
	struct buf in, out;
};

static struct {
	EVP_PKEY *key;
	struct buf blobs;
	struct buf state[2]; /* after a handshake, by role */
} shared;

static struct ssh_transport_opts
opts(enum ssh_role role, bool legacy)
{
	return (struct ssh_transport_opts){
	    .role = role,
	    .algs = legacy ? &ssh_algs_legacy : NULL,
	    .software = "fuzz",
	    .hostkeys = buf_span(&shared.blobs),
	    .rekey_packets = 5,
	};
}

static void
side_init(struct side *s)
{
	*s = (struct side){0};
	buf_init(&s->in, IO_MAX);
	buf_init(&s->out, IO_MAX);
}

static void
side_fini(struct side *s)
{
	ssh_transport_free(s->t);
	buf_fini(&s->in);
	buf_fini(&s->out);
}

static int
answer(struct side *s, int r)
{
	struct span hash;
	const char *alg;
	struct buf sig;

	if (r == SSH_NEXT_HOSTKEY)
		return ssh_transport_hostkey_accept(s->t, &s->out);
	if (r != SSH_NEXT_SIGN)
		return r;
	alg = ssh_transport_sign_request(s->t, &hash);
	buf_init(&sig, 1024);
	MUST(sshkey_sign(shared.key, alg, hash, &sig) == 0);
	r = ssh_transport_signed(s->t, &s->out, buf_span(&sig));
	buf_fini(&sig);
	return r;
}

/* All events of what is there; false when the connection is over. */
static bool
take(struct side *s)
{
	struct ssh_packet pkt;
	int r;

	do {
		r = ssh_transport_next(s->t, &s->in, &s->out, &pkt);
		if (r == SSH_NEXT_PACKET)
			pkt.p[pkt.len - 1] ^= pkt.p[0];
		if (r == SSH_NEXT_SIGN || r == SSH_NEXT_HOSTKEY) {
			if ((r = answer(s, r)) == 0)
				r = SSH_NEXT_KEYS;
		}
	} while (r > 0 && r != SSH_NEXT_DISCONNECT);
	return r == 0;
}

static void
pass(struct buf *from, struct buf *to)
{
	MUST(buf_put(to, buf_head(from), buf_len(from)) == 0);
	buf_reset(from);
}

/* One handshake for all inputs. */
static void
share(void)
{
	struct side side[2];
	struct buf blob;

	shared.key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	buf_init(&blob, 256);
	buf_init(&shared.blobs, 256);
	MUST(sshkey_public_blob(shared.key, &blob) == 0);
	MUST(buf_put_string(&shared.blobs, blob.data, buf_len(&blob)) == 0);
	buf_fini(&blob);
	for (int i = 0; i < 2; i++) {
		struct ssh_transport_opts o = opts((enum ssh_role)i, false);

		side_init(&side[i]);
		side[i].t = ssh_transport_new(&o);
		MUST(side[i].t != NULL);
		MUST(ssh_transport_start(side[i].t, &side[i].out) == 0);
	}
	while (ssh_transport_kex_count(side[0].t) == 0 ||
	       ssh_transport_kex_count(side[1].t) == 0) {
		pass(&side[0].out, &side[1].in);
		MUST(take(&side[1]));
		pass(&side[1].out, &side[0].in);
		MUST(take(&side[0]));
	}
	for (int i = 0; i < 2; i++) {
		buf_init_secret(&shared.state[i], 16384);
		MUST(ssh_transport_export(side[i].t, &shared.state[i]) == 0);
		side_fini(&side[i]);
	}
}

static void
import(struct side *s, enum ssh_role role, bool legacy)
{
	struct ssh_transport_opts o = opts(role, legacy);

	MUST(ssh_transport_import(
		 &s->t, &o, buf_span(&shared.state[role]), NULL) == 0);
}

/* Through another transport, if its state allows. */
static void
move(struct side *s, enum ssh_role role, bool legacy)
{
	struct ssh_transport_opts o = opts(role, legacy);
	struct ssh_transport *next;
	struct buf state;

	buf_init_secret(&state, 16384);
	if (ssh_transport_export(s->t, &state) == 0) {
		MUST(ssh_transport_import(&next, &o, buf_span(&state), NULL) ==
		     0);
		ssh_transport_free(s->t);
		s->t = next;
	}
	buf_fini(&state);
}

/* The bytes of one step, as the target would receive them. */
static int
encode(uint8_t op, struct span body, struct side *peer, struct buf *wire)
{
	static struct packet_pool pool;
	static struct box clear;

	if (op == DRIVER_RAW)
		return buf_put(wire, body.p, body.len);
	if (body.len == 0)
		return 0;
	if (peer->t != NULL)
		return ssh_transport_send(peer->t, wire, body.p, body.len);
	clear = (struct box){0};
	return packet_write(&clear, &pool, wire, body, SPAN(NULL, 0));
}

static bool
feed(struct side *target, struct buf *wire, bool bytes)
{
	while (buf_len(wire) > 0) {
		size_t n = bytes ? 1 : buf_len(wire);

		if (buf_put(&target->in, buf_head(wire), n) != 0)
			return false;
		buf_consume(wire, n);
		if (!take(target))
			return false;
	}
	return true;
}

static bool
step(struct side *target, struct side *peer, uint8_t op, struct span body,
    bool bytes)
{
	struct buf wire;
	bool ok;

	if (op == DRIVER_REKEY)
		return ssh_transport_rekey(target->t, &target->out) == 0;
	if (op == DRIVER_SEND)
		return ssh_transport_send(
			   target->t, &target->out, body.p, body.len) == 0 &&
		       ssh_transport_ignore(target->t, &target->out, 9) == 0;
	buf_init(&wire, IO_MAX);
	ok = encode(op, body, peer, &wire) == 0 && feed(target, &wire, bytes);
	buf_fini(&wire);
	return ok;
}

void
transport_driver(enum ssh_role role, const uint8_t *data, size_t size)
{
	struct span s = SPAN(data, size);
	struct side target, peer;
	struct span body;
	uint8_t flags, op;
	uint16_t len;
	bool legacy;

	if (shared.key == NULL)
		share();
	if (span_u8(&s, &flags) != 0)
		return;
	legacy = (flags & DRIVER_LEGACY) != 0;
	side_init(&target);
	side_init(&peer);
	if ((flags & DRIVER_KEYED) != 0) {
		import(&target, role, legacy);
		import(&peer,
		    role == SSH_ROLE_SERVER ? SSH_ROLE_CLIENT : SSH_ROLE_SERVER,
		    legacy);
	} else {
		struct ssh_transport_opts o = opts(role, legacy);

		target.t = ssh_transport_new(&o);
		MUST(target.t != NULL);
		MUST(ssh_transport_start(target.t, &target.out) == 0);
	}
	while (span_u8(&s, &op) == 0 && span_u16(&s, &len) == 0) {
		body = SPAN(s.p, len < s.len ? len : s.len);
		s.p += body.len;
		s.len -= body.len;
		if ((flags & DRIVER_MOVE) != 0)
			move(&target, role, legacy);
		if (!step(&target, &peer, op % DRIVER_OPCODES, body,
			(flags & DRIVER_BYTES) != 0))
			break;
		(void)ssh_transport_wants_rekey(target.t);
	}
	MUST(ssh_transport_disconnect(target.t, &target.out, 2, "bye") <= 0);
	side_fini(&target);
	side_fini(&peer);
}
