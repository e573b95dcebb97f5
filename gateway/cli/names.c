/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From names to rows.  Which characters a name may have is decided here; the
 * login parser relies on the separators not being among them.
 */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "sql/types.h"

#include "cli/names.h"

static const char *
refuse(const char *name, const char * not )
{
	size_t len = strlen(name), n;
	uint32_t cp;

	if (len == 0)
		return "is empty";
	if (len > 255)
		return "is longer than 255 bytes";
	for (size_t i = 0; i < len; i += n) {
		n = utf8_get((const uint8_t *)name + i, len - i, &cp);
		if (n == 0 || (n == 1 && cp == UTF8_BAD))
			return "is not UTF-8";
		if (!utf8_printable(cp))
			return "has a character that cannot be shown";
		if (cp < 128 && strchr(not, (int)cp))
			return "has a character that is not allowed (blanks "
			       "and @ # % + : / and the like)";
	}
	return NULL;
}

int
names_check(struct cli *c, const char *what, const char *name)
{
	const char *why = refuse(name, " @#%+:/,;\"'`*?");

	if (why == NULL && (name[0] == '-' || name[0] == '.'))
		why = "begins with - or a dot";
	if (why)
		return cli_usage(c, "the name of the %s %s", what, why);
	return 0;
}

int
names_check_login(struct cli *c, const char *login)
{
	const char *why = refuse(login, "");

	if (why == NULL && (login[0] == ' ' || login[strlen(login) - 1] == ' '))
		why = "has blanks at its ends";
	if (why)
		return cli_usage(c, "the login %s", why);
	return 0;
}

static int
on_id(const struct db_row *row, void *ctx, struct fail *f)
{
	(void)f;
	return db_row_uuid(row, 0, ctx);
}

static int
find(struct cli *c, const char *what, const struct db_stmt *q, const char *name,
    uint8_t id[16])
{
	struct fail why = {0};
	int r = db_one(c->db, q, on_id, id, &why);

	if (r == FAIL_NOTFOUND)
		return fail_set(
		    &c->fail, r, "%s %s does not exist", what, name);
	return r ? fail_set(&c->fail, r, "%s", fail_why(&why, r)) : 0;
}

static int
by_name(struct cli *c, const char *what, const char *sql, const char *name,
    uint8_t id[16])
{
	return find(c, what, DB_STMT_SYNC(sql, db_text(name)), name, id);
}

int
names_user(struct cli *c, const char *name, uint8_t id[16])
{
	return by_name(c, "user", "SELECT id FROM user WHERE name=?", name, id);
}

int
names_group(struct cli *c, const char *name, uint8_t id[16])
{
	return by_name(c, "group", "SELECT id FROM grp WHERE name=?", name, id);
}

int
names_asset(struct cli *c, const char *name, uint8_t id[16])
{
	return by_name(
	    c, "asset", "SELECT id FROM asset WHERE name=?", name, id);
}

int
names_policy(struct cli *c, const char *name, uint8_t id[16])
{
	return by_name(
	    c, "policy", "SELECT id FROM policy WHERE name=?", name, id);
}

int
names_account(
    struct cli *c, const char *text, uint8_t id[16], uint8_t asset_id[16])
{
	const char *at = strrchr(text, '@');
	uint8_t asset[16];
	int r;

	if (at == NULL || at == text || at[1] == '\0')
		return cli_usage(
		    c, "%s is not of the form ACCOUNT@ASSET", text);
	r = names_asset(c, at + 1, asset);
	if (r)
		return r;
	if (asset_id)
		memcpy(asset_id, asset, 16);
	return find(c, "account",
	    DB_STMT_SYNC("SELECT id FROM account WHERE asset_id=? AND name=?",
		db_uuid(asset), db_text_span(SPAN(text, (size_t)(at - text)))),
	    text, id);
}

