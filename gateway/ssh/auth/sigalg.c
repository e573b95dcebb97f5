/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which signature algorithm goes with which type of key (RFC 8332 section 3,
 * RFC 5656, RFC 8709), as one table.
 */
#include <string.h>

#include "ssh/auth/sigalg.h"

static const struct {
	const char *alg;
	const char *type;
} algs[] = {
#define SIGALG(name, key_type) {name, key_type},
#include "ssh/auth/sigalg_tbl.h"
#undef SIGALG
};

/* The string that a key or signature blob begins with; empty when none. */
static struct span
blob_type(struct span blob)
{
	struct span type = {0};

	if (span_string(&blob, &type) != 0)
		type.len = 0;
	return type;
}

const char *
sigalg_accept(struct span alg, struct span blob)
{
	struct span type = blob_type(blob);

	for (size_t i = 0; i < ARRAY_LEN(algs); i++)
		if (span_eq(alg, algs[i].alg))
			return span_eq(type, algs[i].type) ? algs[i].alg : NULL;
	return NULL;
}

bool
sigalg_made_by(struct span sig_blob, const char *alg)
{
	return span_eq(blob_type(sig_blob), alg);
}

/* Is name in the comma-separated list? */
static bool
in_list(const char *list, const char *name)
{
	size_t len = strlen(name), n;

	for (const char *s = list; *s != '\0'; s += n + (s[n] == ',')) {
		n = strcspn(s, ",");
		if (n == len && memcmp(s, name, n) == 0)
			return true;
	}
	return false;
}

const char *
sigalg_choose(struct span blob, const char *server_sig_algs, bool legacy)
{
	struct span type = blob_type(blob);
	bool rsa = span_eq(type, "ssh-rsa");
	const char *first = NULL;

	if (server_sig_algs[0] == '\0' && rsa && legacy)
		return "ssh-rsa";
	for (size_t i = 0; i < ARRAY_LEN(algs); i++) {
		if (!span_eq(type, algs[i].type))
			continue;
		if (first == NULL)
			first = algs[i].alg;
		if (in_list(server_sig_algs, algs[i].alg))
			return algs[i].alg;
	}
	/* Only for RSA is the list a choice; for others the key decides. */
	return rsa && server_sig_algs[0] != '\0' ? NULL : first;
}
