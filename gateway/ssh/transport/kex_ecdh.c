/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elliptic-curve Diffie-Hellman: X25519 (RFC 8731) and the NIST curves
 * (RFC 5656).
 */
#include <string.h>

#include <openssl/ec.h>

#include "base/fail.h"
#include "base/secret.h"

#include "ssh/transport/kex.h"

enum { ECDH_RAW_MAX = 66, ECDH_POINT_MAX = 1 + 2 * 66 };

static bool
is_x25519(const char *curve)
{
	return strcmp(curve, "X25519") == 0;
}

int
kex_ecdh_make(EVP_PKEY **own, const char *curve, struct buf *public)
{
	uint8_t *point = NULL;
	size_t len;
	int r;

	if (is_x25519(curve))
		*own = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	else
		*own = EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve);
	if (*own == NULL)
		return FAIL_CRYPTO;
	len = EVP_PKEY_get1_encoded_public_key(*own, &point);
	if (len == 0)
		return FAIL_CRYPTO;
	r = buf_put(public, point, len);
	OPENSSL_free(point);
	return r;
}

/* The peer's key, on the curve of own; NULL when it is not one. */
static EVP_PKEY *
peer_key(EVP_PKEY *own, struct span peer)
{
	bool nist = EVP_PKEY_is_a(own, "EC");
	EVP_PKEY *pkey;
	EVP_PKEY_CTX *ctx;
	int ok;

	if (peer.len == 0 || peer.len > ECDH_POINT_MAX)
		return NULL;
	if (!nist)
		return EVP_PKEY_new_raw_public_key_ex(
		    NULL, "X25519", NULL, peer.p, peer.len);
	if (peer.p[0] != POINT_CONVERSION_UNCOMPRESSED ||
	    (pkey = EVP_PKEY_new()) == NULL)
		return NULL;
	ok = EVP_PKEY_copy_parameters(pkey, own) == 1 &&
	     EVP_PKEY_set1_encoded_public_key(pkey, peer.p, peer.len) == 1;
	/* On the curve and not infinity; the cofactor is 1. */
	if (ok) {
		ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
		ok = ctx != NULL && EVP_PKEY_public_check_quick(ctx) == 1;
		EVP_PKEY_CTX_free(ctx);
	}
	if (!ok) {
		EVP_PKEY_free(pkey);
		pkey = NULL;
	}
	return pkey;
}

int
kex_ecdh_derive(EVP_PKEY *own, struct span peer, uint8_t *raw, size_t *len)
{
	EVP_PKEY *pkey = peer_key(own, peer);
	EVP_PKEY_CTX *ctx;
	uint8_t any = 0;
	int r = FAIL_PROTO;

	if (pkey == NULL)
		return FAIL_PROTO;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
	if (ctx == NULL)
		r = FAIL_NOMEM;
	else if (EVP_PKEY_derive_init(ctx) == 1 &&
		 EVP_PKEY_derive_set_peer_ex(ctx, pkey, 0) == 1 &&
		 EVP_PKEY_derive(ctx, raw, len) == 1)
		r = 0;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	/* A point of small order gives zero (RFC 7748 section 6.1). */
	for (size_t i = 0; r == 0 && i < *len; i++)
		any |= raw[i];
	return r == 0 && any == 0 ? FAIL_PROTO : r;
}

static int
ecdh_offer(struct kex *k, struct buf *offer)
{
	return kex_ecdh_make(&k->own, k->method->param, offer);
}

static int
ecdh_finish(struct kex *k, struct span answer, struct buf *secret)
{
	uint8_t raw[ECDH_RAW_MAX];
	size_t len = sizeof(raw);
	int r = kex_ecdh_derive(k->own, answer, raw, &len);

	if (r == 0)
		r = buf_put_mpint(secret, raw, len);
	wipe(raw, sizeof(raw));
	return r;
}

static int
ecdh_answer(
    struct kex *k, struct span offer, struct buf *answer, struct buf *secret)
{
	int r = ecdh_offer(k, answer);

	return r != 0 ? r : ecdh_finish(k, offer, secret);
}

const struct kex_ops kex_ecdh = {
    .offer = ecdh_offer,
    .answer = ecdh_answer,
    .finish = ecdh_finish,
};
