/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of users: who they are, their passwords and public keys. */
#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/uuid.h"
#include "cli/answer.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/keyline.h"
#include "cli/link.h"
#include "cli/names.h"
#include "cli/password.h"
#include "cli/verbs.h"
#include "sql/types.h"

/*
 * The new password as the options say; asked for when they say nothing.
 * shown: it was made here, to be printed.
 */
static int
new_password(struct cli *c, struct secret **out, bool *shown)
{
	const char *file = args_opt(c->args, "password-file");
	int n = (args_opt(c->args, "generate") != NULL) +
		(args_opt(c->args, "password-stdin") != NULL) + (file != NULL) +
		(args_opt(c->args, "no-password") != NULL);

	*out = NULL;
	*shown = false;
	if (n > 1)
		return cli_usage(
		    c, "only one of the options for the password can be given");
	if (args_opt(c->args, "no-password"))
		return 0;
	if (args_opt(c->args, "generate")) {
		*shown = true;
		return password_generate(out, &c->fail);
	}
	if (file)
		return ask_read(out, file, &c->fail);
	if (args_opt(c->args, "password-stdin"))
		return ask_read(out, "-", &c->fail);
	return ask_secret(out, "password", true, &c->fail);
}

/* {"name":..., "password":...} when it was made here. */
static int
print_password(struct cli *c, const char *name, const struct secret *password)
{
	out_one(&c->out);
	out_text(&c->out, "name", name);
	if (password)
		out_span(&c->out, "password", secret_show(password));
	return out_end(&c->out);
}

static int
insert_user(struct cli *c, const char *name, unsigned roles, const char *hash)
{
	const char *full = args_opt(c->args, "full-name");
	struct fail why = {0};
	uint8_t id[16];
	int r;

	uuid_new(id);
	r = db_exec(c->db,
	    DB_STMT("INSERT INTO user (id,name,full_name,password_hash,roles,"
		    "created_us) VALUES (?,?,?,?,?,?)",
		db_uuid(id), db_text(name), db_text(full ? full : ""),
		db_text(hash), db_u64(roles), db_u64(unix_us())),
	    NULL, &why);
	if (r == FAIL_EXISTS)
		return fail_set(&c->fail, r, "user %s exists already", name);
	return r ? fail_set(&c->fail, r, "%s", why.why) : 0;
}

int
cmd_user_add(struct cli *c)
{
	const char *name = c->args->pos[0], *role = args_opt(c->args, "role");
	char hash[PASSWORD_HASH_SIZE], detail[80];
	struct secret *password = NULL;
	unsigned roles = USER_ROLE_USER;
	bool shown = false;
	int r = names_check(c, "user", name);

	if (r == 0 && role)
		r = names_roles(c, role, &roles);
	if (r == 0)
		r = new_password(c, &password, &shown);
	if (r == 0 && password)
		r = password_hash(hash, password, &c->fail);
	if (r == 0)
		r = insert_user(c, name, roles, password ? hash : NULL);
	if (r == 0)
		r = link_changed(c, name, names_roles_text(detail, roles));
	if (r == 0)
		r = print_password(c, name, shown ? password : NULL);
	wipe(hash, sizeof(hash));
	secret_free(password);
	return r;
}

int
cmd_user_passwd(struct cli *c)
{
	const char *name = c->args->pos[0];
	char hash[PASSWORD_HASH_SIZE];
	struct secret *password = NULL;
	bool shown = false;
	uint8_t id[16];
	int r = names_user(c, name, id);

	if (r == 0)
		r = new_password(c, &password, &shown);
	if (r == 0)
		r = password_hash(hash, password, &c->fail);
	if (r == 0)
		r = cli_exec(c,
		    DB_STMT("UPDATE user SET password_hash=?, must_change=0, "
			    "version=version+1 WHERE id=?",
			db_text(hash), db_uuid(id)),
		    NULL);
	if (r == 0)
		r = link_changed(c, name, NULL);
	if (r == 0)
		r = print_password(c, name, shown ? password : NULL);
	wipe(hash, sizeof(hash));
	secret_free(password);
	return r;
}

static int
on_user(const struct db_row *row, void *ctx, struct fail *f)
{
	struct out *o = ctx;
	char roles[64];

	(void)f;
	out_row(o);
	out_text(o, "name", db_row_text(row, 0));
	out_text(o, "full_name", db_row_text(row, 1));
	out_text(
	    o, "roles", names_roles_text(roles, (unsigned)db_row_u64(row, 2)));
	out_bool(o, "disabled", db_row_u64(row, 3) != 0);
	out_bool(o, "password", db_row_u64(row, 4) != 0);
	out_uint(o, "keys", db_row_u64(row, 5));
	out_time(o, "created", db_row_u64(row, 6));
	out_row_end(o);
	return 0;
}

int
cmd_user_list(struct cli *c)
{
	return answer_list(c,
	    DB_STMT0("SELECT u.name, u.full_name, u.roles, u.disabled, "
		     "u.password_hash IS NOT NULL, (SELECT COUNT(*) FROM "
		     "user_key k WHERE k.user_id=u.id), u.created_us "
		     "FROM user u ORDER BY u.name"),
	    on_user);
}

