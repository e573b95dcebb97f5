/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verb `keystroke search`.  A part of a line is found by LIKE within a time
 * or a session; whole words, over any time, by the full-text index.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/names.h"
#include "cli/verbs.h"
#include "cli/where.h"

#define SINCE_DEFAULT "31d"

static int
on_line(const struct db_row *row, void *ctx, struct fail *f)
{
	struct out *o = ctx;
	uint8_t id[16];

	(void)f;
	IGNORE(db_row_uuid(row, 0, id));
	out_row(o);
	out_time(o, "time", db_row_u64(row, 1));
	out_uuid(o, "session", id);
	out_text(o, "user", db_row_text(row, 2));
	out_text(o, "account", db_row_text(row, 3));
	out_text(o, "asset", db_row_text(row, 4));
	out_text(o, "kind", db_row_u64(row, 5) ? "command" : "typed");
	out_span(o, "line", db_row_bytes(row, 6));
	out_row_end(o);
	return 0;
}

/* "+one +two": every word must be there.  The index has none under three. */
static int
make_words(struct cli *c, char *dst, size_t size, const char *text)
{
	size_t n = 0, len;

	for (; *text; text += len) {
		for (len = 0; isalnum((unsigned char)text[len]) ||
			      text[len] == '_' ||
			      (unsigned char)text[len] >= 128;)
			len++;
		if (len == 0) {
			len = 1;
			continue;
		}
		if (len < 3)
			continue;
		if (n + len + 3 > size)
			return cli_usage(c, "the text to search is too long");
		n += (size_t)snprintf(
		    dst + n, size - n, "%s+%.*s", n ? " " : "", (int)len, text);
	}
	if (n == 0)
		return cli_usage(
		    c, "--words needs a word of three characters or more");
	return 0;
}

static int
add_text(struct cli *c, struct where *w, char *dst, size_t size)
{
	const char *text = c->args->pos[0];
	int r;

	if (args_opt(c->args, "words")) {
		r = make_words(c, dst, size, text);
		where_add(w, "MATCH (k.line) AGAINST (? IN BOOLEAN MODE)",
		    db_text(dst));
	} else {
		r = where_like(c, dst, size, text);
		where_add(w, "k.line LIKE ? ESCAPE '!'", db_text(dst));
	}
	return r;
}

int
cmd_keystroke_search(struct cli *c)
{
	const char *session = args_opt(c->args, "session");
	const char *user = args_opt(c->args, "user");
	const char *asset = args_opt(c->args, "asset");
	char text[1024] = "";
	struct where w;
	uint64_t limit;
	uint8_t id[16];
	int r = where_limit(c, &limit);

	where_init(&w,
	    "SELECT k.session_id, k.at_us, s.user_name, s.account_name, "
	    "s.asset_name, k.kind, k.line FROM keystroke k LEFT JOIN session "
	    "s ON s.id=k.session_id");
	if (r == 0 && session) {
		r = names_session(c, session, id);
		where_add(&w, "k.session_id=?", db_uuid(id));
	}
	if (r == 0)
		r = add_text(c, &w, text, sizeof(text));
	if (user)
		where_add(&w, "s.user_name=?", db_text(user));
	if (asset)
		where_add(&w, "s.asset_name=?", db_text(asset));
	if (r == 0)
		r = where_times(c, &w, "k.at_us>=?", "k.at_us<?",
		    session || args_opt(c->args, "words") ? NULL
							  : SINCE_DEFAULT);
	if (r)
		return r;
	where_tail(&w, "ORDER BY k.at_us DESC, k.seq DESC LIMIT ?");
	where_param(&w, db_u64(limit));
	r = where_list(c, &w, on_line);
	if (r == FAIL_TIMEOUT) {
		c->fail = (struct fail){0};
		return fail_set(&c->fail, r,
		    "the search took too long: narrow it by --since, "
		    "--session or --words");
	}
	return r;
}
