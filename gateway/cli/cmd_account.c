/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs of accounts: logins on targets and their credentials, which this
 * program only ever stores sealed.
 */
#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/uuid.h"
#include "cli/answer.h"
#include "cli/cli.h"
#include "cli/link.h"
#include "cli/names.h"
#include "cli/seal.h"
#include "cli/verbs.h"
#include "cli/when.h"
#include "keeper/cred.h"
#include "sql/types.h"

struct account {
	uint8_t id[16];
	uint8_t asset_id[16];
	const char *name;
	const char *login;
	struct seal seal;
};

static int
insert_credential(struct db *db, const struct account *a, struct fail *f)
{
	const struct seal *s = &a->seal;
	bool key = s->kind == CRED_KEY;

	return db_exec(db,
	    DB_STMT("INSERT INTO credential (id,account_id,version,kind,"
		    "kek_version,sealed,pubkey,state,created_us) "
		    "VALUES (?,?,?,?,?,?,?,?,?)",
		db_uuid(s->row_id), db_uuid(a->id), db_u64(s->version),
		db_u64(s->kind), db_u64(s->kek_version),
		db_bytes(buf_span(&s->blob)),
		key ? db_bytes(buf_span(&s->pubkey)) : db_null(),
		db_u64(CREDENTIAL_CURRENT), db_u64(unix_us())),
	    NULL, f);
}

static int
add_tx(struct db *db, void *ctx, struct fail *f)
{
	const struct account *a = ctx;
	int r = db_exec(db,
	    DB_STMT("INSERT INTO account (id,asset_id,name,login,created_us) "
		    "VALUES (?,?,?,?,?)",
		db_uuid(a->id), db_uuid(a->asset_id), db_text(a->name),
		db_text(a->login), db_u64(unix_us())),
	    NULL, f);

	return r ? r : insert_credential(db, a, f);
}

static const char *
cred_text(uint64_t kind)
{
	return kind == CRED_KEY ? "key" : "password";
}

static int
print_account(struct cli *c, const char *full, const struct seal *s)
{
	struct out *o = &c->out;

	out_one(o);
	out_text(o, "account", full);
	if (s) {
		out_text(o, "credential", cred_text(s->kind));
		out_uint(o, "version", s->version);
		if (s->fingerprint[0])
			out_text(o, "fingerprint", s->fingerprint);
	}
	return out_end(o);
}

/* full has a new credential in the database. */
static int
stored(struct cli *c, const char *full, const struct seal *s)
{
	int r = link_changed(c, full, cred_text(s->kind));

	return r ? r : print_account(c, full, s);
}

/* Before a person is asked for the secret. */
static int
refuse_known(struct cli *c, const struct account *a, const char *full)
{
	bool known;
	int r = cli_found(c,
	    DB_STMT("SELECT 1 FROM account WHERE asset_id=? AND name=?",
		db_uuid(a->asset_id), db_text(a->name)),
	    &known);

	if (r == 0 && known)
		return fail_set(
		    &c->fail, FAIL_EXISTS, "account %s exists already", full);
	return r;
}

int
cmd_account_add(struct cli *c)
{
	const char *name = args_opt(c->args, "name");
	struct account a = {.login = c->args->pos[1]};
	struct fail why = {0};
	char full[600];
	int r;

	a.name = name ? name : a.login;
	snprintf(full, sizeof(full), "%s@%s", a.name, c->args->pos[0]);
	seal_init(&a.seal);
	r = names_check_login(c, a.login);
	if (r == 0)
		r = names_check(
		    c, name ? "account" : "account (see --name)", a.name);
	if (r == 0)
		r = names_asset(c, c->args->pos[0], a.asset_id);
	if (r == 0)
		r = refuse_known(c, &a, full);
	if (r == 0)
		r = seal_make(c, &a.seal, 1);
	if (r == 0) {
		uuid_new(a.id);
		r = db_tx(c->db, add_tx, &a, &why);
		if (r)
			r = fail_set(&c->fail, r, "%s", why.why);
	}
	if (r == 0)
		r = stored(c, full, &a.seal);
	seal_fini(&a.seal);
	return r;
}

static int
on_version(const struct db_row *row, void *ctx, struct fail *f)
{
	(void)f;
	*(uint32_t *)ctx = (uint32_t)db_row_u64(row, 0);
	return 0;
}

static int
set_tx(struct db *db, void *ctx, struct fail *f)
{
	const struct account *a = ctx;
	int r = db_exec(db,
	    DB_STMT("UPDATE credential SET state=? WHERE account_id=? AND "
		    "state=?",
		db_u64(CREDENTIAL_PREVIOUS), db_uuid(a->id),
		db_u64(CREDENTIAL_CURRENT)),
	    NULL, f);

	return r ? r : insert_credential(db, a, f);
}

