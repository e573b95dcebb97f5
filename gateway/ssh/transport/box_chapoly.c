/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chacha20-poly1305@openssh.com (OpenSSH's PROTOCOL.chacha20poly1305): the
 * second half of the key encrypts the length, the first the rest; the nonce is
 * the sequence number.  Block 0 of the key stream keys Poly1305, which covers
 * the encrypted length too.
 */
#include <string.h>

#include "base/fail.h"
#include "base/secret.h"

#include "ssh/transport/box.h"
#include "ssh/transport/evp.h"

enum {
	CP_KEY = 32,
	CP_BLOCK = 64,
	CP_TAG = 16,
	CP_IV = 16, /* counter and nonce */
};

static const uint8_t zeros[CP_BLOCK];

static int
cp_init(struct box *b)
{
	const EVP_CIPHER *cipher = evp_cipher(b->cipher->evp);
	EVP_MAC *mac = evp_mac("POLY1305");
	static const uint8_t iv[CP_IV];

	if (cipher == NULL || mac == NULL)
		return FAIL_CRYPTO;
	b->ctx = EVP_CIPHER_CTX_new();
	b->len_ctx = EVP_CIPHER_CTX_new();
	b->mac_ctx = EVP_MAC_CTX_new(mac);
	if (b->ctx == NULL || b->len_ctx == NULL || b->mac_ctx == NULL)
		return FAIL_NOMEM;
	/* A stream cipher: both directions encrypt. */
	if (EVP_CipherInit_ex2(b->ctx, cipher, b->keys.key, iv, 1, NULL) != 1 ||
	    EVP_CipherInit_ex2(
		b->len_ctx, cipher, b->keys.key + CP_KEY, iv, 1, NULL) != 1)
		return FAIL_CRYPTO;
	return 0;
}

static int
cp_nonce(EVP_CIPHER_CTX *ctx, uint32_t seq)
{
	uint8_t iv[CP_IV] = {0};

	be32_put(iv + CP_IV - 4, seq);
	return EVP_CipherInit_ex2(ctx, NULL, NULL, iv, -1, NULL) == 1
		   ? 0
		   : FAIL_CRYPTO;
}

static int
cp_crypt_length(struct box *b, const uint8_t *p, uint8_t out[BOX_LEN])
{
	int n;

	if (cp_nonce(b->len_ctx, b->seq) != 0 ||
	    EVP_CipherUpdate(b->len_ctx, out, &n, p, BOX_LEN) != 1)
		return FAIL_CRYPTO;
	return 0;
}

/* Leaves ctx at block 1 of the key stream, and Poly1305 keyed. */
static int
cp_begin(struct box *b)
{
	uint8_t block[CP_BLOCK];
	int r = FAIL_CRYPTO;
	int n;

	if (cp_nonce(b->ctx, b->seq) == 0 &&
	    EVP_CipherUpdate(b->ctx, block, &n, zeros, CP_BLOCK) == 1 &&
	    EVP_MAC_init(b->mac_ctx, block, CP_KEY, NULL) == 1)
		r = 0;
	wipe(block, sizeof(block));
	return r;
}

static int
cp_tag(struct box *b, const uint8_t *p, uint32_t len, uint8_t tag[CP_TAG])
{
	size_t n;

	if (EVP_MAC_update(b->mac_ctx, p, BOX_LEN + (size_t)len) != 1 ||
	    EVP_MAC_final(b->mac_ctx, tag, &n, CP_TAG) != 1 || n != CP_TAG)
		return FAIL_CRYPTO;
	return 0;
}

static int
cp_length(struct box *b, uint8_t *p, uint32_t *len)
{
	uint8_t plain[BOX_LEN];
	int r = cp_crypt_length(b, p, plain);

	if (r == 0)
		*len = be32_get(plain);
	return r;
}

static int
cp_open(struct box *b, uint8_t *p, uint32_t len)
{
	uint8_t *data = p + BOX_LEN;
	uint8_t tag[CP_TAG];
	int n, r;

	if ((r = cp_begin(b)) != 0 || (r = cp_tag(b, p, len, tag)) != 0)
		return r;
	if (secret_cmp(tag, data + len, CP_TAG) != 0)
		return FAIL_MAC;
	if (EVP_CipherUpdate(b->ctx, data, &n, data, (int)len) != 1)
		return FAIL_CRYPTO;
	return 0;
}

static int
cp_seal(struct box *b, const struct box_parts *parts)
{
	uint8_t *p = parts->p;
	int r;

	if ((r = cp_crypt_length(b, p, p)) != 0 || (r = cp_begin(b)) != 0 ||
	    (r = box_encrypt_parts(b, parts)) != 0)
		return r;
	return cp_tag(b, p, parts->len, p + BOX_LEN + parts->len);
}

const struct box_ops box_chapoly = {
    .aead = true,
    .init = cp_init,
    .length = cp_length,
    .open = cp_open,
    .seal = cp_seal,
};
