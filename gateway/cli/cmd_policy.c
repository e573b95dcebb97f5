/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of policies: who may use which account, and how it is recorded. */
#include <stdlib.h>
#include <string.h>

#include "base/loop.h"
#include "base/uuid.h"
#include "broker/policy.h"
#include "cli/answer.h"
#include "cli/cli.h"
#include "cli/names.h"
#include "cli/verbs.h"
#include "cli/when.h"
#include "sql/types.h"

enum { REFS_MAX = 128 };

struct ref {
	unsigned kind;
	uint8_t id[16];
};

struct policy {
	uint8_t id[16];
	const char *name;
	struct policy_rules rules;
	int32_t priority;
	struct ref subject[REFS_MAX], object[REFS_MAX];
	size_t n_subject, n_object;
};

static int
get_rule(struct cli *c, const char *opt, uint8_t *rule)
{
	const char *text = args_opt(c->args, opt);

	if (text == NULL)
		return 0;
	if (strcmp(text, "full") == 0)
		*rule = RECORD_FULL;
	else if (strcmp(text, "metadata") == 0)
		*rule = RECORD_METADATA;
	else
		return cli_usage(c, "--%s is full or metadata", opt);
	return 0;
}

static int
get_span(struct cli *c, const char *opt, uint32_t *seconds)
{
	const char *text = args_opt(c->args, opt);
	uint64_t v;

	if (text == NULL)
		return 0;
	if (when_span(text, &v))
		return cli_usage(c, "--%s is a time like 90s, 15m or 8h", opt);
	*seconds = (uint32_t)v;
	return 0;
}

static int
get_rules(struct cli *c, struct policy *p)
{
	const char *on_fail = args_opt(c->args, "on-fail");
	const char *priority = args_opt(c->args, "priority");
	char *end = NULL;
	long v = 0;
	int r = get_rule(c, "record-shell", &p->rules.record_shell);

	if (r == 0)
		r = get_rule(c, "record-exec", &p->rules.record_exec);
	if (r == 0)
		r = get_rule(c, "record-sftp", &p->rules.record_sftp);
	if (r == 0)
		r = get_span(c, "idle", &p->rules.idle_s);
	if (r == 0)
		r = get_span(c, "length", &p->rules.length_s);
	if (r)
		return r;
	if (on_fail && strcmp(on_fail, "pause") == 0)
		p->rules.on_fail = ON_FAIL_PAUSE;
	else if (on_fail && strcmp(on_fail, "strict") != 0)
		return cli_usage(c, "--on-fail is strict or pause");
	if (priority) {
		v = strtol(priority, &end, 10);
		if (*end || priority[0] == '\0' || v < -1000000 || v > 1000000)
			return cli_usage(c, "--priority is a number");
	}
	p->priority = (int32_t)v;
	return 0;
}

typedef int find_fn(struct cli *c, const char *name, uint8_t id[16]);

static int
find_account(struct cli *c, const char *name, uint8_t id[16])
{
	return names_account(c, name, id, NULL);
}

/* All values of one option as references. */
static int
get_refs(
    struct cli *c, const char *opt, unsigned kind, struct ref *list, size_t *n)
{
	find_fn *find = strcmp(opt, "user") == 0    ? names_user
			: strcmp(opt, "group") == 0 ? names_group
			: strcmp(opt, "asset") == 0 ? names_asset
						    : find_account;
	const char *name;
	int r = 0;

	for (size_t i = 0; r == 0 && (name = args_opt_at(c->args, opt, i));
	     i++) {
		if (*n == REFS_MAX)
			return cli_usage(
			    c, "more than %d of --%s", REFS_MAX, opt);
		list[*n].kind = kind;
		r = find(c, name, list[(*n)++].id);
	}
	return r;
}

