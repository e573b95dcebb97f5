/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fixed parts of RCD1 as bytes: file header, its TLVs, chunk header, the
 * trailer's summary.  Checks what can be checked without context; order and
 * hashes are the chain's business.
 */
#include <string.h>

#include "base/fail.h"
#include "base/hash.h"

#include "recorder/rcd.h"

enum { VERSION = 1, AEAD_GCM = 1, COMP_ZSTD = 1, HASH_SHA256 = 1, SIG_ED = 1 };

static const uint8_t file_magic[4] = {'R', 'C', 'D', '1'};
static const uint8_t chunk_magic[4] = {'R', 'C', 'K', '1'};

void
rcd_header_encode(uint8_t p[RCD_HEADER_FIXED], const struct rcd_header *h)
{
	memset(p, 0, RCD_HEADER_FIXED);
	memcpy(p, file_magic, 4);
	le16_put(p + 4, VERSION);
	le16_put(p + 6, h->len);
	memcpy(p + 8, h->rec_id, RCD_ID_LEN);
	le64_put(p + 24, h->start_unix_us);
	le64_put(p + 32, h->start_boot_us);
	le32_put(p + 40, h->protocol);
	le32_put(p + 44, h->flags);
	p[48] = AEAD_GCM;
	p[49] = COMP_ZSTD;
	p[50] = HASH_SHA256;
	p[51] = SIG_ED;
	le16_put(p + 52, h->gop_s);
	le16_put(p + 54, h->prefix_kib);
	le32_put(p + 56, h->max_chunk);
	le32_put(p + 60, h->node_key_id);
	memcpy(p + 64, h->node_key, RCD_KEY_LEN);
	memcpy(p + 96, h->key_commit, RCD_HASH_LEN);
	memcpy(p + 128, h->dek_id, RCD_ID_LEN);
	le64_put(p + 144, h->node_seq);
	memcpy(p + 152, h->salt, RCD_SALT_LEN);
}

int
rcd_header_len(const uint8_t p[8], size_t *len)
{
	size_t n = le16_get(p + 6);

	if (memcmp(p, file_magic, 4) != 0)
		return FAIL_FORMAT;
	if (le16_get(p + 4) != VERSION)
		return FAIL_UNSUPPORTED;
	if (n < RCD_HEADER_FIXED || n > RCD_HEADER_MAX || n % 8 != 0)
		return FAIL_FORMAT;
	*len = n;
	return 0;
}

/* Every TLV lies within, and what follows the end mark is zero. */
static int
tlvs_check(struct span s)
{
	size_t i;

	while (s.len >= 4 && le16_get(s.p) != RCD_TLV_END) {
		size_t n = le16_get(s.p + 2);

		if (n > s.len - 4)
			return FAIL_FORMAT;
		s = SPAN(s.p + 4 + n, s.len - 4 - n);
	}
	for (i = 0; i < s.len; i++)
		if (s.p[i] != 0)
			return FAIL_FORMAT;
	return 0;
}

int
rcd_header_decode(struct span s, struct rcd_header *h)
{
	const uint8_t *p = s.p;
	size_t len;
	int r;

	memset(h, 0, sizeof(*h));
	if (s.len < RCD_HEADER_FIXED)
		return FAIL_TRUNCATED;
	if ((r = rcd_header_len(p, &len)) != 0)
		return r;
	if (s.len < len)
		return FAIL_TRUNCATED;
	if (p[48] != AEAD_GCM || p[49] != COMP_ZSTD || p[50] != HASH_SHA256 ||
	    p[51] != SIG_ED)
		return FAIL_UNSUPPORTED;
	h->len = (uint16_t)len;
	memcpy(h->rec_id, p + 8, RCD_ID_LEN);
	h->start_unix_us = le64_get(p + 24);
	h->start_boot_us = le64_get(p + 32);
	h->protocol = le32_get(p + 40);
	h->flags = le32_get(p + 44);
	h->gop_s = le16_get(p + 52);
	h->prefix_kib = le16_get(p + 54);
	h->max_chunk = le32_get(p + 56);
	h->node_key_id = le32_get(p + 60);
	memcpy(h->node_key, p + 64, RCD_KEY_LEN);
	memcpy(h->key_commit, p + 96, RCD_HASH_LEN);
	memcpy(h->dek_id, p + 128, RCD_ID_LEN);
	h->node_seq = le64_get(p + 144);
	memcpy(h->salt, p + 152, RCD_SALT_LEN);
	h->tlvs = SPAN(p + RCD_HEADER_FIXED, len - RCD_HEADER_FIXED);
	if (h->max_chunk < 256 || h->max_chunk > RCD_CHUNK_RAW_MAX ||
	    h->prefix_kib * 1024 != RCD_PREFIX_LEN || le64_get(p + 168) != 0)
		return FAIL_FORMAT;
	return tlvs_check(h->tlvs);
}

