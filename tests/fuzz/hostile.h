/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_HOSTILE_H
#define TESTS_FUZZ_HOSTILE_H

#include <openssl/evp.h>

#include "base/buf.h"
#include "ssh/transport/transport.h"

/*
 * The far end of a connection under attack: a transport that does its key
 * exchanges as it should, so that what it says is sealed with the right keys,
 * but that says whatever an input wants, at any moment.  Programs that link it
 * pass the linker --wrap=packet_write.
 */

struct hostile {
	struct ssh_transport *t;
	struct buf in, out;
	struct buf before; /* payloads, as SSH strings, for the next packet */
	struct buf how;	   /* the next packet is altered: see below */
	bool told;	   /* something went out that no peer would send */
	bool intruded;	   /* and it had no place in a key exchange */
	bool early;	   /* it said NEWKEYS of its own will */
	/* What it hears is shown to this, if there is one. */
	void (*hears)(const struct hostile *h, struct span payload);
};

/*
 * The first byte says how a packet of its own is altered; a place is two bytes,
 * modulo the length.
 */
enum hostile_how {
	HOSTILE_DROP,
	HOSTILE_TWICE,
	HOSTILE_XOR,	/* a place, bytes */
	HOSTILE_CUT,	/* a place */
	HOSTILE_APPEND, /* bytes */
	HOSTILE_NUMBER, /* one byte */
	HOSTILE_OTHER,	/* bytes, in its stead */
	HOSTILE_INSERT, /* a place, bytes */
	HOSTILE_HOWS
};

/* Which algorithms an input chose. */
struct hostile_taste {
	uint8_t kex, cipher, mac, hostkey;
};

void hostile_fini(struct hostile *h);
/* Takes t, which may be NULL: then it only speaks in the clear. */
void hostile_init(struct hostile *h, struct ssh_transport *t);

/* The keys that servers sign with, made once; SSH strings of their blobs. */
struct span hostile_blobs(void);
/* One of each kind: the client's order would decide among several. */
struct ssh_algs hostile_algs(const struct hostile_taste *taste);
/* Sign as the one of the keys would that alg is for; FAIL_*, if none is. */
int hostile_sign(struct span alg, struct span data, struct buf *sig);
/* Answer SSH_NEXT_SIGN or SSH_NEXT_HOSTKEY of any transport as one should. */
int hostile_answer(struct ssh_transport *t, struct buf *out);

/* Say this before, or change, what it says next by itself. */
void hostile_before(struct hostile *h, struct span payload);
void hostile_alter(struct hostile *h, struct span how);
/* Say this now, even within a key exchange. */
void hostile_say(struct hostile *h, struct span payload);
/* Take at most n events of what is in; false when it wants no more. */
bool hostile_take(struct hostile *h, unsigned n);

#endif /* TESTS_FUZZ_HOSTILE_H */
