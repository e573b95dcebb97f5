/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user's leg until there is a grant: host key signatures from the keeper,
 * logins judged by the broker, and the refusal that a user without a target is
 * told over SSH.
 */
#include <stdio.h>
#include <string.h>

#include "keeper/keeper_msg.h"
#include "ssh/session_impl.h"

void
session_user_opts(const struct ssh_env *env, struct ssh_transport_opts *o)
{
	memset(o, 0, sizeof(*o));
	o->role = SSH_ROLE_SERVER;
	o->software = "Sallyport_" SALLYPORT_VERSION;
	o->hostkeys = env->hostkeys;
	o->rekey_bytes = env->conf->gateway_rekey_bytes;
}

int
session_user_hello(struct ssh_session *s)
{
	struct ssh_transport_opts o;
	int r;

	session_user_opts(s->env, &o);
	if ((r = session_leg_start(&s->leg[LEG_USER], &o)) == 0)
		io_flush_soon(s->leg[LEG_USER].io);
	return r;
}

/* ---- the host key's signature */

static void
on_hostkey_signature(void *ctx, int code, const struct ipc_msg *m)
{
	struct ssh_session *s = ctx;
	struct ssh_leg *leg = &s->leg[LEG_USER];
	struct km_signature sig;

	if (leg->t == NULL || s->state >= SESSION_CLOSING)
		return;
	if (code != 0 || m->type != km_signature_type ||
	    km_signature_get(m->body, &sig) != 0) {
		session_endf(s, WHY_KEEPER, "no host key signature: %s",
		    fail_text(code != 0 ? code : FAIL_DENIED));
		return;
	}
	if ((code = ssh_transport_signed(leg->t, io_out(leg->io), sig.blob)) !=
	    0) {
		session_endf(s, WHY_USER_PROTO, "%s",
		    fail_why(ssh_transport_fail(leg->t), code));
		return;
	}
	session_kick(s);
}

int
session_user_sign(struct ssh_session *s)
{
	struct km_hostkey_sign m;
	struct span hash;
	const char *alg;
	struct buf b;
	int r;

	alg = ssh_transport_sign_request(s->leg[LEG_USER].t, &hash);
	m.alg = SPAN(alg, strlen(alg));
	m.hash = hash;
	buf_init(&b, 512);
	if ((r = km_hostkey_sign_put(&b, &m)) == 0)
		r = peers_ask(s->env->peers, PEER_KEEPER, km_hostkey_sign_type,
		    buf_span(&b), on_hostkey_signature, s);
	buf_fini(&b);
	return r;
}

/* ---- login */

static int
ua_send(void *ctx, struct span head, struct span tail)
{
	struct ssh_session *s = ctx;
	struct ssh_leg *leg = &s->leg[LEG_USER];

	return ssh_transport_send2(leg->t, io_out(leg->io), head, tail);
}

/* After USERAUTH_DONE: who is it, and where to? */
static void
logged_in(struct ssh_session *s)
{
	const struct span user = userauth_user(s->userauth);

	if (login_parse(&s->login, user, &s->fail) != 0) {
		session_refuse(s, WHY_NO_TARGET, NULL);
		return;
	}
	(void)snprintf(s->log.prefix, sizeof(s->log.prefix),
	    "c=%llu from=%.40s u=%.20s", (unsigned long long)s->conn, s->peer,
	    s->login.user);
	if (s->login.kind != LOGIN_TARGET) {
		session_refuse(s, WHY_NO_TARGET,
		    "no target was named: log in as user@account@asset");
		return;
	}
	session_grant_want(s);
}

static void
userauth_went(struct ssh_session *s, int r)
{
	struct ssh_leg *leg = &s->leg[LEG_USER];

	if (r == USERAUTH_DONE && s->state == SESSION_AUTH) {
		logged_in(s);
	} else if (r < 0) {
		const struct fail *f = userauth_fail(s->userauth);

		(void)fail_set(&s->fail, r, "%s", fail_why(f, r));
		IGNORE(ssh_transport_disconnect(leg->t, io_out(leg->io),
		    userauth_reason(s->userauth), fail_why(f, r)));
		session_end(s, WHY_AUTH);
	}
}

static void
on_auth_result(void *ctx, int code, const struct ipc_msg *m)
{
	struct ssh_session *s = ctx;
	struct bm_auth_result res;

	if (s->state != SESSION_AUTH)
		return;
	if (code != 0 || m->type != bm_auth_result_type ||
	    bm_auth_result_get(m->body, &res) != 0 || res.conn != s->conn) {
		/* Nobody can be let in when nobody can be asked. */
		IGNORE(ssh_transport_disconnect(s->leg[LEG_USER].t,
		    io_out(s->leg[LEG_USER].io),
		    SSH_DISCONNECT_SERVICE_NOT_AVAILABLE,
		    why_text(WHY_BROKER)));
		session_endf(s, WHY_BROKER, "login not judged: %s",
		    fail_text(code != 0 ? code : FAIL_DENIED));
		return;
	}
	s->broker = peers_answerer(s->env->peers);
	userauth_went(s, userauth_answer(s->userauth, res.ok != 0));
	session_kick(s);
}

