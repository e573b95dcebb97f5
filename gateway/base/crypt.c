/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-256-GCM and Ed25519 by OpenSSL EVP.  One cipher context is used again
 * and again with other keys; nothing of a key stays in it after a call fails.
 */
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "base/crypt.h"
#include "base/fail.h"
#include "base/secret.h"

struct aead {
	EVP_CIPHER_CTX *ctx;
};

static pthread_once_t gcm_once = PTHREAD_ONCE_INIT;
static EVP_CIPHER *gcm;

static void
gcm_fetch(void)
{
	gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
}

void
aead_free(struct aead *a)
{
	if (a == NULL)
		return;
	EVP_CIPHER_CTX_free(a->ctx);
	free(a);
}

struct aead *
aead_new(void)
{
	struct aead *a = calloc(1, sizeof(*a));

	(void)pthread_once(&gcm_once, gcm_fetch);
	if (a == NULL || gcm == NULL ||
	    (a->ctx = EVP_CIPHER_CTX_new()) == NULL) {
		free(a);
		return NULL;
	}
	return a;
}

static int
aead_start(struct aead *a, int enc, const uint8_t *key, const uint8_t *nonce,
    const struct span *aad, size_t n_aad)
{
	size_t i;
	int n;

	if (EVP_CipherInit_ex(a->ctx, gcm, NULL, key, nonce, enc) != 1)
		return FAIL_CRYPTO;
	for (i = 0; i < n_aad; i++) {
		if (aad[i].len > INT_MAX)
			return FAIL_RANGE;
		if (aad[i].len > 0 && EVP_CipherUpdate(a->ctx, NULL, &n,
					  aad[i].p, (int)aad[i].len) != 1)
			return FAIL_CRYPTO;
	}
	return 0;
}

static int
aead_body(struct aead *a, struct span in, uint8_t *out)
{
	int n = 0;

	if (in.len > INT_MAX - 64)
		return FAIL_RANGE;
	if (in.len == 0)
		return 0;
	if (EVP_CipherUpdate(a->ctx, out, &n, in.p, (int)in.len) != 1 ||
	    (size_t)n != in.len)
		return FAIL_CRYPTO;
	return 0;
}

int
aead_seal(struct aead *a, const uint8_t key[AEAD_KEY_LEN],
    const uint8_t nonce[AEAD_NONCE_LEN], const struct span *aad, size_t n_aad,
    struct span in, uint8_t *out)
{
	uint8_t last[16];
	int n = 0, r;

	if ((r = aead_start(a, 1, key, nonce, aad, n_aad)) != 0 ||
	    (r = aead_body(a, in, out)) != 0)
		return r;
	if (EVP_CipherFinal_ex(a->ctx, last, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(
		a->ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_LEN, out + in.len) != 1)
		return FAIL_CRYPTO;
	return 0;
}

int
aead_open(struct aead *a, const uint8_t key[AEAD_KEY_LEN],
    const uint8_t nonce[AEAD_NONCE_LEN], const struct span *aad, size_t n_aad,
    struct span in, uint8_t *out)
{
	uint8_t last[16], tag[AEAD_TAG_LEN];
	size_t i;
	int n = 0, r;

	if (in.len < AEAD_TAG_LEN)
		return FAIL_FORMAT;
	in.len -= AEAD_TAG_LEN;
	for (i = 0; i < AEAD_TAG_LEN; i++)
		tag[i] = in.p[in.len + i];
	if ((r = aead_start(a, 0, key, nonce, aad, n_aad)) != 0 ||
	    (r = aead_body(a, in, out)) != 0)
		return r;
	if (EVP_CIPHER_CTX_ctrl(
		a->ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_LEN, tag) != 1)
		return FAIL_CRYPTO;
	if (EVP_CipherFinal_ex(a->ctx, last, &n) != 1) {
		/* What does not verify is not plaintext. */
		wipe(out, in.len);
		return FAIL_MAC;
	}
	return 0;
}

int
ed25519_public(
    uint8_t pub[ED25519_KEY_LEN], const uint8_t seed[ED25519_KEY_LEN])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(
	    EVP_PKEY_ED25519, NULL, seed, ED25519_KEY_LEN);
	size_t len = ED25519_KEY_LEN;
	int r = FAIL_CRYPTO;

	if (key != NULL && EVP_PKEY_get_raw_public_key(key, pub, &len) == 1)
		r = 0;
	EVP_PKEY_free(key);
	return r;
}

int
ed25519_sign(uint8_t sig[ED25519_SIG_LEN], const uint8_t seed[ED25519_KEY_LEN],
    struct span msg)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(
	    EVP_PKEY_ED25519, NULL, seed, ED25519_KEY_LEN);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = ED25519_SIG_LEN;
	int r = FAIL_CRYPTO;

	if (key != NULL && ctx != NULL &&
	    EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
	    EVP_DigestSign(ctx, sig, &len, msg.p, msg.len) == 1 &&
	    len == ED25519_SIG_LEN)
		r = 0;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return r;
}

int
ed25519_verify(const uint8_t pub[ED25519_KEY_LEN],
    const uint8_t sig[ED25519_SIG_LEN], struct span msg)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(
	    EVP_PKEY_ED25519, NULL, pub, ED25519_KEY_LEN);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int r = FAIL_SIGNATURE;

	if (ctx == NULL)
		r = FAIL_NOMEM;
	else if (key != NULL &&
		 EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
		 EVP_DigestVerify(ctx, sig, ED25519_SIG_LEN, msg.p, msg.len) ==
		     1)
		r = 0;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return r;
}
