/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's side of user authentication.  Responsible for the messages of
 * RFC 4252 and RFC 4256, their order, and the number of attempts.  Whether a
 * password or a signature is right is asked outside, one question at a time,
 * and nothing here differs between users that exist and those that do not.
 */
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "ssh/auth/sigalg.h"
#include "ssh/auth/userauth.h"
#include "ssh/transport/numbers.h"

enum {
	USER_MAX = 1024,
	PASSWORD_MAX = 1024,
	KEY_MAX = 16384,
	SIGNATURE_MAX = 8192,
	SESSION_ID_MAX = 64,
	PACKET_MAX = 65536, /* whatever we send or have signed */
	EXTRA_PACKETS = 32, /* requests that cost no attempt, e.g. none */
};

enum userauth_state {
	ST_SERVICE, /* waiting for the service request */
	ST_REQUEST, /* waiting for a request */
	ST_PROMPT,  /* keyboard-interactive: waiting for the response */
	ST_ASKED,   /* waiting for the answer from outside */
	ST_IN,	    /* success was sent */
	ST_FAILED,
};

struct userauth {
	enum userauth_state state;
	const struct userauth_ops *ops;
	void *ctx;
	struct fail fail;
	uint32_t reason;
	enum userauth_method asked; /* ST_ASKED: what about */
	const char *method;
	const char *alg; /* ST_ASKED, probe: to be repeated */
	struct buf key;	 /* likewise */
	struct buf user;
	struct buf out;
	char *banner; /* NULL once sent */
	unsigned tries, max_tries;
	unsigned probes, max_probes;
	unsigned extra;
	size_t session_id_len;
	uint8_t session_id[SESSION_ID_MAX];
};

static const char methods[] = "publickey,password,keyboard-interactive";
static const char service[] = "ssh-connection";

void
userauth_free(struct userauth *ua)
{
	if (ua == NULL)
		return;
	buf_fini(&ua->key);
	buf_fini(&ua->user);
	buf_fini(&ua->out);
	free(ua->banner);
	free(ua);
}

struct userauth *
userauth_new(const struct userauth_opts *o)
{
	struct userauth *ua;

	if (o->session_id.len > SESSION_ID_MAX)
		return NULL;
	if ((ua = calloc(1, sizeof(*ua))) == NULL)
		return NULL;
	ua->ops = o->ops;
	ua->ctx = o->ctx;
	ua->method = "";
	ua->max_tries = o->max_tries > 0 ? o->max_tries : 6;
	ua->max_probes = o->max_probes > 0 ? o->max_probes : 20;
	if (o->session_id.len > 0)
		memcpy(ua->session_id, o->session_id.p, o->session_id.len);
	ua->session_id_len = o->session_id.len;
	buf_init(&ua->key, KEY_MAX);
	buf_init(&ua->user, USER_MAX);
	buf_init(&ua->out, PACKET_MAX);
	if (o->banner != NULL && o->banner[0] != '\0' &&
	    (ua->banner = strdup(o->banner)) == NULL) {
		free(ua);
		return NULL;
	}
	return ua;
}

/* Latch why this connection cannot go on. */
static int
give_up(struct userauth *ua, int code, uint32_t reason, const char *why)
{
	ua->state = ST_FAILED;
	ua->reason = reason;
	return fail_set(&ua->fail, code, "%s", why);
}

static int
broken(struct userauth *ua, const char *why)
{
	return give_up(ua, FAIL_PROTO, SSH_DISCONNECT_PROTOCOL_ERROR, why);
}

/* Send what was put into out; r is the outcome of putting it there. */
static int
flush(struct userauth *ua, int r)
{
	if (r == 0)
		r = ua->ops->send(ua->ctx, buf_span(&ua->out), SPAN(NULL, 0));
	buf_reset(&ua->out);
	if (r != 0)
		return give_up(
		    ua, r, SSH_DISCONNECT_BY_APPLICATION, fail_text(r));
	return 0;
}

