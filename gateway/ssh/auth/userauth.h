/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_AUTH_USERAUTH_H
#define GATEWAY_SSH_AUTH_USERAUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"

/*
 * The server's side of user authentication (RFC 4252, RFC 4256) towards the
 * user: packets in, packets out, and one question at a time to whoever knows
 * the users.  The list of methods is the same for every name.
 *
 *	userauth_packet() -> USERAUTH_ASKED	ask() was called
 *	... later ...
 *	userauth_answer() -> USERAUTH_DONE	the user is in
 */

struct userauth;

/* Numbers as in the broker's `auth` message. */
enum userauth_method {
	USERAUTH_PASSWORD = 1,	/* also from keyboard-interactive */
	USERAUTH_PROBE = 2,	/* would this key be accepted? */
	USERAUTH_PUBLICKEY = 3, /* a signature to verify */
};

/* A question; everything in it is lent for the call of ask(). */
struct userauth_ask {
	enum userauth_method method;
	const char *name;	 /* of the method, as in RFC 4252 */
	struct span user;	 /* as it was sent: see login.h */
	struct span password;	 /* wiped when ask() returns */
	const char *alg;	 /* signature algorithm; fits the key's type */
	struct span key;	 /* public key blob */
	struct span signed_data; /* RFC 4252 section 7, session id included */
	struct span signature;	 /* signature blob, made by alg */
};

struct userauth_ops {
	/* head and tail are one payload.  0, or a FAIL_* code. */
	int (*send)(void *ctx, struct span head, struct span tail);
	/* The answer comes by userauth_answer(), never from within. */
	int (*ask)(void *ctx, const struct userauth_ask *q);
};

struct userauth_opts {
	const struct userauth_ops *ops; /* kept a pointer to */
	void *ctx;
	struct span session_id; /* copied */
	const char *banner;	/* copied; NULL or "": none */
	unsigned max_tries;	/* failed logins; 0: 6 */
	unsigned max_probes;	/* keys asked about in vain; 0: 20 */
};

enum userauth_next {
	USERAUTH_MORE = 0,  /* feed the next packet */
	USERAUTH_ASKED = 1, /* feed none before userauth_answer() */
	USERAUTH_DONE = 2,  /* success was sent: packets >= 80 may follow */
};

void userauth_free(struct userauth *ua);
struct userauth *userauth_new(const struct userauth_opts *o)
    OWNED_BY(userauth_free) MUST_USE;

/*
 * One packet below 80 of the user; a password in it is wiped.  Returns enum
 * userauth_next, or a negative code, and the connection is to be ended with
 * userauth_reason() and the words of userauth_fail(); FAIL_BUSY while a
 * question is open: nothing was taken, the same packet may be fed again later.
 * After USERAUTH_DONE further requests are ignored, as RFC 4252 wants it.
 */
int userauth_packet(struct userauth *ua, uint8_t *p, size_t len) MUST_USE;

/* The answer to the open question.  Returns as userauth_packet(). */
int userauth_answer(struct userauth *ua, bool ok) MUST_USE;

/* Show text before the login is done, e.g. why it takes long. */
int userauth_banner(struct userauth *ua, const char *text) MUST_USE;

/* The name of the last attempt, at USERAUTH_DONE the one that is in. */
struct span userauth_user(const struct userauth *ua);
/* The method of the last attempt that was asked about; "" before. */
const char *userauth_method(const struct userauth *ua);
/* Attempts that failed so far. */
unsigned userauth_tries(const struct userauth *ua);
/* SSH_DISCONNECT_* that fits the failure. */
uint32_t userauth_reason(const struct userauth *ua);
const struct fail *userauth_fail(const struct userauth *ua);

#endif /* GATEWAY_SSH_AUTH_USERAUTH_H */
