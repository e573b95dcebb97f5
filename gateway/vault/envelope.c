/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials sealed under a versioned key with the identity of their row as
 * associated data.
 */
#include <string.h>

#include "base/crypt.h"
#include "base/hash.h"

#include "vault/envelope.h"

enum {
	BLOB_VERSION = 1,
	AAD_LEN = 4 + UUID_LEN + 4 + 1,
};

static void
make_aad(uint8_t aad[AAD_LEN], const struct envelope_row *row)
{
	memcpy(aad, "SPV1", 4);
	memcpy(aad + 4, row->id, UUID_LEN);
	be32_put(aad + 4 + UUID_LEN, row->version);
	aad[AAD_LEN - 1] = row->kind;
}

int
envelope_seal(const struct keyring *k, const struct envelope_row *row,
    struct span plain, struct buf *out, uint32_t *kek_version)
{
	const struct keyring_entry *kek;
	size_t len = ENVELOPE_OVERHEAD + plain.len;
	uint8_t aad[AAD_LEN];
	struct span aad_span = SPAN(aad, sizeof(aad));
	struct aead *a;
	uint8_t *p;
	int r;

	if (plain.len > ENVELOPE_PLAIN_MAX)
		return FAIL_RANGE;
	if ((kek = keyring_current(k, KEYRING_KEK, ENVELOPE_KEK)) == NULL)
		return FAIL_NOTFOUND;
	if ((r = buf_reserve(out, len, &p)) != 0)
		return r;
	if ((a = aead_new()) == NULL)
		return FAIL_NOMEM;
	make_aad(aad, row);
	p[0] = BLOB_VERSION;
	be32_put(p + 1, kek->version);
	random_bytes(p + 5, AEAD_NONCE_LEN);
	r = aead_seal(a, secret_show(kek->key).p, p + 5, &aad_span, 1, plain,
	    p + 5 + AEAD_NONCE_LEN);
	aead_free(a);
	if (r != 0)
		return r;
	buf_commit(out, len);
	if (kek_version != NULL)
		*kek_version = kek->version;
	return 0;
}

int
envelope_open(const struct keyring *k, const struct envelope_row *row,
    struct span blob, struct secret **plain)
{
	const struct keyring_entry *kek;
	uint8_t aad[AAD_LEN];
	struct span aad_span = SPAN(aad, sizeof(aad));
	const uint8_t *nonce;
	struct secret *s;
	struct aead *a;
	uint32_t version;
	uint8_t blob_version;
	int r;

	*plain = NULL;
	if (blob.len < ENVELOPE_OVERHEAD ||
	    blob.len > ENVELOPE_OVERHEAD + ENVELOPE_PLAIN_MAX ||
	    span_u8(&blob, &blob_version) != 0 ||
	    blob_version != BLOB_VERSION || span_u32(&blob, &version) != 0 ||
	    version == 0 || span_take(&blob, AEAD_NONCE_LEN, &nonce) != 0)
		return FAIL_FORMAT;
	kek = keyring_find(k, KEYRING_KEK, ENVELOPE_KEK, version);
	if (kek == NULL)
		return FAIL_NOTFOUND;
	a = aead_new();
	s = secret_new(blob.len - AEAD_TAG_LEN);
	make_aad(aad, row);
	r = a == NULL || s == NULL
		? FAIL_NOMEM
		: aead_open(a, secret_show(kek->key).p, nonce, &aad_span, 1,
		      blob, secret_fill(s));
	aead_free(a);
	if (r != 0) {
		secret_free(s);
		return r;
	}
	*plain = s;
	return 0;
}
