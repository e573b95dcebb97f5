/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session and its recording: how it is made, and what is done with what it
 * tells: opened, far ahead, in trouble, a line typed, closed.
 */
#include <stdio.h>
#include <string.h>

#include "ssh/session_impl.h"

static void
on_rec_opened(void *ctx, int code, const char *why)
{
	struct ssh_session *s = ctx;

	if (s->state != SESSION_OPEN)
		return;
	if (code != 0) {
		(void)fail_set(&s->fail, code, "%s", why);
		session_refuse(s, WHY_RECORDING, NULL);
		return;
	}
	session_target_connect(s);
}

static void
on_rec_resume(void *ctx)
{
	struct ssh_session *s = ctx;

	s->held = false;
	session_kick(s);
}

static void
on_rec_trouble(void *ctx, int code, const char *why)
{
	struct ssh_session *s = ctx;
	char text[200];
	struct buf b;
	struct json j;

	if (s->state != SESSION_RELAY)
		return;
	if (code == 0) {
		s->trouble = false;
		IGNORE(ssh_relay_notice(s->relay,
		    "sallyport: the session is being recorded again, go on",
		    mono_ns()));
		session_kick(s);
		return;
	}
	s->trouble = true;
	s->warned_ns = mono_ns();
	log_err(&s->log, "the recording cannot be written: %s", why);
	(void)snprintf(text, sizeof(text),
	    "sallyport: the recording cannot be written; the session %s",
	    s->grant.on_fail != 0 ? "waits" : "ends soon unless it can");
	IGNORE(ssh_relay_notice(s->relay, text, mono_ns()));
	io_flush_soon(s->leg[LEG_USER].io);
	buf_init(&b, 1024);
	json_init(&j, &b);
	json_object(&j, NULL);
	json_str(&j, "detail", why);
	json_close(&j, '}');
	if (json_end(&j) == 0)
		IGNORE(session_audit(s, AUDIT_RECORDING_FAIL, buf_span(&b)));
	buf_fini(&b);
	session_rules_arm(s);
}

static void
on_rec_line(void *ctx, uint32_t channel, uint64_t at_us, enum line_kind kind,
    struct span text)
{
	struct ssh_session *s = ctx;
	struct bm_keys m = {
	    .seq = ++s->keys_seq,
	    .channel = channel,
	    .at_us = at_us,
	    .kind = (uint8_t)kind,
	    .line = text,
	};
	struct buf b;

	if (m.line.len > 8000)
		m.line.len = 8000;
	memcpy(m.session_id, s->grant.session_id, UUID_LEN);
	buf_init(&b, 16384);
	if (bm_keys_put(&b, &m) != 0 ||
	    session_post(s, bm_keys_type, buf_span(&b)) != 0)
		log_warn(&s->log, "a keystroke line is only in the recording");
	buf_fini(&b);
}

static void
on_rec_closed(void *ctx, int code)
{
	struct ssh_session *s = ctx;

	if (code != 0)
		log_err(&s->log, "the recording was not closed: %s",
		    fail_text(code));
	s->recorded = true;
	if (s->state == SESSION_CLOSING)
		session_closing_io(s);
}

static const struct recording_ops recording_ops = {
    .opened = on_rec_opened,
    .resume = on_rec_resume,
    .trouble = on_rec_trouble,
    .line = on_rec_line,
    .closed = on_rec_closed,
};

void
session_recording_opts(struct ssh_session *s, struct recording_opts *o)
{
	const struct session_grant *g = &s->grant;

	memset(o, 0, sizeof(*o));
	o->loop = s->env->loop;
	o->peers = s->env->peers;
	o->codec = s->env->codec;
	o->flush_ms = s->env->conf->recording_flush;
	memcpy(o->rec_id, g->rec_id, UUID_LEN);
	memcpy(o->dek_id, g->dek_id, UUID_LEN);
	o->wrapped = buf_span(&g->wrapped);
	o->keeper_link = s->keeper_link;
	o->node_seq = g->node_seq;
	o->protocol = 1;
	o->about = "";
	o->shell = g->shell != 0 ? RECORD_FULL : RECORD_METADATA;
	o->exec = g->exec != 0 ? RECORD_FULL : RECORD_METADATA;
	o->sftp = g->sftp != 0 ? RECORD_FULL : RECORD_METADATA;
	o->ops = &recording_ops;
	o->ctx = s;
}

void
ssh_session_peer_up(struct ssh_session *s, enum peer p)
{
	struct bm_session_here m;
	struct buf b;

	if (s->recording != NULL)
		recording_peer_up(s->recording, p);
	if (p != PEER_BROKER || s->state != SESSION_RELAY)
		return;
	memcpy(m.session_id, s->grant.session_id, UUID_LEN);
	buf_init(&b, 64);
	if (bm_session_here_put(&b, &m) == 0)
		IGNORE(peers_tell(s->env->peers, PEER_BROKER,
		    bm_session_here_type, buf_span(&b)));
	buf_fini(&b);
}

int
ssh_session_recorder(struct ssh_session *s, const struct ipc_msg *m)
{
	return s->recording == NULL ? 0 : recording_message(s->recording, m);
}

void
ssh_session_writable(struct ssh_session *s)
{
	if (s->recording != NULL)
		recording_ready(s->recording);
}