/* The lowest and the highest id that begin with text. */
static int
prefix_range(const char *text, uint8_t low[16], uint8_t high[16])
{
	char hex[33];
	size_t n = 0;

	for (; *text; text++) {
		if (*text == '-')
			continue;
		if (n == 32 || strchr("0123456789abcdefABCDEF", *text) == NULL)
			return FAIL_FORMAT;
		hex[n++] = *text;
	}
	if (n < 4)
		return FAIL_FORMAT;
	memset(hex + n, '0', 32 - n);
	hex[32] = '\0';
	if (hex_decode(low, 16, hex))
		return FAIL_FORMAT;
	memset(hex + n, 'f', 32 - n);
	return hex_decode(high, 16, hex) ? FAIL_FORMAT : 0;
}

struct matches {
	uint8_t *id;
	unsigned n;
};

static int
on_match(const struct db_row *row, void *ctx, struct fail *f)
{
	struct matches *m = ctx;

	(void)f;
	m->n++;
	return db_row_uuid(row, 0, m->id);
}

static int
by_prefix(struct cli *c, const char *what, const char *sql, const char *text,
    uint8_t id[16])
{
	struct matches m = {.id = id};
	uint8_t low[16], high[16];
	int r;

	if (prefix_range(text, low, high))
		return cli_usage(c, "%s is not the id of a %s", text, what);
	r = cli_query(
	    c, DB_STMT(sql, db_uuid(low), db_uuid(high)), on_match, &m);
	if (r)
		return r;
	if (m.n == 0)
		return fail_set(&c->fail, FAIL_NOTFOUND, "%s %s does not exist",
		    what, text);
	if (m.n > 1)
		return fail_set(&c->fail, FAIL_RANGE,
		    "more than one %s begins with %s", what, text);
	return 0;
}

int
names_session(struct cli *c, const char *text, uint8_t id[16])
{
	return by_prefix(c, "session",
	    "SELECT id FROM session WHERE id BETWEEN ? AND ? LIMIT 2", text,
	    id);
}

int
names_recording(struct cli *c, const char *text, uint8_t id[16])
{
	uint8_t low[16], high[16];
	bool found = false;
	int r;

	if (prefix_range(text, low, high) == 0) {
		r = cli_found(c,
		    DB_STMT("SELECT 1 FROM recording WHERE id BETWEEN ? AND ? "
			    "LIMIT 1",
			db_uuid(low), db_uuid(high)),
		    &found);
		if (r)
			return r;
	}
	if (!found)
		return by_prefix(c, "recording",
		    "SELECT id FROM recording WHERE session_id "
		    "BETWEEN ? AND ? LIMIT 2",
		    text, id);
	return by_prefix(c, "recording",
	    "SELECT id FROM recording WHERE id BETWEEN ? AND ? LIMIT 2", text,
	    id);
}

static const struct {
	const char *name;
	unsigned bit;
} roles_tbl[] = {
    {"user", USER_ROLE_USER},
    {"approver", USER_ROLE_APPROVER},
    {"auditor", USER_ROLE_AUDITOR},
    {"administrator", USER_ROLE_ADMINISTRATOR},
};

int
names_roles(struct cli *c, const char *text, unsigned *roles)
{
	size_t len, i;

	*roles = 0;
	for (const char *p = text;; p += len + 1) {
		len = strcspn(p, ",");
		for (i = 0; i < ARRAY_LEN(roles_tbl); i++) {
			if (strlen(roles_tbl[i].name) == len &&
			    memcmp(roles_tbl[i].name, p, len) == 0)
				break;
		}
		if (i == ARRAY_LEN(roles_tbl))
			return cli_usage(c,
			    "%.*s is no role: user, approver, auditor, "
			    "administrator",
			    (int)len, p);
		*roles |= roles_tbl[i].bit;
		if (p[len] == '\0')
			return 0;
	}
}

const char *
names_roles_text(char dst[64], unsigned roles)
{
	size_t len = 0;

	dst[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(roles_tbl); i++) {
		if (roles & roles_tbl[i].bit)
			len += (size_t)snprintf(dst + len, 64 - len, "%s%s",
			    len ? "," : "", roles_tbl[i].name);
	}
	return dst;
}
