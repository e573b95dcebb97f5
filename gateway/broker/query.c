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
#include "sql/bulk.h"
#include "sql/types.h"

#include "broker/query.h"

/* ---- login */

/* A row for each key of the user; one without a user when there is none. */
static int
on_user(const struct db_row *r, void *ctx, struct fail *f)
{
	struct query_user *q = ctx;
	struct span key = db_row_bytes(r, 4);

	(void)f;
	if (db_row_null(r, 0))
		return 0;
	q->found = true;
	db_row_copy(r, 1, q->hash, sizeof(q->hash));
	q->disabled = db_row_u64(r, 2) != 0;
	q->must_change = db_row_u64(r, 3) != 0;
	if (key.len > 0 && key.len == q->key.len &&
	    memcmp(key.p, q->key.p, key.len) == 0)
		q->key_known = true;
	return db_row_uuid(r, 0, q->id);
}

int
query_user(struct db *db, struct query_user *q, struct fail *f)
{
	q->found = false;
	q->key_known = false;
	memset(q->id, 0, sizeof(q->id));
	/*
	 * One statement, as each costs both sides a change of context.  Nobody
	 * has an id of zeros: keys are looked for with an unknown name too.
	 */
	return db_query(db,
	    DB_STMT_SYNC(
		"SELECT u.id, u.password_hash, u.disabled, u.must_change,"
		" k.key_blob FROM (SELECT 1) one"
		" LEFT JOIN user u ON u.name=?"
		" LEFT JOIN user_key k ON k.user_id="
		"COALESCE(u.id, X'00000000000000000000000000000000')",
		db_text(q->name)),
	    on_user, q, f);
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

/* Columns of want_sql. */
enum {
	U_ROLES,
	U_DISABLED,
	A_ID,
	A_ADDRESS,
	A_PORT,
	A_PROTOCOL,
	A_LEGACY,
	A_DISABLED,
	C_ID,
	C_LOGIN,
	C_DISABLED,
	R_ID,
	R_VERSION,
	R_KIND,
	R_SEALED,
	H_BLOB,
};

/*
 * User, asset, account, newest credential in use and host keys, as one
 * question: each one asked costs both sides a change of context.
 */
static const char want_sql[] =
    "SELECT u.roles, u.disabled,"
    " a.id, a.address, a.port, a.protocol, a.legacy, a.disabled,"
    " c.id, c.login, c.disabled, r.id, r.version, r.kind, r.sealed,"
    " h.key_blob FROM user u"
    " LEFT JOIN asset a ON a.name=?"
    " LEFT JOIN account c ON c.asset_id=a.id AND c.name=?"
    " LEFT JOIN credential r ON r.account_id=c.id AND r.state=?"
    " LEFT JOIN asset_hostkey h ON h.asset_id=a.id"
    " WHERE u.id=? ORDER BY r.version DESC, h.id";

struct wanting {
	struct query_want *q;
	size_t rows;
	bool credential;
};

static int
take_asset(const struct db_row *r, struct query_want *q)
{
	if (db_row_null(r, A_ID))
		return no(q, WHY_NO_ASSET, "no asset has this name");
	db_row_copy(r, A_ADDRESS, q->address, sizeof(q->address));
	q->port = (uint16_t)db_row_u64(r, A_PORT);
	q->legacy = db_row_u64(r, A_LEGACY) != 0;
	if (db_row_u64(r, A_DISABLED) != 0)
		return no(q, WHY_NO_ASSET, "the asset is disabled");
	if (db_row_u64(r, A_PROTOCOL) != q->protocol)
		return no(q, WHY_NO_ASSET, "the asset has another protocol");
	return db_row_uuid(r, A_ID, q->asset_id);
}

static int
take_account(const struct db_row *r, struct query_want *q)
{
	if (db_row_null(r, C_ID))
		return no(
		    q, WHY_NO_ASSET, "the asset has no account of this name");
	db_row_copy(r, C_LOGIN, q->login, sizeof(q->login));
	if (db_row_u64(r, C_DISABLED) != 0)
		return no(q, WHY_NO_ASSET, "the account is disabled");
	return db_row_uuid(r, C_ID, q->account_id);
}

static int
take_credential(const struct db_row *r, struct wanting *w)
{
	struct query_want *q = w->q;
	struct span sealed = db_row_bytes(r, R_SEALED);
	int e;

	if (db_row_null(r, R_ID))
		return 0; /* said after the policy was asked */
	w->credential = true;
	q->cred_version = (uint32_t)db_row_u64(r, R_VERSION);
	q->cred_kind = (uint8_t)db_row_u64(r, R_KIND);
	if ((e = db_row_uuid(r, R_ID, q->cred_id)) != 0)
		return e;
	return buf_put(&q->sealed, sealed.p, sealed.len);
}

/* The first row says it all; those that follow have more host keys. */
static int
take_first(const struct db_row *r, struct wanting *w)
{
	struct query_want *q = w->q;
	int e;

	if (db_row_u64(r, U_DISABLED) != 0)
		return no(q, WHY_NO_POLICY, "the user is disabled");
	q->admin = (db_row_u64(r, U_ROLES) & USER_ROLE_ADMINISTRATOR) != 0;
	if ((e = take_asset(r, q)) != 0 || q->why != 0)
		return e;
	if ((e = take_account(r, q)) != 0 || q->why != 0)
		return e;
	return take_credential(r, w);
}

static int
on_want(const struct db_row *r, void *ctx, struct fail *f)
{
	struct wanting *w = ctx;
	struct query_want *q = w->q;
	struct span pin = db_row_bytes(r, H_BLOB);
	uint8_t id[16];
	int e = 0;

	(void)f;
	if (w->rows++ == 0)
		e = take_first(r, w);
	if (e != 0 || q->why != 0 || db_row_null(r, H_BLOB))
		return e;
	/* Those of an older credential are the same once more. */
	if (w->credential) {
		if ((e = db_row_uuid(r, R_ID, id)) != 0)
			return e;
		if (memcmp(id, q->cred_id, 16) != 0)
			return 0;
	}
	return buf_put_string(&q->pins, pin.p, pin.len);
}

struct deciding {
	struct policy_query query;
	struct policy_choice choice;
};

/* s.ref_id is the user, or a group that the user is in: then of_group. */
static const char policy_sql[] =
    "SELECT p.id, p.priority, s.kind, s.ref_id, o.kind, o.ref_id,"
    " p.record_shell, p.record_exec, p.record_sftp, p.on_fail, p.idle_s,"
    " p.length_s, p.disabled, w.id, w.of_group"
    " FROM (SELECT id, 0 AS of_group FROM user WHERE id=?"
    " UNION ALL SELECT grp_id, 1 FROM grp_member WHERE user_id=?) w"
    " JOIN policy_subject s ON s.ref_id=w.id"
    " JOIN policy p ON p.id=s.policy_id"
    " JOIN policy_object o ON o.policy_id=p.id"
    " WHERE o.ref_id=? OR o.ref_id=? OR o.kind=?";

static int
on_policy(const struct db_row *r, void *ctx, struct fail *f)
{
	struct deciding *d = ctx;
	struct policy_row row = {0};
	uint8_t subject[1][16];
	int e;

	(void)f;
	if ((e = db_row_uuid(r, 0, row.policy_id)) != 0 ||
	    (e = db_row_uuid(r, 3, row.subject_id)) != 0 ||
	    (e = db_row_uuid(r, 5, row.object_id)) != 0 ||
	    (e = db_row_uuid(r, 13, subject[0])) != 0)
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
	/* The group of this row is all that this row is judged by. */
	d->query.groups = (const uint8_t(*)[16])subject;
	d->query.n_groups = db_row_i64(r, 14) != 0 ? 1 : 0;
	policy_consider(&d->choice, &d->query, &row);
	return 0;
}

static int
want_policy(struct db *db, struct query_want *q, struct fail *f)
{
	struct deciding d = {0};
	int r;

	memcpy(d.query.user_id, q->user_id, 16);
	memcpy(d.query.account_id, q->account_id, 16);
	memcpy(d.query.asset_id, q->asset_id, 16);
	r = db_query(db,
	    DB_STMT(policy_sql, db_uuid(q->user_id), db_uuid(q->user_id),
		db_uuid(q->account_id), db_uuid(q->asset_id),
		db_u64(OBJECT_ALL)),
	    on_policy, &d, f);
	if (r != 0)
		return r;
	if (!d.choice.allowed)
		return no(q, WHY_NO_POLICY, "no policy allows it");
	q->policy = d.choice.row;
	return 0;
}

int
query_want(struct db *db, struct query_want *q, struct fail *f)
{
	struct wanting w = {.q = q};
	int r;

	r = db_query(db,
	    DB_STMT_SYNC(want_sql, db_text(q->asset), db_text(q->account),
		db_u64(CREDENTIAL_CURRENT), db_uuid(q->user_id)),
	    on_want, &w, f);
	if (r != 0 || q->why != 0)
		return r;
	if (w.rows == 0)
		return no(q, WHY_NO_ASSET, "the user is gone");
	if ((r = want_policy(db, q, f)) != 0 || q->why != 0)
		return r;
	if (!w.credential)
		return no(q, WHY_NO_ASSET, "the account has no credential");
	return 0;
}

/* ---- grant */

static const struct bulk_col session_cols[] = {
    {"id", DB_BYTES, 16},
    {"node_id", DB_BYTES, 16},
    {"worker", DB_U64, 0},
    {"user_id", DB_BYTES, 16},
    {"account_id", DB_BYTES, 16},
    {"asset_id", DB_BYTES, 16},
    {"policy_id", DB_BYTES, 16},
    {"user_name", DB_TEXT, 255},
    {"account_name", DB_TEXT, 255},
    {"asset_name", DB_TEXT, 255},
    {"peer", DB_TEXT, 64},
    {"protocol", DB_U64, 0},
    {"state", DB_U64, 0},
    {"started_us", DB_U64, 0},
    {"rec_id", DB_BYTES, 16},
};

static const struct bulk_col recording_cols[] = {
    {"id", DB_BYTES, 16},
    {"session_id", DB_BYTES, 16},
    {"node_id", DB_BYTES, 16},
    {"node_seq", DB_U64, 0},
    {"dek_id", DB_BYTES, 16},
    {"wrapped_dek", DB_BYTES, 512},
    {"state", DB_U64, 0},
    {"started_us", DB_U64, 0},
};

struct granting {
	struct bulk *sessions, *recordings;
};

static int
grant_add(struct granting *t, const struct query_grant *g)
{
	int r;

	r = bulk_add(t->sessions,
	    (const struct db_val[]){db_uuid(g->session_id), db_uuid(g->node_id),
		db_u64(g->worker), db_uuid(g->user_id), db_uuid(g->account_id),
		db_uuid(g->asset_id), db_uuid(g->policy_id), db_text(g->user),
		db_text(g->account), db_text(g->asset), db_text(g->peer),
		db_u64(g->protocol), db_u64(SESSION_ROW_GRANTED),
		db_u64(g->at_us), db_uuid(g->rec_id)});
	if (r != 0)
		return r;
	return bulk_add(t->recordings,
	    (const struct db_val[]){db_uuid(g->rec_id), db_uuid(g->session_id),
		db_uuid(g->node_id), db_u64(g->node_seq), db_uuid(g->dek_id),
		db_bytes(g->wrapped), db_u64(RECORDING_OPEN),
		db_u64(g->at_us)});
}

static int
grant_tx(struct db *db, void *ctx, struct fail *f)
{
	struct granting *t = ctx;
	int r = bulk_run(t->sessions, db, NULL, f);

	return r != 0 ? r : bulk_run(t->recordings, db, NULL, f);
}

int
query_grants(
    struct db *db, const struct query_grant *const *g, size_t n, struct fail *f)
{
	struct granting t = {.sessions = bulk_new("session", session_cols,
				 ARRAY_LEN(session_cols), n),
	    .recordings = bulk_new(
		"recording", recording_cols, ARRAY_LEN(recording_cols), n)};
	int r = t.sessions == NULL || t.recordings == NULL ? FAIL_NOMEM : 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = grant_add(&t, g[i]);
	if (r != 0)
		(void)fail_set(f, r, "the rows of a session: %s", fail_text(r));
	else
		r = db_tx(db, grant_tx, &t, f);
	bulk_free(t.sessions);
	bulk_free(t.recordings);
	return r;
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
