/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_AUTH_LOGIN_H
#define GATEWAY_SSH_AUTH_LOGIN_H

#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"

/*
 * The user name of an SSH login says who and where:
 *
 *	login   = user / target / ticket
 *	target  = user SEP account SEP asset [ ":" port ]
 *	ticket  = user SEP "ticket-" secret
 *	SEP     = "@" / "#" / "%" / "+"
 *
 * The first separator in the name decides: its kind is the separator of all of
 * the name, the others are ordinary characters.  The user is what stands before
 * the first, the asset what stands after the last, so that an account may carry
 * a domain.  An asset that contains colons itself is written in brackets:
 * [2001:db8::7]:2222.  UTF-8 without control characters.
 */

enum { LOGIN_PART_MAX = 255 };

enum login_kind {
	LOGIN_USER,   /* a user alone: no target was named */
	LOGIN_TARGET, /* user, account, asset and perhaps port */
	LOGIN_TICKET, /* user and ticket */
};

struct login {
	enum login_kind kind;
	char user[LOGIN_PART_MAX + 1];
	char account[LOGIN_PART_MAX + 1]; /* "" unless LOGIN_TARGET */
	char asset[LOGIN_PART_MAX + 1];	  /* without brackets and port */
	char ticket[LOGIN_PART_MAX + 1];  /* secret: wipe after use */
	uint16_t port;			  /* 0: none was named */
};

/*
 * Take name apart.  FAIL_FORMAT with a sentence for the user in f when it is
 * none of the forms; FAIL_UNSUPPORTED, with *l filled in, for a ticket.  f may
 * be NULL.
 */
int login_parse(struct login *l, struct span name, struct fail *f) MUST_USE;

#endif /* GATEWAY_SSH_AUTH_LOGIN_H */
