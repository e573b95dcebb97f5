/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of recordings: where they are, their keys, whether they are whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/uuid.h"
#include "cli/answer.h"
#include "cli/cli.h"
#include "cli/names.h"
#include "cli/recfile.h"
#include "cli/verbs.h"
#include "cli/where.h"
#include "recorder/verify.h"
#include "sql/types.h"

static const char *
state_text(uint64_t state)
{
	switch (state) {
	case RECORDING_OPEN:
		return "open";
	case RECORDING_FINISHED:
		return "finished";
	case RECORDING_ERASED:
		return "erased";
	default:
		return "unknown";
	}
}

static int
on_recording(const struct db_row *row, void *ctx, struct fail *f)
{
	struct out *o = ctx;
	uint8_t id[16];

	(void)f;
	IGNORE(db_row_uuid(row, 0, id));
	out_row(o);
	out_uuid(o, "id", id);
	out_time(o, "started", db_row_u64(row, 1));
	out_uint(o, "seconds", db_row_u64(row, 2) / 1000000);
	out_text(o, "state", state_text(db_row_u64(row, 3)));
	out_bool(o, "truncated", db_row_u64(row, 4) != 0);
	out_uint(o, "bytes", db_row_u64(row, 5));
	out_text(o, "user", db_row_text(row, 6));
	out_text(o, "account", db_row_text(row, 7));
	out_text(o, "asset", db_row_text(row, 8));
	out_row_end(o);
	return 0;
}

int
cmd_recording_list(struct cli *c)
{
	const char *user = args_opt(c->args, "user");
	const char *asset = args_opt(c->args, "asset");
	struct where w;
	uint64_t limit;
	int r = where_limit(c, &limit);

	where_init(&w,
	    "SELECT r.id, r.started_us, r.duration_us, r.state, r.truncated, "
	    "r.bytes, s.user_name, s.account_name, s.asset_name FROM "
	    "recording r LEFT JOIN session s ON s.id=r.session_id");
	if (user)
		where_add(&w, "s.user_name=?", db_text(user));
	if (asset)
		where_add(&w, "s.asset_name=?", db_text(asset));
	if (r == 0)
		r = where_times(
		    c, &w, "r.started_us>=?", "r.started_us<?", NULL);
	if (r)
		return r;
	where_tail(&w, "ORDER BY r.started_us DESC LIMIT ?");
	where_param(&w, db_u64(limit));
	return where_list(c, &w, on_recording);
}

static int
on_show(const struct db_row *row, void *ctx, struct fail *f)
{
	char hash[2 * RCD_HASH_LEN + 1];
	struct out *o = ctx;
	uint8_t id[16];
	struct span h = db_row_bytes(row, 11);

	(void)f;
	IGNORE(db_row_uuid(row, 0, id));
	out_uuid(o, "session", id);
	out_text(o, "node", db_row_text(row, 1));
	out_text(o, "user", db_row_text(row, 2));
	out_text(o, "account", db_row_text(row, 3));
	out_text(o, "asset", db_row_text(row, 4));
	out_text(o, "state", state_text(db_row_u64(row, 5)));
	out_bool(o, "truncated", db_row_u64(row, 6) != 0);
	out_time(o, "started", db_row_u64(row, 7));
	out_uint(o, "seconds", db_row_u64(row, 8) / 1000000);
	out_uint(o, "bytes", db_row_u64(row, 9));
	out_uint(o, "chunks", db_row_u64(row, 10));
	if (h.len == RCD_HASH_LEN)
		hex_encode(hash, h.p, h.len);
	out_text(o, "hash", h.len == RCD_HASH_LEN ? hash : NULL);
	out_text(o, "path", db_row_text(row, 12));
	return 0;
}

