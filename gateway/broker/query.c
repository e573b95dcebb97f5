/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker's SELECTs, and the rows of a new session.  What is decided from
 * them stands elsewhere, but for "there is no such thing", which every column
 * read here may turn out to be.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"
#include "session/why.h"
#include "sql/types.h"

#include "broker/query.h"

enum { GROUPS_MAX = 1024 };

/* ---- login */

static int
on_user(const struct db_row *r, void *ctx, struct fail *f)
{
	struct query_user *q = ctx;

	(void)f;
	q->found = true;
	db_row_copy(r, 1, q->hash, sizeof(q->hash));
	q->disabled = db_row_u64(r, 2) != 0;
	q->must_change = db_row_u64(r, 3) != 0;
	return db_row_uuid(r, 0, q->id);
}

static int
on_key(const struct db_row *r, void *ctx, struct fail *f)
{
	struct query_user *q = ctx;
	struct span key = db_row_bytes(r, 0);

	(void)f;
	if (key.len > 0 && key.len == q->key.len &&
	    memcmp(key.p, q->key.p, key.len) == 0)
		q->key_known = true;
	return 0;
}

int
query_user(struct db *db, struct query_user *q, struct fail *f)
{
	int r;

	q->found = false;
	q->key_known = false;
	memset(q->id, 0, sizeof(q->id));
	r = db_query(db,
	    DB_STMT_SYNC("SELECT id, password_hash, disabled, must_change"
			 " FROM user WHERE name=?",
		db_text(q->name)),
	    on_user, q, f);
	if (r != 0)
		return r;
	/* Nobody has an id of zeros: the same question for an unknown name. */
	return db_query(db,
	    DB_STMT("SELECT key_blob FROM user_key WHERE user_id=?",
		db_uuid(q->id)),
	    on_key, q, f);
}

/* ---- wish */

void
query_want_init(struct query_want *q)
{
	memset(q, 0, sizeof(*q));
	buf_init(&q->pins, 65536);
	buf_init(&q->sealed, 65536);
}

void
query_want_fini(struct query_want *q)
{
	buf_fini(&q->pins);
	buf_fini(&q->sealed);
}

/* The answer is no; not an error. */
static int
no(struct query_want *q, int why, const char *detail)
{
	if (q->why == 0) {
		q->why = why;
		(void)snprintf(q->detail, sizeof(q->detail), "%s", detail);
	}
	return 0;
}

static int
on_want_user(const struct db_row *r, void *ctx, struct fail *f)
{
	struct query_want *q = ctx;

	(void)f;
	if (db_row_u64(r, 1) != 0)
		return no(q, WHY_NO_POLICY, "the user is disabled");
	q->admin = (db_row_u64(r, 0) & USER_ROLE_ADMINISTRATOR) != 0;
	return 0;
}

static int
on_asset(const struct db_row *r, void *ctx, struct fail *f)
{
	struct query_want *q = ctx;

	(void)f;
	db_row_copy(r, 1, q->address, sizeof(q->address));
	q->port = (uint16_t)db_row_u64(r, 2);
	q->legacy = db_row_u64(r, 4) != 0;
	if (db_row_u64(r, 5) != 0)
		return no(q, WHY_NO_ASSET, "the asset is disabled");
	if (db_row_u64(r, 3) != q->protocol)
		return no(q, WHY_NO_ASSET, "the asset has another protocol");
	return db_row_uuid(r, 0, q->asset_id);
}

static int
on_account(const struct db_row *r, void *ctx, struct fail *f)
{
	struct query_want *q = ctx;

	(void)f;
	db_row_copy(r, 1, q->login, sizeof(q->login));
	if (db_row_u64(r, 2) != 0)
		return no(q, WHY_NO_ASSET, "the account is disabled");
	return db_row_uuid(r, 0, q->account_id);
}

