/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_TRANSPORT_BOX_H
#define GATEWAY_SSH_TRANSPORT_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/cdefs.h"

/*
 * One direction's cipher and MAC with their keys: seals and opens binary
 * packets (RFC 4253 section 6) in memory.
 *
 *	p[0 .. 4)		packet length (len)
 *	p[4 .. 4 + len)		padding length, payload, padding
 *	p[4 + len .. + tag)	tag or MAC
 *
 * A backend (struct box_ops) is one way of protecting this: none, AES-GCM,
 * chacha20-poly1305, or a cipher in CTR or CBC mode with HMAC.
 */

enum {
	BOX_KEY_MAX = 64,
	BOX_IV_MAX = 16,
	BOX_MAC_MAX = 64,
	BOX_BLOCK_MAX = 16,
	BOX_LEN = 4,	 /* the packet length itself */
	BOX_PAD_MIN = 4, /* RFC 4253 section 6 */
	BOX_PAD_MAX = 255,
};

/* Rows of cipher_tbl.h and mac_tbl.h. */
struct box_cipher {
	const char *name;
	const char *evp;
	size_t key_len, iv_len, block;
	bool cbc;
	const struct box_ops *ops;
};

struct box_mac {
	const char *name;
	const char *digest;
	size_t len;
	bool etm;
};

/* NULL when there is no such row. */
const struct box_cipher *box_cipher_find(struct span name);
const struct box_mac *box_mac_find(struct span name);
/* Authenticates by itself: the negotiated MAC is not used. */
bool box_cipher_aead(const struct box_cipher *c);

struct box_keys {
	uint8_t key[BOX_KEY_MAX];
	uint8_t iv[BOX_IV_MAX];
	uint8_t mac[BOX_MAC_MAX];
};

struct box {
	const struct box_cipher *cipher; /* NULL: nothing is protected yet */
	const struct box_mac *mac;	 /* NULL: none, or AEAD */
	bool seals;			 /* else it opens */
	EVP_CIPHER_CTX *ctx;
	EVP_CIPHER_CTX *len_ctx; /* chacha20-poly1305: of the length */
	EVP_MAC_CTX *mac_ctx;
	struct box_keys keys; /* for another process; iv is kept current */
	uint32_t seq;	      /* of the next packet */
	uint64_t packets;     /* since these keys */
	uint64_t bytes;
};

/*
 * A packet to be sealed at p: front bytes at the start of what is encrypted
 * and the back ones lie in place already, mid ones are elsewhere.  front and
 * mid_len are multiples of the cipher's block, so that no byte is held back.
 */
struct box_parts {
	uint8_t *p;
	uint32_t len;
	size_t front;
	const uint8_t *mid;
	size_t mid_len;
};

struct box_ops {
	bool aead;
	int (*init)(struct box *b);
	/* Read the length from the first box_peek() bytes of a packet. */
	int (*length)(struct box *b, uint8_t *p, uint32_t *len);
	/* Check, then decrypt in place.  FAIL_MAC. */
	int (*open)(struct box *b, uint8_t *p, uint32_t len);
	int (*seal)(struct box *b, const struct box_parts *parts);
	/* The current IV; NULL when keys.iv always is. */
	int (*save)(const struct box *b, uint8_t iv[BOX_IV_MAX]);
};

extern const struct box_ops box_none;
extern const struct box_ops box_gcm;
extern const struct box_ops box_chapoly;
extern const struct box_ops box_stream;

/*
 * A box without keys needs no init but zero.  cipher and mac must outlive it;
 * keys is only read.  The counters start at 0 and seq at seq.  On failure
 * there is nothing to release.
 */
int box_init(struct box *b, const struct box_cipher *cipher,
    const struct box_mac *mac, const struct box_keys *keys,
    bool seals) MUST_USE;
/* Releases and wipes; leaves a box without keys. */
void box_fini(struct box *b);

const struct box_ops *box_ops(const struct box *b);
/* Bytes that must be there before the length can be read. */
size_t box_peek(const struct box *b);
/* Bytes of tag or MAC behind a packet. */
size_t box_tag(const struct box *b);
size_t box_block(const struct box *b);
/* Bytes of the packet in front that are not part of what blocks are made of. */
size_t box_skip(const struct box *b);
/* CBC whose length is encrypted: errors are to look alike (CVE-2008-5161). */
bool box_hides_errors(const struct box *b);
/* Bytes after which new keys should be asked for (RFC 4344 section 3.2). */
uint64_t box_byte_limit(const struct box *b);

/* Encrypt front, mid and back as one stream; shared by the backends. */
int box_encrypt_parts(struct box *b, const struct box_parts *parts) MUST_USE;

#endif /* GATEWAY_SSH_TRANSPORT_BOX_H */
