/* SPDX-License-Identifier: Apache-2.0 */
/* Makes server certificates for the tests of TLS. */
#include <stdio.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "cert.h"

static int
write_both(const char *prefix, X509 *crt, EVP_PKEY *key)
{
	char path[256];
	FILE *to;
	int ok;

	snprintf(path, sizeof(path), "%s.crt", prefix);
	to = fopen(path, "w");
	if (to == NULL)
		return 0;
	ok = PEM_write_X509(to, crt);
	ok = fclose(to) == 0 && ok;
	snprintf(path, sizeof(path), "%s.key", prefix);
	to = ok ? fopen(path, "w") : NULL;
	if (to == NULL)
		return 0;
	ok = PEM_write_PrivateKey(to, key, NULL, NULL, 0, NULL, NULL);
	return fclose(to) == 0 && ok;
}

static int
add_ext(X509 *crt, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	int ok = ext && X509_add_ext(crt, ext, -1);

	X509_EXTENSION_free(ext);
	return ok;
}

int
cert_make(const char *prefix, const char *ip)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *crt = X509_new();
	X509_NAME *name;
	char san[64];
	int ok = key && crt;

	snprintf(san, sizeof(san), "IP:%s", ip);
	if (ok) {
		name = X509_get_subject_name(crt);
		ok = X509_set_version(crt, 2) &&
		     ASN1_INTEGER_set(X509_get_serialNumber(crt), 1) &&
		     X509_gmtime_adj(X509_getm_notBefore(crt), -60) &&
		     X509_gmtime_adj(X509_getm_notAfter(crt), 3600) &&
		     X509_set_pubkey(crt, key) &&
		     X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
			 (const unsigned char *)prefix, -1, -1, 0) &&
		     X509_set_issuer_name(crt, name) &&
		     add_ext(crt, NID_basic_constraints, "critical,CA:TRUE") &&
		     add_ext(crt, NID_subject_alt_name, san) &&
		     X509_sign(crt, key, EVP_sha256()) &&
		     write_both(prefix, crt, key);
	}
	X509_free(crt);
	EVP_PKEY_free(key);
	return ok ? 0 : -1;
}
