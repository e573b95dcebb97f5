/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes an unencrypted key in OpenSSH's own format apart.  libssh has read and
 * checked the file already; this is for what libssh does not give out.
 */
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "base/crypt.h"
#include "base/fail.h"
#include "base/secret.h"

#include "sshclient/b64.h"
#include "sshclient/openssh_key.h"

/*
 * Without a cipher OpenSSH pads to 8 bytes, libssh to 16.  Of a number: 16384
 * bits and a zero.
 */
enum { CONTAINER_MAX = 16384, MPINT_MAX = 2049, PAD_UNIT = 8, PAD_MOST = 15 };

static const char begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
static const char end[] = "-----END OPENSSH PRIVATE KEY-----";
static const char magic[] = "openssh-key-v1"; /* its zero is part of it */

bool
openssh_key_is(struct span text)
{
	return text.len >= sizeof(begin) - 1 &&
	       memcmp(text.p, begin, sizeof(begin) - 1) == 0;
}

/* What is between the BEGIN and the END line. */
static int
strip_armour(struct span *text)
{
	size_t last = sizeof(end) - 1;

	if (!openssh_key_is(*text))
		return FAIL_FORMAT;
	text->p += sizeof(begin) - 1;
	text->len -= sizeof(begin) - 1;
	if (text->len > 0 && text->p[text->len - 1] == '\n')
		text->len--;
	if (text->len < last ||
	    memcmp(text->p + text->len - last, end, last) != 0)
		return FAIL_FORMAT;
	text->len -= last;
	return 0;
}

/* A positive number in its shortest form, without its leading zero. */
static int
take_number(struct span *s, struct span *n)
{
	if (span_string(s, n) != 0 || n->len == 0 || n->len > MPINT_MAX ||
	    (n->p[0] & 0x80) != 0)
		return FAIL_FORMAT;
	if (n->p[0] == 0) {
		if (n->len == 1 || (n->p[1] & 0x80) == 0)
			return FAIL_FORMAT;
		n->p++;
		n->len--;
	}
	return 0;
}

static bool
same(struct span a, struct span b)
{
	return a.len == b.len && secret_cmp(a.p, b.p, a.len) == 0;
}

/* What is behind the private fields: a comment, then 1, 2, 3 ... */
static int
check_tail(struct span s)
{
	struct span comment;
	size_t i;

	if (span_string(&s, &comment) != 0 || s.len > PAD_MOST)
		return FAIL_FORMAT;
	for (i = 0; i < s.len; i++)
		if (s.p[i] != i + 1)
			return FAIL_FORMAT;
	return 0;
}

/* pub: string of 32 bytes.  priv: the same, then seed and the same again. */
static int
parse_ed25519(struct span pub, struct span priv, EVP_PKEY **key)
{
	struct span outer, inner, both;
	uint8_t derived[ED25519_KEY_LEN];
	int r;

	if (span_string(&pub, &outer) != 0 || pub.len != 0 ||
	    outer.len != ED25519_KEY_LEN || span_string(&priv, &inner) != 0 ||
	    !same(inner, outer) || span_string(&priv, &both) != 0 ||
	    both.len != 2 * ED25519_KEY_LEN ||
	    !same(SPAN(both.p + ED25519_KEY_LEN, ED25519_KEY_LEN), outer) ||
	    check_tail(priv) != 0)
		return FAIL_FORMAT;
	if ((r = ed25519_public(derived, both.p)) != 0)
		return r;
	if (!same(SPAN(derived, sizeof(derived)), outer))
		return FAIL_FORMAT;
	*key = EVP_PKEY_new_raw_private_key(
	    EVP_PKEY_ED25519, NULL, both.p, ED25519_KEY_LEN);
	return *key == NULL ? FAIL_NOMEM : 0;
}

/* The numbers of a private RSA key, in the order of the container. */
enum { RSA_N, RSA_E, RSA_D, RSA_IQMP, RSA_P, RSA_Q, RSA_DMP, RSA_DMQ, RSA_ALL };

static const char *const rsa_params[RSA_ALL] = {
    [RSA_N] = OSSL_PKEY_PARAM_RSA_N,
    [RSA_E] = OSSL_PKEY_PARAM_RSA_E,
    [RSA_D] = OSSL_PKEY_PARAM_RSA_D,
    [RSA_IQMP] = OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
    [RSA_P] = OSSL_PKEY_PARAM_RSA_FACTOR1,
    [RSA_Q] = OSSL_PKEY_PARAM_RSA_FACTOR2,
    [RSA_DMP] = OSSL_PKEY_PARAM_RSA_EXPONENT1,
    [RSA_DMQ] = OSSL_PKEY_PARAM_RSA_EXPONENT2,
};

/* d mod (prime - 1), the two numbers that the container leaves out. */
static int
rsa_exponent(BIGNUM *out, const BIGNUM *d, const BIGNUM *prime)
{
	BN_CTX *ctx = BN_CTX_secure_new();
	BIGNUM *less = BN_dup(prime);
	int r = FAIL_NOMEM;

	if (ctx != NULL && less != NULL)
		r = BN_sub_word(less, 1) == 1 && !BN_is_zero(less) &&
			    BN_mod(out, d, less, ctx) == 1
			? 0
			: FAIL_FORMAT;
	BN_clear_free(less);
	BN_CTX_free(ctx);
	return r;
}

