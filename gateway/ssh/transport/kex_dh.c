/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Diffie-Hellman over a prime field: the fixed groups (RFC 4253 section 8,
 * RFC 8268) and those agreed on first (RFC 4419), which are served from the
 * groups of RFC 3526.
 */
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <openssl/param_build.h>

#include "base/fail.h"
#include "base/secret.h"

#include "ssh/transport/kex.h"

enum {
	DH_BYTES_MAX = KEX_GROUP_MAX / 8,
	/* Twice what the largest group is worth, and more. */
	DH_EXPONENT_BITS = 512,
};

static BIGNUM *
known_prime(unsigned long bits)
{
	switch (bits) {
	case 1024:
		return BN_get_rfc2409_prime_1024(NULL);
	case 2048:
		return BN_get_rfc3526_prime_2048(NULL);
	case 4096:
		return BN_get_rfc3526_prime_4096(NULL);
	case 8192:
		return BN_get_rfc3526_prime_8192(NULL);
	default:
		return NULL;
	}
}

static int
use_known(struct kex *k, unsigned long bits)
{
	BN_free(k->p);
	BN_free(k->g);
	k->p = known_prime(bits);
	k->g = BN_new();
	if (k->p == NULL || k->g == NULL || BN_set_word(k->g, 2) != 1)
		return FAIL_CRYPTO;
	return 0;
}

/* 1 < v < p - 1. */
static bool
in_group(const struct kex *k, const BIGNUM *v)
{
	BIGNUM *top = BN_dup(k->p);
	bool ok = top != NULL && BN_sub_word(top, 1) == 1 &&
		  BN_cmp(v, BN_value_one()) > 0 && BN_cmp(v, top) < 0;

	BN_free(top);
	return ok;
}

int
kex_dh_take_group(struct kex *k, struct span p, struct span g)
{
	int bits;

	if (p.len > DH_BYTES_MAX + 1 || g.len > DH_BYTES_MAX + 1)
		return FAIL_PROTO;
	k->p = BN_bin2bn(p.p, (int)p.len, NULL);
	k->g = BN_bin2bn(g.p, (int)g.len, NULL);
	if (k->p == NULL || k->g == NULL)
		return FAIL_NOMEM;
	bits = BN_num_bits(k->p);
	if (bits < (int)kex_group_min(k) || bits > KEX_GROUP_MAX ||
	    !BN_is_odd(k->p) || !in_group(k, k->g))
		return FAIL_PROTO;
	return 0;
}

int
kex_dh_give_group(
    struct kex *k, uint32_t min, uint32_t n, uint32_t max, struct buf *out)
{
	static const uint32_t have[] = {2048, 4096, 8192};
	uint8_t num[DH_BYTES_MAX];
	uint32_t best = 0;
	int len, r;

	if (min > n || n > max)
		return FAIL_PROTO;
	/* The first that is large enough, else the largest allowed. */
	for (size_t i = 0; i < ARRAY_LEN(have); i++) {
		if (have[i] >= min && have[i] <= max && best < n)
			best = have[i];
	}
	if (best == 0)
		return FAIL_UNSUPPORTED;
	if ((r = use_known(k, best)) != 0)
		return r;
	len = BN_bn2bin(k->p, num);
	if ((r = buf_put_mpint(out, num, (size_t)len)) != 0)
		return r;
	len = BN_bn2bin(k->g, num);
	return buf_put_mpint(out, num, (size_t)len);
}

/* An OpenSSL key: the group, and pub when it is not NULL. */
static EVP_PKEY *
import_dh(const struct kex *k, const BIGNUM *pub)
{
	int kind = pub != NULL ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEY_PARAMETERS;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *pkey = NULL;
	int private = BN_num_bits(k->p) - 1;

	if (private > DH_EXPONENT_BITS)
	private = DH_EXPONENT_BITS;
	if (ctx != NULL && bld != NULL &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_FFC_P, k->p) == 1 &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_FFC_G, k->g) == 1 &&
	    OSSL_PARAM_BLD_push_int(
		bld, OSSL_PKEY_PARAM_DH_PRIV_LEN, private) == 1 &&
	    (pub == NULL ||
		OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PUB_KEY, pub) == 1))
		params = OSSL_PARAM_BLD_to_param(bld);
	if (params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, kind, params) != 1)
		pkey = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static int
make_own(struct kex *k)
{
	EVP_PKEY *group = import_dh(k, NULL);
	EVP_PKEY_CTX *ctx;
	int r = FAIL_CRYPTO;

	if (group == NULL)
		return FAIL_CRYPTO;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, group, NULL);
	if (ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 &&
	    EVP_PKEY_keygen(ctx, &k->own) == 1)
		r = 0;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(group);
	return r;
}

static int
dh_offer(struct kex *k, struct buf *offer)
{
	uint8_t num[DH_BYTES_MAX];
	BIGNUM *pub = NULL;
	int len, r;

	if (k->p == NULL &&
	    (r = use_known(k, strtoul(k->method->param, NULL, 10))) != 0)
		return r;
	if ((r = make_own(k)) != 0)
		return r;
	if (EVP_PKEY_get_bn_param(k->own, OSSL_PKEY_PARAM_PUB_KEY, &pub) != 1)
		return FAIL_CRYPTO;
	r = in_group(k, pub) ? 0 : FAIL_CRYPTO;
	if (r == 0) {
		len = BN_bn2bin(pub, num);
		r = buf_put(offer, num, (size_t)len);
	}
	BN_free(pub);
	return r;
}

/* The shared secret is neither 0, 1 nor p - 1. */
static int
check_secret(const struct kex *k, const uint8_t *raw, size_t len)
{
	BIGNUM *s = BN_secure_new();
	int r = FAIL_NOMEM;

	if (s != NULL && BN_bin2bn(raw, (int)len, s) != NULL)
		r = in_group(k, s) ? 0 : FAIL_PROTO;
	BN_clear_free(s);
	return r;
}

static int
dh_finish(struct kex *k, struct span answer, struct buf *secret)
{
	uint8_t raw[DH_BYTES_MAX];
	size_t len = sizeof(raw);
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *peer = NULL;
	BIGNUM *pub;
	int r = FAIL_PROTO;

	if (answer.len == 0 || answer.len > DH_BYTES_MAX)
		return FAIL_PROTO;
	pub = BN_bin2bn(answer.p, (int)answer.len, NULL);
	if (pub == NULL)
		return FAIL_NOMEM;
	if (in_group(k, pub)) {
		peer = import_dh(k, pub);
		ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->own, NULL);
		r = FAIL_CRYPTO;
	}
	if (peer != NULL && ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
	    EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) == 1 &&
	    EVP_PKEY_derive(ctx, raw, &len) == 1 &&
	    (r = check_secret(k, raw, len)) == 0)
		r = buf_put_mpint(secret, raw, len);
	wipe(raw, sizeof(raw));
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	BN_free(pub);
	return r;
}

static int
dh_answer(
    struct kex *k, struct span offer, struct buf *answer, struct buf *secret)
{
	int r = dh_offer(k, answer);

	return r != 0 ? r : dh_finish(k, offer, secret);
}

const struct kex_ops kex_dh = {
    .numbers = true,
    .group = true,
    .offer = dh_offer,
    .answer = dh_answer,
    .finish = dh_finish,
};
