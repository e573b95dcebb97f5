/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SSH public key blobs to and from OpenSSL keys, and signatures in SSH's
 * encoding.  Whether a key is trusted is for the callers to say.
 */
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>

#include "base/fail.h"

#include "ssh/transport/sshkey.h"

enum kind { KIND_RSA, KIND_EC, KIND_ED, KIND_SK_ED, KIND_SK_EC };

/* One row of sig_tbl.h. */
struct sig {
	const char *alg;
	const char *type;
	enum kind kind;
	const char *digest; /* "" when the algorithm has its own */
	const char *curve;
	const char *group; /* the curve's name in OpenSSL */
};

static const struct sig sigs[] = {
#define SIG(alg, type, kind, digest, curve, group)                             \
	{alg, type, KIND_##kind, digest, curve, group},
#include "ssh/transport/sig_tbl.h"
#undef SIG
};

enum {
	ED_KEY_LEN = 32,
	ED_SIG_LEN = 64,
	POINT_MAX = 1 + 2 * 66, /* uncompressed, nistp521 */
	FIELD_MAX = 66,
	RSA_BYTES_MAX = SSHKEY_RSA_MAX / 8,
	RSA_E_BYTES_MAX = 8,
	DER_SIG_MAX = 2 * (FIELD_MAX + 1 + 3) + 4,
	SHA256_BYTES = 32,
};

enum { SK_PRESENT = 1, SK_VERIFIED = 4 };

/* What a blob holds, lent from it. */
struct fields {
	const struct sig *sig; /* first row of its type */
	struct span point;     /* EC; ED: the 32 bytes */
	struct span n, e;      /* RSA, without leading zeros */
	struct span application;
};

static const struct sig *
find_alg(const char *alg)
{
	for (size_t i = 0; i < ARRAY_LEN(sigs); i++) {
		if (strcmp(sigs[i].alg, alg) == 0)
			return &sigs[i];
	}
	return NULL;
}

static const struct sig *
find_type(struct span type)
{
	for (size_t i = 0; i < ARRAY_LEN(sigs); i++) {
		if (span_eq(type, sigs[i].type))
			return &sigs[i];
	}
	return NULL;
}

/* A positive mpint without its leading zeros. */
static int
take_mpint(struct span *s, struct span *mag)
{
	int r = span_string(s, mag);

	if (r != 0)
		return r;
	if (mag->len == 0 || (mag->p[0] & 0x80) != 0)
		return FAIL_FORMAT;
	while (mag->len > 0 && mag->p[0] == 0) {
		mag->p++;
		mag->len--;
	}
	return mag->len > 0 ? 0 : FAIL_FORMAT;
}

static int
take_point(struct span *s, const struct sig *sig, struct span *point)
{
	struct span curve;
	int r;

	if ((r = span_string(s, &curve)) != 0)
		return r;
	if (!span_eq(curve, sig->curve))
		return FAIL_FORMAT;
	return span_string(s, point);
}

static int
take_fields(struct span blob, struct fields *f)
{
	struct span type;
	int r;

	*f = (struct fields){0};
	if ((r = span_string(&blob, &type)) != 0)
		return r;
	f->sig = find_type(type);
	if (f->sig == NULL)
		return FAIL_UNSUPPORTED;
	switch (f->sig->kind) {
	case KIND_RSA:
		if ((r = take_mpint(&blob, &f->e)) == 0)
			r = take_mpint(&blob, &f->n);
		break;
	case KIND_EC:
	case KIND_SK_EC:
		r = take_point(&blob, f->sig, &f->point);
		break;
	case KIND_ED:
	case KIND_SK_ED:
		r = span_string(&blob, &f->point);
		break;
	}
	if (r == 0 &&
	    (f->sig->kind == KIND_SK_ED || f->sig->kind == KIND_SK_EC))
		r = span_string(&blob, &f->application);
	if (r == 0 && blob.len != 0)
		r = FAIL_FORMAT;
	return r;
}

static unsigned
rsa_bits(struct span n)
{
	unsigned bits = (unsigned)(n.len - 1) * 8;

	for (unsigned top = n.p[0]; top != 0; top >>= 1)
		bits++;
	return bits;
}

/* Import public parameters. */
static int
import_key(const char *type, OSSL_PARAM *params, EVP_PKEY **pkey)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	int r = FAIL_NOMEM;

	if (ctx != NULL && params != NULL) {
		if (EVP_PKEY_fromdata_init(ctx) == 1 &&
		    EVP_PKEY_fromdata(ctx, pkey, EVP_PKEY_PUBLIC_KEY, params) ==
			1)
			r = 0;
		else
			r = FAIL_FORMAT;
	}
	EVP_PKEY_CTX_free(ctx);
	return r;
}

