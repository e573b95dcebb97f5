/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a verb: reads the configuration, opens what the verb needs and tells
 * the cause when something fails.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/help.h"
#include "cli/link.h"

#include "cli/cli.h"

#ifndef SALLYPORT_SYSCONFDIR
#define SALLYPORT_SYSCONFDIR "/etc"
#endif

#define CONF_FILE SALLYPORT_SYSCONFDIR "/sallyport/sallyport.conf"

int
cli_usage(struct cli *c, const char *fmt, ...)
{
	char text[sizeof(c->fail.why)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->usage = true;
	return fail_set(&c->fail, FAIL_FORMAT, "%s", text);
}

int
cli_exec(struct cli *c, const struct db_stmt *s, uint64_t *affected)
{
	return db_exec(c->db, s, affected, &c->fail);
}

static int
both_tx(struct db *db, void *ctx, struct fail *f)
{
	const struct db_stmt *const *s = ctx;
	int r = db_exec(db, s[0], NULL, f);

	return r ? r : db_exec(db, s[1], NULL, f);
}

int
cli_exec_both(
    struct cli *c, const struct db_stmt *first, const struct db_stmt *then)
{
	const struct db_stmt *both[] = {first, then};

	return db_tx(c->db, both_tx, both, &c->fail);
}

int
cli_query(struct cli *c, const struct db_stmt *s, db_row_fn *fn, void *ctx)
{
	return db_query(c->db, s, fn, ctx, &c->fail);
}

static int
on_found(const struct db_row *row, void *ctx, struct fail *f)
{
	(void)row;
	(void)f;
	*(bool *)ctx = true;
	return 0;
}

int
cli_found(struct cli *c, const struct db_stmt *s, bool *found)
{
	*found = false;
	return cli_query(c, s, on_found, found);
}

static bool
has_bit(unsigned needs, unsigned bit)
{
	return (needs & bit & ~(unsigned)NEED_CONF) != 0;
}

static int
load_conf(struct cli *c)
{
	const char *file = c->args->file;

	/* Without a file there are the defaults. */
	if (file == NULL && access(CONF_FILE, F_OK) == 0)
		file = CONF_FILE;
	return conf_load(&c->conf, file, &c->fail);
}

/* The embedded database is there while sallyportd runs, and only then. */
static int
open_db(struct cli *c)
{
	struct fail why = {0};
	int r = db_library_init(&c->fail);

	if (r == 0)
		r = db_opts_init(&c->db_opts, c->conf, &c->fail);
	if (r)
		return r;
	if (c->db_opts.socket && access(c->db_opts.socket, F_OK) != 0 &&
	    errno == ENOENT)
		return fail_set(
		    &c->fail, FAIL_CONNECT, "sallyportd is not running");
	c->db_opts.budget_ms = 4000;
	c->db = db_new(&c->db_opts);
	if (c->db == NULL)
		return fail_set(&c->fail, FAIL_NOMEM, "out of memory");
	r = db_connect(c->db, &why);
	if (r && c->db_opts.socket && db_away(c->db))
		return fail_set(&c->fail, r,
		    "sallyportd is not running, or its database does not "
		    "answer");
	return r ? fail_set(&c->fail, r, "%s", why.why) : 0;
}

int
cli_reach(struct cli *c, unsigned needs)
{
	int r = 0;

	if ((needs & NEED_CONF) && c->conf == NULL)
		r = load_conf(c);
	if (r == 0 && has_bit(needs, NEED_BROKER) && c->broker < 0)
		r = link_open(&c->broker, c->conf, "broker", &c->fail);
	if (r == 0 && has_bit(needs, NEED_KEEPER) && c->keeper < 0)
		r = link_open(&c->keeper, c->conf, "keeper", &c->fail);
	if (r == 0 && has_bit(needs, NEED_DB) && c->db == NULL)
		r = open_db(c);
	return r;
}

void
cli_part(struct cli *c)
{
	db_free(c->db);
	c->db = NULL;
	db_opts_fini(&c->db_opts);
	memset(&c->db_opts, 0, sizeof(c->db_opts));
	if (c->broker >= 0)
		close(c->broker);
	if (c->keeper >= 0)
		close(c->keeper);
	c->broker = c->keeper = -1;
	conf_free(c->conf);
	c->conf = NULL;
}

static void
complain(const struct cli *c, int r)
{
	fprintf(stderr, "sallyport: %s\n", fail_why(&c->fail, r));
}

int
cli_main(int argc, char *const *argv)
{
	struct args args;
	struct cli c = {.args = &args, .broker = -1, .keeper = -1};
	int r = args_parse(&args, argc, argv, &c.fail);

	log_init(&(struct log_opts){
	    .program = "sallyport", .level = LOG_LEVEL_WARN, .fd = 2});
	if (r) {
		complain(&c, r);
		return CLI_USAGE;
	}
	if (args.help) {
		help_print(&args, stdout);
		return fflush(stdout) ? CLI_FAILED : CLI_DONE;
	}
	out_init(&c.out, stdout, args.json);
	r = cli_reach(&c, args.row->needs);
	if (r == 0)
		r = args.row->fn(&c);
	if (r < 0)
		complain(&c, r);
	out_fini(&c.out);
	cli_part(&c);
	if (r == 0)
		return CLI_DONE;
	return c.usage ? CLI_USAGE : CLI_FAILED;
}
