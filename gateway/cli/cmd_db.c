/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of the database: its schema. */
#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "cli/cli.h"
#include "cli/dbserver.h"
#include "cli/verbs.h"
#include "sql/migrate.h"

static int
migrate(struct cli *c, const struct db_opts *o, unsigned *ran)
{
	struct db *db;
	int r = migrate_run(o, ran, &c->fail);

	if (r)
		return r;
	db = db_new(o);
	if (db == NULL)
		return fail_set(&c->fail, FAIL_NOMEM, "out of memory");
	r = migrate_partitions(db, unix_us(), 3, &c->fail);
	db_free(db);
	return r;
}

int
cmd_db_migrate(struct cli *c)
{
	struct dbserver s;
	unsigned ran = 0;
	int r = dbserver_open(&s, c->conf, &c->fail);

	if (r == 0)
		r = migrate(c, &s.opts, &ran);
	if (r == 0) {
		out_one(&c->out);
		out_uint(&c->out, "ran", ran);
		out_uint(&c->out, "version", migrate_count);
		r = out_end(&c->out);
	}
	dbserver_close(&s);
	return r;
}

static void
on_migration(const struct migration *m, bool done, void *ctx)
{
	struct out *o = ctx;

	out_row(o);
	out_uint(o, "version", m->version);
	out_text(o, "name", m->name);
	out_bool(o, "done", done);
	out_row_end(o);
}

int
cmd_db_status(struct cli *c)
{
	int r;

	out_list(&c->out);
	r = migrate_status(c->db, on_migration, &c->out, &c->fail);
	return r ? r : out_end(&c->out);
}
