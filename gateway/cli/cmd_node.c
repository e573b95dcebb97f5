/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of the node itself: what it is, how it is. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ipc.h"
#include "broker/broker_msg.h"
#include "cli/cli.h"
#include "cli/dbserver.h"
#include "cli/flat.h"
#include "cli/link.h"
#include "cli/verbs.h"
#include "sql/migrate.h"

int
cmd_node_version(struct cli *c)
{
	out_one(&c->out);
	out_text(&c->out, "version", SALLYPORT_VERSION);
	return out_end(&c->out);
}

static int
get_status(struct cli *c, struct buf *reply, struct bm_status *st)
{
	int r = link_broker(c->broker,
	    &(struct link_ask){
		.type = bm_status_get_type,
		.want = bm_status_type,
		.reply = reply,
	    },
	    &c->fail);

	if (r == 0 && bm_status_get(buf_span(reply), st))
		r = fail_set(
		    &c->fail, FAIL_PROTO, "sallyportd gave a bad answer");
	return r;
}

static void
on_member(const char *path, struct span value, void *ctx)
{
	printf("%s: ", path);
	out_escape(stdout, value);
	putchar('\n');
	(void)ctx;
}

int
cmd_node_status(struct cli *c)
{
	struct bm_status st;
	struct buf reply;
	int r;

	buf_init(&reply, IPC_BODY_MAX);
	r = get_status(c, &reply, &st);
	if (r == 0 && c->args->json)
		printf("%.*s\n", (int)st.json.len, (const char *)st.json.p);
	else if (r == 0 && flat_walk(st.json, on_member, NULL))
		r = fail_set(
		    &c->fail, FAIL_FORMAT, "sallyportd gave a bad answer");
	if (r == 0 && fflush(stdout))
		r = fail_sys(&c->fail, "cannot write");
	buf_fini(&reply);
	return r;
}

static void
on_health(const char *path, struct span value, void *ctx)
{
	if (strcmp(path, "database.up") == 0)
		*(bool *)ctx = span_eq(value, "true");
}

int
cmd_node_health(struct cli *c)
{
	struct bm_status st;
	struct buf reply;
	bool up = false;
	int r = link_open(&c->broker, c->conf, "broker", &c->fail);

	if (r)
		return r;
	buf_init(&reply, IPC_BODY_MAX);
	r = get_status(c, &reply, &st);
	if (r == 0 && (flat_walk(st.json, on_health, &up) || !up))
		r = fail_set(
		    &c->fail, FAIL_SQL, "the node does not reach its database");
	buf_fini(&reply);
	if (r)
		return r;
	out_one(&c->out);
	out_bool(&c->out, "healthy", true);
	return out_end(&c->out);
}

/* ---- check */

struct check {
	struct cli *c;
	unsigned failed;
};

/* why NULL: it is well. */
static void
report(struct check *k, const char *what, const char *state, const char *why)
{
	struct out *o = &k->c->out;

	out_row(o);
	out_text(o, "check", what);
	out_text(o, "state", state);
	out_text(o, "detail", why);
	out_row_end(o);
	if (strcmp(state, "failed") == 0)
		k->failed++;
}

static void
check_folder(struct check *k, const char *what, const char *path)
{
	char *full = conf_path(k->c->conf, path), why[300];
	struct stat st;

	if (full == NULL || stat(full, &st)) {
		snprintf(why, sizeof(why), "%.200s: %s", full ? full : path,
		    strerror(errno));
		report(k, what, "failed", why);
	} else if (!S_ISDIR(st.st_mode)) {
		report(k, what, "failed", "is no folder");
	} else {
		report(k, what, "ok", full);
	}
	free(full);
}

/* The master key must be nobody else's. */
static void
check_secret(struct check *k, const char *what, const char *path)
{
	char *full = conf_path(k->c->conf, path), why[300];
	struct stat st;

	if (full == NULL || stat(full, &st)) {
		snprintf(why, sizeof(why), "%.200s: %s", full ? full : path,
		    strerror(errno));
		report(k, what, "failed", why);
	} else if (!S_ISREG(st.st_mode) || st.st_mode & 077) {
		report(k, what, "failed", "is readable by others: chmod 0400");
	} else {
		report(k, what, "ok", full);
	}
	free(full);
}

static void
on_migration(const struct migration *m, bool done, void *ctx)
{
	(void)m;
	if (!done)
		++*(unsigned *)ctx;
}

static void
check_schema(struct check *k, const struct db_opts *o)
{
	struct fail f = {0};
	unsigned missing = 0;
	struct db *db = db_new(o);

	if (db == NULL || migrate_status(db, on_migration, &missing, &f))
		report(k, "schema", "failed", f.why);
	else if (missing)
		report(k, "schema", "failed", "run `sallyport db migrate`");
	else
		report(k, "schema", "ok", NULL);
	db_free(db);
}

static void
check_database(struct check *k)
{
	const struct conf *conf = k->c->conf;
	struct db_opts o = {0};
	struct fail f = {0};

	if (db_library_init(&f) || db_opts_init(&o, conf, &f)) {
		report(k, "database", "failed", f.why);
		return;
	}
	o.budget_ms = 1;
	if (o.socket && access(conf->database_mariadbd, X_OK))
		report(k, "database program", "failed",
		    "mariadbd is not there (package mariadb-server-core)");
	if (dbserver_answers(&o)) {
		report(k, "database", "ok", o.socket);
		check_schema(k, &o);
	} else {
		report(k, "database", o.socket ? "not running" : "failed",
		    o.socket ? NULL : "no server answers");
	}
	db_opts_fini(&o);
}

static void
check_socket(struct check *k, const char *name)
{
	struct fail f = {0};
	int fd, r = link_open(&fd, k->c->conf, name, &f);

	if (r == 0)
		close(fd);
	report(k, name,
	    r == 0		? "ok"
	    : r == FAIL_CONNECT ? "not running"
				: "failed",
	    r ? f.why : NULL);
}

int
cmd_node_check(struct cli *c)
{
	struct check k = {.c = c};
	int r;

	out_list(&c->out);
	report(&k, "configuration", "ok", c->conf->file);
	check_folder(&k, "state", c->conf->node_state);
	check_folder(&k, "spool", c->conf->recording_spool);
	check_folder(&k, "recordings", c->conf->recording_folder);
	check_secret(&k, "master key", c->conf->vault_master_key);
	check_secret(&k, "keyring", c->conf->vault_keyring);
	check_database(&k);
	check_socket(&k, "broker");
	check_socket(&k, "keeper");
	r = out_end(&c->out);
	if (r == 0 && k.failed)
		r = fail_set(&c->fail, FAIL_CONF, "%u check%s failed", k.failed,
		    k.failed == 1 ? "" : "s");
	return r;
}