int
cmd_account_set(struct cli *c)
{
	const char *full = c->args->pos[0];
	struct account a = {.name = full};
	struct fail why = {0};
	uint32_t version = 0;
	int r;

	seal_init(&a.seal);
	r = names_account(c, full, a.id, NULL);
	if (r == 0)
		r = cli_query(c,
		    DB_STMT_SYNC("SELECT IFNULL(MAX(version),0) FROM "
				 "credential WHERE account_id=?",
			db_uuid(a.id)),
		    on_version, &version);
	if (r == 0)
		r = seal_make(c, &a.seal, version + 1);
	if (r == 0) {
		r = db_tx(c->db, set_tx, &a, &why);
		/* The version is taken: two administrators at once. */
		if (r)
			r = fail_set(&c->fail, r, "%s",
			    r == FAIL_EXISTS
				? "somebody else changed it just now"
				: why.why);
	}
	if (r == 0)
		r = stored(c, full, &a.seal);
	seal_fini(&a.seal);
	return r;
}

static int
on_account(const struct db_row *row, void *ctx, struct fail *f)
{
	uint64_t kind = db_row_u64(row, 4);
	struct out *o = ctx;

	(void)f;
	out_row(o);
	out_text(o, "account", db_row_text(row, 0));
	out_text(o, "asset", db_row_text(row, 1));
	out_text(o, "login", db_row_text(row, 2));
	out_bool(o, "disabled", db_row_u64(row, 3) != 0);
	out_text(o, "credential",
	    kind == CRED_KEY	    ? "key"
	    : kind == CRED_PASSWORD ? "password"
				    : NULL);
	out_uint(o, "version", db_row_u64(row, 5));
	out_time(o, "changed", db_row_u64(row, 6));
	out_row_end(o);
	return 0;
}

#define ACCOUNT_ROWS                                                           \
	"SELECT a.name, s.name, a.login, a.disabled, c.kind, c.version, "      \
	"c.created_us FROM account a JOIN asset s ON s.id=a.asset_id LEFT "    \
	"JOIN credential c ON c.account_id=a.id AND c.state=1 "

int
cmd_account_list(struct cli *c)
{
	uint8_t asset[16];
	int r;

	if (c->args->n_pos == 0)
		return answer_list(c,
		    DB_STMT0(ACCOUNT_ROWS "ORDER BY s.name, a.name"),
		    on_account);
	r = names_asset(c, c->args->pos[0], asset);
	return r ? r
		 : answer_list(c,
		       DB_STMT(ACCOUNT_ROWS
			   "WHERE a.asset_id=? ORDER BY a.name",
			   db_uuid(asset)),
		       on_account);
}

static int
on_show(const struct db_row *row, void *ctx, struct fail *f)
{
	struct out *o = ctx;

	(void)f;
	out_text(o, "login", db_row_text(row, 0));
	out_bool(o, "disabled", db_row_u64(row, 1) != 0);
	out_time(o, "created", db_row_u64(row, 2));
	return 0;
}

static int
on_credential(const struct db_row *row, void *ctx, struct fail *f)
{
	char text[160], at[WHEN_SIZE];

	(void)f;
	snprintf(text, sizeof(text), "%s %u %s %s",
	    cred_text(db_row_u64(row, 1)), (unsigned)db_row_u64(row, 0),
	    db_row_u64(row, 2) == CREDENTIAL_CURRENT ? "current" : "previous",
	    when_text(at, db_row_u64(row, 3)));
	out_word(ctx, text);
	return 0;
}

int
cmd_account_show(struct cli *c)
{
	struct out *o = &c->out;
	uint8_t id[16], asset[16];
	int r = names_account(c, c->args->pos[0], id, asset);

	if (r)
		return r;
	out_one(o);
	out_uuid(o, "id", id);
	out_text(o, "account", c->args->pos[0]);
	r = cli_query(c,
	    DB_STMT("SELECT login, disabled, created_us FROM account WHERE "
		    "id=?",
		db_uuid(id)),
	    on_show, o);
	out_words(o, "credentials");
	if (r == 0)
		r = cli_query(c,
		    DB_STMT("SELECT version, kind, state, created_us FROM "
			    "credential WHERE account_id=? ORDER BY version "
			    "DESC LIMIT 100",
			db_uuid(id)),
		    on_credential, o);
	out_words_end(o);
	return r ? r : out_end(o);
}

int
cmd_account_remove(struct cli *c)
{
	const char *full = c->args->pos[0];
	uint8_t id[16];
	int r = names_account(c, full, id, NULL);

	if (r == 0)
		r = cli_exec_both(c,
		    DB_STMT("DELETE FROM policy_object WHERE kind=? AND "
			    "ref_id=?",
			db_u64(OBJECT_ACCOUNT), db_uuid(id)),
		    DB_STMT("DELETE FROM account WHERE id=?", db_uuid(id)));
	if (r == 0)
		r = link_changed(c, full, NULL);
	return r ? r : print_account(c, full, NULL);
}
