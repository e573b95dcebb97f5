/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a session: the last words to both sides, the recording's trailer,
 * the row in the database; and the posting of rows at any time.
 */
#include <stdio.h>
#include <string.h>

#include "keeper/keeper_msg.h"
#include "ssh/session_impl.h"

enum { LINGER_MS = 2000, GONE_MS = 5000 };

static void
on_stored(void *ctx, int code, const struct ipc_msg *m)
{
	(void)ctx;
	(void)code;
	(void)m;
}

int
session_post(struct ssh_session *s, uint16_t type, struct span body)
{
	return peers_post(
	    s->env->peers, PEER_BROKER, type, body, on_stored, NULL);
}

int
session_audit(struct ssh_session *s, enum audit_event ev, struct span fields)
{
	struct bm_audit m = {
	    .event = ev,
	    .at_us = unix_us(),
	    .fields = fields,
	};
	struct buf b;
	int r;

	uuid_new(m.row_id);
	memcpy(m.session_id, s->grant.session_id, UUID_LEN);
	buf_init(&b, 16384);
	if ((r = bm_audit_put(&b, &m)) == 0)
		r = session_post(s, bm_audit_type, buf_span(&b));
	buf_fini(&b);
	if (r != 0)
		log_err(
		    &s->log, "an audit event was not taken: %s", fail_text(r));
	return r;
}

/* ---- closing */

void
session_user_gone(struct ssh_session *s)
{
	struct ssh_leg *user = &s->leg[LEG_USER];
	uint64_t at; /* bytes of the user's that were taken, and one */

	if (s->state != SESSION_RELAY || !io_is_gone(user->io))
		return;
	at = io_bytes_in(user->io) - buf_len(io_in(user->io)) + 1;
	if (at == s->gone_at) {
		(void)fail_set(&s->fail, FAIL_CLOSED,
		    "the target no longer took what was sent");
		session_end(s, WHY_USER_LEFT);
		return;
	}
	s->gone_at = at;
	timer_set(s->timer, GONE_MS);
}

static void
last_words(struct ssh_session *s, enum leg which)
{
	struct ssh_leg *leg = &s->leg[which];
	char text[300];

	if (leg->io == NULL)
		return;
	if (leg->t != NULL && !leg->eof &&
	    !(which == LEG_USER && s->why == WHY_USER_LEFT)) {
		(void)snprintf(text, sizeof(text), "sallyport: %s%s%s",
		    why_text(s->why),
		    s->fail.code != 0 && which == LEG_USER ? ": " : "",
		    s->fail.code != 0 && which == LEG_USER ? s->fail.why : "");
		IGNORE(ssh_transport_disconnect(leg->t, io_out(leg->io),
		    SSH_DISCONNECT_BY_APPLICATION,
		    which == LEG_USER ? text : "session closed"));
	}
	leg->held.p = NULL;
	io_flush(leg->io);
	io_resume(leg->io);
	io_shutdown(leg->io);
}

void
session_closing(struct ssh_session *s)
{
	const char *detail = s->fail.code != 0 ? s->fail.why : "";

	timer_clear(s->rules);
	if (s->relay != NULL)
		IGNORE(ssh_relay_finish(s->relay, mono_ns()));
	if (s->live != NULL)
		live_say(s->live, RCD_EV_END, why_text(s->why));
	last_words(s, LEG_TARGET);
	last_words(s, LEG_USER);
	log_info(&s->log, "ended: %s%s%s", why_text(s->why),
	    detail[0] != '\0' ? ": " : "", detail);
	if (s->recording == NULL)
		s->recorded = true;
	else
		recording_close(s->recording, (uint32_t)s->why, detail);
	timer_set(s->rules, LINGER_MS);
	session_closing_io(s);
}

static bool
leg_done(const struct ssh_leg *leg)
{
	return leg->io == NULL || leg->eof;
}

/* Something came to rest: is all of it at rest? */
void
session_closing_io(struct ssh_session *s)
{
	if (s->state != SESSION_CLOSING)
		return;
	if (leg_done(&s->leg[LEG_USER]) && leg_done(&s->leg[LEG_TARGET]))
		s->said = true;
	if (s->said && s->recorded)
		session_moved(s);
}

static void
post_end(struct ssh_session *s)
{
	struct bm_session_end m = {
	    .at_us = unix_us(),
	    .why_code = (uint32_t)s->why,
	    .detail = SPAN(s->fail.why, strlen(s->fail.why)),
	};
	struct buf b, cover;
	struct json j;

	memcpy(m.session_id, s->grant.session_id, UUID_LEN);
	buf_init(&b, 32768);
	buf_init(&cover, 8192);
	json_init(&j, &cover);
	json_object(&j, NULL);
	if (s->relay != NULL) {
		m.bytes_up = ssh_relay_bytes_up(s->relay);
		m.bytes_down = ssh_relay_bytes_down(s->relay);
		ssh_relay_coverage(s->relay, &j);
	}
	json_close(&j, '}');
	if (json_end(&j) == 0)
		m.coverage = buf_span(&cover);
	else
		m.coverage = SPAN("{}", 2);
	if (bm_session_end_put(&b, &m) != 0 ||
	    session_post(s, bm_session_end_type, buf_span(&b)) != 0)
		log_err(&s->log, "the end of the session was not stored");
	buf_fini(&cover);
	buf_fini(&b);
}

static void
tell_finish(struct ssh_session *s)
{
	struct km_finish fin;
	struct bm_conn_end end = {.conn = s->conn};
	struct buf b;

	buf_init(&b, 128);
	if (s->known) {
		memcpy(fin.rec_id, s->grant.rec_id, UUID_LEN);
		memcpy(fin.grant_id, s->grant.grant_id, UUID_LEN);
		if (km_finish_put(&b, &fin) == 0)
			IGNORE(peers_tell(s->env->peers, PEER_KEEPER,
			    km_finish_type, buf_span(&b)));
	}
	buf_reset(&b);
	/* One that was handed over is no connection of this worker. */
	if (s->conn != 0 && bm_conn_end_put(&b, &end) == 0)
		IGNORE(peers_tell(s->env->peers, PEER_BROKER, bm_conn_end_type,
		    buf_span(&b)));
	buf_fini(&b);
}

/* Everything is said and stored, or was waited for long enough. */
void
session_moved(struct ssh_session *s)
{
	if (s->state == SESSION_CLOSING) {
		if (s->known)
			post_end(s);
		tell_finish(s);
	}
	session_to(s, SESSION_CLOSED);
	session_kick(s);
}
