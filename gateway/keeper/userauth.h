/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_KEEPER_USERAUTH_H
#define GATEWAY_KEEPER_USERAUTH_H

#include "base/buf.h"
#include "base/cdefs.h"

/*
 * The data that a user's key signs to log in (RFC 4252 section 7).  A key of
 * the vault signs this and nothing else.
 */

struct userauth {
	struct span session_id;
	struct span user;
	struct span alg;
	struct span blob;
};

/* FAIL_FORMAT unless data is exactly one such request; lent from data. */
int userauth_parse(struct span data, struct userauth *u) MUST_USE;

#endif /* GATEWAY_KEEPER_USERAUTH_H */
