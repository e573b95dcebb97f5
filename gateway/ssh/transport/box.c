/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all ways of protecting packets have in common: the tables of ciphers
 * and MACs, keys and counters, and the "none" backend of before the first
 * keys.
 */
#include <string.h>

#include "base/fail.h"
#include "base/secret.h"

#include "ssh/transport/box.h"

static const struct box_cipher ciphers[] = {
#define CIPHER(list, name, evp, key, iv, block, cbc, box)                      \
	{name, evp, key, iv, block, cbc, &box_##box},
#include "ssh/transport/cipher_tbl.h"
#undef CIPHER
};

static const struct box_mac macs[] = {
#define MAC(list, name, digest, len, etm) {name, digest, len, etm},
#include "ssh/transport/mac_tbl.h"
#undef MAC
};

/* 64 GiB for blocks of 16 bytes and for a stream, 1 GiB for 3DES. */
static const uint64_t byte_limit = UINT64_C(1) << 36;
static const uint64_t byte_limit_small = UINT64_C(1) << 30;

const struct box_cipher *
box_cipher_find(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(ciphers); i++) {
		if (span_eq(name, ciphers[i].name))
			return &ciphers[i];
	}
	return NULL;
}

const struct box_mac *
box_mac_find(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(macs); i++) {
		if (span_eq(name, macs[i].name))
			return &macs[i];
	}
	return NULL;
}

bool
box_cipher_aead(const struct box_cipher *c)
{
	return c->ops->aead;
}

int
box_init(struct box *b, const struct box_cipher *cipher,
    const struct box_mac *mac, const struct box_keys *keys, bool seals)
{
	int r;

	*b = (struct box){
	    .cipher = cipher,
	    .mac = cipher->ops->aead ? NULL : mac,
	    .seals = seals,
	    .keys = *keys,
	};
	r = cipher->ops->init(b);
	if (r != 0)
		box_fini(b);
	return r;
}

void
box_fini(struct box *b)
{
	EVP_CIPHER_CTX_free(b->ctx);
	EVP_CIPHER_CTX_free(b->len_ctx);
	EVP_MAC_CTX_free(b->mac_ctx);
	wipe(&b->keys, sizeof(b->keys));
	*b = (struct box){0};
}

const struct box_ops *
box_ops(const struct box *b)
{
	return b->cipher != NULL ? b->cipher->ops : &box_none;
}

static bool
hides_length(const struct box *b)
{
	return b->mac != NULL && !b->mac->etm;
}

size_t
box_block(const struct box *b)
{
	return b->cipher != NULL ? b->cipher->block : 8;
}

size_t
box_peek(const struct box *b)
{
	return hides_length(b) ? box_block(b) : BOX_LEN;
}

size_t
box_tag(const struct box *b)
{
	if (b->cipher == NULL)
		return 0;
	return b->mac != NULL ? b->mac->len : 16;
}

size_t
box_skip(const struct box *b)
{
	return b->cipher == NULL || hides_length(b) ? 0 : BOX_LEN;
}

bool
box_hides_errors(const struct box *b)
{
	return b->cipher != NULL && b->cipher->cbc && hides_length(b);
}

uint64_t
box_byte_limit(const struct box *b)
{
	if (b->cipher != NULL && b->cipher->cbc && b->cipher->block < 16)
		return byte_limit_small;
	return byte_limit;
}

int
box_encrypt_parts(struct box *b, const struct box_parts *parts)
{
	uint8_t *p = parts->p + box_skip(b);
	size_t all = BOX_LEN + parts->len - box_skip(b);
	size_t back = all - parts->front - parts->mid_len;
	int n;

	if (EVP_EncryptUpdate(b->ctx, p, &n, p, (int)parts->front) != 1)
		return FAIL_CRYPTO;
	p += parts->front;
	if (parts->mid_len > 0 && EVP_EncryptUpdate(b->ctx, p, &n, parts->mid,
				      (int)parts->mid_len) != 1)
		return FAIL_CRYPTO;
	p += parts->mid_len;
	if (back > 0 && EVP_EncryptUpdate(b->ctx, p, &n, p, (int)back) != 1)
		return FAIL_CRYPTO;
	return 0;
}

static int
none_init(struct box *b)
{
	(void)b;
	return 0;
}

static int
none_length(struct box *b, uint8_t *p, uint32_t *len)
{
	(void)b;
	*len = be32_get(p);
	return 0;
}

static int
none_open(struct box *b, uint8_t *p, uint32_t len)
{
	(void)b;
	(void)p;
	(void)len;
	return 0;
}

static int
none_seal(struct box *b, const struct box_parts *parts)
{
	(void)b;
	if (parts->mid_len > 0)
		memcpy(parts->p + parts->front, parts->mid, parts->mid_len);
	return 0;
}

const struct box_ops box_none = {
    .aead = true,
    .init = none_init,
    .length = none_length,
    .open = none_open,
    .seal = none_seal,
};