int
cmd_recording_show(struct cli *c)
{
	uint8_t id[16];
	int r = names_recording(c, c->args->pos[0], id);

	if (r)
		return r;
	return answer_one(c, id,
	    DB_STMT("SELECT r.session_id, n.name, s.user_name, s.account_name, "
		    "s.asset_name, r.state, r.truncated, r.started_us, "
		    "r.duration_us, r.bytes, r.chunks, r.hash, r.path FROM "
		    "recording r LEFT JOIN session s ON s.id=r.session_id LEFT "
		    "JOIN node n ON n.id=r.node_id WHERE r.id=?",
		db_uuid(id)),
	    on_show);
}

int
cmd_recording_path(struct cli *c)
{
	struct recfile rec;
	char *path = NULL;
	int r = recfile_find(c, c->args->pos[0], &rec);

	if (r == 0)
		r = recfile_path(c, &rec, &path);
	if (r)
		return r;
	if (!c->args->json) {
		r = puts(path) < 0 || fflush(stdout)
			? fail_sys(&c->fail, "cannot write")
			: 0;
	} else {
		out_one(&c->out);
		out_uuid(&c->out, "id", rec.id);
		out_text(&c->out, "path", path);
		r = out_end(&c->out);
	}
	free(path);
	return r;
}

static int
print_key(struct cli *c, const struct recfile *rec, struct span dek)
{
	char hex[65];
	int r;

	hex_encode(hex, dek.p, dek.len);
	if (c->args->json) {
		out_one(&c->out);
		out_uuid(&c->out, "id", rec->id);
		out_text(&c->out, "key", hex);
		r = out_end(&c->out);
	} else {
		r = puts(hex) < 0 || fflush(stdout)
			? fail_sys(&c->fail, "cannot write")
			: 0;
	}
	wipe(hex, sizeof(hex));
	return r;
}

/* It is in the audit before it is on the screen. */
int
cmd_recording_key(struct cli *c)
{
	struct recfile rec;
	struct secret *dek = NULL;
	int r = recfile_find(c, c->args->pos[0], &rec);

	if (r == 0)
		r = recfile_key(c, &rec, "key", &dek);
	if (r == 0)
		r = print_key(c, &rec, secret_show(dek));
	secret_free(dek);
	return r;
}

static int
print_verdict(
    struct cli *c, const struct recfile *rec, const struct rcd_verdict *v)
{
	struct out *o = &c->out;
	bool good = v->code == 0;

	out_one(o);
	out_uuid(o, "id", rec->id);
	out_bool(o, "whole", good);
	out_text(o, "flaw", good ? NULL : rcd_flaw_text(v->flaw));
	if (good)
		out_text(o, "bad_chunk", NULL);
	else
		out_uint(o, "bad_chunk", v->bad_seq);
	out_uint(o, "chunks", v->chunks);
	out_uint(o, "bytes", v->bytes);
	out_uint(o, "seconds", v->duration_us / 1000000);
	out_uint(o, "signatures", v->signatures);
	out_bool(o, "signed_by_node", good && rec->has_key);
	out_bool(o, "truncated", v->truncated);
	return out_end(o);
}

int
cmd_recording_verify(struct cli *c)
{
	struct rcd_verdict v = {0};
	struct recfile rec;
	char *path = NULL;
	int fd, verdict, r = recfile_find(c, c->args->pos[0], &rec);

	if (r == 0)
		r = recfile_path(c, &rec, &path);
	if (r)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		r = fail_sys(&c->fail, "cannot open %s", path);
		free(path);
		return r;
	}
	verdict = rcd_verify(fd, rec.has_key ? rec.node_key : NULL, &v);
	close(fd);
	if (verdict != v.code)
		r = fail_set(&c->fail, verdict, "%s cannot be read: %s", path,
		    fail_text(verdict));
	free(path);
	if (r)
		return r;
	r = print_verdict(c, &rec, &v);
	if (r == 0 && v.code)
		r = fail_set(&c->fail, v.code,
		    "the recording is damaged at chunk %llu: %s",
		    (unsigned long long)v.bad_seq, rcd_flaw_text(v.flaw));
	return r;
}
