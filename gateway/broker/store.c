/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One batch of rows, one transaction.  Sessions and recordings change state
 * only forward, so a row that comes again finds its work done; keystrokes are
 * keyed by session, number and time; audit events by their id (store_chain.c).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/uuid.h"
#include "session/audit.h"
#include "session/why.h"
#include "sql/bulk.h"
#include "sql/types.h"

#include "broker/drain.h"
#include "broker/store.h"
#include "broker/store_chain.h"

struct store {
	struct db *db;
	struct bulk *keys;
	struct store_chain *chain;
	struct buf text;
	/* The batch of the transaction that runs. */
	const struct row *rows;
	size_t n;
};

static const struct bulk_col key_cols[] = {
    {"session_id", DB_BYTES, 16},
    {"seq", DB_U64, 0},
    {"at_us", DB_U64, 0},
    {"channel", DB_U64, 0},
    {"kind", DB_U64, 0},
    {"line", DB_TEXT, 8192},
};

/* A session as the database has it. */
struct session_row {
	bool found;
	uint64_t state;
	uint64_t started_us;
	uint64_t protocol;
	char user[256], account[256], asset[256];
	char peer[65], target[65];
};

static void
release(struct store *s)
{
	store_chain_free(s->chain);
	bulk_free(s->keys);
	db_free(s->db);
	buf_fini(&s->text);
	free(s);
}

void
store_free(struct store *s)
{
	if (s != NULL)
		release(s);
}

struct store *
store_new(const struct db_opts *o, const uint8_t node_id[16])
{
	struct store *s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	buf_init(&s->text, JOURNAL_RECORD_MAX);
	s->db = db_new(o);
	s->keys =
	    bulk_new("keystroke", key_cols, ARRAY_LEN(key_cols), DRAIN_BATCH);
	/* A row makes at most one event. */
	s->chain = store_chain_new(node_id, DRAIN_BATCH);
	if (s->db == NULL || s->keys == NULL || s->chain == NULL) {
		release(s);
		return NULL;
	}
	return s;
}

static int
on_session(const struct db_row *r, void *ctx, struct fail *f)
{
	struct session_row *s = ctx;

	(void)f;
	s->found = true;
	s->state = db_row_u64(r, 0);
	s->started_us = db_row_u64(r, 1);
	s->protocol = db_row_u64(r, 2);
	db_row_copy(r, 3, s->user, sizeof(s->user));
	db_row_copy(r, 4, s->account, sizeof(s->account));
	db_row_copy(r, 5, s->asset, sizeof(s->asset));
	db_row_copy(r, 6, s->peer, sizeof(s->peer));
	db_row_copy(r, 7, s->target, sizeof(s->target));
	return 0;
}

static int
session_read(struct store *st, const uint8_t id[16], struct session_row *s,
    struct fail *f)
{
	memset(s, 0, sizeof(*s));
	return db_query(st->db,
	    DB_STMT("SELECT state, started_us, protocol, user_name,"
		    " account_name, asset_name, peer, target FROM session"
		    " WHERE id=? FOR UPDATE",
		db_uuid(id)),
	    on_session, s, f);
}

/* The members that the events of a session have in common. */
static void
session_members(struct json *j, const struct session_row *s)
{
	json_object(j, NULL);
	json_str(j, "user", s->user);
	json_str(j, "account", s->account);
	json_str(j, "asset", s->asset);
}

/* The event's id follows from the session: there is one of each. */
static int
event_add(struct store *st, uint32_t event, const uint8_t session[16],
    uint64_t at_us, struct json *j)
{
	struct store_event e = {.event = event, .at_us = at_us};
	uint8_t hash[SHA256_LEN];
	const char *name = audit_name(event);
	const struct span parts[] = {
	    SPAN(name, strlen(name)), SPAN(session, 16)};
	int r;

	json_close(j, '}');
	if ((r = json_end(j)) != 0 ||
	    (r = sha256(hash, parts, ARRAY_LEN(parts))) != 0)
		return r;
	memcpy(e.row_id, hash, 16);
	memcpy(e.session, session, 16);
	e.fields = buf_span(&st->text);
	return store_chain_add(st->chain, &e);
}