static int
send_failure(struct userauth *ua)
{
	int r;

	(void)((r = buf_put_u8(&ua->out, SSH_MSG_USERAUTH_FAILURE)) != 0 ||
	       (r = buf_put_cstring(&ua->out, methods)) != 0 ||
	       (r = buf_put_u8(&ua->out, 0)) != 0);
	return flush(ua, r);
}

int
userauth_banner(struct userauth *ua, const char *text)
{
	int r;

	if (ua->state == ST_SERVICE || ua->state == ST_IN ||
	    ua->state == ST_FAILED || buf_len(&ua->out) > 0)
		return FAIL_STATE;
	(void)((r = buf_put_u8(&ua->out, SSH_MSG_USERAUTH_BANNER)) != 0 ||
	       (r = buf_put_cstring(&ua->out, text)) != 0 ||
	       (r = buf_put_cstring(&ua->out, "")) != 0);
	return flush(ua, r);
}

/* An attempt failed: count it, tell the user, or end it. */
static int
refuse(struct userauth *ua, bool probe)
{
	unsigned *count = probe ? &ua->probes : &ua->tries;

	ua->state = ST_REQUEST;
	*count += 1;
	if (*count >= (probe ? ua->max_probes : ua->max_tries))
		return give_up(ua, FAIL_AUTH,
		    SSH_DISCONNECT_NO_MORE_AUTH_METHODS,
		    "too many authentication failures");
	return send_failure(ua);
}

static int
ask(struct userauth *ua, const struct userauth_ask *q)
{
	int r;

	ua->state = ST_ASKED;
	ua->asked = q->method;
	ua->method = q->name;
	if ((r = ua->ops->ask(ua->ctx, q)) != 0)
		return give_up(ua, r, SSH_DISCONNECT_BY_APPLICATION,
		    "the login cannot be checked");
	return USERAUTH_ASKED;
}

static int
ask_password(struct userauth *ua, struct span password, const char *name)
{
	const struct userauth_ask q = {
	    .method = USERAUTH_PASSWORD,
	    .name = name,
	    .user = buf_span(&ua->user),
	    .password = password,
	};

	/* Too long for anybody's password: wrong, without asking. */
	if (password.len > PASSWORD_MAX) {
		ua->method = name;
		return refuse(ua, false);
	}
	return ask(ua, &q);
}

static int
on_password(struct userauth *ua, struct span s)
{
	struct span password;
	bool change;

	if (span_bool(&s, &change) != 0 || span_string(&s, &password) != 0)
		return broken(ua, "malformed password request");
	if (change)
		return refuse(ua, false);
	return ask_password(ua, password, "password");
}

/* What the signature is over (RFC 4252 section 7), into out. */
static int
put_signed(struct userauth *ua, const char *alg, struct span key)
{
	struct buf *b = &ua->out;
	struct span user = buf_span(&ua->user);
	int r;

	(void)((r = buf_put_string(b, ua->session_id, ua->session_id_len)) !=
		   0 ||
	       (r = buf_put_u8(b, SSH_MSG_USERAUTH_REQUEST)) != 0 ||
	       (r = buf_put_string(b, user.p, user.len)) != 0 ||
	       (r = buf_put_cstring(b, service)) != 0 ||
	       (r = buf_put_cstring(b, "publickey")) != 0 ||
	       (r = buf_put_u8(b, 1)) != 0 ||
	       (r = buf_put_cstring(b, alg)) != 0 ||
	       (r = buf_put_string(b, key.p, key.len)) != 0);
	return r;
}

static int
on_signature(
    struct userauth *ua, const char *alg, struct span key, struct span s)
{
	struct userauth_ask q = {
	    .method = USERAUTH_PUBLICKEY,
	    .name = "publickey",
	    .user = buf_span(&ua->user),
	    .alg = alg,
	    .key = key,
	};
	int r;