static int
get_all_refs(struct cli *c, struct policy *p)
{
	int r = get_refs(c, "user", SUBJECT_USER, p->subject, &p->n_subject);

	if (r == 0)
		r = get_refs(
		    c, "group", SUBJECT_GROUP, p->subject, &p->n_subject);
	if (r == 0)
		r = get_refs(
		    c, "account", OBJECT_ACCOUNT, p->object, &p->n_object);
	if (r == 0)
		r = get_refs(c, "asset", OBJECT_ASSET, p->object, &p->n_object);
	if (r)
		return r;
	if (args_opt(c->args, "all")) {
		if (p->n_object)
			return cli_usage(c,
			    "--all leaves nothing for --account and --asset");
		p->object[p->n_object++].kind = OBJECT_ALL;
	}
	if (p->n_subject == 0)
		return cli_usage(c, "--user or --group is needed");
	if (p->n_object == 0)
		return cli_usage(c, "--account, --asset or --all is needed");
	return 0;
}

static int
insert_refs(struct db *db, const char *sql, const struct policy *p,
    const struct ref *list, size_t n, struct fail *f)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = db_exec(db,
		    DB_STMT(sql, db_uuid(p->id), db_u64(list[i].kind),
			db_uuid(list[i].id)),
		    NULL, f);
	return r;
}

static int
insert_tx(struct db *db, void *ctx, struct fail *f)
{
	const struct policy *p = ctx;
	int r = db_exec(db,
	    DB_STMT("INSERT INTO policy (id,name,record_shell,record_exec,"
		    "record_sftp,on_fail,idle_s,length_s,priority,created_us) "
		    "VALUES (?,?,?,?,?,?,?,?,?,?)",
		db_uuid(p->id), db_text(p->name), db_u64(p->rules.record_shell),
		db_u64(p->rules.record_exec), db_u64(p->rules.record_sftp),
		db_u64(p->rules.on_fail), db_u64(p->rules.idle_s),
		db_u64(p->rules.length_s), db_i64(p->priority),
		db_u64(unix_us())),
	    NULL, f);

	if (r == 0)
		r = insert_refs(db,
		    "INSERT INTO policy_subject (policy_id,kind,ref_id) "
		    "VALUES (?,?,?) ON DUPLICATE KEY UPDATE "
		    "kind=policy_subject.kind",
		    p, p->subject, p->n_subject, f);
	if (r == 0)
		r = insert_refs(db,
		    "INSERT INTO policy_object (policy_id,kind,ref_id) "
		    "VALUES (?,?,?) ON DUPLICATE KEY UPDATE "
		    "kind=policy_object.kind",
		    p, p->object, p->n_object, f);
	return r;
}

int
cmd_policy_add(struct cli *c)
{
	struct policy p = {
	    .name = c->args->pos[0],
	    .rules = {.record_shell = RECORD_FULL, .record_exec = RECORD_FULL},
	};
	struct fail why = {0};
	int r = names_check(c, "policy", p.name);

	if (r == 0)
		r = get_rules(c, &p);
	if (r == 0)
		r = get_all_refs(c, &p);
	if (r)
		return r;
	uuid_new(p.id);
	r = db_tx(c->db, insert_tx, &p, &why);
	if (r == FAIL_EXISTS)
		return fail_set(
		    &c->fail, r, "policy %s exists already", p.name);
	if (r)
		return fail_set(&c->fail, r, "%s", why.why);
	return answer_changed(c, p.name, NULL);
}

static const char *
rule_text(uint64_t rule)
{
	return rule == RECORD_FULL ? "full" : "metadata";
}

/* Columns of POLICY_ROWS from col on. */
static void
print_rules(struct out *o, const struct db_row *row, size_t col)
{
	out_int(o, "priority", db_row_i64(row, col));
	out_bool(o, "disabled", db_row_u64(row, col + 1) != 0);
	out_text(o, "record_shell", rule_text(db_row_u64(row, col + 2)));
	out_text(o, "record_exec", rule_text(db_row_u64(row, col + 3)));
	out_text(o, "record_sftp", rule_text(db_row_u64(row, col + 4)));
	out_text(o, "on_fail",
	    db_row_u64(row, col + 5) == ON_FAIL_PAUSE ? "pause" : "strict");
	out_uint(o, "idle_s", db_row_u64(row, col + 6));
	out_uint(o, "length_s", db_row_u64(row, col + 7));
}

