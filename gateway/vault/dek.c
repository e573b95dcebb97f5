/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recording data keys wrapped under a versioned key with the recording and the
 * key's own id as associated data.
 */
#include <string.h>

#include "base/crypt.h"
#include "base/hash.h"

#include "vault/dek.h"

enum {
	WRAP_VERSION = 1,
	AT_KEK = 1,
	AT_ID = AT_KEK + 4,
	AT_NONCE = AT_ID + UUID_LEN,
	AT_SEALED = AT_NONCE + AEAD_NONCE_LEN,
	SEALED_LEN = DEK_LEN + AEAD_TAG_LEN,
};

_Static_assert(AT_SEALED + SEALED_LEN == DEK_WRAPPED_LEN, "layout");
_Static_assert((int)DEK_LEN == (int)AEAD_KEY_LEN, "a data key is an AES key");

int
dek_wrap(const struct keyring *k, const uint8_t rec_id[UUID_LEN],
    const uint8_t dek_id[UUID_LEN], const uint8_t dek[DEK_LEN],
    uint8_t wrapped[DEK_WRAPPED_LEN])
{
	const struct keyring_entry *kek;
	struct span aad[2] = {SPAN(rec_id, UUID_LEN), SPAN(dek_id, UUID_LEN)};
	struct aead *a;
	int r;

	if ((kek = keyring_current(k, KEYRING_REC_KEK, DEK_KEK)) == NULL)
		return FAIL_NOTFOUND;
	if ((a = aead_new()) == NULL)
		return FAIL_NOMEM;
	wrapped[0] = WRAP_VERSION;
	be32_put(wrapped + AT_KEK, kek->version);
	memcpy(wrapped + AT_ID, dek_id, UUID_LEN);
	random_bytes(wrapped + AT_NONCE, AEAD_NONCE_LEN);
	r = aead_seal(a, secret_show(kek->key).p, wrapped + AT_NONCE, aad, 2,
	    SPAN(dek, DEK_LEN), wrapped + AT_SEALED);
	aead_free(a);
	return r;
}

int
dek_unwrap(const struct keyring *k, const uint8_t rec_id[UUID_LEN],
    struct span wrapped, uint8_t dek_id[UUID_LEN], struct secret **dek)
{
	const struct keyring_entry *kek;
	const uint8_t *w = wrapped.p;
	struct span aad[2];
	struct secret *s;
	struct aead *a;
	uint32_t version;
	int r;

	*dek = NULL;
	if (wrapped.len != DEK_WRAPPED_LEN || w[0] != WRAP_VERSION ||
	    (version = be32_get(w + AT_KEK)) == 0)
		return FAIL_FORMAT;
	kek = keyring_find(k, KEYRING_REC_KEK, DEK_KEK, version);
	if (kek == NULL)
		return FAIL_NOTFOUND;
	aad[0] = SPAN(rec_id, UUID_LEN);
	aad[1] = SPAN(w + AT_ID, UUID_LEN);
	a = aead_new();
	s = secret_new(DEK_LEN);
	r = a == NULL || s == NULL
		? FAIL_NOMEM
		: aead_open(a, secret_show(kek->key).p, w + AT_NONCE, aad, 2,
		      SPAN(w + AT_SEALED, SEALED_LEN), secret_fill(s));
	aead_free(a);
	if (r != 0) {
		secret_free(s);
		return r;
	}
	if (dek_id != NULL)
		memcpy(dek_id, w + AT_ID, UUID_LEN);
	*dek = s;
	return 0;
}
