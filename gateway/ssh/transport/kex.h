/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_TRANSPORT_KEX_H
#define GATEWAY_SSH_TRANSPORT_KEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/bn.h>
#include <openssl/evp.h>

#include "base/buf.h"
#include "base/cdefs.h"

#include "ssh/transport/box.h"

/*
 * Key agreement: the ephemeral keys of one key exchange and the shared secret.
 * The client makes an offer, the server answers it and then knows the secret,
 * the client knows it when it has the answer.  Packets are not seen here.
 */

enum {
	KEX_HASH_MAX = 64,
	KEX_PUBLIC_MAX = 2048, /* of one offer or answer */
	KEX_SECRET_MAX = 2048,
	KEX_GROUP_MIN = 2048, /* bits of a group that is agreed on */
	KEX_GROUP_MIN_LEGACY = 1024,
	KEX_GROUP_WISH = 3072,
	KEX_GROUP_MAX = 8192,
};

struct kex_ops;

/* A row of kex_tbl.h. */
struct kex_method {
	const char *name;
	const char *digest;
	const struct kex_ops *ops;
	const char *param;
};

struct kex {
	const struct kex_method *method;
	EVP_PKEY *own; /* ephemeral, classical */
	EVP_PKEY *kem; /* client: ephemeral, post-quantum */
	BIGNUM *p, *g; /* Diffie-Hellman */
};

/*
 * Values are bytes as the method defines them; those of Diffie-Hellman are
 * unsigned big-endian numbers.  What a peer sent is checked: FAIL_PROTO.
 */
struct kex_ops {
	bool numbers; /* values go into packets as mpint, else as string */
	bool group;   /* the method may agree on a group first */
	bool (*available)(void); /* NULL: always */
	int (*offer)(struct kex *k, struct buf *offer);
	/* secret: appended as it goes into the hash, length included. */
	int (*answer)(struct kex *k, struct span offer, struct buf *answer,
	    struct buf *secret);
	int (*finish)(struct kex *k, struct span answer, struct buf *secret);
};

extern const struct kex_ops kex_ecdh;
extern const struct kex_ops kex_dh;
extern const struct kex_ops kex_mlkem;

/* NULL when there is none by that name, or this OpenSSL cannot do it. */
const struct kex_method *kex_find(struct span name);

void kex_init(struct kex *k, const struct kex_method *method);
void kex_fini(struct kex *k);

/* Is the group to be agreed on first (RFC 4419)? */
bool kex_wants_group(const struct kex *k);
/* The smallest group that may be agreed on, in bits. */
unsigned kex_group_min(const struct kex *k);
/* Client: the group that the server sent, as unsigned numbers. */
int kex_dh_take_group(struct kex *k, struct span p, struct span g) MUST_USE;
/* Server: choose a group of n bits, if that can be; appends p and g, mpint. */
int kex_dh_give_group(struct kex *k, uint32_t min, uint32_t n, uint32_t max,
    struct buf *out) MUST_USE;

/* One X25519 or ECDH; shared by kex_mlkem.  secret: raw bytes. */
int kex_ecdh_make(
    EVP_PKEY **own, const char *curve, struct buf *public) MUST_USE;
int kex_ecdh_derive(
    EVP_PKEY *own, struct span peer, uint8_t *raw, size_t *len) MUST_USE;

/* Digest of the parts, one after the other. */
int kex_hash(const struct kex_method *m, const struct span *parts, size_t n,
    uint8_t hash[KEX_HASH_MAX], size_t *len) MUST_USE;

/*
 * Keys of one direction (RFC 4253 section 7.2): letter is 'A' for client to
 * server and 'B' for the other.  secret is the encoded K.
 */
int kex_derive(const struct kex_method *m, struct span secret, struct span hash,
    struct span session_id, char letter, struct box_keys *keys) MUST_USE;

#endif /* GATEWAY_SSH_TRANSPORT_KEX_H */
