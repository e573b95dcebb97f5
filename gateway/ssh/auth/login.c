/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes the user name of a login apart.  Responsible for the grammar only:
 * whether the user, the account and the asset exist is others' business.
 */
#include <stdbool.h>
#include <string.h>

#include "base/secret.h"
#include "base/utf8.h"
#include "ssh/auth/login.h"

static const char separators[] = "@#%+";
static const char ticket_mark[] = "ticket-";

static bool
is_control(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0);
}

static int
check_text(struct span s, struct fail *f)
{
	uint32_t cp;
	size_t n;

	while (s.len > 0) {
		n = utf8_get(s.p, s.len, &cp);
		if (n == 0 || (n == 1 && cp == UTF8_BAD))
			return fail_set(f, FAIL_FORMAT,
			    "the login name is not valid UTF-8");
		if (is_control(cp))
			return fail_set(f, FAIL_FORMAT,
			    "the login name has control characters");
		s.p += n;
		s.len -= n;
	}
	return 0;
}

static int
copy_part(char dst[LOGIN_PART_MAX + 1], struct span s, const char *what,
    struct fail *f)
{
	if (s.len == 0)
		return fail_set(f, FAIL_FORMAT,
		    "the login name has no %s: USER@ACCOUNT@ASSET", what);
	if (s.len > LOGIN_PART_MAX)
		return fail_set(f, FAIL_FORMAT,
		    "the %s in the login name is too long", what);
	memcpy(dst, s.p, s.len);
	dst[s.len] = '\0';
	return 0;
}

/* 1 to 65535, digits only. */
static int
parse_port(struct span s, uint16_t *port)
{
	uint32_t v = 0;

	if (s.len == 0 || s.len > 5)
		return FAIL_FORMAT;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return FAIL_FORMAT;
		v = v * 10 + (uint32_t)(s.p[i] - '0');
	}
	if (v == 0 || v > UINT16_MAX)
		return FAIL_FORMAT;
	*port = (uint16_t)v;
	return 0;
}

/* "name", "name:port", "[address]", "[address]:port", or a bare address. */
static int
split_port(struct span *asset, uint16_t *port, struct fail *f)
{
	const uint8_t *colon;
	struct span digits;

	if (asset->len > 0 && asset->p[0] == '[') {
		const uint8_t *end = memchr(asset->p, ']', asset->len);
		size_t inner, rest;

		if (end == NULL)
			return fail_set(f, FAIL_FORMAT,
			    "the asset in the login name lacks a ]");
		inner = (size_t)(end - asset->p) - 1;
		rest = asset->len - inner - 2;
		if (rest > 0 &&
		    (end[1] != ':' ||
			parse_port(SPAN(end + 2, rest - 1), port) != 0))
			goto bad_port;
		*asset = SPAN(asset->p + 1, inner);
		return 0;
	}
	colon = memchr(asset->p, ':', asset->len);
	if (colon == NULL)
		return 0;
	digits = SPAN(colon + 1, asset->len - (size_t)(colon - asset->p) - 1);
	/* With a second colon it is an IPv6 address without a port. */
	if (memchr(digits.p, ':', digits.len) != NULL)
		return 0;
	if (parse_port(digits, port) != 0)
		goto bad_port;
	asset->len = (size_t)(colon - asset->p);
	return 0;

bad_port:
	return fail_set(f, FAIL_FORMAT,
	    "the port in the login name is not a number from 1 to 65535");
}

static int
parse_target(struct login *l, struct span rest, uint8_t sep, struct fail *f)
{
	const uint8_t *last = memrchr(rest.p, sep, rest.len);
	struct span account, asset;
	int r;

	if (last == NULL)
		return fail_set(f, FAIL_FORMAT,
		    "the login name has no asset: USER%cACCOUNT%cASSET", sep,
		    sep);
	account = SPAN(rest.p, (size_t)(last - rest.p));
	asset = SPAN(last + 1, rest.len - account.len - 1);
	if ((r = split_port(&asset, &l->port, f)) != 0 ||
	    (r = copy_part(l->account, account, "account", f)) != 0 ||
	    (r = copy_part(l->asset, asset, "asset", f)) != 0)
		return r;
	l->kind = LOGIN_TARGET;
	return 0;
}

static int
parse(struct login *l, struct span name, struct fail *f)
{
	const size_t mark = sizeof(ticket_mark) - 1;
	struct span user = name, rest = {0};
	size_t i;
	int r;

	if ((r = check_text(name, f)) != 0)
		return r;
	for (i = 0; i < name.len; i++)
		if (strchr(separators, name.p[i]) != NULL)
			break;
	user.len = i;
	if ((r = copy_part(l->user, user, "user", f)) != 0)
		return r;
	l->kind = LOGIN_USER;
	if (i == name.len)
		return 0;

	rest = SPAN(name.p + i + 1, name.len - i - 1);
	if (rest.len >= mark && memcmp(rest.p, ticket_mark, mark) == 0 &&
	    memchr(rest.p, name.p[i], rest.len) == NULL) {
		rest = SPAN(rest.p + mark, rest.len - mark);
		if ((r = copy_part(l->ticket, rest, "ticket", f)) != 0)
			return r;
		l->kind = LOGIN_TICKET;
		return fail_set(
		    f, FAIL_UNSUPPORTED, "tickets are not accepted here");
	}
	return parse_target(l, rest, name.p[i], f);
}

int
login_parse(struct login *l, struct span name, struct fail *f)
{
	int r;

	memset(l, 0, sizeof(*l));
	r = parse(l, name, f);
	if (r != 0 && r != FAIL_UNSUPPORTED)
		wipe(l, sizeof(*l));
	return r;
}