static int
on_show(const struct db_row *row, void *ctx, struct fail *f)
{
	struct out *o = ctx;
	char roles[64];
	uint8_t id[16];

	(void)f;
	IGNORE(db_row_uuid(row, 0, id));
	out_uuid(o, "id", id);
	out_text(o, "name", db_row_text(row, 1));
	out_text(o, "full_name", db_row_text(row, 2));
	out_text(
	    o, "roles", names_roles_text(roles, (unsigned)db_row_u64(row, 3)));
	out_bool(o, "disabled", db_row_u64(row, 4) != 0);
	out_bool(o, "password", db_row_u64(row, 5) != 0);
	out_bool(o, "must_change", db_row_u64(row, 6) != 0);
	out_time(o, "created", db_row_u64(row, 7));
	return 0;
}

int
cmd_user_show(struct cli *c)
{
	uint8_t id[16];
	int r = names_user(c, c->args->pos[0], id);

	out_one(&c->out);
	if (r == 0)
		r = cli_query(c,
		    DB_STMT("SELECT id, name, full_name, roles, disabled, "
			    "password_hash IS NOT NULL, must_change, "
			    "created_us FROM user WHERE id=?",
			db_uuid(id)),
		    on_show, &c->out);
	if (r == 0)
		r = answer_words(c, "groups",
		    DB_STMT("SELECT g.name FROM grp g JOIN grp_member m ON "
			    "m.grp_id=g.id WHERE m.user_id=? ORDER BY g.name",
			db_uuid(id)));
	if (r == 0)
		r = answer_words(c, "keys",
		    DB_STMT("SELECT CONCAT_WS(' ', alg, fingerprint, comment) "
			    "FROM user_key WHERE user_id=? ORDER BY id",
			db_uuid(id)));
	return r ? r : out_end(&c->out);
}

static int
set_disabled(struct cli *c, bool disabled)
{
	const char *name = c->args->pos[0];
	uint8_t id[16];
	int r = names_user(c, name, id);

	if (r == 0)
		r = cli_exec(c,
		    DB_STMT("UPDATE user SET disabled=?, version=version+1 "
			    "WHERE id=?",
			db_u64(disabled), db_uuid(id)),
		    NULL);
	return r ? r : answer_changed(c, name, NULL);
}

int
cmd_user_disable(struct cli *c)
{
	return set_disabled(c, true);
}

int
cmd_user_enable(struct cli *c)
{
	return set_disabled(c, false);
}

int
cmd_user_role(struct cli *c)
{
	const char *name = c->args->pos[0];
	unsigned roles;
	char text[64];
	uint8_t id[16];
	int r = names_user(c, name, id);

	if (r == 0)
		r = names_roles(c, c->args->pos[1], &roles);
	if (r == 0)
		r = cli_exec(c,
		    DB_STMT("UPDATE user SET roles=?, version=version+1 "
			    "WHERE id=?",
			db_u64(roles), db_uuid(id)),
		    NULL);
	return r ? r : answer_changed(c, name, names_roles_text(text, roles));
}

static int
add_key(struct cli *c, const uint8_t user_id[16], const char *path)
{
	struct pubkey_line k;
	uint8_t id[16];
	struct fail why = {0};
	int r = keyline_read(&k, path, &c->fail);

	if (r)
		return r;
	uuid_new(id);
	r = db_exec(c->db,
	    DB_STMT("INSERT INTO user_key (id,user_id,alg,key_blob,comment,"
		    "fingerprint,created_us) VALUES (?,?,?,?,?,?,?)",
		db_uuid(id), db_uuid(user_id), db_text(k.type),
		db_bytes(SPAN(k.blob, k.blob_len)), db_text(k.comment),
		db_text(k.fingerprint), db_u64(unix_us())),
	    NULL, &why);
	if (r == FAIL_EXISTS)
		r = fail_set(
		    &c->fail, r, "%s has this key already", c->args->pos[0]);
	else if (r)
		r = fail_set(&c->fail, r, "%s", why.why);
	if (r == 0)
		r = link_changed(c, c->args->pos[0], k.fingerprint);
	if (r == 0) {
		out_one(&c->out);
		keyline_out(&c->out, &k);
		r = out_end(&c->out);
	}
	pubkey_line_fini(&k);
	return r;
}

static int
remove_key(struct cli *c, const uint8_t user_id[16], const char *fp)
{
	uint64_t n = 0;
	int r = cli_exec(c,
	    DB_STMT("DELETE FROM user_key WHERE user_id=? AND fingerprint=?",
		db_uuid(user_id), db_text(fp)),
	    &n);

	if (r == 0 && n == 0)
		return fail_set(&c->fail, FAIL_NOTFOUND, "%s has no key %s",
		    c->args->pos[0], fp);
	return r ? r : answer_changed(c, c->args->pos[0], fp);
}

int
cmd_user_key(struct cli *c)
{
	const char *action = c->args->pos[1];
	uint8_t id[16];
	int r = names_user(c, c->args->pos[0], id);

	if (r)
		return r;
	if (strcmp(action, "list") == 0 && c->args->n_pos == 2)
		return keyline_list(
		    c, DB_STMT("SELECT alg, fingerprint, comment, created_us "
			       "FROM user_key WHERE user_id=? ORDER BY id",
			   db_uuid(id)));
	if (strcmp(action, "add") == 0 && c->args->n_pos == 3)
		return add_key(c, id, c->args->pos[2]);
	if (strcmp(action, "remove") == 0 && c->args->n_pos == 3)
		return remove_key(c, id, c->args->pos[2]);
	return cli_usage(c, "usage: sallyport user key NAME list | add FILE | "
			    "remove FINGERPRINT");
}
