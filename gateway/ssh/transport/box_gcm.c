/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-GCM (RFC 5647): the length is authenticated, not encrypted; the nonce is
 * four fixed bytes and a counter that goes up with each packet.
 */
#include "base/fail.h"

#include "ssh/transport/box.h"
#include "ssh/transport/evp.h"

enum { GCM_TAG = 16, GCM_FIXED = 4, GCM_IV = 12 };

static int
gcm_init(struct box *b)
{
	const EVP_CIPHER *cipher = evp_cipher(b->cipher->evp);

	b->ctx = EVP_CIPHER_CTX_new();
	if (b->ctx == NULL)
		return FAIL_NOMEM;
	if (cipher == NULL || EVP_CipherInit_ex2(b->ctx, cipher, b->keys.key,
				  b->keys.iv, b->seals ? 1 : 0, NULL) != 1)
		return FAIL_CRYPTO;
	return 0;
}

/* Start a packet: this nonce, and the length as associated data. */
static int
gcm_begin(struct box *b, const uint8_t *p)
{
	uint8_t *iv = b->keys.iv;
	int n;

	if (EVP_CipherInit_ex2(b->ctx, NULL, NULL, iv, -1, NULL) != 1 ||
	    EVP_CipherUpdate(b->ctx, NULL, &n, p, BOX_LEN) != 1)
		return FAIL_CRYPTO;
	/* Counted on at once, so that no error can make it be used again. */
	for (size_t i = GCM_IV; i-- > GCM_FIXED;) {
		if (++iv[i] != 0)
			break;
	}
	return 0;
}

static int
gcm_length(struct box *b, uint8_t *p, uint32_t *len)
{
	(void)b;
	*len = be32_get(p);
	return 0;
}

static int
gcm_open(struct box *b, uint8_t *p, uint32_t len)
{
	uint8_t *data = p + BOX_LEN;
	int r = gcm_begin(b, p);
	int n;

	if (r != 0)
		return r;
	if (EVP_CIPHER_CTX_ctrl(
		b->ctx, EVP_CTRL_AEAD_SET_TAG, GCM_TAG, data + len) != 1 ||
	    EVP_DecryptUpdate(b->ctx, data, &n, data, (int)len) != 1)
		return FAIL_CRYPTO;
	if (EVP_DecryptFinal_ex(b->ctx, data + len, &n) != 1)
		return FAIL_MAC;
	return 0;
}

static int
gcm_seal(struct box *b, const struct box_parts *parts)
{
	uint8_t *tag = parts->p + BOX_LEN + parts->len;
	int r = gcm_begin(b, parts->p);
	int n;

	if (r != 0 || (r = box_encrypt_parts(b, parts)) != 0)
		return r;
	if (EVP_EncryptFinal_ex(b->ctx, tag, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(b->ctx, EVP_CTRL_AEAD_GET_TAG, GCM_TAG, tag) !=
		1)
		return FAIL_CRYPTO;
	return 0;
}

const struct box_ops box_gcm = {
    .aead = true,
    .init = gcm_init,
    .length = gcm_length,
    .open = gcm_open,
    .seal = gcm_seal,
};
