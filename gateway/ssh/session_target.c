/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the login to the relay: the grant from the broker, credential and
 * recording key from the keeper, the recording taken on by the recorder, then
 * the target: connection, pinned host key, login.  Whatever fails becomes one
 * sentence for the user.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "keeper/cred.h"
#include "keeper/keeper_msg.h"
#include "ssh/session_impl.h"
#include "ssh/transport/sshkey.h"

static void
refusef(struct ssh_session *s, int why, const char *detail)
{
	char text[800];

	(void)fail_set(&s->fail, FAIL_CONNECT, "%s", detail);
	(void)snprintf(text, sizeof(text), "%s: %s@%s: %s", why_text(why),
	    s->login.account, s->login.asset, detail);
	session_refuse(s, why, text);
}

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
	memcpy(open.grant_id, s->grant.grant_id, UUID_LEN);
	buf_init(&b, 64);
	if ((r = km_open_put(&b, &open)) == 0)
		r = peers_ask(s->env->peers, PEER_KEEPER, km_open_type,
		    buf_span(&b), on_opened, s);
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
session_target_want(struct ssh_session *s)
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
		r = peers_ask(s->env->peers, PEER_BROKER, bm_want_type,
		    buf_span(&b), on_want, s);
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
	o->node_seq = g->node_seq;
	o->protocol = 1;
	o->about = "";
	o->shell = g->shell != 0 ? RECORD_FULL : RECORD_METADATA;
	o->exec = g->exec != 0 ? RECORD_FULL : RECORD_METADATA;
	o->sftp = g->sftp != 0 ? RECORD_FULL : RECORD_METADATA;
	o->ops = &session_recording_ops;
	o->ctx = s;
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

/* ---- connection */

static int
sockaddr_of(
    const char *ip, uint16_t port, struct sockaddr_storage *ss, unsigned *len)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;

	memset(ss, 0, sizeof(*ss));
	if (inet_pton(AF_INET, ip, &sin->sin_addr) == 1) {
		sin->sin_family = AF_INET;
		sin->sin_port = htons(port);
		*len = sizeof(*sin);
		return 0;
	}
	if (inet_pton(AF_INET6, ip, &sin6->sin6_addr) == 1) {
		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = htons(port);
		*len = sizeof(*sin6);
		return 0;
	}
	return FAIL_FORMAT;
}

/* Try the next of the grant's addresses; false: there is none. */
static bool
connect_next(struct ssh_session *s)
{
	struct ssh_leg *leg = &s->leg[LEG_TARGET];
	struct sockaddr_storage ss;
	unsigned len;
	char *end;

	while (s->next_addr != NULL && *s->next_addr != '\0') {
		if ((end = strchr(s->next_addr, '\n')) != NULL)
			*end = '\0';
		(void)snprintf(
		    s->target_addr, sizeof(s->target_addr), "%s", s->next_addr);
		s->next_addr = end != NULL ? end + 1 : NULL;
		if (sockaddr_of(s->target_addr, s->grant.port, &ss, &len) != 0)
			continue;
		leg->io = io_connect(s->env->loop, (struct sockaddr *)&ss, len,
		    &session_io_opts, session_on_io, leg);
		if (leg->io != NULL)
			return true;
	}
	return false;
}

void
session_target_opts(struct ssh_session *s, struct ssh_transport_opts *o)
{
	memset(o, 0, sizeof(*o));
	o->role = SSH_ROLE_CLIENT;
	o->algs = s->grant.legacy ? &ssh_algs_legacy : &ssh_algs_default;
	o->software = "Sallyport_" SALLYPORT_VERSION;
	o->known_hostkeys = buf_span(&s->grant.pins);
	o->rekey_bytes = s->env->conf->gateway_rekey_bytes;
}

int
session_target_connected(struct ssh_session *s)
{
	struct ssh_transport_opts o;
	int r;

	session_target_opts(s, &o);
	if ((r = session_leg_start(s, &s->leg[LEG_TARGET], &o)) != 0)
		return r;
	session_to(s, SESSION_TARGET_KEX);
	io_flush_soon(s->leg[LEG_TARGET].io);
	return 0;
}

/* Who leaves without a word has neither refused nor broken anything. */
static int
lost_why(const struct ssh_session *s)
{
	switch (s->fail.code) {
	case 0:
		return WHY_TARGET_LEFT;
	case FAIL_UNSUPPORTED:
		return WHY_TARGET_KEX;
	case FAIL_CLOSED: /* with words, e.g. that there were too many tries */
		return s->state == SESSION_TARGET_AUTH ? WHY_TARGET_AUTH
						       : WHY_TARGET_LEFT;
	default:
		return WHY_TARGET_PROTO;
	}
}

/* The way to the target failed: another address, or a sentence. */
void
session_target_lost(struct ssh_session *s, const char *why)
{
	char text[200];
	int reason = WHY_TARGET_DOWN;

	if (s->state == SESSION_CONNECT) {
		(void)snprintf(text, sizeof(text), "%s", why);
		session_leg_free(&s->leg[LEG_TARGET]);
		if (connect_next(s))
			return;
		why = text;
	} else {
		(void)snprintf(text, sizeof(text), "%s", why);
		why = text;
		reason = lost_why(s);
	}
	refusef(s, reason, why);
}

/* ---- host key */

