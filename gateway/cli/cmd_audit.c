/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of the audit log: listing, searching, verifying, exporting. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/uuid.h"
#include "cli/cli.h"
#include "cli/names.h"
#include "cli/verbs.h"
#include "cli/when.h"
#include "cli/where.h"
#include "session/audit.h"

enum { PAGE = 1000 };

static bool
is_zero(const uint8_t id[16])
{
	static const uint8_t zero[16];

	return memcmp(id, zero, 16) == 0;
}

static void
event_text(char dst[32], uint64_t event)
{
	const char *name = audit_name((uint32_t)event);

	if (name)
		snprintf(dst, 32, "%s", name);
	else
		snprintf(dst, 32, "event %u", (unsigned)event);
}

/* Columns of AUDIT_ROWS. */
static int
on_event(const struct db_row *row, void *ctx, struct fail *f)
{
	struct out *o = ctx;
	char event[32];
	uint8_t id[16];

	(void)f;
	out_row(o);
	out_time(o, "time", db_row_u64(row, 0));
	out_text(o, "node", db_row_text(row, 1));
	out_uint(o, "seq", db_row_u64(row, 2));
	event_text(event, db_row_u64(row, 3));
	out_text(o, "event", event);
	if (db_row_uuid(row, 4, id) == 0 && !is_zero(id))
		out_uuid(o, "session", id);
	else
		out_text(o, "session", NULL);
	out_raw(o, "fields", db_row_bytes(row, 5));
	out_row_end(o);
	return 0;
}

#define AUDIT_ROWS                                                             \
	"SELECT a.at_us, n.name, a.seq, a.event, a.session_id, a.fields FROM " \
	"audit a LEFT JOIN node n ON n.id=a.node_id"

static int
list(struct cli *c, const char *like, const char *since_default)
{
	const char *event = args_opt(c->args, "event");
	const char *session = args_opt(c->args, "session");
	uint32_t number = 0;
	struct where w;
	uint64_t limit;
	uint8_t id[16];
	int r = where_limit(c, &limit);

	where_init(&w, AUDIT_ROWS);
	if (r == 0 && event) {
		if (audit_parse(event, &number))
			return cli_usage(c, "there is no event %s", event);
		where_add(&w, "a.event=?", db_u64(number));
	}
	if (r == 0 && session) {
		r = names_session(c, session, id);
		where_add(&w, "a.session_id=?", db_uuid(id));
		since_default = NULL;
	}
	if (like)
		where_add(&w, "a.fields LIKE ? ESCAPE '!'", db_text(like));
	if (r == 0)
		r = where_times(
		    c, &w, "a.at_us>=?", "a.at_us<?", since_default);
	if (r)
		return r;
	where_tail(&w, "ORDER BY a.at_us DESC, a.seq DESC LIMIT ?");
	where_param(&w, db_u64(limit));
	return where_list(c, &w, on_event);
}

int
cmd_audit_list(struct cli *c)
{
	return list(c, NULL, NULL);
}

int
cmd_audit_search(struct cli *c)
{
	char like[1024];
	int r = where_like(c, like, sizeof(like), c->args->pos[0]);

	return r ? r : list(c, like, "31d");
}

/* ---- verify */

struct chain {
	struct audit_check check;
	uint8_t node_id[16];
	uint8_t hash[SHA256_LEN]; /* where audit_chain says that it ends */
	uint64_t seq;
	unsigned rows; /* of this page */
	struct fail broken;
};

static int
on_link(const struct db_row *row, void *ctx, struct fail *f)
{
	struct chain *ch = ctx;
	struct audit_entry e = {
	    .seq = db_row_u64(row, 0),
	    .at_us = db_row_u64(row, 1),
	    .event = (uint32_t)db_row_u64(row, 2),
	    .fields = db_row_bytes(row, 4),
	};
	struct span hash = db_row_bytes(row, 5);

	ch->rows++;
	/* Null is the session that is all zero. */
	IGNORE(db_row_uuid(row, 3, e.session));
	if (hash.len != SHA256_LEN)
		return fail_set(f, FAIL_CHAIN, "event %llu has no hash",
		    (unsigned long long)e.seq);
	return audit_check_add(&ch->check, &e, hash.p, f);
}

/* Page by page: memory stays bounded however long the chain is. */
static int
check_chain(struct cli *c, struct chain *ch)
{
	int r;

	audit_check_init(&ch->check);
	do {
		struct fail why = {0};

		ch->rows = 0;
		r = db_query(c->db,
		    DB_STMT("SELECT seq, at_us, event, session_id, fields, "
			    "hash FROM audit WHERE node_id=? AND seq>? "
			    "ORDER BY seq, at_us LIMIT ?",
			db_uuid(ch->node_id), db_u64(ch->check.seq),
			db_u64(PAGE)),
		    on_link, ch, &why);
		if (r == FAIL_CHAIN) {
			ch->broken = why;
			return 0;
		}
		if (r)
			return fail_set(&c->fail, r, "%s", fail_why(&why, r));
	} while (ch->rows == PAGE);
	/* It went on while we read: then what follows was checked by who
	 * wrote it, and the next verify sees it. */
	if (ch->check.seq < ch->seq)
		fail_set(&ch->broken, FAIL_CHAIN,
		    "the chain ends at event %llu, %llu are missing",
		    (unsigned long long)ch->check.seq,
		    (unsigned long long)(ch->seq - ch->check.seq));
	else if (ch->check.seq == ch->seq &&
		 memcmp(ch->check.hash, ch->hash, SHA256_LEN) != 0)
		fail_set(&ch->broken, FAIL_CHAIN,
		    "the last event is not the one that was written");
	return 0;
}

