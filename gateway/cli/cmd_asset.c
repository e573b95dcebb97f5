/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of assets: targets and their pinned host keys. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/loop.h"
#include "base/uuid.h"
#include "cli/answer.h"
#include "cli/cli.h"
#include "cli/hostkeys.h"
#include "cli/keyline.h"
#include "cli/link.h"
#include "cli/names.h"
#include "cli/verbs.h"
#include "sql/types.h"

struct asset {
	uint8_t id[16];
	const char *name;
	const char *address;
	uint16_t port;
	const char *platform;
	bool legacy;
	char labels[4096];
	struct hostscan keys;
};

static int
parse_port(struct cli *c, const char *text, uint16_t *port)
{
	char *end;
	long v = text ? strtol(text, &end, 10) : 22;

	if (v < 1 || v > 65535 || (text && (*end || text[0] == '\0')))
		return cli_usage(c, "%s is no port", text);
	*port = (uint16_t)v;
	return 0;
}

/* The options --label as a JSON object. */
static int
make_labels(struct cli *c, struct asset *a)
{
	const char *text, *eq;
	char key[128];
	struct json j;
	struct buf b;
	int r = 0;

	buf_init(&b, sizeof(a->labels) - 1);
	json_init(&j, &b);
	json_object(&j, NULL);
	for (size_t i = 0; (text = args_opt_at(c->args, "label", i)); i++) {
		eq = strchr(text, '=');
		if (eq == NULL || eq == text ||
		    (size_t)(eq - text) >= sizeof(key)) {
			r = cli_usage(
			    c, "%s is not of the form KEY=VALUE", text);
			break;
		}
		memcpy(key, text, (size_t)(eq - text));
		key[eq - text] = '\0';
		json_str(&j, key, eq + 1);
	}
	json_close(&j, '}');
	if (r == 0 && json_end(&j))
		r = fail_set(&c->fail, FAIL_RANGE, "the labels are too long");
	if (r == 0) {
		memcpy(a->labels, buf_head(&b), buf_len(&b));
		a->labels[buf_len(&b)] = '\0';
	}
	buf_fini(&b);
	return r;
}

static int
read_args(struct cli *c, struct asset *a)
{
	const char *platform = args_opt(c->args, "platform");
	int r;

	a->name = c->args->pos[0];
	a->address = c->args->pos[1];
	a->platform = platform ? platform : "linux";
	a->legacy = args_opt(c->args, "legacy") != NULL;
	if (strlen(a->address) > 255 || strpbrk(a->address, " \t/@,") ||
	    a->address[0] == '\0' || a->address[0] == '-')
		return cli_usage(
		    c, "%s is no host name or address", a->address);
	r = names_check(c, "asset", a->name);
	if (r == 0)
		r = parse_port(c, args_opt(c->args, "port"), &a->port);
	return r ? r : make_labels(c, a);
}

static int
insert_tx(struct db *db, void *ctx, struct fail *f)
{
	const struct asset *a = ctx;
	int r = db_exec(db,
	    DB_STMT("INSERT INTO asset (id,name,address,port,protocol,"
		    "platform,legacy,labels,created_us) "
		    "VALUES (?,?,?,?,?,?,?,?,?)",
		db_uuid(a->id), db_text(a->name), db_text(a->address),
		db_u64(a->port), db_u64(PROTOCOL_SSH), db_text(a->platform),
		db_u64(a->legacy), db_text(a->labels), db_u64(unix_us())),
	    NULL, f);

	return r ? r : hostkeys_pin(db, a->id, &a->keys, f);
}

/* Before the scan: a person should not confirm keys for nothing. */
static int
refuse_known(struct cli *c, const char *name)
{
	bool known;
	int r = cli_found(c,
	    DB_STMT("SELECT 1 FROM asset WHERE name=?", db_text(name)), &known);

	if (r == 0 && known)
		return fail_set(
		    &c->fail, FAIL_EXISTS, "asset %s exists already", name);
	return r;
}

static int
print_added(struct cli *c, const struct asset *a)
{
	struct out *o = &c->out;

	out_one(o);
	out_uuid(o, "id", a->id);
	out_text(o, "name", a->name);
	out_text(o, "address", a->address);
	out_uint(o, "port", a->port);
	out_words(o, "hostkeys");
	for (size_t i = 0; i < a->keys.n; i++)
		out_word(o, a->keys.key[i].fingerprint);
	out_words_end(o);
	return out_end(o);
}