static int
on_pin(const struct db_row *r, void *ctx, struct fail *f)
{
	struct query_want *q = ctx;
	struct span key = db_row_bytes(r, 0);

	(void)f;
	return buf_put_string(&q->pins, key.p, key.len);
}

static int
on_credential(const struct db_row *r, void *ctx, struct fail *f)
{
	struct query_want *q = ctx;
	struct span sealed = db_row_bytes(r, 3);
	int e;

	(void)f;
	q->cred_version = (uint32_t)db_row_u64(r, 1);
	q->cred_kind = (uint8_t)db_row_u64(r, 2);
	if ((e = db_row_uuid(r, 0, q->cred_id)) != 0)
		return e;
	return buf_put(&q->sealed, sealed.p, sealed.len);
}

/* A row that has to be there: without it the answer is no. */
static int
need(struct db *db, struct query_want *q, const struct db_stmt *s,
    db_row_fn *fn, const char *missing, struct fail *f)
{
	struct fail local = {0};
	int r;

	r = db_one(db, s, fn, q, &local);
	if (r == FAIL_NOTFOUND)
		return no(q, WHY_NO_ASSET, missing);
	return r != 0 ? fail_set(f, r, "%s", fail_why(&local, r)) : 0;
}

struct groups {
	uint8_t (*ids)[16];
	size_t n;
};

static int
on_group(const struct db_row *r, void *ctx, struct fail *f)
{
	struct groups *g = ctx;

	(void)f;
	if (g->n == GROUPS_MAX)
		return 0;
	return db_row_uuid(r, 0, g->ids[g->n++]);
}

struct deciding {
	struct policy_query query;
	struct policy_choice choice;
};

static int
on_policy(const struct db_row *r, void *ctx, struct fail *f)
{
	struct deciding *d = ctx;
	struct policy_row row = {0};
	int e;

	(void)f;
	if ((e = db_row_uuid(r, 0, row.policy_id)) != 0 ||
	    (e = db_row_uuid(r, 3, row.subject_id)) != 0 ||
	    (e = db_row_uuid(r, 5, row.object_id)) != 0)
		return e;
	row.priority = (int32_t)db_row_i64(r, 1);
	row.subject_kind = (uint8_t)db_row_u64(r, 2);
	row.object_kind = (uint8_t)db_row_u64(r, 4);
	row.rules.record_shell = (uint8_t)db_row_u64(r, 6);
	row.rules.record_exec = (uint8_t)db_row_u64(r, 7);
	row.rules.record_sftp = (uint8_t)db_row_u64(r, 8);
	row.rules.on_fail = (uint8_t)db_row_u64(r, 9);
	row.rules.idle_s = (uint32_t)db_row_u64(r, 10);
	row.rules.length_s = (uint32_t)db_row_u64(r, 11);
	row.disabled = db_row_u64(r, 12) != 0;
	policy_consider(&d->choice, &d->query, &row);
	return 0;
}

static const char policy_sql[] =
    "SELECT p.id, p.priority, s.kind, s.ref_id, o.kind, o.ref_id,"
    " p.record_shell, p.record_exec, p.record_sftp, p.on_fail, p.idle_s,"
    " p.length_s, p.disabled FROM policy_subject s"
    " JOIN policy p ON p.id=s.policy_id"
    " JOIN policy_object o ON o.policy_id=p.id"
    " WHERE (s.ref_id=? OR s.ref_id IN"
    " (SELECT grp_id FROM grp_member WHERE user_id=?))"
    " AND (o.ref_id=? OR o.ref_id=? OR o.kind=?)";

