/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests, key derivation, random bytes and hexadecimal text.  The digest is
 * fetched from OpenSSL once for the process: an implicit fetch on every call
 * costs more than hashing a chunk header.
 */
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "base/fail.h"
#include "base/hash.h"

struct sha256 {
	EVP_MD_CTX *ctx;
};

static pthread_once_t md_once = PTHREAD_ONCE_INIT;
static EVP_MD *md_sha256;

static void
md_fetch(void)
{
	md_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

static const EVP_MD *
md_get(void)
{
	(void)pthread_once(&md_once, md_fetch);
	return md_sha256;
}

int
sha256(uint8_t out[SHA256_LEN], const struct span *parts, size_t n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int r = FAIL_CRYPTO;
	size_t i;

	if (ctx == NULL)
		return FAIL_NOMEM;
	if (md_get() == NULL || EVP_DigestInit_ex(ctx, md_get(), NULL) != 1)
		goto done;
	for (i = 0; i < n; i++)
		if (parts[i].len > 0 &&
		    EVP_DigestUpdate(ctx, parts[i].p, parts[i].len) != 1)
			goto done;
	if (EVP_DigestFinal_ex(ctx, out, NULL) == 1)
		r = 0;
done:
	EVP_MD_CTX_free(ctx);
	return r;
}

void
sha256_free(struct sha256 *h)
{
	if (h == NULL)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

struct sha256 *
sha256_new(void)
{
	struct sha256 *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	if ((h->ctx = EVP_MD_CTX_new()) == NULL || md_get() == NULL ||
	    EVP_DigestInit_ex(h->ctx, md_get(), NULL) != 1) {
		EVP_MD_CTX_free(h->ctx);
		free(h);
		return NULL;
	}
	return h;
}

int
sha256_add(struct sha256 *h, const void *p, size_t len)
{
	if (len == 0)
		return 0;
	return EVP_DigestUpdate(h->ctx, p, len) == 1 ? 0 : FAIL_CRYPTO;
}

int
sha256_done(struct sha256 *h, uint8_t out[SHA256_LEN])
{
	if (EVP_DigestFinal_ex(h->ctx, out, NULL) != 1 ||
	    EVP_DigestInit_ex(h->ctx, md_get(), NULL) != 1)
		return FAIL_CRYPTO;
	return 0;
}

static int
hkdf_mode(int mode, struct span out, struct span key, struct span salt,
    struct span info)
{
	OSSL_PARAM params[6];
	OSSL_PARAM *p = params;
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = NULL;
	int r = FAIL_CRYPTO;
	char digest[] = "SHA256";

	if (kdf == NULL || (ctx = EVP_KDF_CTX_new(kdf)) == NULL)
		goto done;
	*p++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
	*p++ =
	    OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
	*p++ = OSSL_PARAM_construct_octet_string(
	    OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key.p, key.len);
	if (salt.len > 0)
		*p++ = OSSL_PARAM_construct_octet_string(
		    OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt.p, salt.len);
	if (info.len > 0)
		*p++ = OSSL_PARAM_construct_octet_string(
		    OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info.p, info.len);
	*p = OSSL_PARAM_construct_end();
	if (EVP_KDF_derive(ctx, (uint8_t *)(uintptr_t)out.p, out.len, params) ==
	    1)
		r = 0;
done:
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return r;
}

int
hkdf(uint8_t *out, size_t out_len, struct span key, struct span salt,
    struct span info)
{
	return hkdf_mode(EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND,
	    SPAN(out, out_len), key, salt, info);
}

int
hkdf_expand(uint8_t *out, size_t out_len, struct span key, struct span info)
{
	return hkdf_mode(EVP_KDF_HKDF_MODE_EXPAND_ONLY, SPAN(out, out_len), key,
	    SPAN(NULL, 0), info);
}

void
random_bytes(void *p, size_t len)
{
	uint8_t *at = p;
	size_t n;

	while (len > 0) {
		n = len < INT_MAX ? len : INT_MAX;
		MUST(RAND_bytes(at, (int)n) == 1);
		at += n;
		len -= n;
	}
}

void
hex_encode(char *dst, const uint8_t *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < n; i++) {
		dst[2 * i] = digits[p[i] >> 4];
		dst[2 * i + 1] = digits[p[i] & 15];
	}
	dst[2 * n] = '\0';
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
hex_decode(uint8_t *dst, size_t n, const char *hex)
{
	size_t i;
	int hi, lo;

	for (i = 0; i < n; i++) {
		if ((hi = hex_digit(hex[2 * i])) < 0 ||
		    (lo = hex_digit(hex[2 * i + 1])) < 0)
			return FAIL_FORMAT;
		dst[i] = (uint8_t)(hi << 4 | lo);
	}
	return hex[2 * n] == '\0' ? 0 : FAIL_FORMAT;
}