#define POLICY_ROWS                                                            \
	"SELECT name, priority, disabled, record_shell, record_exec, "         \
	"record_sftp, on_fail, idle_s, length_s FROM policy "

static int
on_policy(const struct db_row *row, void *ctx, struct fail *f)
{
	struct out *o = ctx;

	(void)f;
	out_row(o);
	out_text(o, "name", db_row_text(row, 0));
	print_rules(o, row, 1);
	out_row_end(o);
	return 0;
}

int
cmd_policy_list(struct cli *c)
{
	return answer_list(
	    c, DB_STMT0(POLICY_ROWS "ORDER BY priority DESC, name"), on_policy);
}

static int
on_show(const struct db_row *row, void *ctx, struct fail *f)
{
	(void)f;
	print_rules(ctx, row, 1);
	return 0;
}

int
cmd_policy_show(struct cli *c)
{
	uint8_t id[16];
	int r = names_policy(c, c->args->pos[0], id);

	if (r)
		return r;
	out_one(&c->out);
	out_uuid(&c->out, "id", id);
	out_text(&c->out, "name", c->args->pos[0]);
	r = cli_query(c, DB_STMT(POLICY_ROWS "WHERE id=?", db_uuid(id)),
	    on_show, &c->out);
	if (r == 0)
		r = answer_words(c, "users",
		    DB_STMT("SELECT u.name FROM policy_subject s JOIN user u "
			    "ON u.id=s.ref_id WHERE s.kind=0 AND "
			    "s.policy_id=? ORDER BY u.name",
			db_uuid(id)));
	if (r == 0)
		r = answer_words(c, "groups",
		    DB_STMT("SELECT g.name FROM policy_subject s JOIN grp g ON "
			    "g.id=s.ref_id WHERE s.kind=1 AND s.policy_id=? "
			    "ORDER BY g.name",
			db_uuid(id)));
	if (r == 0)
		r = answer_words(c, "accounts",
		    DB_STMT("SELECT CONCAT(a.name,'@',t.name) FROM "
			    "policy_object o JOIN account a ON a.id=o.ref_id "
			    "JOIN asset t ON t.id=a.asset_id WHERE o.kind=0 "
			    "AND o.policy_id=? ORDER BY 1",
			db_uuid(id)));
	if (r == 0)
		r = answer_words(c, "assets",
		    DB_STMT("SELECT t.name FROM policy_object o JOIN asset t "
			    "ON t.id=o.ref_id WHERE o.kind=1 AND o.policy_id=? "
			    "UNION ALL SELECT 'all' FROM policy_object WHERE "
			    "kind=2 AND policy_id=? ORDER BY 1",
			db_uuid(id), db_uuid(id)));
	return r ? r : out_end(&c->out);
}

int
cmd_policy_remove(struct cli *c)
{
	const char *name = c->args->pos[0];
	uint8_t id[16];
	int r = names_policy(c, name, id);

	if (r == 0)
		r = cli_exec(c,
		    DB_STMT("DELETE FROM policy WHERE id=?", db_uuid(id)),
		    NULL);
	return r ? r : answer_changed(c, name, NULL);
}

struct test {
	struct policy_query q;
	uint8_t groups[256][16];
	struct policy_choice choice;
	char name[256];
	bool disabled; /* the user, the account or the asset is */
};

static int
on_test_group(const struct db_row *row, void *ctx, struct fail *f)
{
	struct test *t = ctx;

	(void)f;
	if (t->q.n_groups == ARRAY_LEN(t->groups))
		return 0;
	return db_row_uuid(row, 0, t->groups[t->q.n_groups++]);
}