int
cmd_asset_add(struct cli *c)
{
	struct asset a = {.port = 22};
	struct fail why = {0};
	int r = read_args(c, &a);

	if (r == 0)
		r = refuse_known(c, a.name);
	if (r == 0 && args_opt(c->args, "no-scan") == NULL)
		r = hostkeys_choose(c, &a.keys, a.address, a.port);
	if (r == 0) {
		uuid_new(a.id);
		r = db_tx(c->db, insert_tx, &a, &why);
		if (r)
			r = fail_set(&c->fail, r, "%s",
			    r == FAIL_EXISTS ? "the asset exists already"
					     : why.why);
	}
	if (r == 0)
		r = link_changed(c, a.name, a.address);
	if (r == 0)
		r = print_added(c, &a);
	hostscan_fini(&a.keys);
	return r;
}

static int
on_asset(const struct db_row *row, void *ctx, struct fail *f)
{
	struct out *o = ctx;

	(void)f;
	out_row(o);
	out_text(o, "name", db_row_text(row, 0));
	out_text(o, "address", db_row_text(row, 1));
	out_uint(o, "port", db_row_u64(row, 2));
	out_text(o, "platform", db_row_text(row, 3));
	out_bool(o, "disabled", db_row_u64(row, 4) != 0);
	out_uint(o, "hostkeys", db_row_u64(row, 5));
	out_uint(o, "accounts", db_row_u64(row, 6));
	out_row_end(o);
	return 0;
}

int
cmd_asset_list(struct cli *c)
{
	return answer_list(c,
	    DB_STMT0("SELECT a.name, a.address, a.port, a.platform, "
		     "a.disabled, (SELECT COUNT(*) FROM asset_hostkey k WHERE "
		     "k.asset_id=a.id), (SELECT COUNT(*) FROM account x WHERE "
		     "x.asset_id=a.id) FROM asset a ORDER BY a.name"),
	    on_asset);
}

static int
on_show(const struct db_row *row, void *ctx, struct fail *f)
{
	struct out *o = ctx;
	uint8_t id[16];

	(void)f;
	IGNORE(db_row_uuid(row, 0, id));
	out_uuid(o, "id", id);
	out_text(o, "name", db_row_text(row, 1));
	out_text(o, "address", db_row_text(row, 2));
	out_uint(o, "port", db_row_u64(row, 3));
	out_text(
	    o, "protocol", db_row_u64(row, 4) == PROTOCOL_SSH ? "ssh" : "rdp");
	out_text(o, "platform", db_row_text(row, 5));
	out_bool(o, "legacy", db_row_u64(row, 6) != 0);
	out_bool(o, "disabled", db_row_u64(row, 7) != 0);
	out_raw(o, "labels", db_row_bytes(row, 8));
	out_time(o, "created", db_row_u64(row, 9));
	return 0;
}

int
cmd_asset_show(struct cli *c)
{
	struct out *o = &c->out;
	uint8_t id[16];
	int r = names_asset(c, c->args->pos[0], id);

	if (r)
		return r;
	out_one(o);
	r = cli_query(c,
	    DB_STMT("SELECT id, name, address, port, protocol, platform, "
		    "legacy, disabled, labels, created_us FROM asset WHERE "
		    "id=?",
		db_uuid(id)),
	    on_show, o);
	if (r == 0)
		r = answer_words(c, "hostkeys",
		    DB_STMT("SELECT CONCAT_WS(' ', alg, fingerprint) FROM "
			    "asset_hostkey WHERE asset_id=? ORDER BY id",
			db_uuid(id)));
	if (r == 0)
		r = answer_words(c, "accounts",
		    DB_STMT("SELECT name FROM account WHERE asset_id=? "
			    "ORDER BY name",
			db_uuid(id)));
	return r ? r : out_end(o);
}

int
cmd_asset_remove(struct cli *c)
{
	const char *name = c->args->pos[0];
	uint8_t id[16];
	int r = names_asset(c, name, id);

	/* What policies say about it and its accounts has no foreign key. */
	if (r == 0)
		r = cli_exec_both(c,
		    DB_STMT("DELETE FROM policy_object WHERE (kind=? AND "
			    "ref_id=?) OR (kind=? AND ref_id IN (SELECT id "
			    "FROM account WHERE asset_id=?))",
			db_u64(OBJECT_ASSET), db_uuid(id),
			db_u64(OBJECT_ACCOUNT), db_uuid(id)),
		    DB_STMT("DELETE FROM asset WHERE id=?", db_uuid(id)));
	return r ? r : answer_changed(c, name, NULL);
}

