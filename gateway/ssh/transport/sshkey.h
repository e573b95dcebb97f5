/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_TRANSPORT_SSHKEY_H
#define GATEWAY_SSH_TRANSPORT_SSHKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/cdefs.h"

/*
 * SSH public keys and signatures in their wire form (RFC 4253 section 6.6,
 * RFC 5656, RFC 8332, RFC 8709, and OpenSSH's PROTOCOL.u2f for the sk- types):
 * ssh-ed25519, ecdsa-sha2-nistp256/384/521, ssh-rsa, and the two sk- types.
 * Keys with a private half are OpenSSL's EVP_PKEY; their files and
 * certificates are not dealt with here.
 *
 * A blob is the key without the u32 length in front: string type, fields.
 * A signature blob likewise: string algorithm, string signature, and for sk-
 * types flags and counter.
 */

enum sshkey_flag {
	SSHKEY_LEGACY = 1,    /* RSA from 1024 bits, and ssh-rsa (SHA-1) */
	SSHKEY_NO_TOUCH = 2,  /* sk-: the user need not have been present */
	SSHKEY_NEED_USER = 4, /* sk-: the device must have verified the user */
};

enum { SSHKEY_RSA_MIN = 2048, SSHKEY_RSA_MIN_LEGACY = 1024 };
enum { SSHKEY_RSA_MAX = 16384 };

/* "SHA256:", 43 characters of base64, and the zero. */
enum { SSHKEY_FINGERPRINT_SIZE = 51 };

/*
 * Read a public key; the whole blob must be one.  Gives *pkey (release with
 * EVP_PKEY_free).  FAIL_FORMAT, FAIL_UNSUPPORTED for an unknown type, or
 * FAIL_RANGE for an RSA key of a size that is not accepted.  flags:
 * SSHKEY_LEGACY.
 */
int sshkey_parse(struct span blob, unsigned flags, EVP_PKEY **pkey) MUST_USE;

/*
 * Is sig a signature of data by the key of blob, made with alg?  0, or
 * FAIL_SIGNATURE; or as sshkey_parse().  alg must fit the type of the key and
 * be the one that the signature names.  ssh-rsa, and short RSA keys, only with
 * SSHKEY_LEGACY.
 */
int sshkey_verify(struct span blob, const char *alg, struct span data,
    struct span sig) MUST_USE;
int sshkey_verify_flags(struct span blob, const char *alg, struct span data,
    struct span sig, unsigned flags) MUST_USE;

/*
 * Sign data with the private key; appends a signature blob to sig.
 * FAIL_UNSUPPORTED when alg does not fit the key; sk- types cannot be signed
 * with.  ssh-rsa is done when asked for: whoever chose alg has judged it.
 */
int sshkey_sign(EVP_PKEY *pkey, const char *alg, struct span data,
    struct buf *sig) MUST_USE;

/* Append the public blob of a key to out.  Not for sk- types. */
int sshkey_public_blob(EVP_PKEY *pkey, struct buf *out) MUST_USE;

/* "SHA256:..." as OpenSSH prints it; size at least SSHKEY_FINGERPRINT_SIZE. */
int sshkey_fingerprint(struct span blob, char *dst, size_t size) MUST_USE;

/* The type that the blob names, or NULL when it is not one of ours. */
const char *sshkey_type(struct span blob);
/* Bits of the key (RSA: of its modulus); 0 when it does not parse. */
unsigned sshkey_bits(struct span blob);
/* Can this key make signatures of this algorithm? */
bool sshkey_fits(struct span blob, const char *alg);
/* Type of the keys that make signatures of this algorithm, or NULL. */
const char *sshkey_alg_type(const char *alg);
/*
 * The n-th algorithm, best first, of keys of this type; NULL after the last.
 * ssh-rsa is the last of its type.
 */
const char *sshkey_type_alg(const char *type, size_t n);

#endif /* GATEWAY_SSH_TRANSPORT_SSHKEY_H */
