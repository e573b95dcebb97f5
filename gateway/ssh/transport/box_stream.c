/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cipher in CTR or CBC mode, whose state runs on from packet to packet, with
 * an HMAC: over the ciphertext (etm, the length in the clear) or over the
 * plaintext (RFC 4253 section 6.4, the length encrypted).
 */
#include <string.h>

#include <openssl/core_names.h>

#include "base/fail.h"
#include "base/secret.h"

#include "ssh/transport/box.h"
#include "ssh/transport/evp.h"

static int
hmac_init(struct box *b)
{
	EVP_MAC *mac = evp_mac("HMAC");
	OSSL_PARAM params[2];
	char digest[16];

	if (mac == NULL || strlen(b->mac->digest) >= sizeof(digest))
		return FAIL_CRYPTO;
	memcpy(digest, b->mac->digest, strlen(b->mac->digest) + 1);
	params[0] =
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0);
	params[1] = OSSL_PARAM_construct_end();
	b->mac_ctx = EVP_MAC_CTX_new(mac);
	if (b->mac_ctx == NULL)
		return FAIL_NOMEM;
	if (EVP_MAC_init(b->mac_ctx, b->keys.mac, b->mac->len, params) != 1)
		return FAIL_CRYPTO;
	return 0;
}

static int
stream_init(struct box *b)
{
	const EVP_CIPHER *cipher = evp_cipher(b->cipher->evp);

	if (cipher == NULL || b->mac == NULL)
		return FAIL_CRYPTO;
	b->ctx = EVP_CIPHER_CTX_new();
	if (b->ctx == NULL)
		return FAIL_NOMEM;
	if (EVP_CipherInit_ex2(b->ctx, cipher, b->keys.key, b->keys.iv,
		b->seals ? 1 : 0, NULL) != 1 ||
	    EVP_CIPHER_CTX_set_padding(b->ctx, 0) != 1)
		return FAIL_CRYPTO;
	return hmac_init(b);
}

/* HMAC of the sequence number and up to three runs of bytes. */
static int
hmac(struct box *b, const struct span *runs, size_t n_runs,
    uint8_t tag[BOX_MAC_MAX])
{
	uint8_t seq[4];
	size_t n;

	be32_put(seq, b->seq);
	/* The key is still there from hmac_init(). */
	if (EVP_MAC_init(b->mac_ctx, NULL, 0, NULL) != 1 ||
	    EVP_MAC_update(b->mac_ctx, seq, sizeof(seq)) != 1)
		return FAIL_CRYPTO;
	for (size_t i = 0; i < n_runs; i++) {
		if (EVP_MAC_update(b->mac_ctx, runs[i].p, runs[i].len) != 1)
			return FAIL_CRYPTO;
	}
	if (EVP_MAC_final(b->mac_ctx, tag, &n, BOX_MAC_MAX) != 1 ||
	    n != b->mac->len)
		return FAIL_CRYPTO;
	return 0;
}

static int
stream_length(struct box *b, uint8_t *p, uint32_t *len)
{
	int n;

	/* Once a packet: the cipher's state moves on. */
	if (!b->mac->etm &&
	    EVP_CipherUpdate(b->ctx, p, &n, p, (int)b->cipher->block) != 1)
		return FAIL_CRYPTO;
	*len = be32_get(p);
	return 0;
}

static int
stream_open(struct box *b, uint8_t *p, uint32_t len)
{
	struct span packet = SPAN(p, BOX_LEN + (size_t)len);
	size_t done = b->mac->etm ? BOX_LEN : b->cipher->block;
	size_t rest = packet.len - done;
	uint8_t tag[BOX_MAC_MAX];
	int n, r;

	if (b->mac->etm) {
		if ((r = hmac(b, &packet, 1, tag)) != 0)
			return r;
		if (secret_cmp(tag, p + packet.len, b->mac->len) != 0)
			return FAIL_MAC;
	}
	if (rest > 0 &&
	    EVP_CipherUpdate(b->ctx, p + done, &n, p + done, (int)rest) != 1)
		return FAIL_CRYPTO;
	if (!b->mac->etm) {
		if ((r = hmac(b, &packet, 1, tag)) != 0)
			return r;
		if (secret_cmp(tag, p + packet.len, b->mac->len) != 0)
			return FAIL_MAC;
	}
	return 0;
}

static int
stream_seal(struct box *b, const struct box_parts *parts)
{
	size_t all = BOX_LEN + (size_t)parts->len;
	size_t front = box_skip(b) + parts->front;
	size_t back = front + parts->mid_len;
	struct span runs[3] = {
	    SPAN(parts->p, front),
	    SPAN(parts->mid, parts->mid_len),
	    SPAN(parts->p + back, all - back),
	};
	struct span sealed = SPAN(parts->p, all);
	uint8_t tag[BOX_MAC_MAX];
	int r;

	if (!b->mac->etm && (r = hmac(b, runs, ARRAY_LEN(runs), tag)) != 0)
		return r;
	if ((r = box_encrypt_parts(b, parts)) != 0)
		return r;
	if (b->mac->etm && (r = hmac(b, &sealed, 1, tag)) != 0)
		return r;
	memcpy(parts->p + all, tag, b->mac->len);
	return 0;
}

static int
stream_save(const struct box *b, uint8_t iv[BOX_IV_MAX])
{
	if (EVP_CIPHER_CTX_get_updated_iv(b->ctx, iv, b->cipher->iv_len) != 1)
		return FAIL_CRYPTO;
	return 0;
}

const struct box_ops box_stream = {
    .aead = false,
    .init = stream_init,
    .length = stream_length,
    .open = stream_open,
    .seal = stream_seal,
    .save = stream_save,
};