static int
set_disabled(struct cli *c, bool disabled)
{
	const char *name = c->args->pos[0];
	uint8_t id[16];
	int r = names_asset(c, name, id);

	if (r == 0)
		r = cli_exec(c,
		    DB_STMT("UPDATE asset SET disabled=? WHERE id=?",
			db_u64(disabled), db_uuid(id)),
		    NULL);
	return r ? r : answer_changed(c, name, NULL);
}

int
cmd_asset_disable(struct cli *c)
{
	return set_disabled(c, true);
}

int
cmd_asset_enable(struct cli *c)
{
	return set_disabled(c, false);
}

struct where {
	char address[256];
	uint16_t port;
};

static int
on_where(const struct db_row *row, void *ctx, struct fail *f)
{
	struct where *w = ctx;

	(void)f;
	db_row_copy(row, 0, w->address, sizeof(w->address));
	w->port = (uint16_t)db_row_u64(row, 1);
	return 0;
}

struct pin {
	const uint8_t *asset_id;
	const struct hostscan *keys;
};

static int
pin_tx(struct db *db, void *ctx, struct fail *f)
{
	const struct pin *p = ctx;

	return hostkeys_pin(db, p->asset_id, p->keys, f);
}

/* Pin and say what was pinned. */
static int
pin(struct cli *c, const uint8_t id[16], const struct hostscan *h)
{
	struct pin p = {.asset_id = id, .keys = h};
	int r = db_tx(c->db, pin_tx, &p, &c->fail);

	for (size_t i = 0; r == 0 && i < h->n; i++)
		r = link_changed(c, c->args->pos[0], h->key[i].fingerprint);
	if (r)
		return r;
	out_list(&c->out);
	for (size_t i = 0; i < h->n; i++) {
		out_row(&c->out);
		out_text(&c->out, "type", h->key[i].type);
		out_text(&c->out, "fingerprint", h->key[i].fingerprint);
		out_row_end(&c->out);
	}
	return out_end(&c->out);
}

static int
hostkey_scan(struct cli *c, const uint8_t id[16])
{
	struct where w = {0};
	struct hostscan h;
	int r = cli_query(c,
	    DB_STMT("SELECT address, port FROM asset WHERE id=?", db_uuid(id)),
	    on_where, &w);

	if (r)
		return r;
	r = hostkeys_choose(c, &h, w.address, w.port);
	if (r == 0)
		r = pin(c, id, &h);
	hostscan_fini(&h);
	return r;
}

static int
hostkey_add(struct cli *c, const uint8_t id[16], const char *path)
{
	struct hostscan h = {.n = 1};
	int r = keyline_read(&h.key[0], path, &c->fail);

	if (r == 0)
		r = pin(c, id, &h);
	hostscan_fini(&h);
	return r;
}

static int
hostkey_remove(struct cli *c, const uint8_t id[16], const char *fp)
{
	uint64_t n = 0;
	int r = cli_exec(c,
	    DB_STMT("DELETE FROM asset_hostkey WHERE asset_id=? AND "
		    "fingerprint=?",
		db_uuid(id), db_text(fp)),
	    &n);

	if (r == 0 && n == 0)
		return fail_set(&c->fail, FAIL_NOTFOUND,
		    "%s has no host key %s", c->args->pos[0], fp);
	return r ? r : answer_changed(c, c->args->pos[0], fp);
}

int
cmd_asset_hostkey(struct cli *c)
{
	const char *action = c->args->pos[1];
	uint8_t id[16];
	int r = names_asset(c, c->args->pos[0], id);

	if (r)
		return r;
	if (strcmp(action, "list") == 0 && c->args->n_pos == 2)
		return keyline_list(
		    c, DB_STMT("SELECT alg, fingerprint, '', created_us FROM "
			       "asset_hostkey WHERE asset_id=? ORDER BY id",
			   db_uuid(id)));
	if (strcmp(action, "scan") == 0 && c->args->n_pos == 2)
		return hostkey_scan(c, id);
	if (strcmp(action, "add") == 0 && c->args->n_pos == 3)
		return hostkey_add(c, id, c->args->pos[2]);
	if (strcmp(action, "remove") == 0 && c->args->n_pos == 3)
		return hostkey_remove(c, id, c->args->pos[2]);
	return cli_usage(c,
	    "usage: sallyport asset hostkey NAME list | scan | add FILE | "
	    "remove FINGERPRINT");
}