static int
ua_ask(void *ctx, const struct userauth_ask *q)
{
	struct ssh_session *s = ctx;
	struct bm_auth m = {
	    .conn = s->conn,
	    .method = (uint8_t)q->method,
	    .peer = SPAN(s->peer, strlen(s->peer)),
	    .password = q->password,
	    .alg = SPAN(q->alg != NULL ? q->alg : "",
		q->alg != NULL ? strlen(q->alg) : 0),
	    .key = q->key,
	    .signed_data = q->signed_data,
	    .signature = q->signature,
	};
	struct login login;
	struct buf b;
	int r;

	/* A name that is none is asked about like any other: same delay. */
	if (login_parse(&login, q->user, NULL) != 0)
		m.user = q->user.len <= 255 ? q->user : SPAN("", 0);
	else
		m.user = SPAN(login.user, strlen(login.user));
	buf_init_secret(&b, IPC_BODY_MAX);
	if ((r = bm_auth_put(&b, &m)) == 0)
		r = peers_ask(s->env->peers, PEER_BROKER, bm_auth_type,
		    buf_span(&b), on_auth_result, s);
	buf_fini(&b);
	wipe(&login, sizeof(login));
	return r;
}

static const struct userauth_ops userauth_ops = {
    .send = ua_send,
    .ask = ua_ask,
};

int
session_user_auth(struct ssh_session *s)
{
	s->userauth = userauth_new(&(struct userauth_opts){
	    .ops = &userauth_ops,
	    .ctx = s,
	    .session_id = ssh_transport_session_id(s->leg[LEG_USER].t),
	    .banner = s->env->banner,
	    .max_tries = (unsigned)s->env->conf->gateway_max_auth_tries,
	});
	if (s->userauth == NULL)
		return FAIL_NOMEM;
	session_to(s, SESSION_AUTH);
	return 0;
}

/* ---- refusal */

static int
refusal_send(void *ctx, struct span head, struct span tail)
{
	return ua_send(ctx, head, tail);
}

static int
refused_packet(struct ssh_session *s, const struct ssh_packet *pkt)
{
	struct ssh_leg *leg = &s->leg[LEG_USER];
	int r = refusal_packet(s->refusal, pkt->p, pkt->len);

	if (r == REFUSAL_UNIMPLEMENTED)
		return ssh_transport_unimplemented(
		    leg->t, io_out(leg->io), pkt->seq);
	if (r == REFUSAL_SHOWN) {
		IGNORE(ssh_transport_disconnect(leg->t, io_out(leg->io),
		    SSH_DISCONNECT_BY_APPLICATION, s->sentence));
		session_end(s, s->why);
		return 0;
	}
	if (r < 0)
		(void)fail_set(
		    &s->fail, r, "%s", fail_why(refusal_fail(s->refusal), r));
	return r;
}

int
session_user_packet(struct ssh_session *s, const struct ssh_packet *pkt)
{
	struct ssh_leg *leg = &s->leg[LEG_USER];
	int r;

	if (s->state == SESSION_REFUSED && pkt->len > 0 &&
	    pkt->p[0] >= SSH_MSG_GLOBAL_REQUEST)
		return refused_packet(s, pkt);
	if (s->userauth == NULL) /* RFC 4252 section 5.1: ignored by now */
		return s->state == SESSION_RELAY ? 0 : FAIL_PROTO;
	r = userauth_packet(s->userauth, pkt->p, pkt->len);
	if (r == FAIL_BUSY)
		return 1;
	if (r == FAIL_UNSUPPORTED)
		return ssh_transport_unimplemented(
		    leg->t, io_out(leg->io), pkt->seq);
	userauth_went(s, r);
	return 0;
}

void
session_refuse(struct ssh_session *s, int why, const char *sentence)
{
	struct json j;
	struct buf b;
	bool more;

	if (s->why == 0)
		s->why = why;
	if (sentence == NULL)
		sentence = s->fail.code != 0 && why == WHY_NO_TARGET
			       ? s->fail.why
			       : why_text(why);
	(void)snprintf(
	    s->sentence, sizeof(s->sentence), "sallyport: %s", sentence);
	/* The sentence may say the cause already. */
	more = s->fail.code != 0 && strstr(sentence, s->fail.why) == NULL;
	log_info(&s->log, "refused: %s%s%s", sentence, more ? ": " : "",
	    more ? s->fail.why : "");
	buf_init(&b, 4096);
	json_init(&j, &b);
	json_object(&j, NULL);
	json_str(&j, "user", s->login.user);
	json_str(&j, "account", s->login.account);
	json_str(&j, "asset", s->login.asset);
	json_str(&j, "peer", s->peer);
	json_str(&j, "why", why_name(why));
	json_str(&j, "detail", s->fail.code != 0 ? s->fail.why : sentence);
	json_close(&j, '}');
	if (json_end(&j) == 0)
		IGNORE(session_audit(s, AUDIT_SESSION_REFUSE, buf_span(&b)));
	buf_fini(&b);
	s->refusal = refusal_new(&(struct refusal_opts){
	    .send = refusal_send,
	    .ctx = s,
	    .sentence = s->sentence,
	});
	if (s->refusal == NULL) {
		session_end(s, why);
		return;
	}
	if (s->leg[LEG_TARGET].io != NULL)
		session_leg_free(&s->leg[LEG_TARGET]);
	session_to(s, SESSION_REFUSED);
	session_kick(s);
}