static int
store_start(struct store *st, const struct jr_start *row, struct fail *f)
{
	struct session_row s;
	char target[65];
	struct json j;
	int r;

	if ((r = session_read(st, row->session_id, &s, f)) != 0)
		return r;
	if (!s.found || s.state != SESSION_ROW_GRANTED)
		return 0;
	(void)bulk_utf8(target, sizeof(target), row->target);
	r = db_exec(st->db,
	    DB_STMT("UPDATE session SET state=?, started_us=?, target=?"
		    " WHERE id=?",
		db_u64(SESSION_ROW_RUNNING), db_u64(row->at_us),
		db_text(target), db_uuid(row->session_id)),
	    NULL, f);
	if (r != 0)
		return r;
	buf_reset(&st->text);
	json_init(&j, &st->text);
	session_members(&j, &s);
	json_str(&j, "peer", s.peer);
	json_str(&j, "protocol", s.protocol == PROTOCOL_RDP ? "rdp" : "ssh");
	json_str(&j, "target", target);
	return event_add(
	    st, AUDIT_SESSION_START, row->session_id, row->at_us, &j);
}

/* The event of a session's end; of one that never began, session.refuse. */
static int
end_event(struct store *st, const struct jr_end *row,
    const struct session_row *s, const char *detail)
{
	uint64_t us =
	    row->at_us > s->started_us ? row->at_us - s->started_us : 0;
	bool began = s->state != SESSION_ROW_GRANTED;
	struct json j;

	buf_reset(&st->text);
	json_init(&j, &st->text);
	session_members(&j, s);
	if (!began)
		json_str(&j, "peer", s->peer);
	json_str(&j, "why", why_name((int)row->why));
	json_str(&j, "detail", detail);
	if (began) {
		json_uint(&j, "bytes_up", row->bytes_up);
		json_uint(&j, "bytes_down", row->bytes_down);
		json_uint(&j, "seconds", us / 1000000);
	}
	return event_add(st, began ? AUDIT_SESSION_END : AUDIT_SESSION_REFUSE,
	    row->session_id, row->at_us, &j);
}

static int
store_end(struct store *st, const struct jr_end *row, struct fail *f)
{
	struct session_row s;
	char detail[256];
	int r;

	if ((r = session_read(st, row->session_id, &s, f)) != 0)
		return r;
	if (!s.found || s.state >= SESSION_ROW_ENDED)
		return 0;
	(void)bulk_utf8(detail, sizeof(detail), row->detail);
	r = db_exec(st->db,
	    DB_STMT("UPDATE session SET state=?, ended_us=?, why=?, detail=?,"
		    " bytes_up=?, bytes_down=?, coverage=? WHERE id=?",
		db_u64(s.state == SESSION_ROW_GRANTED ? SESSION_ROW_FAILED
						      : SESSION_ROW_ENDED),
		db_u64(row->at_us), db_u64(row->why), db_text(detail),
		db_u64(row->bytes_up), db_u64(row->bytes_down),
		row->coverage.len > 0 ? db_text_span(row->coverage) : db_null(),
		db_uuid(row->session_id)),
	    NULL, f);
	/* A session that never began has no recording to wait for. */
	if (r == 0 && s.state == SESSION_ROW_GRANTED)
		r = db_exec(st->db,
		    DB_STMT("UPDATE recording SET state=? WHERE session_id=?"
			    " AND state=?",
			db_u64(RECORDING_FINISHED), db_uuid(row->session_id),
			db_u64(RECORDING_OPEN)),
		    NULL, f);
	return r != 0 ? r : end_event(st, row, &s, detail);
}

static int
store_pause(struct store *st, const struct jr_pause *row, struct fail *f)
{
	uint64_t from = row->paused ? SESSION_ROW_RUNNING : SESSION_ROW_PAUSED;
	uint64_t to = row->paused ? SESSION_ROW_PAUSED : SESSION_ROW_RUNNING;

	return db_exec(st->db,
	    DB_STMT("UPDATE session SET state=? WHERE id=? AND state=?",
		db_u64(to), db_uuid(row->session_id), db_u64(from)),
	    NULL, f);
}

