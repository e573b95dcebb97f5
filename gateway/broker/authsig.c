/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a user's signature covers.  The worker sends it whole; here it is taken
 * apart, so that a worker cannot have something else verified than a login of
 * this user with this key.  The session identifier is the one thing that only
 * the worker knows.
 */
#include <stdbool.h>
#include <string.h>

#include "broker/authsig.h"

enum { USERAUTH_REQUEST = 50, SESSION_ID_MIN = 20, SESSION_ID_MAX = 64 };

struct span
authsig_login(struct span name)
{
	struct span s = name;
	size_t i;

	for (i = 0; i < name.len; i++)
		if (memchr("@#%+", name.p[i], 4) != NULL)
			break;
	s.len = i;
	return s;
}

static bool
same(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

int
authsig_check(
    struct span signed_data, struct span user, struct span alg, struct span key)
{
	struct span s = signed_data, id, name, service, method, with, blob;
	uint8_t type, has_sig;

	if (span_string(&s, &id) != 0 || span_u8(&s, &type) != 0 ||
	    span_string(&s, &name) != 0 || span_string(&s, &service) != 0 ||
	    span_string(&s, &method) != 0 || span_u8(&s, &has_sig) != 0 ||
	    span_string(&s, &with) != 0 || span_string(&s, &blob) != 0 ||
	    s.len != 0)
		return FAIL_AUTH;
	if (id.len < SESSION_ID_MIN || id.len > SESSION_ID_MAX ||
	    type != USERAUTH_REQUEST || has_sig != 1 ||
	    !span_eq(service, "ssh-connection") ||
	    !span_eq(method, "publickey"))
		return FAIL_AUTH;
	if (user.len == 0 || !same(authsig_login(name), user) ||
	    !same(with, alg) || !same(blob, key))
		return FAIL_AUTH;
	return 0;
}