static int
rsa_key(const struct fields *f, unsigned flags, EVP_PKEY **pkey)
{
	unsigned min = (flags & SSHKEY_LEGACY) != 0 ? SSHKEY_RSA_MIN_LEGACY
						    : SSHKEY_RSA_MIN;
	OSSL_PARAM *params = NULL;
	OSSL_PARAM_BLD *bld;
	BIGNUM *n, *e;
	int r = FAIL_NOMEM;

	if (f->n.len > RSA_BYTES_MAX || rsa_bits(f->n) < min)
		return FAIL_RANGE;
	if ((f->n.p[f->n.len - 1] & 1) == 0 || f->e.len > RSA_E_BYTES_MAX ||
	    (f->e.p[f->e.len - 1] & 1) == 0 || (f->e.len == 1 && f->e.p[0] < 3))
		return FAIL_FORMAT;
	bld = OSSL_PARAM_BLD_new();
	n = BN_bin2bn(f->n.p, (int)f->n.len, NULL);
	e = BN_bin2bn(f->e.p, (int)f->e.len, NULL);
	if (bld != NULL && n != NULL && e != NULL &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) == 1) {
		params = OSSL_PARAM_BLD_to_param(bld);
		r = import_key("RSA", params, pkey);
	}
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	BN_free(n);
	BN_free(e);
	return r;
}

/* A point on the curve, uncompressed, or it is refused. */
static int
ec_key(const struct fields *f, EVP_PKEY **pkey)
{
	uint8_t point[POINT_MAX];
	char group[16];
	OSSL_PARAM params[3];
	EVP_PKEY_CTX *ctx;
	int r;

	if (f->point.len < 3 || f->point.len > sizeof(point) ||
	    f->point.p[0] != POINT_CONVERSION_UNCOMPRESSED)
		return FAIL_FORMAT;
	memcpy(point, f->point.p, f->point.len);
	memcpy(group, f->sig->group, strlen(f->sig->group) + 1);
	params[0] = OSSL_PARAM_construct_utf8_string(
	    OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
	params[1] = OSSL_PARAM_construct_octet_string(
	    OSSL_PKEY_PARAM_PUB_KEY, point, f->point.len);
	params[2] = OSSL_PARAM_construct_end();
	if ((r = import_key("EC", params, pkey)) != 0)
		return r;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, *pkey, NULL);
	if (ctx == NULL)
		r = FAIL_NOMEM;
	else if (EVP_PKEY_public_check_quick(ctx) != 1)
		r = FAIL_FORMAT;
	EVP_PKEY_CTX_free(ctx);
	if (r != 0) {
		EVP_PKEY_free(*pkey);
		*pkey = NULL;
	}
	return r;
}

static int
key_from_fields(const struct fields *f, unsigned flags, EVP_PKEY **pkey)
{
	*pkey = NULL;
	switch (f->sig->kind) {
	case KIND_RSA:
		return rsa_key(f, flags, pkey);
	case KIND_EC:
	case KIND_SK_EC:
		return ec_key(f, pkey);
	case KIND_ED:
	case KIND_SK_ED:
		break;
	}
	if (f->point.len != ED_KEY_LEN)
		return FAIL_FORMAT;
	*pkey = EVP_PKEY_new_raw_public_key(
	    EVP_PKEY_ED25519, NULL, f->point.p, ED_KEY_LEN);
	return *pkey != NULL ? 0 : FAIL_NOMEM;
}

int
sshkey_parse(struct span blob, unsigned flags, EVP_PKEY **pkey)
{
	struct fields f;
	int r = take_fields(blob, &f);

	return r != 0 ? r : key_from_fields(&f, flags, pkey);
}

/* One shot of EVP_DigestVerify. */
static int
verify_raw(
    EVP_PKEY *pkey, const char *digest, struct span data, struct span raw)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int r = FAIL_SIGNATURE;

	if (ctx == NULL)
		return FAIL_NOMEM;
	if (EVP_DigestVerifyInit_ex(ctx, NULL,
		digest[0] != '\0' ? digest : NULL, NULL, NULL, pkey,
		NULL) == 1 &&
	    EVP_DigestVerify(ctx, raw.p, raw.len, data.p, data.len) == 1)
		r = 0;
	EVP_MD_CTX_free(ctx);
	return r;
}

