/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings as the database and the keeper know them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ipc.h"
#include "base/uuid.h"
#include "cli/link.h"
#include "cli/names.h"
#include "keeper/keeper_msg.h"
#include "recorder/place.h"
#include "recorder/rcd.h"
#include "session/audit.h"
#include "sql/types.h"

#include "cli/recfile.h"

static int
on_found(const struct db_row *row, void *ctx, struct fail *f)
{
	struct span wrapped = db_row_bytes(row, 1), key = db_row_bytes(row, 3);
	struct recfile *rec = ctx;

	(void)f;
	db_row_copy(row, 0, rec->path, sizeof(rec->path));
	if (wrapped.len <= sizeof(rec->wrapped)) {
		memcpy(rec->wrapped, wrapped.p, wrapped.len);
		rec->wrapped_len = wrapped.len;
	}
	rec->state = db_row_u64(row, 2);
	rec->has_key = key.len == sizeof(rec->node_key);
	if (rec->has_key)
		memcpy(rec->node_key, key.p, key.len);
	return 0;
}

static int
load(struct cli *c, struct recfile *rec)
{
	return cli_query(c,
	    DB_STMT("SELECT r.path, r.wrapped_dek, r.state, n.pubkey FROM "
		    "recording r LEFT JOIN node n ON n.id=r.node_id WHERE "
		    "r.id=?",
		db_uuid(rec->id)),
	    on_found, rec);
}

int
recfile_find(struct cli *c, const char *text, struct recfile *rec)
{
	int r;

	memset(rec, 0, sizeof(*rec));
	r = names_recording(c, text, rec->id);
	return r ? r : load(c, rec);
}

static int
on_last(const struct db_row *row, void *ctx, struct fail *f)
{
	struct recfile *rec = ctx;

	(void)f;
	rec->state = RECORDING_OPEN; /* some row was there */
	return db_row_uuid(row, 0, rec->id);
}

int
recfile_last(struct cli *c, struct recfile *rec)
{
	int r;

	memset(rec, 0, sizeof(*rec));
	r = cli_query(c,
	    DB_STMT("SELECT id FROM recording WHERE state=? ORDER BY "
		    "started_us DESC LIMIT 1",
		db_u64(RECORDING_FINISHED)),
	    on_last, rec);
	if (r == 0 && rec->state == 0)
		r = cli_query(c,
		    DB_STMT("SELECT id FROM recording WHERE state=? ORDER BY "
			    "started_us DESC LIMIT 1",
			db_u64(RECORDING_OPEN)),
		    on_last, rec);
	if (r == 0 && rec->state == 0)
		r = fail_set(&c->fail, FAIL_NOTFOUND, "there is no recording");
	return r ? r : load(c, rec);
}

/* Where the recorder puts it, as far as it has left the spool. */
static int
path_open(struct cli *c, const struct recfile *rec, const char *folder,
    char path[PLACE_PATH])
{
	static const char *const suffixes[] = {"", ".part"};
	char name[PLACE_NAME];
	size_t i;

	if (place_name(name, rec->id) == 0)
		for (i = 0; i < ARRAY_LEN(suffixes); i++) {
			place_path(path, PLACE_PATH, folder, name, suffixes[i]);
			if (access(path, F_OK) == 0)
				return 0;
		}
	if (rec->state == RECORDING_FINISHED)
		return fail_set(&c->fail, FAIL_NOTFOUND,
		    "nothing was recorded: the session ended before it began");
	return fail_set(&c->fail, FAIL_STATE,
	    "the recording is not finished yet: `sallyport session watch` "
	    "shows what happens now");
}

int
recfile_path(struct cli *c, const struct recfile *rec, char **path)
{
	char open_path[PLACE_PATH];
	char *folder = conf_path(c->conf, c->conf->recording_folder);
	int r = 0;

	*path = NULL;
	if (folder == NULL)
		return fail_set(&c->fail, FAIL_NOMEM, "out of memory");
	if (rec->state == RECORDING_OPEN || rec->path[0] == '\0') {
		r = path_open(c, rec, folder, open_path);
		if (r == 0 && (*path = strdup(open_path)) == NULL)
			r = fail_set(&c->fail, FAIL_NOMEM, "out of memory");
	} else if (asprintf(path, "%s/%s", folder, rec->path) < 0) {
		*path = NULL;
		r = fail_set(&c->fail, FAIL_NOMEM, "out of memory");
	}
	free(folder);
	return r;
}

static int
ask(struct cli *c, const struct recfile *rec, struct buf *reply)
{
	struct km_rec_key_get q = {
	    .wrapped = SPAN(rec->wrapped, rec->wrapped_len)};
	struct buf body;
	int r;

	memcpy(q.rec_id, rec->id, 16);
	buf_init(&body, IPC_BODY_MAX);
	r = km_rec_key_get_put(&body, &q);
	if (r)
		r = fail_set(&c->fail, r, "the wrapped key is malformed");
	else
		r = link_keeper(c->keeper,
		    &(struct link_ask){
			.type = km_rec_key_get_type,
			.body = buf_span(&body),
			.want = km_rec_key_type,
			.reply = reply,
		    },
		    &c->fail);
	buf_fini(&body);
	return r;
}

int
recfile_key(struct cli *c, const struct recfile *rec, const char *how,
    struct secret **dek)
{
	char text[UUID_TEXT_SIZE];
	const char *const fields[] = {"recording", text, "how", how, NULL};
	struct km_rec_key a;
	struct buf reply;
	int r;

	*dek = NULL;
	if (rec->wrapped_len == 0)
		return fail_set(&c->fail, FAIL_NOTFOUND,
		    "the recording has been erased: it has no key");
	uuid_text(text, rec->id);
	buf_init_secret(&reply, 4096);
	r = ask(c, rec, &reply);
	if (r == 0 &&
	    (km_rec_key_get(buf_span(&reply), &a) || a.dek.len != RCD_KEY_LEN))
		r = fail_set(
		    &c->fail, FAIL_PROTO, "the keeper's answer is bad");
	if (r == 0)
		r = link_audit(c, AUDIT_RECORDING_VIEW, fields);
	if (r == 0 && (*dek = secret_from(a.dek.p, a.dek.len)) == NULL)
		r = fail_set(&c->fail, FAIL_NOMEM, "out of memory");
	buf_fini(&reply);
	return r;
}