int
rcd_header_tlv(
    const struct rcd_header *h, enum rcd_tlv type, struct span *value)
{
	struct span s = h->tlvs;

	while (s.len >= 4 && le16_get(s.p) != RCD_TLV_END) {
		size_t n = le16_get(s.p + 2);

		if (n > s.len - 4)
			return FAIL_FORMAT;
		if (le16_get(s.p) == type) {
			*value = SPAN(s.p + 4, n);
			return 0;
		}
		s = SPAN(s.p + 4 + n, s.len - 4 - n);
	}
	return FAIL_NOTFOUND;
}

void
rcd_chunk_encode(uint8_t p[RCD_CHUNK_HEADER], const struct rcd_chunk *c)
{
	memcpy(p, chunk_magic, 4);
	p[4] = c->type;
	p[5] = c->flags;
	le16_put(p + 6, c->epoch);
	le64_put(p + 8, c->seq);
	le64_put(p + 16, c->t_us);
	le32_put(p + 24, c->span_us);
	le32_put(p + 28, c->raw_len);
	le32_put(p + 32, c->body_len);
	le32_put(p + 36, crc32c(0, p, 36));
}

bool
rcd_chunk_magic(const uint8_t p[RCD_CHUNK_HEADER])
{
	return memcmp(p, chunk_magic, 4) == 0;
}

int
rcd_chunk_decode(const uint8_t p[RCD_CHUNK_HEADER], struct rcd_chunk *c)
{
	memset(c, 0, sizeof(*c));
	if (!rcd_chunk_magic(p) || le32_get(p + 36) != crc32c(0, p, 36))
		return FAIL_FORMAT;
	c->type = p[4];
	c->flags = p[5];
	c->epoch = le16_get(p + 6);
	c->seq = le64_get(p + 8);
	c->t_us = le64_get(p + 16);
	c->span_us = le32_get(p + 24);
	c->raw_len = le32_get(p + 28);
	c->body_len = le32_get(p + 32);
	if (c->raw_len > RCD_CHUNK_RAW_MAX ||
	    c->body_len > RCD_CHUNK_RAW_MAX + RCD_ANCHOR_LEN + RCD_TAG_LEN)
		return FAIL_FORMAT;
	return 0;
}

size_t
rcd_chunk_size(const struct rcd_chunk *c)
{
	return (size_t)RCD_CHUNK_HEADER + c->body_len + RCD_LINK_LEN;
}

void
rcd_summary_encode(uint8_t p[RCD_SUMMARY_LEN], const struct rcd_summary *s)
{
	le64_put(p, s->chunks);
	le64_put(p + 8, s->raw_a);
	le64_put(p + 16, s->raw_b);
	le64_put(p + 24, s->duration_us);
	le64_put(p + 32, s->index_off);
	le64_put(p + 40, s->end_unix_us);
	le32_put(p + 48, s->why);
	le32_put(p + 52, s->flags);
}

void
rcd_summary_decode(const uint8_t p[RCD_SUMMARY_LEN], struct rcd_summary *s)
{
	s->chunks = le64_get(p);
	s->raw_a = le64_get(p + 8);
	s->raw_b = le64_get(p + 16);
	s->duration_us = le64_get(p + 24);
	s->index_off = le64_get(p + 32);
	s->end_unix_us = le64_get(p + 40);
	s->why = le32_get(p + 48);
	s->flags = le32_get(p + 52);
}