/* SSH's two mpints to the DER that OpenSSL reads. */
static int
ec_sig_to_der(struct span raw, uint8_t der[DER_SIG_MAX], size_t *len)
{
	struct span mr, ms;
	ECDSA_SIG *sig;
	BIGNUM *br, *bs;
	int n;

	if (take_mpint(&raw, &mr) != 0 || take_mpint(&raw, &ms) != 0 ||
	    raw.len != 0 || mr.len > FIELD_MAX || ms.len > FIELD_MAX)
		return FAIL_SIGNATURE;
	sig = ECDSA_SIG_new();
	br = BN_bin2bn(mr.p, (int)mr.len, NULL);
	bs = BN_bin2bn(ms.p, (int)ms.len, NULL);
	if (sig == NULL || br == NULL || bs == NULL ||
	    ECDSA_SIG_set0(sig, br, bs) != 1) {
		BN_free(br);
		BN_free(bs);
		ECDSA_SIG_free(sig);
		return FAIL_NOMEM;
	}
	n = i2d_ECDSA_SIG(sig, NULL);
	if (n > 0 && n <= DER_SIG_MAX)
		n = i2d_ECDSA_SIG(sig, &der);
	else
		n = -1;
	ECDSA_SIG_free(sig);
	if (n <= 0)
		return FAIL_SIGNATURE;
	*len = (size_t)n;
	return 0;
}

static int
verify_ec(EVP_PKEY *pkey, const char *digest, struct span data, struct span raw)
{
	uint8_t der[DER_SIG_MAX];
	size_t len = 0;
	int r = ec_sig_to_der(raw, der, &len);

	return r != 0 ? r : verify_raw(pkey, digest, data, SPAN(der, len));
}

/* A signature that lost its leading zeros is given them back. */
static int
verify_rsa(
    EVP_PKEY *pkey, const char *digest, struct span data, struct span raw)
{
	uint8_t full[RSA_BYTES_MAX];
	size_t size = (size_t)EVP_PKEY_get_size(pkey);

	if (size > sizeof(full) || raw.len > size || raw.len == 0)
		return FAIL_SIGNATURE;
	memset(full, 0, size - raw.len);
	memcpy(full + size - raw.len, raw.p, raw.len);
	return verify_raw(pkey, digest, data, SPAN(full, size));
}

/* What a security key signs: digests, flags and counter in 69 bytes. */
static int
verify_sk(const struct fields *f, EVP_PKEY *pkey, struct span data,
    struct span raw, struct span rest, unsigned flags)
{
	uint8_t msg[SHA256_BYTES + 1 + 4 + SHA256_BYTES];
	uint8_t *at = msg + SHA256_BYTES;
	const uint8_t *tail;
	uint8_t seen;

	if (span_take(&rest, 1 + 4, &tail) != 0 || rest.len != 0)
		return FAIL_SIGNATURE;
	seen = tail[0];
	if ((flags & SSHKEY_NO_TOUCH) == 0 && (seen & SK_PRESENT) == 0)
		return FAIL_SIGNATURE;
	if ((flags & SSHKEY_NEED_USER) != 0 && (seen & SK_VERIFIED) == 0)
		return FAIL_SIGNATURE;
	memcpy(at, tail, 1 + 4);
	at += 1 + 4;
	if (EVP_Digest(f->application.p, f->application.len, msg, NULL,
		EVP_sha256(), NULL) != 1 ||
	    EVP_Digest(data.p, data.len, at, NULL, EVP_sha256(), NULL) != 1)
		return FAIL_CRYPTO;
	if (f->sig->kind == KIND_SK_EC)
		return verify_ec(
		    pkey, f->sig->digest, SPAN(msg, sizeof(msg)), raw);
	return verify_raw(pkey, "", SPAN(msg, sizeof(msg)), raw);
}

int
sshkey_verify_flags(struct span blob, const char *alg, struct span data,
    struct span sig, unsigned flags)
{
	const struct sig *want = find_alg(alg);
	struct span name, raw;
	struct fields f;
	EVP_PKEY *pkey;
	int r;