static void
hostkey_changed(struct ssh_session *s, struct span key)
{
	char shown[SSHKEY_FINGERPRINT_SIZE] = "none", pinned[256] = "";
	struct span pins = buf_span(&s->grant.pins), pin;
	char one[SSHKEY_FINGERPRINT_SIZE];
	struct json j;
	struct buf b;
	size_t n = 0;

	IGNORE(sshkey_fingerprint(key, shown, sizeof(shown)));
	while (span_string(&pins, &pin) == 0 && n < sizeof(pinned)) {
		if (sshkey_fingerprint(pin, one, sizeof(one)) == 0)
			n += (size_t)snprintf(pinned + n, sizeof(pinned) - n,
			    "%s%s", n > 0 ? " " : "", one);
	}
	buf_init(&b, 4096);
	json_init(&j, &b);
	json_object(&j, NULL);
	json_str(&j, "asset", s->grant.asset);
	json_str(&j, "pinned", pinned);
	json_str(&j, "presented", shown);
	json_close(&j, '}');
	if (json_end(&j) == 0)
		IGNORE(session_audit(s, AUDIT_HOSTKEY_CHANGED, buf_span(&b)));
	buf_fini(&b);
	refusef(s, WHY_TARGET_HOSTKEY, shown);
}

int
session_target_hostkey(struct ssh_session *s)
{
	struct ssh_leg *leg = &s->leg[LEG_TARGET];
	struct span pins = buf_span(&s->grant.pins), pin;
	struct span key = ssh_transport_hostkey(leg->t);

	while (span_string(&pins, &pin) == 0)
		if (pin.len == key.len && memcmp(pin.p, key.p, key.len) == 0)
			return ssh_transport_hostkey_accept(
			    leg->t, io_out(leg->io));
	hostkey_changed(s, key);
	return 0;
}

/* ---- login on the target */

static int
ta_send(void *ctx, struct span head, struct span tail)
{
	struct ssh_session *s = ctx;
	struct ssh_leg *leg = &s->leg[LEG_TARGET];

	return ssh_transport_send2(leg->t, io_out(leg->io), head, tail);
}

static void
targetauth_went(struct ssh_session *s, int r)
{
	if (r < 0) {
		refusef(s, WHY_TARGET_AUTH,
		    fail_why(targetauth_fail(s->targetauth), r));
	} else if (r == TARGETAUTH_DONE) {
		/* The password has done its work. */
		secret_free(s->password);
		s->password = NULL;
		if ((r = session_relay_start(s)) != 0)
			session_endf(
			    s, WHY_INTERNAL, "no relay: %s", fail_text(r));
	}
}

static void
on_user_signature(void *ctx, int code, const struct ipc_msg *m)
{
	struct ssh_session *s = ctx;
	struct km_signature sig = {.blob = SPAN("", 0)};

	if (s->state != SESSION_TARGET_AUTH)
		return;
	if (code == 0 && m->type == km_signature_type)
		code = km_signature_get(m->body, &sig);
	targetauth_went(s, targetauth_signed(s->targetauth, sig.blob));
	session_kick(s);
}

static int
ta_sign(void *ctx, const char *alg, struct span data)
{
	struct ssh_session *s = ctx;
	struct km_user_sign m = {.alg = SPAN(alg, strlen(alg)), .data = data};
	struct buf b;
	int r;

	memcpy(m.grant_id, s->grant.grant_id, UUID_LEN);
	buf_init(&b, IPC_BODY_MAX);
	if ((r = km_user_sign_put(&b, &m)) == 0)
		r = peers_ask(s->env->peers, PEER_KEEPER, km_user_sign_type,
		    buf_span(&b), on_user_signature, s);
	buf_fini(&b);
	return r;
}

static const char *
ta_sig_algs(void *ctx)
{
	struct ssh_session *s = ctx;

	return ssh_transport_server_sig_algs(s->leg[LEG_TARGET].t);
}

static const struct targetauth_ops targetauth_ops = {
    .send = ta_send,
    .sign = ta_sign,
    .sig_algs = ta_sig_algs,
};

int
session_target_auth(struct ssh_session *s)
{
	s->targetauth = targetauth_new(&(struct targetauth_opts){
	    .ops = &targetauth_ops,
	    .ctx = s,
	    .session_id = ssh_transport_session_id(s->leg[LEG_TARGET].t),
	    .login = s->grant.login,
	    .password = s->password,
	    .pubkey = buf_span(&s->pubkey),
	    .legacy = s->grant.legacy != 0,
	});
	if (s->targetauth == NULL)
		return FAIL_NOMEM;
	session_to(s, SESSION_TARGET_AUTH);
	return targetauth_start(s->targetauth);
}

int
session_target_packet(struct ssh_session *s, const struct ssh_packet *pkt)
{
	if (s->state != SESSION_TARGET_AUTH)
		return s->state == SESSION_RELAY ? 0 : FAIL_PROTO;
	targetauth_went(s, targetauth_packet(s->targetauth, pkt->p, pkt->len));
	return 0;
}

/* ---- the recorder's answer: now the target */

void
session_target_connect(struct ssh_session *s)
{
	session_to(s, SESSION_CONNECT);
	if (!connect_next(s))
		refusef(s, WHY_TARGET_DOWN, "no address to connect to");
}
