/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes keys for a keyring with OpenSSL, and uses the node's signing key.
 */
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/hash.h"

#include "vault/dek.h"
#include "vault/envelope.h"
#include "vault/keygen.h"

static const struct {
	const char *name;
	const char *type;
	const char *curve;
	size_t bits;
} hostkeys[] = {
#define KEYGEN(name, type, curve, bits) {name, type, curve, bits},
#include "vault/keygen_tbl.h"
#undef KEYGEN
};

enum { NODE_ID_LEN = 4 };

/* Unencrypted PKCS#8.  Gives *der. */
static int
pkcs8_of(const EVP_PKEY *key, struct secret **der)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	unsigned char *p = NULL;
	int len, r = FAIL_CRYPTO;

	*der = NULL;
	if (info == NULL)
		return FAIL_CRYPTO;
	len = i2d_PKCS8_PRIV_KEY_INFO(info, &p);
	if (len > 0) {
		*der = secret_from(p, (size_t)len);
		r = *der == NULL ? FAIL_NOMEM : 0;
		OPENSSL_clear_free(p, (size_t)len);
	}
	PKCS8_PRIV_KEY_INFO_free(info);
	return r;
}

static EVP_PKEY *
generate(size_t i)
{
	if (hostkeys[i].bits != 0)
		return EVP_PKEY_Q_keygen(
		    NULL, NULL, hostkeys[i].type, hostkeys[i].bits);
	if (hostkeys[i].curve != NULL)
		return EVP_PKEY_Q_keygen(
		    NULL, NULL, hostkeys[i].type, hostkeys[i].curve);
	return EVP_PKEY_Q_keygen(NULL, NULL, hostkeys[i].type);
}

int
keygen_hostkey(struct keyring *k, const char *name, struct fail *f)
{
	struct secret *der;
	EVP_PKEY *key;
	size_t i;
	int r;

	for (i = 0; i < ARRAY_LEN(hostkeys); i++)
		if (strcmp(hostkeys[i].name, name) == 0)
			break;
	if (i == ARRAY_LEN(hostkeys))
		return fail_set(
		    f, FAIL_UNSUPPORTED, "no host key type %s", name);
	if ((key = generate(i)) == NULL)
		return fail_set(f, FAIL_CRYPTO, "cannot make a %s key", name);
	if ((r = pkcs8_of(key, &der)) == 0)
		r = keyring_add(k, KEYRING_HOSTKEY, name, der);
	EVP_PKEY_free(key);
	return r != 0 ? fail_set(f, r, "cannot keep a %s key", name) : 0;
}

int
keygen_node(struct keyring *k, struct fail *f)
{
	struct secret *key = secret_random(NODE_ID_LEN + ED25519_KEY_LEN);
	uint8_t pub[ED25519_KEY_LEN], digest[SHA256_LEN];
	struct span part = SPAN(pub, sizeof(pub));
	int r;

	if (key == NULL)
		return fail_set(f, FAIL_NOMEM, "no memory for a node key");
	if ((r = ed25519_public(pub, secret_fill(key) + NODE_ID_LEN)) != 0 ||
	    (r = sha256(digest, &part, 1)) != 0) {
		secret_free(key);
		return fail_set(f, r, "cannot make the node's key");
	}
	/* 0 means "no key" where a key id is stored. */
	if (be32_get(digest) == 0)
		digest[3] = 1;
	memcpy(secret_fill(key), digest, NODE_ID_LEN);
	r = keyring_add(k, KEYRING_NODE, KEYGEN_NODE, key);
	return r != 0 ? fail_set(f, r, "cannot keep the node's key") : 0;
}

int
keygen_kek(
    struct keyring *k, enum keyring_kind kind, const char *name, struct fail *f)
{
	struct secret *key = secret_random(AEAD_KEY_LEN);
	int r = key == NULL ? FAIL_NOMEM : keyring_add(k, kind, name, key);

	return r != 0 ? fail_set(f, r, "cannot keep the key %s", name) : 0;
}

int
keygen_all(struct keyring *k, struct fail *f)
{
	size_t i;
	int r;

	if ((r = keygen_kek(k, KEYRING_KEK, ENVELOPE_KEK, f)) != 0 ||
	    (r = keygen_kek(k, KEYRING_REC_KEK, DEK_KEK, f)) != 0 ||
	    (r = keygen_node(k, f)) != 0)
		return r;
	for (i = 0; i < ARRAY_LEN(hostkeys); i++)
		if ((r = keygen_hostkey(k, hostkeys[i].name, f)) != 0)
			return r;
	return 0;
}

int
keygen_node_get(const struct keyring *k, struct keygen_node *n)
{
	const struct keyring_entry *e =
	    keyring_current(k, KEYRING_NODE, KEYGEN_NODE);
	const uint8_t *p;

	if (e == NULL)
		return FAIL_NOTFOUND;
	p = secret_show(e->key).p;
	n->id = be32_get(p);
	return ed25519_public(n->pub, p + NODE_ID_LEN);
}

int
keygen_node_sign(
    const struct keyring *k, uint8_t sig[ED25519_SIG_LEN], struct span msg)
{
	const struct keyring_entry *e =
	    keyring_current(k, KEYRING_NODE, KEYGEN_NODE);

	if (e == NULL)
		return FAIL_NOTFOUND;
	return ed25519_sign(sig, secret_show(e->key).p + NODE_ID_LEN, msg);
}
