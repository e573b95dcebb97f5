/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Algorithms fetched once.  OpenSSL 3 looks an algorithm up by name each time
 * that it is asked for; a handshake would do so some fifty times.
 */
#include <string.h>
#include <threads.h>

#include <openssl/err.h>

#include "base/cdefs.h"

#include "ssh/transport/evp.h"

enum evp_kind {
	EVP_OF_CIPHER,
	EVP_OF_MD,
	EVP_OF_MAC,
	EVP_OF_KEM,
	EVP_OF_KEYMGMT
};

struct evp_row {
	enum evp_kind kind;
	const char *name;
};

static const struct evp_row rows[] = {
#define EVP(kind, name) {EVP_OF_##kind, name},
#include "ssh/transport/evp_tbl.h"
#undef EVP
};

static void *fetched[ARRAY_LEN(rows)];
static once_flag once = ONCE_FLAG_INIT;

static void
fetch_all(void)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *name = rows[i].name;

		switch (rows[i].kind) {
		case EVP_OF_CIPHER:
			fetched[i] = EVP_CIPHER_fetch(NULL, name, NULL);
			break;
		case EVP_OF_MD:
			fetched[i] = EVP_MD_fetch(NULL, name, NULL);
			break;
		case EVP_OF_MAC:
			fetched[i] = EVP_MAC_fetch(NULL, name, NULL);
			break;
		case EVP_OF_KEM:
			fetched[i] = EVP_KEM_fetch(NULL, name, NULL);
			break;
		case EVP_OF_KEYMGMT:
			fetched[i] = EVP_KEYMGMT_fetch(NULL, name, NULL);
			break;
		}
	}
	/* What this OpenSSL lacks has left its complaint behind. */
	ERR_clear_error();
}

static void *
find(enum evp_kind kind, const char *name)
{
	call_once(&once, fetch_all);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].kind == kind && strcmp(rows[i].name, name) == 0)
			return fetched[i];
	}
	return NULL;
}

const EVP_CIPHER *
evp_cipher(const char *name)
{
	return find(EVP_OF_CIPHER, name);
}

const EVP_MD *
evp_md(const char *name)
{
	return find(EVP_OF_MD, name);
}

EVP_MAC *
evp_mac(const char *name)
{
	return find(EVP_OF_MAC, name);
}

bool
evp_has_mlkem(void)
{
	return find(EVP_OF_KEM, "ML-KEM-768") != NULL &&
	       find(EVP_OF_KEYMGMT, "ML-KEM-768") != NULL;
}
