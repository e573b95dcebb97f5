/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Audit events into the chain.  The row of audit_chain is locked first: from
 * then to the commit nobody else adds to this node's chain, and what an
 * earlier, lost connection of ours had in flight is either visible or rolled
 * back.  Only then is looked which events are there already.
 */
#include <stdlib.h>
#include <string.h>

#include "session/audit.h"
#include "sql/bulk.h"

#include "broker/idmap.h"
#include "broker/store_chain.h"

enum { ARENA_MAX = 64 * 1024 * 1024, FIELDS_MAX = 16384 };

struct entry {
	struct store_event e; /* fields.p is not used, see off */
	size_t off;
	bool stored; /* it is in the database already */
};

struct store_chain {
	uint8_t node_id[16];
	struct buf arena;
	struct entry *entries;
	size_t n, max;
	struct bulk *bulk;
	/* The end of the chain. */
	uint64_t seq;
	uint8_t hash[SHA256_LEN];
};

static const struct bulk_col audit_cols[] = {
    {"node_id", DB_BYTES, 16},
    {"seq", DB_U64, 0},
    {"at_us", DB_U64, 0},
    {"event", DB_U64, 0},
    {"session_id", DB_BYTES, 16},
    {"fields", DB_TEXT, FIELDS_MAX},
    {"prev_hash", DB_BYTES, SHA256_LEN},
    {"hash", DB_BYTES, SHA256_LEN},
    {"row_id", DB_BYTES, 16},
};

static void
release(struct store_chain *c)
{
	bulk_free(c->bulk);
	buf_fini(&c->arena);
	free(c->entries);
	free(c);
}

void
store_chain_free(struct store_chain *c)
{
	if (c != NULL)
		release(c);
}

struct store_chain *
store_chain_new(const uint8_t node_id[16], size_t max)
{
	struct store_chain *c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	memcpy(c->node_id, node_id, 16);
	buf_init(&c->arena, ARENA_MAX);
	c->max = max;
	c->entries = calloc(max, sizeof(*c->entries));
	c->bulk = bulk_new("audit", audit_cols, ARRAY_LEN(audit_cols), max);
	if (c->entries == NULL || c->bulk == NULL) {
		release(c);
		return NULL;
	}
	return c;
}

void
store_chain_clear(struct store_chain *c)
{
	c->n = 0;
	buf_reset(&c->arena);
	bulk_clear(c->bulk);
}

int
store_chain_add(struct store_chain *c, const struct store_event *e)
{
	struct entry *to;
	int r;

	if (c->n == c->max)
		return FAIL_FULL;
	to = &c->entries[c->n];
	to->e = *e;
	to->stored = false;
	to->off = buf_len(&c->arena);
	if ((r = buf_put(&c->arena, e->fields.p, e->fields.len)) != 0)
		return r;
	c->n++;
	return 0;
}

static int
on_end(const struct db_row *r, void *ctx, struct fail *f)
{
	struct store_chain *c = ctx;
	struct span hash = db_row_bytes(r, 1);

	if (hash.len != SHA256_LEN)
		return fail_set(f, FAIL_FORMAT, "audit_chain.hash");
	c->seq = db_row_u64(r, 0);
	memcpy(c->hash, hash.p, SHA256_LEN);
	return 0;
}

/* Lock and read the end of the chain; the first time, make it. */
static int
lock_end(struct store_chain *c, struct db *db, struct fail *f)
{
	const struct db_val node = db_uuid(c->node_id);
	static const uint8_t zero[SHA256_LEN];
	int r;

	r = db_one(db,
	    DB_STMT("SELECT seq, hash FROM audit_chain WHERE node_id=?"
		    " FOR UPDATE",
		node),
	    on_end, c, f);
	if (r != FAIL_NOTFOUND)
		return r;
	if (f != NULL)
		memset(f, 0, sizeof(*f));
	c->seq = 0;
	memset(c->hash, 0, sizeof(c->hash));
	return db_exec(db,
	    DB_STMT("INSERT INTO audit_chain (node_id, seq, hash)"
		    " VALUES (?, 0, ?)",
		node, db_bytes(SPAN(zero, sizeof(zero)))),
	    NULL, f);
}

static int
on_stored(const struct db_row *r, void *ctx, struct fail *f)
{
	struct entry *e = ctx;

	(void)r;
	(void)f;
	e->stored = true;
	return 0;
}

/* Which events are there already, in the database or earlier in the batch? */
static int
mark_stored(struct store_chain *c, struct db *db, struct fail *f)
{
	struct idmap *seen = idmap_new();
	size_t i;
	int r = seen != NULL ? 0 : FAIL_NOMEM;

	for (i = 0; i < c->n && r == 0; i++) {
		struct entry *e = &c->entries[i];

		e->stored = false;
		r = idmap_put(seen, e->e.row_id, e);
		if (r == FAIL_EXISTS) {
			e->stored = true;
			r = 0;
			continue;
		}
		if (r == 0)
			r = db_query(db,
			    DB_STMT("SELECT seq FROM audit WHERE row_id=?"
				    " LIMIT 1",
				db_uuid(e->e.row_id)),
			    on_stored, e, f);
	}
	idmap_free(seen);
	return r;
}

static int
chain_one(struct store_chain *c, const struct entry *e, struct fail *f)
{
	static const uint8_t none[16];
	const struct audit_entry a = {
	    .seq = c->seq + 1,
	    .at_us = e->e.at_us,
	    .event = e->e.event,
	    .fields = SPAN(buf_head(&c->arena) + e->off, e->e.fields.len),
	};
	struct audit_entry with = a;
	uint8_t hash[SHA256_LEN];
	bool no_session = memcmp(e->e.session, none, 16) == 0;
	int r;

	memcpy(with.session, e->e.session, 16);
	if ((r = audit_hash(hash, c->hash, &with)) != 0)
		return fail_set(f, r, "audit event");
	r = bulk_add(c->bulk, (const struct db_val[]){
				  db_uuid(c->node_id),
				  db_u64(with.seq),
				  db_u64(with.at_us),
				  db_u64(with.event),
				  db_uuid(no_session ? NULL : e->e.session),
				  db_text_span(with.fields),
				  db_bytes(SPAN(c->hash, SHA256_LEN)),
				  db_bytes(SPAN(hash, SHA256_LEN)),
				  db_uuid(e->e.row_id),
			      });
	if (r != 0)
		return fail_set(f, r, "audit event");
	c->seq = with.seq;
	memcpy(c->hash, hash, sizeof(hash));
	return 0;
}

int
store_chain_run(struct store_chain *c, struct db *db, struct fail *f)
{
	uint64_t before, changed;
	size_t i;
	int r;

	bulk_clear(c->bulk);
	if (c->n == 0)
		return 0;
	if ((r = lock_end(c, db, f)) != 0 || (r = mark_stored(c, db, f)) != 0)
		return r;
	before = c->seq;
	for (i = 0; i < c->n; i++)
		if (!c->entries[i].stored &&
		    (r = chain_one(c, &c->entries[i], f)) != 0)
			return r;
	if (c->seq == before)
		return 0;
	if ((r = bulk_run(c->bulk, db, NULL, f)) != 0)
		return r;
	r = db_exec(db,
	    DB_STMT("UPDATE audit_chain SET seq=?, hash=?"
		    " WHERE node_id=? AND seq=?",
		db_u64(c->seq), db_bytes(SPAN(c->hash, SHA256_LEN)),
		db_uuid(c->node_id), db_u64(before)),
	    &changed, f);
	if (r == 0 && changed != 1)
		r = fail_set(f, FAIL_CHAIN, "the audit chain's end moved");
	return r;
}