	if ((r = take_fields(blob, &f)) != 0)
		return r;
	if (want == NULL || strcmp(want->type, f.sig->type) != 0)
		return FAIL_SIGNATURE;
	if (strcmp(want->digest, "SHA1") == 0 && (flags & SSHKEY_LEGACY) == 0)
		return FAIL_SIGNATURE;
	if (span_string(&sig, &name) != 0 || !span_eq(name, alg) ||
	    span_string(&sig, &raw) != 0)
		return FAIL_SIGNATURE;
	if (want->kind != KIND_SK_ED && want->kind != KIND_SK_EC &&
	    sig.len != 0)
		return FAIL_SIGNATURE;
	if ((r = key_from_fields(&f, flags, &pkey)) != 0)
		return r;
	switch (want->kind) {
	case KIND_RSA:
		r = verify_rsa(pkey, want->digest, data, raw);
		break;
	case KIND_EC:
		r = verify_ec(pkey, want->digest, data, raw);
		break;
	case KIND_ED:
		r = raw.len == ED_SIG_LEN ? verify_raw(pkey, "", data, raw)
					  : FAIL_SIGNATURE;
		break;
	case KIND_SK_ED:
	case KIND_SK_EC:
		r = verify_sk(&f, pkey, data, raw, sig, flags);
		break;
	}
	EVP_PKEY_free(pkey);
	return r;
}

int
sshkey_verify(
    struct span blob, const char *alg, struct span data, struct span sig)
{
	return sshkey_verify_flags(blob, alg, data, sig, 0);
}

/* The row of the type that this OpenSSL key is, or NULL. */
static const struct sig *
row_of_key(EVP_PKEY *pkey)
{
	char group[32];

	if (EVP_PKEY_is_a(pkey, "ED25519"))
		return find_alg("ssh-ed25519");
	if (EVP_PKEY_is_a(pkey, "RSA"))
		return find_alg("rsa-sha2-512");
	if (!EVP_PKEY_is_a(pkey, "EC") ||
	    EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(sigs); i++) {
		if (sigs[i].kind == KIND_EC &&
		    strcmp(sigs[i].group, group) == 0)
			return &sigs[i];
	}
	return NULL;
}

/* OpenSSL's DER to SSH's two mpints, as one string. */
static int
put_ec_sig(struct buf *out, const uint8_t *der, size_t len)
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
	uint8_t num[2][FIELD_MAX];
	struct buf body;
	int r;

	if (sig == NULL)
		return FAIL_CRYPTO;
	buf_init(&body, DER_SIG_MAX);
	r = FAIL_CRYPTO;
	if (BN_bn2binpad(ECDSA_SIG_get0_r(sig), num[0], FIELD_MAX) >= 0 &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(sig), num[1], FIELD_MAX) >= 0) {
		if ((r = buf_put_mpint(&body, num[0], FIELD_MAX)) == 0 &&
		    (r = buf_put_mpint(&body, num[1], FIELD_MAX)) == 0)
			r = buf_put_string(out, body.data, buf_len(&body));
	}
	buf_fini(&body);
	ECDSA_SIG_free(sig);
	return r;
}

int
sshkey_sign(EVP_PKEY *pkey, const char *alg, struct span data, struct buf *sig)
{
	const struct sig *have = row_of_key(pkey);
	const struct sig *want = find_alg(alg);
	uint8_t raw[RSA_BYTES_MAX];
	size_t len = sizeof(raw);
	size_t before = buf_len(sig);
	EVP_MD_CTX *ctx;
	int ok, r;

	if (have == NULL || want == NULL || strcmp(have->type, want->type) != 0)
		return FAIL_UNSUPPORTED;
	if (want->kind == KIND_RSA &&
	    EVP_PKEY_get_bits(pkey) < (strcmp(want->digest, "SHA1") == 0
					      ? SSHKEY_RSA_MIN_LEGACY
					      : SSHKEY_RSA_MIN))
		return FAIL_RANGE;
	if ((ctx = EVP_MD_CTX_new()) == NULL)
		return FAIL_NOMEM;
	ok = EVP_DigestSignInit_ex(ctx, NULL,
		 want->digest[0] != '\0' ? want->digest : NULL, NULL, NULL,
		 pkey, NULL) == 1 &&
	     EVP_DigestSign(ctx, raw, &len, data.p, data.len) == 1;
	EVP_MD_CTX_free(ctx);
	if (!ok)
		return FAIL_CRYPTO;
	if ((r = buf_put_cstring(sig, alg)) == 0)
		r = want->kind == KIND_EC ? put_ec_sig(sig, raw, len)
					  : buf_put_string(sig, raw, len);
	if (r != 0)
		sig->end -= buf_len(sig) - before;
	return r;
}

