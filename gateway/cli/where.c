/* SPDX-License-Identifier: Apache-2.0 */
/* Builds the queries of the list and search verbs from their options. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/loop.h"
#include "cli/when.h"

#include "cli/where.h"

#define LIMIT_DEFAULT 100U
#define LIMIT_MAX 100000U

static void
append(struct where *w, const char *text)
{
	size_t len = strlen(text);

	if (len >= sizeof(w->sql) - w->len) {
		w->err = FAIL_RANGE;
		return;
	}
	memcpy(w->sql + w->len, text, len + 1);
	w->len += len;
}

void
where_init(struct where *w, const char *select)
{
	memset(w, 0, sizeof(*w));
	append(w, select);
}

void
where_param(struct where *w, struct db_val val)
{
	if (w->n == WHERE_PARAMS)
		w->err = FAIL_RANGE;
	else
		w->p[w->n++] = val;
}

void
where_add(struct where *w, const char *cond, struct db_val val)
{
	append(w, w->any ? " AND " : " WHERE ");
	append(w, cond);
	w->any = true;
	where_param(w, val);
}

void
where_tail(struct where *w, const char *tail)
{
	append(w, " ");
	append(w, tail);
}

int
where_query(struct cli *c, struct where *w, db_row_fn *fn, void *ctx)
{
	struct db_stmt s = {.sql = w->sql, .p = w->p, .n = w->n};

	if (w->err)
		return fail_set(&c->fail, w->err, "too many conditions");
	return cli_query(c, &s, fn, ctx);
}

int
where_list(struct cli *c, struct where *w, db_row_fn *fn)
{
	int r;

	out_list(&c->out);
	r = where_query(c, w, fn, &c->out);
	return r ? r : out_end(&c->out);
}

static int
parse_time(struct cli *c, const char *opt, const char *text, uint64_t *us)
{
	if (when_parse(text, unix_us(), us))
		return cli_usage(c,
		    "--%s: %s is no time (2026-01-31, 2026-01-31T12:00:00Z, "
		    "2h)",
		    opt, text);
	return 0;
}

int
where_times(struct cli *c, struct where *w, const char *since_cond,
    const char *until_cond, const char *since_default)
{
	const char *since = args_opt(c->args, "since");
	const char *until = args_opt(c->args, "until");
	uint64_t us;
	int r = 0;

	if (since == NULL)
		since = since_default;
	if (since) {
		r = parse_time(c, "since", since, &us);
		if (r == 0)
			where_add(w, since_cond, db_u64(us));
	}
	if (r == 0 && until) {
		r = parse_time(c, "until", until, &us);
		if (r == 0)
			where_add(w, until_cond, db_u64(us));
	}
	return r;
}

int
where_limit(struct cli *c, uint64_t *limit)
{
	const char *text = args_opt(c->args, "limit");
	unsigned long v = LIMIT_DEFAULT;
	char *end;

	if (text) {
		v = strtoul(text, &end, 10);
		if (text[0] < '0' || text[0] > '9' || *end || v == 0 ||
		    v > LIMIT_MAX)
			return cli_usage(
			    c, "--limit is from 1 to %u", LIMIT_MAX);
	}
	*limit = v;
	return 0;
}

int
where_like(struct cli *c, char *dst, size_t size, const char *text)
{
	size_t n = 0;

	if (text[0] == '\0')
		return cli_usage(c, "the text to search for is empty");
	dst[n++] = '%';
	for (; *text; text++) {
		if (n + 4 > size)
			return cli_usage(c, "the text to search is too long");
		if (*text == '%' || *text == '_' || *text == '!')
			dst[n++] = '!';
		dst[n++] = *text;
	}
	dst[n++] = '%';
	dst[n] = '\0';
	return 0;
}
