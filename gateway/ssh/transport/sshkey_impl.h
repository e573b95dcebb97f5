/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_TRANSPORT_SSHKEY_IMPL_H
#define GATEWAY_SSH_TRANSPORT_SSHKEY_IMPL_H

/*
 * What sshkey.c (blobs and types) and sshkey_sign.c (signatures) share.
 */

#include "ssh/transport/sshkey.h"

enum sshkey_kind { KIND_RSA, KIND_EC, KIND_ED, KIND_SK_ED, KIND_SK_EC };

/* One row of sig_tbl.h. */
struct sshkey_sig {
	const char *alg;
	const char *type;
	enum sshkey_kind kind;
	const char *digest; /* "" when the algorithm has its own */
	const char *curve;
	const char *group; /* the curve's name in OpenSSL */
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

/* What a blob holds, lent from it. */
struct sshkey_fields {
	const struct sshkey_sig *sig; /* first row of its type */
	struct span point;	      /* EC; ED: the 32 bytes */
	struct span n, e;	      /* RSA, without leading zeros */
	struct span application;
};

/* The row of an algorithm, or NULL. */
const struct sshkey_sig *sshkey_alg(const char *alg);
/* The row of the type that this OpenSSL key is, or NULL. */
const struct sshkey_sig *sshkey_row(EVP_PKEY *pkey);
/* Take a positive mpint, without its leading zeros. */
int sshkey_take_mpint(struct span *s, struct span *mag) MUST_USE;
/* Read a whole blob; what is in it may yet be no key. */
int sshkey_take_fields(struct span blob, struct sshkey_fields *f) MUST_USE;
/* Gives *pkey; flags and errors as for sshkey_parse(). */
int sshkey_from_fields(
    const struct sshkey_fields *f, unsigned flags, EVP_PKEY **pkey) MUST_USE;

#endif /* GATEWAY_SSH_TRANSPORT_SSHKEY_IMPL_H */