/* Let OpenSSL judge whether the numbers belong together. */
static int
rsa_check(EVP_PKEY *key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	int r;

	if (ctx == NULL)
		return FAIL_NOMEM;
	r = EVP_PKEY_check(ctx) == 1 ? 0 : FAIL_FORMAT;
	EVP_PKEY_CTX_free(ctx);
	return r;
}

static int
rsa_import(OSSL_PARAM *params, EVP_PKEY **key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	int r = FAIL_NOMEM;

	if (ctx != NULL && params != NULL)
		r = EVP_PKEY_fromdata_init(ctx) == 1 &&
			    EVP_PKEY_fromdata(
				ctx, key, EVP_PKEY_KEYPAIR, params) == 1
			? rsa_check(*key)
			: FAIL_FORMAT;
	EVP_PKEY_CTX_free(ctx);
	if (r != 0) {
		EVP_PKEY_free(*key);
		*key = NULL;
	}
	return r;
}

static int
rsa_build(BIGNUM *const n[RSA_ALL], EVP_PKEY **key)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	int i, r = bld == NULL ? FAIL_NOMEM : 0;

	for (i = 0; i < RSA_ALL && r == 0; i++)
		if (OSSL_PARAM_BLD_push_BN(bld, rsa_params[i], n[i]) != 1)
			r = FAIL_NOMEM;
	if (r == 0) {
		params = OSSL_PARAM_BLD_to_param(bld);
		r = rsa_import(params, key);
	}
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	return r;
}

static int
rsa_numbers(const struct span in[RSA_DMP], EVP_PKEY **key)
{
	BIGNUM *n[RSA_ALL] = {0};
	int i, r = 0;

	for (i = 0; i < RSA_ALL; i++)
		if ((n[i] = BN_secure_new()) == NULL ||
		    (i < RSA_DMP &&
			BN_bin2bn(in[i].p, (int)in[i].len, n[i]) == NULL))
			r = FAIL_NOMEM;
	if (r == 0 && (r = rsa_exponent(n[RSA_DMP], n[RSA_D], n[RSA_P])) == 0 &&
	    (r = rsa_exponent(n[RSA_DMQ], n[RSA_D], n[RSA_Q])) == 0)
		r = rsa_build(n, key);
	for (i = 0; i < RSA_ALL; i++)
		BN_clear_free(n[i]);
	return r;
}

/* pub: e, n.  priv: n, e, d, iqmp, p, q. */
static int
parse_rsa(struct span pub, struct span priv, EVP_PKEY **key)
{
	struct span in[RSA_DMP], n, e;
	int i;

	if (take_number(&pub, &e) != 0 || take_number(&pub, &n) != 0 ||
	    pub.len != 0)
		return FAIL_FORMAT;
	for (i = 0; i < RSA_DMP; i++)
		if (take_number(&priv, &in[i]) != 0)
			return FAIL_FORMAT;
	if (!same(in[RSA_N], n) || !same(in[RSA_E], e) || check_tail(priv) != 0)
		return FAIL_FORMAT;
	return rsa_numbers(in, key);
}

static int
parse_key(struct span blob, struct span priv, EVP_PKEY **key)
{
	uint32_t check[2];
	struct span outer, inner;

	if (priv.len % PAD_UNIT != 0 || span_u32(&priv, &check[0]) != 0 ||
	    span_u32(&priv, &check[1]) != 0 || check[0] != check[1] ||
	    span_string(&blob, &outer) != 0 ||
	    span_string(&priv, &inner) != 0 || !same(outer, inner))
		return FAIL_FORMAT;
	if (span_eq(outer, "ssh-ed25519"))
		return parse_ed25519(blob, priv, key);
	if (span_eq(outer, "ssh-rsa"))
		return parse_rsa(blob, priv, key);
	return FAIL_UNSUPPORTED;
}

static int
parse_container(struct span s, EVP_PKEY **key)
{
	struct span cipher, kdf, options, blob, priv;
	const uint8_t *m;
	uint32_t n;

	if (span_take(&s, sizeof(magic), &m) != 0 ||
	    memcmp(m, magic, sizeof(magic)) != 0 ||
	    span_string(&s, &cipher) != 0 || span_string(&s, &kdf) != 0 ||
	    span_string(&s, &options) != 0 || span_u32(&s, &n) != 0 || n != 1 ||
	    span_string(&s, &blob) != 0 || span_string(&s, &priv) != 0 ||
	    s.len != 0)
		return FAIL_FORMAT;
	if (!span_eq(cipher, "none") || !span_eq(kdf, "none"))
		return FAIL_UNSUPPORTED;
	return options.len == 0 ? parse_key(blob, priv, key) : FAIL_FORMAT;
}

int
openssh_key_parse(struct span text, EVP_PKEY **key)
{
	struct buf raw;
	int r;

	*key = NULL;
	buf_init_secret(&raw, CONTAINER_MAX);
	if ((r = strip_armour(&text)) == 0 && (r = b64_decode(text, &raw)) == 0)
		r = parse_container(buf_span(&raw), key);
	buf_fini(&raw);
	return r;
}
