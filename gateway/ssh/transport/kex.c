/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of key exchange methods, the exchange hash's digest, and the
 * derivation of keys from what was agreed (RFC 4253 section 7.2).
 */
#include <string.h>

#include "base/fail.h"
#include "base/secret.h"

#include "ssh/transport/evp.h"
#include "ssh/transport/kex.h"

static const struct kex_method methods[] = {
#define KEX(list, name, digest, backend, param)                                \
	{name, digest, &kex_##backend, param},
#include "ssh/transport/kex_tbl.h"
#undef KEX
};

const struct kex_method *
kex_find(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		const struct kex_ops *ops = methods[i].ops;

		if (!span_eq(name, methods[i].name))
			continue;
		if (ops->available != NULL && !ops->available())
			return NULL;
		return &methods[i];
	}
	return NULL;
}

void
kex_init(struct kex *k, const struct kex_method *method)
{
	*k = (struct kex){.method = method};
}

void
kex_fini(struct kex *k)
{
	EVP_PKEY_free(k->own);
	EVP_PKEY_free(k->kem);
	BN_free(k->p);
	BN_free(k->g);
	*k = (struct kex){0};
}

bool
kex_wants_group(const struct kex *k)
{
	return k->method->ops->group && k->method->param[0] == '\0';
}

unsigned
kex_group_min(const struct kex *k)
{
	return strcmp(k->method->digest, "SHA1") == 0 ? KEX_GROUP_MIN_LEGACY
						      : KEX_GROUP_MIN;
}

int
kex_hash(const struct kex_method *m, const struct span *parts, size_t n,
    uint8_t hash[KEX_HASH_MAX], size_t *len)
{
	const EVP_MD *md = evp_md(m->digest);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned size = 0;
	int ok;

	if (ctx == NULL)
		return FAIL_NOMEM;
	ok = md != NULL && EVP_DigestInit_ex2(ctx, md, NULL) == 1;
	for (size_t i = 0; ok && i < n; i++) {
		if (parts[i].len > 0)
			ok = EVP_DigestUpdate(ctx, parts[i].p, parts[i].len) ==
			     1;
	}
	ok = ok && EVP_DigestFinal_ex(ctx, hash, &size) == 1;
	EVP_MD_CTX_free(ctx);
	*len = size;
	return ok ? 0 : FAIL_CRYPTO;
}

/* len bytes of the stream K1 | K2 | ... */
static int
stretch(const struct kex_method *m, const struct span *base, size_t n_base,
    uint8_t *out, size_t len)
{
	uint8_t made[2 * KEX_HASH_MAX + BOX_KEY_MAX];
	struct span parts[3] = {base[0], base[1], SPAN(made, 0)};
	size_t have = 0, n;
	int r;

	if ((r = kex_hash(m, base, n_base, made, &have)) != 0)
		return r;
	while (have < len) {
		parts[2] = SPAN(made, have);
		r = kex_hash(m, parts, ARRAY_LEN(parts), made + have, &n);
		if (r != 0)
			break;
		have += n;
	}
	if (r == 0)
		memcpy(out, made, len);
	wipe(made, sizeof(made));
	return r;
}

int
kex_derive(const struct kex_method *m, struct span secret, struct span hash,
    struct span session_id, char letter, struct box_keys *keys)
{
	struct {
		uint8_t *out;
		size_t len;
	} want[3] = {
	    {keys->iv, sizeof(keys->iv)},
	    {keys->key, sizeof(keys->key)},
	    {keys->mac, sizeof(keys->mac)},
	};
	int r = 0;

	/* A and B are IVs, C and D keys, E and F MAC keys. */
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(want); i++) {
		uint8_t name = (uint8_t)((size_t)letter + 2 * i);
		struct span base[4] = {
		    secret, hash, SPAN(&name, 1), session_id};

		r = stretch(m, base, ARRAY_LEN(base), want[i].out, want[i].len);
	}
	return r;
}
