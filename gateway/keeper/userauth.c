/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses the data of a public key login, strictly.
 */
#include "base/fail.h"

#include "keeper/userauth.h"

enum { USERAUTH_REQUEST = 50, USER_MAX = 255 };

static int
expect(struct span *s, const char *text)
{
	struct span v;

	return span_string(s, &v) == 0 && span_eq(v, text) ? 0 : FAIL_FORMAT;
}

/* The lengths of SHA-1, SHA-256, SHA-384 and SHA-512. */
static int
check_session_id(struct span id)
{
	return id.len == 20 || id.len == 32 || id.len == 48 || id.len == 64
		   ? 0
		   : FAIL_FORMAT;
}

int
userauth_parse(struct span data, struct userauth *u)
{
	uint8_t number, yes;

	if (span_string(&data, &u->session_id) != 0 ||
	    check_session_id(u->session_id) != 0 ||
	    span_u8(&data, &number) != 0 || number != USERAUTH_REQUEST ||
	    span_string(&data, &u->user) != 0 || u->user.len > USER_MAX ||
	    expect(&data, "ssh-connection") != 0 ||
	    expect(&data, "publickey") != 0 || span_u8(&data, &yes) != 0 ||
	    yes != 1 || span_string(&data, &u->alg) != 0 ||
	    span_string(&data, &u->blob) != 0 || data.len != 0)
		return FAIL_FORMAT;
	return 0;
}