static int
want_policy(struct db *db, struct query_want *q, struct fail *f)
{
	struct deciding d = {0};
	struct groups g = {0};
	int r;

	if ((g.ids = calloc(GROUPS_MAX, 16)) == NULL)
		return FAIL_NOMEM;
	memcpy(d.query.user_id, q->user_id, 16);
	memcpy(d.query.account_id, q->account_id, 16);
	memcpy(d.query.asset_id, q->asset_id, 16);
	r = db_query(db,
	    DB_STMT("SELECT grp_id FROM grp_member WHERE user_id=?",
		db_uuid(q->user_id)),
	    on_group, &g, f);
	d.query.groups = (const uint8_t(*)[16])g.ids;
	d.query.n_groups = g.n;
	if (r == 0)
		r = db_query(db,
		    DB_STMT(policy_sql, db_uuid(q->user_id),
			db_uuid(q->user_id), db_uuid(q->account_id),
			db_uuid(q->asset_id), db_u64(OBJECT_ALL)),
		    on_policy, &d, f);
	free(g.ids);
	if (r != 0)
		return r;
	if (!d.choice.allowed)
		return no(q, WHY_NO_POLICY, "no policy allows it");
	q->policy = d.choice.row;
	return 0;
}

static int
want_target(struct db *db, struct query_want *q, struct fail *f)
{
	int r;

	r = need(db, q,
	    DB_STMT("SELECT id, address, port, protocol, legacy, disabled"
		    " FROM asset WHERE name=?",
		db_text(q->asset)),
	    on_asset, "no asset has this name", f);
	if (r != 0 || q->why != 0)
		return r;
	return need(db, q,
	    DB_STMT("SELECT id, login, disabled FROM account"
		    " WHERE asset_id=? AND name=?",
		db_uuid(q->asset_id), db_text(q->account)),
	    on_account, "the asset has no account of this name", f);
}

int
query_want(struct db *db, struct query_want *q, struct fail *f)
{
	int r;

	r = need(db, q,
	    DB_STMT_SYNC("SELECT roles, disabled FROM user WHERE id=?",
		db_uuid(q->user_id)),
	    on_want_user, "the user is gone", f);
	if (r != 0 || q->why != 0)
		return r;
	if ((r = want_target(db, q, f)) != 0 || q->why != 0)
		return r;
	if ((r = want_policy(db, q, f)) != 0 || q->why != 0)
		return r;
	r = db_query(db,
	    DB_STMT("SELECT key_blob FROM asset_hostkey WHERE asset_id=?"
		    " ORDER BY id",
		db_uuid(q->asset_id)),
	    on_pin, q, f);
	if (r != 0)
		return r;
	r = need(db, q,
	    DB_STMT("SELECT id, version, kind, sealed FROM credential"
		    " WHERE account_id=? AND state=?"
		    " ORDER BY version DESC LIMIT 1",
		db_uuid(q->account_id), db_u64(CREDENTIAL_CURRENT)),
	    on_credential, "the account has no credential", f);
	return r;
}

/* ---- grant */

static int
grant_tx(struct db *db, void *ctx, struct fail *f)
{
	const struct query_grant *g = *(const struct query_grant *const *)ctx;
	int r;

	r = db_exec(db,
	    DB_STMT("INSERT INTO session (id, node_id, worker, user_id,"
		    " account_id, asset_id, policy_id, user_name,"
		    " account_name, asset_name, peer, protocol, state,"
		    " started_us, rec_id)"
		    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
		    " ON DUPLICATE KEY UPDATE id=session.id",
		db_uuid(g->session_id), db_uuid(g->node_id), db_u64(g->worker),
		db_uuid(g->user_id), db_uuid(g->account_id),
		db_uuid(g->asset_id), db_uuid(g->policy_id), db_text(g->user),
		db_text(g->account), db_text(g->asset), db_text(g->peer),
		db_u64(g->protocol), db_u64(SESSION_ROW_GRANTED),
		db_u64(g->at_us), db_uuid(g->rec_id)),
	    NULL, f);
	if (r != 0)
		return r;
	return db_exec(db,
	    DB_STMT("INSERT INTO recording (id, session_id, node_id,"
		    " node_seq, dek_id, wrapped_dek, state, started_us)"
		    " VALUES (?,?,?,?,?,?,?,?)"
		    " ON DUPLICATE KEY UPDATE id=recording.id",
		db_uuid(g->rec_id), db_uuid(g->session_id), db_uuid(g->node_id),
		db_u64(g->node_seq), db_uuid(g->dek_id), db_bytes(g->wrapped),
		db_u64(RECORDING_OPEN), db_u64(g->at_us)),
	    NULL, f);
}

