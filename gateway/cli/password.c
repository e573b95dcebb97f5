/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes passwords by way of libcrypt, and makes random ones. */
#include <crypt.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#include "cli/password.h"

#define GENERATED 20U

/* Without 0 O o 1 l I. */
static const char alphabet[] =
    "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";

static int
crypt_it(char dst[PASSWORD_HASH_SIZE], const char *phrase, struct fail *f)
{
	char salt[CRYPT_GENSALT_OUTPUT_SIZE], random[32];
	struct crypt_data *data = calloc(1, sizeof(*data));
	const char *hash = NULL;
	int r = 0;

	if (data == NULL)
		return fail_set(f, FAIL_NOMEM, "out of memory");
	random_bytes(random, sizeof(random));
	if (crypt_gensalt_rn(
		"$y$", 0, random, sizeof(random), salt, sizeof(salt)))
		hash = crypt_r(phrase, salt, data);
	if (hash == NULL || strncmp(hash, "$y$", 3) != 0 ||
	    strlen(hash) >= PASSWORD_HASH_SIZE)
		r = fail_set(
		    f, FAIL_CRYPTO, "the system's libcrypt has no yescrypt");
	else
		memcpy(dst, hash, strlen(hash) + 1);
	wipe(data, sizeof(*data));
	free(data);
	return r;
}

int
password_hash(
    char dst[PASSWORD_HASH_SIZE], const struct secret *password, struct fail *f)
{
	struct span s = secret_show(password);
	char phrase[CRYPT_MAX_PASSPHRASE_SIZE];
	int r;

	if (s.len < PASSWORD_LEAST)
		return fail_set(f, FAIL_RANGE,
		    "the password has less than %d characters", PASSWORD_LEAST);
	if (s.len >= sizeof(phrase) || memchr(s.p, 0, s.len))
		return fail_set(f, FAIL_RANGE,
		    "the password is too long or has a zero byte");
	memcpy(phrase, s.p, s.len);
	phrase[s.len] = '\0';
	r = crypt_it(dst, phrase, f);
	wipe(phrase, sizeof(phrase));
	return r;
}

int
password_generate(struct secret **out, struct fail *f)
{
	const unsigned n = sizeof(alphabet) - 1;
	const unsigned limit = 256 - 256 % n;
	struct secret *s = secret_new(GENERATED);
	uint8_t byte, *p;

	*out = NULL;
	if (s == NULL)
		return fail_set(f, FAIL_NOMEM, "out of memory");
	p = secret_fill(s);
	for (unsigned i = 0; i < GENERATED;) {
		random_bytes(&byte, 1);
		/* A remainder of all 256 would favour the first letters. */
		if (byte < limit)
			p[i++] = (uint8_t)alphabet[byte % n];
	}
	wipe(&byte, 1);
	*out = s;
	return 0;
}
