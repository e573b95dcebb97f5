/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SSH public key blobs to and from OpenSSL keys, and what their types are.
 * Whether a key is trusted is for the callers to say.
 */
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>

#include "base/fail.h"

#include "ssh/transport/sshkey_impl.h"

static const struct sshkey_sig sigs[] = {
#define SIG(alg, type, kind, digest, curve, group)                             \
	{alg, type, KIND_##kind, digest, curve, group},
#include "ssh/transport/sig_tbl.h"
#undef SIG
};

const struct sshkey_sig *
sshkey_alg(const char *alg)
{
	for (size_t i = 0; i < ARRAY_LEN(sigs); i++) {
		if (strcmp(sigs[i].alg, alg) == 0)
			return &sigs[i];
	}
	return NULL;
}

static const struct sshkey_sig *
find_type(struct span type)
{
	for (size_t i = 0; i < ARRAY_LEN(sigs); i++) {
		if (span_eq(type, sigs[i].type))
			return &sigs[i];
	}
	return NULL;
}

int
sshkey_take_mpint(struct span *s, struct span *mag)
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
take_point(struct span *s, const struct sshkey_sig *sig, struct span *point)
{
	struct span curve;
	int r;

	if ((r = span_string(s, &curve)) != 0)
		return r;
	if (!span_eq(curve, sig->curve))
		return FAIL_FORMAT;
	return span_string(s, point);
}

int
sshkey_take_fields(struct span blob, struct sshkey_fields *f)
{
	struct span type;
	int r;

	*f = (struct sshkey_fields){0};
	if ((r = span_string(&blob, &type)) != 0)
		return r;
	f->sig = find_type(type);
	if (f->sig == NULL)
		return FAIL_UNSUPPORTED;
	switch (f->sig->kind) {
	case KIND_RSA:
		if ((r = sshkey_take_mpint(&blob, &f->e)) == 0)
			r = sshkey_take_mpint(&blob, &f->n);
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
rsa_key(const struct sshkey_fields *f, unsigned flags, EVP_PKEY **pkey)
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
ec_key(const struct sshkey_fields *f, EVP_PKEY **pkey)
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

int
sshkey_from_fields(
    const struct sshkey_fields *f, unsigned flags, EVP_PKEY **pkey)
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
	struct sshkey_fields f;
	int r = sshkey_take_fields(blob, &f);

	return r != 0 ? r : sshkey_from_fields(&f, flags, pkey);
}

const struct sshkey_sig *
sshkey_row(EVP_PKEY *pkey)
{
	char group[32];

	if (EVP_PKEY_is_a(pkey, "ED25519"))
		return sshkey_alg("ssh-ed25519");
	if (EVP_PKEY_is_a(pkey, "RSA"))
		return sshkey_alg("rsa-sha2-512");
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
put_point(EVP_PKEY *pkey, const struct sshkey_sig *row, struct buf *out)
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
	const struct sshkey_sig *row = sshkey_row(pkey);
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
	const struct sshkey_sig *row;
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
	const struct sshkey_sig *row = sshkey_alg(alg);

	return type != NULL && row != NULL && strcmp(type, row->type) == 0;
}

const char *
sshkey_alg_type(const char *alg)
{
	const struct sshkey_sig *row = sshkey_alg(alg);

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
