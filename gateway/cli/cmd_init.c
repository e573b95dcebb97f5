/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verb `init`: makes a new node.  What it did is complete when the first
 * administrator is in the database; until then it can be run again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/owner.h"
#include "base/uuid.h"
#include "cli/cli.h"
#include "cli/dbserver.h"
#include "cli/password.h"
#include "cli/verbs.h"
#include "sql/migrate.h"
#include "sql/types.h"
#include "vault/keygen.h"
#include "vault/vault.h"

#define ADMIN "admin"

struct init {
	struct cli *c;
	struct owner owner;
	char node[256];
	struct keygen_node key;
	struct secret *password;
	char hash[PASSWORD_HASH_SIZE];
};

static int
make_state_folder(struct init *in, const char *path)
{
	char *full = conf_path(in->c->conf, path);
	int r;

	if (full == NULL)
		return fail_set(&in->c->fail, FAIL_NOMEM, "out of memory");
	r = owner_folder(&in->owner, full, 0700, &in->c->fail);
	free(full);
	return r;
}

static int
make_folders(struct init *in)
{
	const struct conf *conf = in->c->conf;
	struct fail *f = &in->c->fail;
	int r = owner_find(&in->owner, conf->node_user, f);

	if (r == 0)
		r = owner_folder(&in->owner, conf->node_state, 0700, f);
	if (r == 0)
		r = owner_folder(&in->owner, conf->node_run, 0755, f);
	if (r == 0)
		r = make_state_folder(in, conf->recording_spool);
	return r ? r : make_state_folder(in, conf->recording_folder);
}

static int
on_known(const struct db_row *row, void *ctx, struct fail *f)
{
	(void)row;
	(void)f;
	*(bool *)ctx = true;
	return 0;
}

/* Once there is an administrator, init is over for good. */
static int
refuse_twice(struct init *in, struct db *db)
{
	bool known = false;
	int r = db_query(db,
	    DB_STMT("SELECT 1 FROM user WHERE (roles & ?)<>0 LIMIT 1",
		db_u64(USER_ROLE_ADMINISTRATOR)),
	    on_known, &known, &in->c->fail);

	if (r == 0 && known)
		return fail_set(&in->c->fail, FAIL_EXISTS,
		    "this node is initialised already: nothing was changed");
	return r;
}

/* A keyring without an administrator is what an interrupted init left. */
static int
make_keys(struct init *in)
{
	struct keyring *ring = NULL;
	struct fail why = {0};
	int r = vault_init(in->c->conf, &why);

	if (r && r != FAIL_EXISTS)
		return fail_set(&in->c->fail, r, "%s", fail_why(&why, r));
	r = vault_open(in->c->conf, &ring, &in->c->fail);
	if (r == 0 && keygen_node_get(ring, &in->key))
		r = fail_set(&in->c->fail, FAIL_NOTFOUND,
		    "the keyring has no signing key of the node");
	keyring_free(ring);
	return r;
}

static void
node_name(struct init *in)
{
	const char *name = in->c->conf->node_name;

	if (name[0])
		snprintf(in->node, sizeof(in->node), "%s", name);
	else if (gethostname(in->node, sizeof(in->node) - 1))
		snprintf(in->node, sizeof(in->node), "node");
}

static int
insert_tx(struct db *db, void *ctx, struct fail *f)
{
	const struct init *in = ctx;
	uint8_t node[16], admin[16];
	int r;

	uuid_new(node);
	uuid_new(admin);
	r = db_exec(db,
	    DB_STMT("INSERT INTO node (id,name,version,key_id,pubkey,"
		    "created_us) VALUES (?,?,?,?,?,?) ON DUPLICATE KEY UPDATE "
		    "key_id=VALUES(key_id), pubkey=VALUES(pubkey)",
		db_uuid(node), db_text(in->node), db_text(SALLYPORT_VERSION),
		db_u64(in->key.id), db_bytes(SPAN(in->key.pub, 32)),
		db_u64(unix_us())),
	    NULL, f);
	if (r)
		return r;
	return db_exec(db,
	    DB_STMT("INSERT INTO user (id,name,full_name,password_hash,roles,"
		    "must_change,created_us) VALUES (?,?,?,?,?,1,?)",
		db_uuid(admin), db_text(ADMIN), db_text("First administrator"),
		db_text(in->hash),
		db_u64(USER_ROLE_USER | USER_ROLE_ADMINISTRATOR),
		db_u64(unix_us())),
	    NULL, f);
}

static int
print_done(struct init *in)
{
	struct out *o = &in->c->out;

	out_one(o);
	out_text(o, "node", in->node);
	out_text(o, "state", in->c->conf->node_state);
	out_text(o, "administrator", ADMIN);
	out_span(o, "password", secret_show(in->password));
	if (!in->c->args->json)
		fputs("The password is shown this once: change it with "
		      "`sallyport user passwd " ADMIN "`.\n",
		    stderr);
	return out_end(o);
}

static int
fill_database(struct init *in, const struct db_opts *o)
{
	struct fail *f = &in->c->fail;
	struct db *db;
	int r = migrate_run(o, NULL, f);

	if (r)
		return r;
	db = db_new(o);
	if (db == NULL)
		return fail_set(f, FAIL_NOMEM, "out of memory");
	r = refuse_twice(in, db);
	if (r == 0)
		r = migrate_partitions(db, unix_us(), 3, f);
	if (r == 0)
		r = make_keys(in);
	if (r == 0)
		r = password_generate(&in->password, f);
	if (r == 0)
		r = password_hash(in->hash, in->password, f);
	if (r == 0)
		r = db_tx(db, insert_tx, in, f);
	db_free(db);
	return r;
}

int
cmd_init_run(struct cli *c)
{
	struct init in = {.c = c};
	struct dbserver s = {.own = NULL};
	int r = make_folders(&in);

	node_name(&in);
	if (r == 0 && !c->args->json)
		fputs("Making the node; the database takes some seconds.\n",
		    stderr);
	if (r == 0)
		r = dbserver_open(&s, c->conf, &c->fail);
	if (r == 0)
		r = fill_database(&in, &s.opts);
	dbserver_close(&s);
	if (r == 0)
		r = print_done(&in);
	secret_free(in.password);
	wipe(in.hash, sizeof(in.hash));
	return r;
}