	if (span_string(&s, &q.signature) != 0)
		return broken(ua, "malformed publickey request");
	if (q.signature.len > SIGNATURE_MAX ||
	    !sigalg_made_by(q.signature, alg))
		return refuse(ua, false);
	if ((r = put_signed(ua, alg, key)) != 0)
		return flush(ua, r);
	q.signed_data = buf_span(&ua->out);
	r = ask(ua, &q);
	buf_reset(&ua->out);
	return r;
}

static int
on_publickey(struct userauth *ua, struct span s)
{
	struct userauth_ask q = {
	    .method = USERAUTH_PROBE,
	    .name = "publickey",
	    .user = buf_span(&ua->user),
	};
	struct span alg;
	bool has_sig;
	int r;

	if (span_bool(&s, &has_sig) != 0 || span_string(&s, &alg) != 0 ||
	    span_string(&s, &q.key) != 0)
		return broken(ua, "malformed publickey request");
	ua->method = "publickey";
	if (q.key.len > KEY_MAX || (q.alg = sigalg_accept(alg, q.key)) == NULL)
		return refuse(ua, !has_sig);
	if (has_sig)
		return on_signature(ua, q.alg, q.key, s);
	ua->alg = q.alg;
	buf_reset(&ua->key);
	if ((r = buf_put(&ua->key, q.key.p, q.key.len)) != 0)
		return flush(ua, r);
	return ask(ua, &q);
}

static int
on_keyboard(struct userauth *ua, struct span s)
{
	struct span lang, submethods;
	struct buf *b = &ua->out;
	int r;

	if (span_string(&s, &lang) != 0 || span_string(&s, &submethods) != 0)
		return broken(ua, "malformed keyboard-interactive request");
	(void)((r = buf_put_u8(b, SSH_MSG_USERAUTH_INFO_REQUEST)) != 0 ||
	       (r = buf_put_cstring(b, "")) != 0 ||
	       (r = buf_put_cstring(b, "")) != 0 ||
	       (r = buf_put_cstring(b, "")) != 0 ||
	       (r = buf_put_u32(b, 1)) != 0 ||
	       (r = buf_put_cstring(b, "Password: ")) != 0 ||
	       (r = buf_put_u8(b, 0)) != 0);
	ua->state = ST_PROMPT;
	return flush(ua, r);
}

static int
on_none(struct userauth *ua, struct span s)
{
	(void)s;
	if (++ua->extra > EXTRA_PACKETS)
		return refuse(ua, false);
	return send_failure(ua);
}

static const struct {
	const char *name;
	int (*run)(struct userauth *ua, struct span s);
} handlers[] = {
    {"none", on_none},
    {"publickey", on_publickey},
    {"password", on_password},
    {"keyboard-interactive", on_keyboard},
};

static int
on_request(struct userauth *ua, struct span s)
{
	struct span user, wanted, method;
	int r;

	if (span_string(&s, &user) != 0 || span_string(&s, &wanted) != 0 ||
	    span_string(&s, &method) != 0)
		return broken(ua, "malformed authentication request");
	if (user.len > USER_MAX)
		return give_up(ua, FAIL_PROTO, SSH_DISCONNECT_ILLEGAL_USER_NAME,
		    "the user name is too long");
	if (!span_eq(wanted, service))
		return give_up(ua, FAIL_PROTO,
		    SSH_DISCONNECT_SERVICE_NOT_AVAILABLE,
		    "only the service ssh-connection is here");
	ua->state = ST_REQUEST;
	buf_reset(&ua->user);
	if ((r = buf_put(&ua->user, user.p, user.len)) != 0)
		return flush(ua, r);
	if (ua->banner != NULL) {
		r = userauth_banner(ua, ua->banner);
		free(ua->banner);
		ua->banner = NULL;
		if (r != 0)
			return r;
	}
	for (size_t i = 0; i < ARRAY_LEN(handlers); i++)
		if (span_eq(method, handlers[i].name))
			return handlers[i].run(ua, s);
	return refuse(ua, false);
}

