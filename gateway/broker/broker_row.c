/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that go through the broker, the audit events that it makes itself, and
 * what it tells of its state.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "session/why.h"

#include "broker/broker_int.h"

int
broker_row(struct broker *b, const struct row *r, const struct rows_ref *ref)
{
	int e;

	e = rows_put(b->rows, r, ref);
	if (e != 0)
		log_err(NULL, "a row was not taken: %s", fail_text(e));
	if (!b->held && rows_waiting(b->rows) > QUEUE_HIGH)
		broker_links_hold(b, true);
	return e;
}

void
broker_stored(void *ctx, const struct rows_ref *ref)
{
	struct bm_stored m = {.seq = ref->seq};
	struct broker *b = ctx;
	struct buf body;

	memcpy(m.session_id, ref->session, 16);
	buf_init(&body, 64);
	if (bm_stored_put(&body, &m) == 0)
		broker_answer(
		    b, ref->link, bm_stored_type, ref->id, buf_span(&body));
	buf_fini(&body);
}

void
broker_audit_begin(
    struct broker_audit *a, uint32_t event, const uint8_t *session)
{
	memset(a, 0, sizeof(*a));
	a->event = event;
	if (session != NULL)
		memcpy(a->session, session, 16);
	buf_init(&a->text, 16384);
	json_init(&a->j, &a->text);
	json_object(&a->j, NULL);
}

void
broker_audit_end(struct broker *b, struct broker_audit *a)
{
	struct row r = {.kind = jr_audit_type};
	int e;

	json_close(&a->j, '}');
	if ((e = json_end(&a->j)) == 0) {
		uuid_new(r.audit.row_id);
		r.audit.event = a->event;
		memcpy(r.audit.session_id, a->session, 16);
		r.audit.at_us = unix_us();
		r.audit.fields = buf_span(&a->text);
		e = broker_row(b, &r, NULL);
	}
	if (e != 0)
		log_err(
		    NULL, "audit event %u is lost: %s", a->event, fail_text(e));
	buf_fini(&a->text);
}

void
broker_close_session(struct broker *b, const struct session_ent *e)
{
	struct row r = {.kind = jr_end_type};
	char id[UUID_TEXT_SIZE];

	memcpy(r.end.session_id, e->id, 16);
	r.end.at_us = unix_us();
	r.end.why = (uint32_t)e->why;
	r.end.coverage = SPAN("{}", 2);
	log_warn(NULL, "session %s is closed: %s", uuid_text(id, e->id),
	    why_text(e->why));
	broker_revoke(b, e);
	(void)broker_row(b, &r, NULL);
}

static void
status_database(struct broker *b, struct json *j)
{
	struct drain_stat d = {0};

	if (b->drain != NULL)
		drain_stat(b->drain, &d);
	json_object(j, "database");
	json_bool(j, "up", b->db.up && !d.away);
	json_bool(j, "known", b->node.known);
	json_str(j, "last_error", b->db.why);
	json_uint(j, "jobs", pool_jobs(b->db.pool));
	json_uint(j, "stored", d.stored);
	json_uint(j, "rejected", d.rejected);
	if (d.why.code != 0)
		json_str(j, "last_store_error", d.why.why);
	json_close(j, '}');
}

int
broker_status(struct broker *b, struct buf *out)
{
	struct journal_stat st;
	struct fail trouble = {0};
	struct json j;

	journal_stat(b->journal, &st);
	json_init(&j, out);
	json_object(&j, NULL);
	json_str(&j, "node", b->node.name);
	status_database(b, &j);
	json_object(&j, "journal");
	json_uint(&j, "rows", st.rows);
	json_uint(&j, "bytes", st.bytes);
	json_uint(&j, "unsynced", rows_waiting(b->rows));
	json_uint(&j, "damaged", st.damaged);
	if (rows_trouble(b->rows, &trouble))
		json_str(&j, "error", trouble.why);
	json_close(&j, '}');
	json_uint(&j, "sessions", sessions_live(b->sessions));
	json_uint(&j, "links", idmap_count(b->links));
	json_close(&j, '}');
	return json_end(&j);
}
