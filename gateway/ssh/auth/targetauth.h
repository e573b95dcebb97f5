/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_AUTH_TARGETAUTH_H
#define GATEWAY_SSH_AUTH_TARGETAUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"
#include "base/secret.h"

/*
 * The client's side of user authentication (RFC 4252, RFC 4256) towards the
 * target, with the one credential of a grant: a password (by the method
 * password, then keyboard-interactive, as the target's list allows), or a
 * private key that signs somewhere else.
 */

struct targetauth;

struct targetauth_ops {
	/* head and tail are one payload.  0, or a FAIL_* code. */
	int (*send)(void *ctx, struct span head, struct span tail);
	/* Sign data (lent) by alg; the answer comes by targetauth_signed(),
	 * never from within. */
	int (*sign)(void *ctx, const char *alg, struct span data);
	/* server-sig-algs of the target (RFC 8308), "" when it sent none. */
	const char *(*sig_algs)(void *ctx);
};

struct targetauth_opts {
	const struct targetauth_ops *ops; /* kept a pointer to */
	void *ctx;
	struct span session_id; /* copied */
	const char *login;	/* account's name on the target; copied */
	const struct secret *password; /* kept a pointer to; NULL: use pubkey */
	struct span pubkey;	       /* public key blob; copied */
	bool legacy; /* ssh-rsa (SHA-1) for a target without server-sig-algs */
};

enum targetauth_next {
	TARGETAUTH_MORE = 0, /* feed the next packet */
	TARGETAUTH_SIGN = 1, /* sign() was called: a signature is awaited */
	TARGETAUTH_DONE = 2, /* we are in: packets >= 80 may follow */
};

enum { TARGETAUTH_BANNER_MAX = 4096 };

void targetauth_free(struct targetauth *ta);
struct targetauth *targetauth_new(const struct targetauth_opts *o)
    OWNED_BY(targetauth_free) MUST_USE;

/* Ask for the service; once, after the first key exchange. */
int targetauth_start(struct targetauth *ta) MUST_USE;

/*
 * One packet below 80 of the target.  Returns enum targetauth_next, or a
 * negative code with the cause in targetauth_fail(): FAIL_AUTH when the target
 * refuses the credential or wants something else.
 */
int targetauth_packet(
    struct targetauth *ta, const uint8_t *p, size_t len) MUST_USE;

/* The signature blob; empty when there is none to be had. */
int targetauth_signed(struct targetauth *ta, struct span sig) MUST_USE;

/* What the target shows before login, printable UTF-8 and newlines; may grow
 * until TARGETAUTH_DONE. */
struct span targetauth_banner(const struct targetauth *ta);
/* The method that is tried, or that succeeded: "publickey"; "" before. */
const char *targetauth_method(const struct targetauth *ta);
const struct fail *targetauth_fail(const struct targetauth *ta);

#endif /* GATEWAY_SSH_AUTH_TARGETAUTH_H */