static int
on_response(struct userauth *ua, struct span s)
{
	struct span password;
	uint32_t n;

	if (ua->state != ST_PROMPT)
		return broken(ua, "a response to a question nobody asked");
	ua->state = ST_REQUEST;
	if (span_u32(&s, &n) != 0 || n != 1 || span_string(&s, &password) != 0)
		return broken(ua, "malformed keyboard-interactive response");
	return ask_password(ua, password, "keyboard-interactive");
}

static int
on_service(struct userauth *ua, struct span s)
{
	struct span name;
	int r;

	if (span_string(&s, &name) != 0)
		return broken(ua, "malformed service request");
	if (!span_eq(name, "ssh-userauth"))
		return give_up(ua, FAIL_PROTO,
		    SSH_DISCONNECT_SERVICE_NOT_AVAILABLE,
		    "only the service ssh-userauth is here");
	if (ua->state != ST_SERVICE && ++ua->extra > EXTRA_PACKETS)
		return broken(ua, "too many service requests");
	if (ua->state == ST_SERVICE)
		ua->state = ST_REQUEST;
	(void)((r = buf_put_u8(&ua->out, SSH_MSG_SERVICE_ACCEPT)) != 0 ||
	       (r = buf_put_string(&ua->out, name.p, name.len)) != 0);
	return flush(ua, r);
}

static int
dispatch(struct userauth *ua, struct span s)
{
	uint8_t type;

	if (span_u8(&s, &type) != 0)
		return broken(ua, "an empty packet");
	if (type == SSH_MSG_SERVICE_REQUEST)
		return on_service(ua, s);
	if (ua->state == ST_SERVICE)
		return broken(ua, "no service was asked for");
	if (type == SSH_MSG_USERAUTH_REQUEST)
		return on_request(ua, s);
	if (type == SSH_MSG_USERAUTH_INFO_RESPONSE)
		return on_response(ua, s);
	return broken(ua, "not a message of authentication");
}

int
userauth_packet(struct userauth *ua, uint8_t *p, size_t len)
{
	int r;

	switch (ua->state) {
	case ST_FAILED:
		return ua->fail.code;
	case ST_ASKED:
		return FAIL_BUSY;
	case ST_IN:
		wipe(p, len);
		return USERAUTH_DONE;
	default:
		break;
	}
	r = dispatch(ua, SPAN(p, len));
	/* Most packets hold something that somebody typed. */
	wipe(p, len);
	return r;
}

static int
accept_user(struct userauth *ua)
{
	int r;

	r = buf_put_u8(&ua->out, SSH_MSG_USERAUTH_SUCCESS);
	if ((r = flush(ua, r)) != 0)
		return r;
	ua->state = ST_IN;
	return USERAUTH_DONE;
}

static int
accept_key(struct userauth *ua)
{
	struct span key = buf_span(&ua->key);
	int r;

	ua->state = ST_REQUEST;
	/* A key that would do costs nothing, but not without end. */
	if (++ua->extra > EXTRA_PACKETS)
		return refuse(ua, true);
	(void)((r = buf_put_u8(&ua->out, SSH_MSG_USERAUTH_PK_OK)) != 0 ||
	       (r = buf_put_cstring(&ua->out, ua->alg)) != 0 ||
	       (r = buf_put_string(&ua->out, key.p, key.len)) != 0);
	return flush(ua, r);
}

int
userauth_answer(struct userauth *ua, bool ok)
{
	if (ua->state == ST_FAILED)
		return ua->fail.code;
	if (ua->state != ST_ASKED)
		return FAIL_STATE;
	if (!ok)
		return refuse(ua, ua->asked == USERAUTH_PROBE);
	return ua->asked == USERAUTH_PROBE ? accept_key(ua) : accept_user(ua);
}

struct span
userauth_user(const struct userauth *ua)
{
	return buf_span(&ua->user);
}

const char *
userauth_method(const struct userauth *ua)
{
	return ua->method;
}

unsigned
userauth_tries(const struct userauth *ua)
{
	return ua->tries;
}

uint32_t
userauth_reason(const struct userauth *ua)
{
	return ua->reason;
}

const struct fail *
userauth_fail(const struct userauth *ua)
{
	return &ua->fail;
}
