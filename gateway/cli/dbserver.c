/* SPDX-License-Identifier: Apache-2.0 */
/* Starts the private database server for a verb when no node runs. */
#include <string.h>

#include "base/log.h"

#include "cli/dbserver.h"

#define STOP_MS 60000U

bool
dbserver_answers(const struct db_opts *o)
{
	struct db_opts bare = *o;
	struct db *db;
	bool yes;

	bare.name = NULL;
	bare.budget_ms = 1;
	db = db_new(&bare);
	yes = db && db_connect(db, NULL) == 0;
	db_free(db);
	return yes;
}

int
dbserver_open(struct dbserver *s, const struct conf *conf, struct fail *f)
{
	int r;

	memset(s, 0, sizeof(*s));
	r = db_library_init(f);
	if (r == 0)
		r = db_opts_init(&s->opts, conf, f);
	if (r || s->opts.socket == NULL || dbserver_answers(&s->opts))
		return r;
	r = embedded_new(&s->own, conf, f);
	return r ? r : embedded_start(s->own, f);
}

void
dbserver_close(struct dbserver *s)
{
	struct fail f = {0};

	if (s->own && embedded_stop(s->own, STOP_MS, &f))
		log_warn(NULL, "%s", f.why);
	embedded_free(s->own);
	s->own = NULL;
	db_opts_fini(&s->opts);
}