struct rec_row {
	bool found, done;
	uint8_t session_id[16];
};

static int
on_rec(const struct db_row *r, void *ctx, struct fail *f)
{
	struct rec_row *rec = ctx;

	(void)f;
	rec->found = true;
	rec->done = db_row_bytes(r, 1).len > 0;
	return db_row_uuid(r, 0, rec->session_id);
}

static int
store_rec(struct store *st, const struct jr_rec *row, struct fail *f)
{
	char path[513], id[UUID_TEXT_SIZE];
	struct rec_row rec = {0};
	struct json j;
	int r;

	r = db_query(st->db,
	    DB_STMT("SELECT session_id, path FROM recording WHERE id=?"
		    " FOR UPDATE",
		db_uuid(row->rec_id)),
	    on_rec, &rec, f);
	if (r != 0 || !rec.found || rec.done)
		return r;
	(void)bulk_utf8(path, sizeof(path), row->path);
	r = db_exec(st->db,
	    DB_STMT("UPDATE recording SET state=?, truncated=?, bytes=?,"
		    " chunks=?, duration_us=?, hash=?, path=? WHERE id=?",
		db_u64(RECORDING_FINISHED), db_u64(row->truncated != 0),
		db_u64(row->bytes), db_u64(row->chunks),
		db_u64(row->duration_us),
		row->hash.len == 32 ? db_bytes(row->hash) : db_null(),
		db_text(path), db_uuid(row->rec_id)),
	    NULL, f);
	if (r != 0 || !row->truncated)
		return r;
	buf_reset(&st->text);
	json_init(&j, &st->text);
	json_object(&j, NULL);
	json_str(&j, "recording", uuid_text(id, row->rec_id));
	json_uint(&j, "seconds", row->duration_us / 1000000);
	return event_add(
	    st, AUDIT_RECORDING_TRUNCATED, rec.session_id, row->at_us, &j);
}

static int
store_keys(struct store *st, const struct jr_keys *row)
{
	return bulk_add(st->keys, (const struct db_val[]){
				      db_uuid(row->session_id),
				      db_u64(row->seq),
				      db_u64(row->at_us),
				      db_u64(row->channel),
				      db_u64(row->kind),
				      db_text_span(row->line),
				  });
}

static int
store_audit(struct store *st, const struct jr_audit *row)
{
	struct store_event e = {
	    .event = row->event, .at_us = row->at_us, .fields = row->fields};

	memcpy(e.row_id, row->row_id, 16);
	memcpy(e.session, row->session_id, 16);
	return store_chain_add(st->chain, &e);
}

static int
store_row(struct store *st, const struct row *row, struct fail *f)
{
	int r;

	switch (row->kind) {
	case jr_start_type:
		return store_start(st, &row->start, f);
	case jr_end_type:
		return store_end(st, &row->end, f);
	case jr_pause_type:
		return store_pause(st, &row->pause, f);
	case jr_rec_type:
		return store_rec(st, &row->rec, f);
	case jr_audit_type:
		return store_audit(st, &row->audit);
	case jr_keys_type:
		/* A value that no column takes would stop all that follow. */
		r = store_keys(st, &row->keys);
		if (r != FAIL_RANGE && r != FAIL_FORMAT)
			return r;
		log_err(
		    NULL, "a keystroke row cannot be stored: %s", fail_text(r));
		return 0;
	default:
		return 0;
	}
}

static int
store_tx(struct db *db, void *ctx, struct fail *f)
{
	struct store *st = ctx;
	size_t i;
	int r;

	bulk_clear(st->keys);
	store_chain_clear(st->chain);
	for (i = 0; i < st->n; i++)
		if ((r = store_row(st, &st->rows[i], f)) != 0)
			return fail_set(
			    f, r, "row of kind %u", st->rows[i].kind);
	if ((r = bulk_run(st->keys, db, NULL, f)) != 0)
		return r;
	return store_chain_run(st->chain, db, f);
}

int
store_batch(const struct row *rows, size_t n, void *ctx, struct fail *f)
{
	struct store *st = ctx;

	st->rows = rows;
	st->n = n;
	return db_tx(st->db, store_tx, st, f);
}