static int
put_bn_param(EVP_PKEY *pkey, const char *name, struct buf *out)
{
	uint8_t num[RSA_BYTES_MAX];
	BIGNUM *bn = NULL;
	int len = -1;

	if (EVP_PKEY_get_bn_param(pkey, name, &bn) != 1)
		return FAIL_CRYPTO;
	if (BN_num_bytes(bn) <= (int)sizeof(num))
		len = BN_bn2bin(bn, num);
	BN_free(bn);
	return len > 0 ? buf_put_mpint(out, num, (size_t)len) : FAIL_RANGE;
}

static int
put_point(EVP_PKEY *pkey, const struct sig *row, struct buf *out)
{
	int field = (EVP_PKEY_get_bits(pkey) + 7) / 8;
	uint8_t point[POINT_MAX];
	BIGNUM *x = NULL, *y = NULL;
	int r = FAIL_CRYPTO;

	point[0] = POINT_CONVERSION_UNCOMPRESSED;
	if (field <= FIELD_MAX &&
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1 &&
	    BN_bn2binpad(x, point + 1, field) == field &&
	    BN_bn2binpad(y, point + 1 + field, field) == field &&
	    (r = buf_put_cstring(out, row->curve)) == 0)
		r = buf_put_string(out, point, 1 + 2 * (size_t)field);
	BN_free(x);
	BN_free(y);
	return r;
}

int
sshkey_public_blob(EVP_PKEY *pkey, struct buf *out)
{
	const struct sig *row = row_of_key(pkey);
	size_t before = buf_len(out);
	uint8_t pub[ED_KEY_LEN];
	size_t len = sizeof(pub);
	int r;

	if (row == NULL)
		return FAIL_UNSUPPORTED;
	if ((r = buf_put_cstring(out, row->type)) != 0)
		return r;
	if (row->kind == KIND_ED) {
		r = FAIL_CRYPTO;
		if (EVP_PKEY_get_raw_public_key(pkey, pub, &len) == 1)
			r = buf_put_string(out, pub, len);
	} else if (row->kind == KIND_EC) {
		r = put_point(pkey, row, out);
	} else {
		r = put_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, out);
		if (r == 0)
			r = put_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, out);
	}
	if (r != 0)
		out->end -= buf_len(out) - before;
	return r;
}

int
sshkey_fingerprint(struct span blob, char *dst, size_t size)
{
	uint8_t digest[SHA256_BYTES];
	uint8_t text[4 * ((SHA256_BYTES + 2) / 3) + 1];
	size_t len;

	if (size < SSHKEY_FINGERPRINT_SIZE)
		return FAIL_RANGE;
	if (EVP_Digest(blob.p, blob.len, digest, NULL, EVP_sha256(), NULL) != 1)
		return FAIL_CRYPTO;
	len = (size_t)EVP_EncodeBlock(text, digest, SHA256_BYTES);
	while (len > 0 && text[len - 1] == '=')
		len--;
	memcpy(dst, "SHA256:", 7);
	memcpy(dst + 7, text, len);
	dst[7 + len] = '\0';
	return 0;
}

const char *
sshkey_type(struct span blob)
{
	const struct sig *row;
	struct span type;

	if (span_string(&blob, &type) != 0)
		return NULL;
	row = find_type(type);
	return row != NULL ? row->type : NULL;
}

unsigned
sshkey_bits(struct span blob)
{
	EVP_PKEY *pkey;
	int bits;

	if (sshkey_parse(blob, SSHKEY_LEGACY, &pkey) != 0)
		return 0;
	bits = EVP_PKEY_get_bits(pkey);
	/* OpenSSL counts an Ed25519 key as 253 bits, everybody else 256. */
	if (EVP_PKEY_is_a(pkey, "ED25519"))
		bits = 256;
	EVP_PKEY_free(pkey);
	return bits > 0 ? (unsigned)bits : 0;
}

bool
sshkey_fits(struct span blob, const char *alg)
{
	const char *type = sshkey_type(blob);
	const struct sig *row = find_alg(alg);

	return type != NULL && row != NULL && strcmp(type, row->type) == 0;
}

const char *
sshkey_alg_type(const char *alg)
{
	const struct sig *row = find_alg(alg);

	return row != NULL ? row->type : NULL;
}

const char *
sshkey_type_alg(const char *type, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(sigs); i++) {
		if (strcmp(sigs[i].type, type) == 0 && n-- == 0)
			return sigs[i].alg;
	}
	return NULL;
}