int
query_grant(struct db *db, const struct query_grant *g, struct fail *f)
{
	return db_tx(db, grant_tx, &g, f);
}

/* ---- the node and what it left open */

static int
on_node(const struct db_row *r, void *ctx, struct fail *f)
{
	struct query_node *n = ctx;

	(void)f;
	return db_row_uuid(r, 0, n->id);
}

static int
on_seq(const struct db_row *r, void *ctx, struct fail *f)
{
	struct query_node *n = ctx;

	(void)f;
	n->node_seq = db_row_u64(r, 0);
	return 0;
}

int
query_node(struct db *db, struct query_node *n, struct fail *f)
{
	const struct db_val name = db_text(n->name);
	uint8_t fresh[16];
	int r;

	uuid_new(fresh);
	r = db_exec(db,
	    DB_STMT("INSERT INTO node (id, name, version, created_us)"
		    " VALUES (?,?,?,?)"
		    " ON DUPLICATE KEY UPDATE version=VALUES(version)",
		db_uuid(fresh), name, db_text(n->version),
		db_u64(uuid_unix_ms(fresh) * 1000)),
	    NULL, f);
	if (r == 0)
		r = db_one(db,
		    DB_STMT_SYNC("SELECT id FROM node WHERE name=?", name),
		    on_node, n, f);
	if (r != 0)
		return r;
	/* Locking: what a killed predecessor has in flight counts. */
	return db_one(db,
	    DB_STMT("SELECT COALESCE(MAX(node_seq),0) FROM recording"
		    " WHERE node_id=? LOCK IN SHARE MODE",
		db_uuid(n->id)),
	    on_seq, n, f);
}

int
query_alive(
    struct db *db, const uint8_t node_id[16], uint64_t now_us, struct fail *f)
{
	return db_exec(db,
	    DB_STMT("UPDATE node SET seen_us=? WHERE id=?", db_u64(now_us),
		db_uuid(node_id)),
	    NULL, f);
}

static int
on_open(const struct db_row *r, void *ctx, struct fail *f)
{
	struct query_open *o = ctx;
	size_t cap = o->cap > 0 ? o->cap * 2 : 64;
	uint8_t(*ids)[16];

	(void)f;
	if (o->n == o->cap) {
		if ((ids = realloc(o->ids, cap * sizeof(*ids))) == NULL)
			return FAIL_NOMEM;
		o->ids = ids;
		o->cap = cap;
	}
	return db_row_uuid(r, 0, o->ids[o->n++]);
}

int
query_open(struct db *db, struct query_open *o, struct fail *f)
{
	o->n = 0;
	return db_query(db,
	    DB_STMT("SELECT id FROM session WHERE node_id=? AND state IN"
		    " (?,?,?) LIMIT 65536",
		db_uuid(o->node_id), db_u64(SESSION_ROW_GRANTED),
		db_u64(SESSION_ROW_RUNNING), db_u64(SESSION_ROW_PAUSED)),
	    on_open, o, f);
}

static int
on_ours(const struct db_row *r, void *ctx, struct fail *f)
{
	bool *ours = ctx;

	(void)r;
	(void)f;
	*ours = true;
	return 0;
}

int
query_ours(struct db *db, const uint8_t session_id[16],
    const uint8_t node_id[16], bool *ours, struct fail *f)
{
	*ours = false;
	return db_query(db,
	    DB_STMT("SELECT id FROM session WHERE id=? AND node_id=?",
		db_uuid(session_id), db_uuid(node_id)),
	    on_ours, ours, f);
}
