/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mlkem768x25519-sha256: ML-KEM-768 and X25519 together, so that the secret
 * holds while either does (draft-ietf-sshm-mlkem-hybrid-kex).  ML-KEM is in
 * OpenSSL from 3.5 on, and looked for when the program runs.
 */
#include "base/fail.h"
#include "base/secret.h"

#include "ssh/transport/evp.h"
#include "ssh/transport/kex.h"

enum {
	KEM_PUBLIC = 1184,
	KEM_CIPHERTEXT = 1088,
	KEM_SECRET = 32,
	X_LEN = 32,
};

/* K = SHA-256(secret of the KEM | secret of X25519), as a string. */
static int
mlkem_combine(struct kex *k, const uint8_t kem[KEM_SECRET],
    const uint8_t x[X_LEN], struct buf *secret)
{
	struct span parts[2] = {SPAN(kem, KEM_SECRET), SPAN(x, X_LEN)};
	uint8_t hash[KEX_HASH_MAX];
	size_t len;
	int r = kex_hash(k->method, parts, ARRAY_LEN(parts), hash, &len);

	if (r == 0)
		r = buf_put_string(secret, hash, len);
	wipe(hash, sizeof(hash));
	return r;
}

static int
mlkem_offer(struct kex *k, struct buf *offer)
{
	uint8_t public[KEM_PUBLIC];
	size_t len = sizeof(public);
	int r;

	k->kem = EVP_PKEY_Q_keygen(NULL, NULL, "ML-KEM-768");
	if (k->kem == NULL ||
	    EVP_PKEY_get_raw_public_key(k->kem, public, &len) != 1 ||
	    len != sizeof(public))
		return FAIL_CRYPTO;
	if ((r = buf_put(offer, public, len)) != 0)
		return r;
	return kex_ecdh_make(&k->own, "X25519", offer);
}

/* A secret for the owner of this public key, and its ciphertext. */
static int
mlkem_encapsulate(const uint8_t *public, uint8_t ct[KEM_CIPHERTEXT],
    uint8_t secret[KEM_SECRET])
{
	size_t ct_len = KEM_CIPHERTEXT, len = KEM_SECRET;
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key_ex(
	    NULL, "ML-KEM-768", NULL, public, KEM_PUBLIC);
	EVP_PKEY_CTX *ctx;
	int r = FAIL_CRYPTO;

	/* OpenSSL checks the modulus (FIPS 203 section 7.2). */
	if (pkey == NULL)
		return FAIL_PROTO;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	if (ctx != NULL && EVP_PKEY_encapsulate_init(ctx, NULL) == 1 &&
	    EVP_PKEY_encapsulate(ctx, ct, &ct_len, secret, &len) == 1 &&
	    ct_len == KEM_CIPHERTEXT && len == KEM_SECRET)
		r = 0;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return r;
}

static int
mlkem_decapsulate(EVP_PKEY *pkey, const uint8_t ct[KEM_CIPHERTEXT],
    uint8_t secret[KEM_SECRET])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	size_t len = KEM_SECRET;
	int r = FAIL_CRYPTO;

	if (ctx != NULL && EVP_PKEY_decapsulate_init(ctx, NULL) == 1 &&
	    EVP_PKEY_decapsulate(ctx, secret, &len, ct, KEM_CIPHERTEXT) == 1 &&
	    len == KEM_SECRET)
		r = 0;
	EVP_PKEY_CTX_free(ctx);
	return r;
}

static int
mlkem_answer(
    struct kex *k, struct span offer, struct buf *answer, struct buf *secret)
{
	uint8_t ct[KEM_CIPHERTEXT], kem[KEM_SECRET], x[X_LEN];
	size_t len = sizeof(x);
	int r;

	if (offer.len != KEM_PUBLIC + X_LEN)
		return FAIL_PROTO;
	if ((r = mlkem_encapsulate(offer.p, ct, kem)) == 0 &&
	    (r = buf_put(answer, ct, sizeof(ct))) == 0 &&
	    (r = kex_ecdh_make(&k->own, "X25519", answer)) == 0 &&
	    (r = kex_ecdh_derive(
		 k->own, SPAN(offer.p + KEM_PUBLIC, X_LEN), x, &len)) == 0)
		r = mlkem_combine(k, kem, x, secret);
	wipe(kem, sizeof(kem));
	wipe(x, sizeof(x));
	return r;
}

static int
mlkem_finish(struct kex *k, struct span answer, struct buf *secret)
{
	uint8_t kem[KEM_SECRET], x[X_LEN];
	size_t len = sizeof(x);
	int r;

	if (answer.len != KEM_CIPHERTEXT + X_LEN)
		return FAIL_PROTO;
	if ((r = mlkem_decapsulate(k->kem, answer.p, kem)) == 0 &&
	    (r = kex_ecdh_derive(
		 k->own, SPAN(answer.p + KEM_CIPHERTEXT, X_LEN), x, &len)) == 0)
		r = mlkem_combine(k, kem, x, secret);
	wipe(kem, sizeof(kem));
	wipe(x, sizeof(x));
	return r;
}

const struct kex_ops kex_mlkem = {
    .available = evp_has_mlkem,
    .offer = mlkem_offer,
    .answer = mlkem_answer,
    .finish = mlkem_finish,
};