struct chains {
	struct cli *c;
	unsigned broken;
};

static int
on_chain(const struct db_row *row, void *ctx, struct fail *f)
{
	struct span hash = db_row_bytes(row, 2);
	struct chains *all = ctx;
	struct out *o = &all->c->out;
	struct chain ch = {.seq = db_row_u64(row, 1)};
	int r = db_row_uuid(row, 0, ch.node_id);

	if (hash.len == SHA256_LEN)
		memcpy(ch.hash, hash.p, hash.len);
	if (r == 0)
		r = check_chain(all->c, &ch);
	if (r)
		return fail_set(f, r, "%s", fail_why(&all->c->fail, r));
	out_row(o);
	out_text(o, "node", db_row_text(row, 3));
	out_uint(o, "events", ch.check.seq);
	out_bool(o, "whole", ch.broken.code == 0);
	out_text(o, "flaw", ch.broken.code ? ch.broken.why : NULL);
	out_row_end(o);
	all->broken += ch.broken.code != 0;
	return 0;
}

int
cmd_audit_verify(struct cli *c)
{
	struct chains all = {.c = c};
	int r;

	out_list(&c->out);
	r = cli_query(c,
	    DB_STMT0("SELECT x.node_id, x.seq, x.hash, n.name FROM "
		     "audit_chain x LEFT JOIN node n ON n.id=x.node_id "
		     "ORDER BY n.name"),
	    on_chain, &all);
	if (r == 0)
		r = out_end(&c->out);
	if (r == 0 && all.broken)
		r = fail_set(&c->fail, FAIL_CHAIN,
		    "the audit chain of %u node%s is broken", all.broken,
		    all.broken == 1 ? "" : "s");
	return r;
}

/* ---- export */

struct export
{
	bool array; /* --json: one array, else JSON lines */
	bool any;
	uint64_t at_us, seq;
	uint8_t node_id[16];
	unsigned rows;
	int err;
};

static int
on_export(const struct db_row *row, void *ctx, struct fail *f)
{
	char event[32], at[WHEN_SIZE], id[UUID_TEXT_SIZE], hex[65];
	struct span hash = db_row_bytes(row, 6);
	struct export *x = ctx;
	uint8_t session[16];
	struct json j;
	struct buf b;
	int r;

	x->rows++;
	x->at_us = db_row_u64(row, 0);
	x->seq = db_row_u64(row, 2);
	IGNORE(db_row_uuid(row, 7, x->node_id));
	event_text(event, db_row_u64(row, 3));
	buf_init(&b, 1024 * 1024);
	json_init(&j, &b);
	json_object(&j, NULL);
	json_str(&j, "time", when_text(at, x->at_us));
	json_str(&j, "node", db_row_text(row, 1));
	json_uint(&j, "seq", x->seq);
	json_str(&j, "event", event);
	if (db_row_uuid(row, 4, session) == 0 && !is_zero(session))
		json_str(&j, "session", uuid_text(id, session));
	json_raw(&j, "fields", db_row_bytes(row, 5));
	if (hash.len == SHA256_LEN) {
		hex_encode(hex, hash.p, hash.len);
		json_str(&j, "hash", hex);
	}
	json_close(&j, '}');
	r = json_end(&j);
	if (r == 0 && x->array && fputc(x->any ? ',' : '[', stdout) == EOF)
		r = fail_sys(f, "cannot write");
	x->any = true;
	if (r == 0 &&
	    (fwrite(buf_head(&b), 1, buf_len(&b), stdout) != buf_len(&b) ||
		fputc('\n', stdout) == EOF))
		r = fail_sys(f, "cannot write");
	buf_fini(&b);
	return r;
}

/* Each page begins behind the last row of the one before. */
int
cmd_audit_export(struct cli *c)
{
	struct export x = {.array = c->args->json};
	struct where w;
	int r;

	do {
		where_init(&w,
		    "SELECT a.at_us, n.name, a.seq, a.event, a.session_id, "
		    "a.fields, a.hash, a.node_id FROM audit a LEFT JOIN node n "
		    "ON n.id=a.node_id");
		r = where_times(c, &w, "a.at_us>=?", "a.at_us<?", NULL);
		if (r)
			return r;
		if (x.rows) {
			where_add(&w, "a.at_us>=?", db_u64(x.at_us));
			where_add(&w, "(a.at_us, a.node_id, a.seq)>(?,",
			    db_u64(x.at_us));
			where_tail(&w, "?,?)");
			where_param(&w, db_uuid(x.node_id));
			where_param(&w, db_u64(x.seq));
		}
		where_tail(&w, "ORDER BY a.at_us, a.node_id, a.seq LIMIT ?");
		where_param(&w, db_u64(PAGE));
		x.rows = 0;
		r = where_query(c, &w, on_export, &x);
	} while (r == 0 && x.rows == PAGE);
	if (r == 0 && x.array)
		IGNORE(fputs(x.any ? "]\n" : "[]\n", stdout) == EOF);
	if (r == 0 && (fflush(stdout) || ferror(stdout)))
		r = fail_sys(&c->fail, "cannot write");
	return r;
}
