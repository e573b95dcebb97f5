/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures in SSH's encoding: made and verified by OpenSSL.
 */
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>

#include "base/fail.h"

#include "ssh/transport/sshkey_impl.h"

enum { SK_PRESENT = 1, SK_VERIFIED = 4 };

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

	if (sshkey_take_mpint(&raw, &mr) != 0 ||
	    sshkey_take_mpint(&raw, &ms) != 0 || raw.len != 0 ||
	    mr.len > FIELD_MAX || ms.len > FIELD_MAX)
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
verify_sk(const struct sshkey_fields *f, EVP_PKEY *pkey, struct span data,
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
	const struct sshkey_sig *want = sshkey_alg(alg);
	struct span name, raw;
	struct sshkey_fields f;
	EVP_PKEY *pkey;
	int r;

	if ((r = sshkey_take_fields(blob, &f)) != 0)
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
	if ((r = sshkey_from_fields(&f, flags, &pkey)) != 0)
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
	const struct sshkey_sig *have = sshkey_row(pkey);
	const struct sshkey_sig *want = sshkey_alg(alg);
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
