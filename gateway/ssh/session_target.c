/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to the target, once the recording is open: connection, pinned host
 * key, login.  Whatever fails becomes one sentence for the user.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

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
	if ((r = session_leg_start(&s->leg[LEG_TARGET], &o)) != 0)
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
		r = peers_ask_only(s->env->peers, PEER_KEEPER, s->grant.keeper,
		    km_user_sign_type, buf_span(&b), on_user_signature, s);
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
