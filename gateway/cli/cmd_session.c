/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of sessions: which there are, and orders to them. */
#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "cli/answer.h"
#include "cli/cli.h"
#include "cli/names.h"
#include "cli/order.h"
#include "cli/verbs.h"
#include "cli/where.h"
#include "session/why.h"
#include "sql/types.h"

static const char *
state_text(uint64_t state)
{
	switch (state) {
	case SESSION_ROW_GRANTED:
		return "granted";
	case SESSION_ROW_RUNNING:
		return "running";
	case SESSION_ROW_PAUSED:
		return "paused";
	case SESSION_ROW_ENDED:
		return "ended";
	case SESSION_ROW_FAILED:
		return "failed";
	default:
		return "unknown";
	}
}

/* Seconds that it has lasted, or has lasted so far. */
static uint64_t
seconds(uint64_t start, uint64_t end)
{
	if (end == 0)
		end = unix_us();
	return end > start ? (end - start) / 1000000 : 0;
}

static int
on_session(const struct db_row *row, void *ctx, struct fail *f)
{
	struct out *o = ctx;
	uint8_t id[16];

	(void)f;
	IGNORE(db_row_uuid(row, 0, id));
	out_row(o);
	out_uuid(o, "id", id);
	out_time(o, "started", db_row_u64(row, 1));
	out_uint(o, "seconds", seconds(db_row_u64(row, 1), db_row_u64(row, 2)));
	out_text(o, "state", state_text(db_row_u64(row, 3)));
	out_text(o, "user", db_row_text(row, 4));
	out_text(o, "account", db_row_text(row, 5));
	out_text(o, "asset", db_row_text(row, 6));
	out_text(o, "peer", db_row_text(row, 7));
	out_text(o, "why",
	    db_row_u64(row, 8) ? why_text((int)db_row_u64(row, 8)) : NULL);
	out_row_end(o);
	return 0;
}

int
cmd_session_list(struct cli *c)
{
	const char *user = args_opt(c->args, "user");
	const char *asset = args_opt(c->args, "asset");
	struct where w;
	uint64_t limit;
	int r = where_limit(c, &limit);

	where_init(&w,
	    "SELECT id, started_us, ended_us, state, user_name, account_name, "
	    "asset_name, peer, why FROM session");
	if (args_opt(c->args, "ended") == NULL)
		where_add(&w, "state IN (1,?,3)", db_u64(SESSION_ROW_RUNNING));
	if (user)
		where_add(&w, "user_name=?", db_text(user));
	if (asset)
		where_add(&w, "asset_name=?", db_text(asset));
	if (r == 0)
		r = where_times(c, &w, "started_us>=?", "started_us<?", NULL);
	if (r)
		return r;
	where_tail(&w, "ORDER BY started_us DESC LIMIT ?");
	where_param(&w, db_u64(limit));
	return where_list(c, &w, on_session);
}

static int
on_show(const struct db_row *row, void *ctx, struct fail *f)
{
	struct out *o = ctx;
	uint8_t id[16];

	(void)f;
	out_text(o, "node", db_row_text(row, 0));
	out_uint(o, "worker", db_row_u64(row, 1));
	out_text(o, "user", db_row_text(row, 2));
	out_text(o, "account", db_row_text(row, 3));
	out_text(o, "asset", db_row_text(row, 4));
	out_text(o, "policy", db_row_text(row, 5));
	out_text(o, "peer", db_row_text(row, 6));
	out_text(o, "target", db_row_text(row, 7));
	out_text(
	    o, "protocol", db_row_u64(row, 8) == PROTOCOL_SSH ? "ssh" : "rdp");
	out_text(o, "state", state_text(db_row_u64(row, 9)));
	out_time(o, "started", db_row_u64(row, 10));
	out_time(o, "ended", db_row_u64(row, 11));
	out_uint(
	    o, "seconds", seconds(db_row_u64(row, 10), db_row_u64(row, 11)));
	out_text(o, "why",
	    db_row_u64(row, 12) ? why_text((int)db_row_u64(row, 12)) : NULL);
	out_text(o, "detail", db_row_text(row, 13));
	out_uint(o, "bytes_up", db_row_u64(row, 14));
	out_uint(o, "bytes_down", db_row_u64(row, 15));
	if (db_row_null(row, 16))
		out_text(o, "coverage", NULL);
	else
		out_raw(o, "coverage", db_row_bytes(row, 16));
	if (db_row_uuid(row, 17, id) == 0)
		out_uuid(o, "recording", id);
	else
		out_text(o, "recording", NULL);
	return 0;
}

int
cmd_session_show(struct cli *c)
{
	uint8_t id[16];
	int r = names_session(c, c->args->pos[0], id);

	if (r)
		return r;
	return answer_one(c, id,
	    DB_STMT("SELECT n.name, s.worker, s.user_name, s.account_name, "
		    "s.asset_name, p.name, s.peer, s.target, s.protocol, "
		    "s.state, s.started_us, s.ended_us, s.why, s.detail, "
		    "s.bytes_up, s.bytes_down, s.coverage, s.rec_id FROM "
		    "session s LEFT JOIN node n ON n.id=s.node_id LEFT JOIN "
		    "policy p ON p.id=s.policy_id WHERE s.id=?",
		db_uuid(id)),
	    on_show);
}

/* Order verb, with the text of the second argument. */
static int
give_order(struct cli *c, enum control_verb verb)
{
	const char *text = c->args->n_pos > 1 ? c->args->pos[1] : "";
	uint8_t id[16];
	int r = order_send(c, verb, text, id, NULL);

	if (r)
		return r;
	out_one(&c->out);
	out_uuid(&c->out, "id", id);
	return out_end(&c->out);
}

int
cmd_session_pause(struct cli *c)
{
	return give_order(c, CONTROL_PAUSE);
}

int
cmd_session_resume(struct cli *c)
{
	return give_order(c, CONTROL_RESUME);
}

int
cmd_session_message(struct cli *c)
{
	return give_order(c, CONTROL_MESSAGE);
}

int
cmd_session_terminate(struct cli *c)
{
	return give_order(c, CONTROL_TERMINATE);
}
