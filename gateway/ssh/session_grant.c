/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the login to an open recording: the grant from the broker, credential
 * and recording key from the keeper, the recording taken on by the recorder.
 * Whatever fails becomes one sentence for the user.
 */
#include <stdio.h>
#include <string.h>

#include "keeper/cred.h"
#include "keeper/keeper_msg.h"
#include "ssh/session_impl.h"

/* ---- grant */

static void
text_copy(char *dst, size_t size, struct span s)
{
	(void)snprintf(dst, size, "%.*s", (int)s.len, (const char *)s.p);
}

static int
grant_keep(struct ssh_session *s, const struct bm_grant *m)
{
	struct session_grant *g = &s->grant;

	memcpy(g->session_id, m->session_id, UUID_LEN);
	memcpy(g->rec_id, m->rec_id, UUID_LEN);
	memcpy(g->grant_id, m->grant_id, UUID_LEN);
	memcpy(g->dek_id, m->dek_id, UUID_LEN);
	g->node_seq = m->node_seq;
	text_copy(g->user, sizeof(g->user), m->user);
	text_copy(g->account, sizeof(g->account), m->account);
	text_copy(g->asset, sizeof(g->asset), m->asset);
	text_copy(g->login, sizeof(g->login), m->login);
	text_copy(g->addrs, sizeof(g->addrs), m->addrs);
	s->next_addr = g->addrs;
	g->port = m->port;
	g->legacy = m->legacy;
	g->shell = m->record_shell;
	g->exec = m->record_exec;
	g->sftp = m->record_sftp;
	g->on_fail = m->on_fail;
	g->admin = m->admin;
	g->idle_s = m->idle_s;
	g->length_s = m->length_s;
	g->keeper = m->keeper;
	if (buf_put(&g->pins, m->pins.p, m->pins.len) != 0 ||
	    buf_put(&g->wrapped, m->wrapped.p, m->wrapped.len) != 0)
		return FAIL_NOMEM;
	s->known = true;
	return 0;
}

static void on_opened(void *ctx, int code, const struct ipc_msg *m);

static void
granted(struct ssh_session *s, const struct bm_grant *m)
{
	struct km_open open;
	struct buf b;
	int r;

	if (grant_keep(s, m) != 0) {
		session_end(s, WHY_INTERNAL);
		return;
	}
	s->env->ops->known(s->env->ctx, s);
	if (!s->env->writable || (s->env->space_low && !s->grant.admin)) {
		session_refuse(s, WHY_SPACE, NULL);
		return;
	}
	if (peers_number(s->env->peers, PEER_KEEPER) == s->grant.keeper)
		s->keeper_link = peers_link_number(s->env->peers, PEER_KEEPER);
	memcpy(open.grant_id, s->grant.grant_id, UUID_LEN);
	buf_init(&b, 64);
	if ((r = km_open_put(&b, &open)) == 0)
		r = peers_ask_only(s->env->peers, PEER_KEEPER, s->grant.keeper,
		    km_open_type, buf_span(&b), on_opened, s);
	buf_fini(&b);
	if (r != 0)
		session_refuse(s, WHY_KEEPER, NULL);
	else
		session_to(s, SESSION_OPEN);
}

static void
on_want(void *ctx, int code, const struct ipc_msg *m)
{
	struct ssh_session *s = ctx;
	struct bm_refuse refuse;
	struct bm_grant grant;
	char text[256];

	if (s->state != SESSION_WANT)
		return;
	if (code == 0 && m->type == bm_grant_type &&
	    bm_grant_get(m->body, &grant) == 0) {
		granted(s, &grant);
	} else if (code == 0 && m->type == bm_refuse_type &&
		   bm_refuse_get(m->body, &refuse) == 0) {
		text_copy(text, sizeof(text), refuse.sentence);
		session_refuse(s, (int)refuse.why_code, text);
	} else {
		session_refuse(s, WHY_BROKER, NULL);
	}
	session_kick(s);
}

void
session_grant_want(struct ssh_session *s)
{
	struct bm_want m = {
	    .conn = s->conn,
	    .account = SPAN(s->login.account, strlen(s->login.account)),
	    .asset = SPAN(s->login.asset, strlen(s->login.asset)),
	    .protocol = 1,
	};
	struct buf b;
	int r;

	session_to(s, SESSION_WANT);
	if (s->login.port != 0) {
		session_refuse(s, WHY_NO_POLICY,
		    "a port is only for targets that a policy leaves open");
		return;
	}
	buf_init(&b, 1024);
	if ((r = bm_want_put(&b, &m)) == 0)
		r = peers_ask_only(s->env->peers, PEER_BROKER, s->broker,
		    bm_want_type, buf_span(&b), on_want, s);
	buf_fini(&b);
	if (r != 0)
		session_refuse(s, WHY_BROKER, NULL);
}

/* ---- keeper and recorder */

static int
about(const struct ssh_session *s, struct buf *b)
{
	char id[UUID_TEXT_SIZE];
	struct json j;

	json_init(&j, b);
	json_object(&j, NULL);
	json_str(&j, "session", uuid_text(id, s->grant.session_id));
	json_str(&j, "user", s->grant.user);
	json_str(&j, "account", s->grant.account);
	json_str(&j, "asset", s->grant.asset);
	json_str(&j, "login", s->grant.login);
	json_str(&j, "peer", s->peer);
	json_str(&j, "node", s->env->conf->node_name);
	json_str(&j, "client", ssh_transport_peer(s->leg[LEG_USER].t));
	json_close(&j, '}');
	if (json_end(&j) != 0)
		return FAIL_NOMEM;
	return buf_put_u8(b, 0);
}

static int
credential_keep(struct ssh_session *s, const struct km_opened *m)
{
	struct recording_opts o;
	struct buf b;
	int r;

	s->cred_kind = m->kind;
	if (m->kind == CRED_PASSWORD &&
	    (s->password = secret_from(m->secret.p, m->secret.len)) == NULL)
		return FAIL_NOMEM;
	if ((r = buf_put(&s->pubkey, m->pubkey.p, m->pubkey.len)) != 0)
		return r;
	buf_init(&b, 8192);
	if ((r = about(s, &b)) == 0) {
		session_recording_opts(s, &o);
		o.about = (const char *)buf_head(&b);
		o.dek = m->dek;
		o.node_key = m->node_key;
		o.node_key_id = m->node_key_id;
		s->recording = recording_new(&o, &s->fail);
		r = s->recording == NULL ? FAIL_RECORDING : 0;
	}
	buf_fini(&b);
	return r != 0 ? r : recording_open(s->recording);
}

static void
on_opened(void *ctx, int code, const struct ipc_msg *m)
{
	struct ssh_session *s = ctx;
	struct km_opened o;

	if (s->state != SESSION_OPEN)
		return;
	if (code != 0 || m->type != km_opened_type ||
	    km_opened_get(m->body, &o) != 0) {
		session_refuse(s, WHY_KEEPER, NULL);
		return;
	}
	if (credential_keep(s, &o) != 0)
		session_refuse(s, WHY_RECORDING, NULL);
	/* ops->opened of the recording goes on. */
}