static int
on_test_row(const struct db_row *row, void *ctx, struct fail *f)
{
	struct policy_row p = {0};
	struct test *t = ctx;
	int r = db_row_uuid(row, 0, p.policy_id);

	(void)f;
	p.priority = (int32_t)db_row_i64(row, 1);
	p.disabled = db_row_u64(row, 2) != 0;
	p.subject_kind = (uint8_t)db_row_u64(row, 3);
	p.object_kind = (uint8_t)db_row_u64(row, 5);
	r = r ? r : db_row_uuid(row, 4, p.subject_id);
	r = r ? r : db_row_uuid(row, 6, p.object_id);
	if (r == 0)
		policy_consider(&t->choice, &t->q, &p);
	return r;
}

static int
on_test_name(const struct db_row *row, void *ctx, struct fail *f)
{
	struct test *t = ctx;

	(void)f;
	db_row_copy(row, 0, t->name, sizeof(t->name));
	return 0;
}

static int
on_test_disabled(const struct db_row *row, void *ctx, struct fail *f)
{
	struct test *t = ctx;

	(void)f;
	t->disabled = db_row_u64(row, 0) != 0;
	return 0;
}

static int
test_rows(struct cli *c, struct test *t)
{
	int r = cli_query(c,
	    DB_STMT("SELECT grp_id FROM grp_member WHERE user_id=?",
		db_uuid(t->q.user_id)),
	    on_test_group, t);

	t->q.groups = (const uint8_t(*)[16])t->groups;
	if (r == 0)
		r = cli_query(c,
		    DB_STMT("SELECT p.id, p.priority, p.disabled, s.kind, "
			    "s.ref_id, o.kind, o.ref_id FROM policy p JOIN "
			    "policy_subject s ON s.policy_id=p.id JOIN "
			    "policy_object o ON o.policy_id=p.id WHERE "
			    "(s.ref_id=? OR s.kind=1) AND (o.ref_id=? OR "
			    "o.ref_id=? OR o.kind=2)",
			db_uuid(t->q.user_id), db_uuid(t->q.account_id),
			db_uuid(t->q.asset_id)),
		    on_test_row, t);
	if (r == 0)
		r = cli_query(c,
		    DB_STMT("SELECT u.disabled OR a.disabled OR t.disabled "
			    "FROM user u, account a JOIN asset t ON "
			    "t.id=a.asset_id WHERE u.id=? AND a.id=?",
			db_uuid(t->q.user_id), db_uuid(t->q.account_id)),
		    on_test_disabled, t);
	if (r == 0 && t->choice.allowed)
		r = cli_query(c,
		    DB_STMT("SELECT name FROM policy WHERE id=?",
			db_uuid(t->choice.row.policy_id)),
		    on_test_name, t);
	return r;
}

int
cmd_policy_test(struct cli *c)
{
	struct test *t = calloc(1, sizeof(*t));
	bool allowed;
	int r;

	if (t == NULL)
		return fail_set(&c->fail, FAIL_NOMEM, "out of memory");
	r = names_user(c, c->args->pos[0], t->q.user_id);
	if (r == 0)
		r = names_account(
		    c, c->args->pos[1], t->q.account_id, t->q.asset_id);
	if (r == 0)
		r = test_rows(c, t);
	allowed = t->choice.allowed && !t->disabled;
	if (r == 0) {
		out_one(&c->out);
		out_bool(&c->out, "allowed", allowed);
		out_text(&c->out, "policy", t->name[0] ? t->name : NULL);
		out_bool(&c->out, "disabled", t->disabled);
		r = out_end(&c->out);
	}
	free(t);
	if (r == 0 && !allowed)
		r = fail_set(&c->fail, FAIL_DENIED, "%s may not use %s",
		    c->args->pos[0], c->args->pos[1]);
	return r;
}
