/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private keys in the keeper: from PKCS#8 to OpenSSL's object and its public
 * blob.
 */
#include <limits.h>

#include <openssl/x509.h>

#include "ssh/transport/sshkey.h"

#include "keeper/core_priv.h"

int
core_key_load(struct span der, EVP_PKEY **key)
{
	const unsigned char *p = der.p;
	PKCS8_PRIV_KEY_INFO *info;

	*key = NULL;
	if (der.len == 0 || der.len > LONG_MAX)
		return FAIL_FORMAT;
	info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)der.len);
	if (info != NULL && p == der.p + der.len)
		*key = EVP_PKCS82PKEY(info);
	PKCS8_PRIV_KEY_INFO_free(info);
	return *key == NULL ? FAIL_FORMAT : 0;
}

int
core_key_blob(EVP_PKEY *key, struct buf *blob)
{
	EVP_PKEY *pub = NULL;
	int r;

	if ((r = sshkey_public_blob(key, blob)) != 0)
		return r;
	r = sshkey_parse(buf_span(blob), 0, &pub);
	EVP_PKEY_free(pub);
	return r;
}

int
core_key_prove(EVP_PKEY *key, struct span blob)
{
	static const char text[] = "this key signs";
	struct span data = SPAN(text, sizeof(text) - 1);
	const char *type = sshkey_type(blob);
	const char *alg = type == NULL ? NULL : sshkey_type_alg(type, 0);
	struct buf sig;
	int r;

	if (alg == NULL)
		return FAIL_UNSUPPORTED;
	buf_init(&sig, 4096);
	if ((r = sshkey_sign(key, alg, data, &sig)) == 0)
		r = sshkey_verify(blob, alg, data, buf_span(&sig));
	buf_fini(&sig);
	return r;
}
