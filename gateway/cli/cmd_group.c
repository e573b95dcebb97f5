/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of groups of users. */
#include <string.h>

#include "base/loop.h"
#include "base/uuid.h"
#include "cli/answer.h"
#include "cli/cli.h"
#include "cli/link.h"
#include "cli/names.h"
#include "cli/verbs.h"
#include "sql/types.h"

int
cmd_group_add(struct cli *c)
{
	const char *name = c->args->pos[0];
	struct fail why = {0};
	uint8_t id[16];
	int r = names_check(c, "group", name);

	if (r)
		return r;
	uuid_new(id);
	r = db_exec(c->db,
	    DB_STMT("INSERT INTO grp (id,name,created_us) VALUES (?,?,?)",
		db_uuid(id), db_text(name), db_u64(unix_us())),
	    NULL, &why);
	if (r == FAIL_EXISTS)
		return fail_set(&c->fail, r, "group %s exists already", name);
	if (r)
		return fail_set(&c->fail, r, "%s", why.why);
	return answer_changed(c, name, NULL);
}

static int
on_group(const struct db_row *row, void *ctx, struct fail *f)
{
	struct out *o = ctx;

	(void)f;
	out_row(o);
	out_text(o, "name", db_row_text(row, 0));
	out_uint(o, "members", db_row_u64(row, 1));
	out_time(o, "created", db_row_u64(row, 2));
	out_row_end(o);
	return 0;
}

int
cmd_group_list(struct cli *c)
{
	return answer_list(c,
	    DB_STMT0("SELECT g.name, (SELECT COUNT(*) FROM grp_member m WHERE "
		     "m.grp_id=g.id), g.created_us FROM grp g ORDER BY g.name"),
	    on_group);
}

int
cmd_group_show(struct cli *c)
{
	uint8_t id[16];
	int r = names_group(c, c->args->pos[0], id);

	if (r)
		return r;
	out_one(&c->out);
	out_uuid(&c->out, "id", id);
	out_text(&c->out, "name", c->args->pos[0]);
	r = answer_words(c, "members",
	    DB_STMT("SELECT u.name FROM user u JOIN grp_member m ON "
		    "m.user_id=u.id WHERE m.grp_id=? ORDER BY u.name",
		db_uuid(id)));
	return r ? r : out_end(&c->out);
}

int
cmd_group_remove(struct cli *c)
{
	const char *name = c->args->pos[0];
	uint8_t id[16];
	int r = names_group(c, name, id);

	/* What policies say about a group has no foreign key. */
	if (r == 0)
		r = cli_exec_both(c,
		    DB_STMT("DELETE FROM policy_subject WHERE kind=? AND "
			    "ref_id=?",
			db_u64(SUBJECT_GROUP), db_uuid(id)),
		    DB_STMT("DELETE FROM grp WHERE id=?", db_uuid(id)));
	return r ? r : answer_changed(c, name, NULL);
}

struct members {
	bool add;
	uint8_t group[16];
	uint8_t user[ARGS_POS_MAX][16];
	size_t n;
};

static int
members_tx(struct db *db, void *ctx, struct fail *f)
{
	const struct members *m = ctx;
	int r = 0;

	for (size_t i = 0; r == 0 && i < m->n; i++)
		r = db_exec(db,
		    DB_STMT(m->add ? "INSERT INTO grp_member (grp_id,user_id) "
				     "VALUES (?,?) ON DUPLICATE KEY UPDATE "
				     "grp_id=grp_member.grp_id"
				   : "DELETE FROM grp_member WHERE grp_id=? "
				     "AND user_id=?",
			db_uuid(m->group), db_uuid(m->user[i])),
		    NULL, f);
	return r;
}

int
cmd_group_member(struct cli *c)
{
	const char *name = c->args->pos[0], *action = c->args->pos[1];
	struct members m = {.add = strcmp(action, "add") == 0};
	char detail[300];
	int r;

	if (!m.add && strcmp(action, "remove") != 0)
		return cli_usage(
		    c, "usage: sallyport group member NAME add|remove USER...");
	r = names_group(c, name, m.group);
	for (size_t i = 2; r == 0 && i < c->args->n_pos; i++)
		r = names_user(c, c->args->pos[i], m.user[m.n++]);
	if (r == 0)
		r = db_tx(c->db, members_tx, &m, &c->fail);
	for (size_t i = 2; r == 0 && i < c->args->n_pos; i++) {
		snprintf(
		    detail, sizeof(detail), "%s %s", action, c->args->pos[i]);
		r = link_changed(c, name, detail);
	}
	return r ? r : answer_name(c, name);
}
