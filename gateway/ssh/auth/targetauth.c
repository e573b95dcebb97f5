/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's side of user authentication.  Responsible for presenting the one
 * credential of a grant to the target, and for saying in plain words why the
 * target would not have it.  The password goes from its secret straight into
 * the transport; nothing here copies it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "ssh/auth/sigalg.h"
#include "ssh/auth/targetauth.h"
#include "ssh/transport/numbers.h"

enum {
	LOGIN_MAX = 1024,
	PUBKEY_MAX = 16384,
	SESSION_ID_MAX = 64,
	PACKET_MAX = 65536,
	SIGNATURE_MAX = 8192,
	ROUNDS_MAX = 10,   /* of keyboard-interactive */
	BANNERS_MAX = 64,  /* messages */
	PROMPT_SHOWN = 60, /* bytes of a prompt that go into the cause */
};

enum targetauth_state {
	ST_NEW,
	ST_SERVICE,   /* the service was asked for */
	ST_NONE,      /* method none: what does the target offer? */
	ST_PASSWORD,  /* the password was sent */
	ST_KEYBOARD,  /* keyboard-interactive is under way */
	ST_SIGN,      /* a signature is being made */
	ST_PUBLICKEY, /* the signature was sent */
	ST_IN,
	ST_FAILED,
};

struct targetauth {
	enum targetauth_state state;
	const struct targetauth_ops *ops;
	void *ctx;
	struct fail fail;
	const struct secret *password;
	char *login;
	const char *alg;
	const char *method;
	bool legacy;
	bool answered; /* the hidden prompt had its answer */
	unsigned rounds;
	unsigned banners;
	struct buf pubkey;
	struct buf out;
	struct buf banner;
	size_t session_id_len;
	uint8_t session_id[SESSION_ID_MAX];
};

static void
fini(struct targetauth *ta)
{
	buf_fini(&ta->pubkey);
	buf_fini(&ta->out);
	buf_fini(&ta->banner);
	free(ta->login);
}

void
targetauth_free(struct targetauth *ta)
{
	if (ta == NULL)
		return;
	fini(ta);
	free(ta);
}

struct targetauth *
targetauth_new(const struct targetauth_opts *o)
{
	struct targetauth *ta;

	if (o->session_id.len > SESSION_ID_MAX || strlen(o->login) > LOGIN_MAX)
		return NULL;
	if ((ta = calloc(1, sizeof(*ta))) == NULL)
		return NULL;
	ta->ops = o->ops;
	ta->ctx = o->ctx;
	ta->password = o->password;
	ta->legacy = o->legacy;
	ta->method = "";
	if (o->session_id.len > 0)
		memcpy(ta->session_id, o->session_id.p, o->session_id.len);
	ta->session_id_len = o->session_id.len;
	buf_init(&ta->pubkey, PUBKEY_MAX);
	buf_init(&ta->out, PACKET_MAX);
	buf_init(&ta->banner, TARGETAUTH_BANNER_MAX);
	if ((ta->login = strdup(o->login)) == NULL ||
	    (o->pubkey.len > 0 &&
		buf_put(&ta->pubkey, o->pubkey.p, o->pubkey.len) != 0)) {
		fini(ta);
		free(ta);
		return NULL;
	}
	return ta;
}

static int
give_up(struct targetauth *ta, int code, const char *why)
{
	ta->state = ST_FAILED;
	return fail_set(&ta->fail, code, "%s", why);
}

static int
broken(struct targetauth *ta, const char *why)
{
	return give_up(ta, FAIL_PROTO, why);
}

/* Send out, then tail; r is the outcome of filling out. */
static int
flush(struct targetauth *ta, int r, struct span tail)
{
	if (r == 0)
		r = ta->ops->send(ta->ctx, buf_span(&ta->out), tail);
	buf_reset(&ta->out);
	return r == 0 ? 0 : give_up(ta, r, fail_text(r));
}

static int
put_request(struct targetauth *ta, const char *method)
{
	struct buf *b = &ta->out;
	int r;

	(void)((r = buf_put_u8(b, SSH_MSG_USERAUTH_REQUEST)) != 0 ||
	       (r = buf_put_cstring(b, ta->login)) != 0 ||
	       (r = buf_put_cstring(b, "ssh-connection")) != 0 ||
	       (r = buf_put_cstring(b, method)) != 0);
	return r;
}

int
targetauth_start(struct targetauth *ta)
{
	int r;

	if (ta->state != ST_NEW)
		return FAIL_STATE;
	ta->state = ST_SERVICE;
	(void)((r = buf_put_u8(&ta->out, SSH_MSG_SERVICE_REQUEST)) != 0 ||
	       (r = buf_put_cstring(&ta->out, "ssh-userauth")) != 0);
	return flush(ta, r, SPAN(NULL, 0));
}

static int
try_none(struct targetauth *ta)
{
	ta->state = ST_NONE;
	ta->method = "none";
	return flush(ta, put_request(ta, "none"), SPAN(NULL, 0));
}

static int
try_password(struct targetauth *ta)
{
	struct span secret = secret_show(ta->password);
	int r;

	ta->state = ST_PASSWORD;
	ta->method = "password";
	(void)((r = put_request(ta, "password")) != 0 ||
	       (r = buf_put_u8(&ta->out, 0)) != 0 ||
	       (r = buf_put_u32(&ta->out, (uint32_t)secret.len)) != 0);
	return flush(ta, r, secret);
}

static int
try_keyboard(struct targetauth *ta)
{
	int r;

	ta->state = ST_KEYBOARD;
	ta->method = "keyboard-interactive";
	ta->answered = false;
	ta->rounds = 0;
	(void)((r = put_request(ta, "keyboard-interactive")) != 0 ||
	       (r = buf_put_cstring(&ta->out, "")) != 0 ||
	       (r = buf_put_cstring(&ta->out, "")) != 0);
	return flush(ta, r, SPAN(NULL, 0));
}

/* The request of RFC 4252 section 7 up to the signature. */
static int
put_publickey(struct targetauth *ta)
{
	struct span key = buf_span(&ta->pubkey);
	int r;

	(void)((r = put_request(ta, "publickey")) != 0 ||
	       (r = buf_put_u8(&ta->out, 1)) != 0 ||
	       (r = buf_put_cstring(&ta->out, ta->alg)) != 0 ||
	       (r = buf_put_string(&ta->out, key.p, key.len)) != 0);
	return r;
}

static int
try_publickey(struct targetauth *ta)
{
	int r;

	ta->method = "publickey";
	ta->alg = sigalg_choose(
	    buf_span(&ta->pubkey), ta->ops->sig_algs(ta->ctx), ta->legacy);
	if (ta->alg == NULL)
		return give_up(ta, FAIL_AUTH,
		    "the target accepts no signature that the account's key "
		    "can make");
	ta->state = ST_SIGN;
	r = buf_put_string(&ta->out, ta->session_id, ta->session_id_len);
	if (r == 0 && (r = put_publickey(ta)) == 0)
		r = ta->ops->sign(ta->ctx, ta->alg, buf_span(&ta->out));
	buf_reset(&ta->out);
	if (r != 0)
		return give_up(ta, r, "the account's key cannot sign now");
	return TARGETAUTH_SIGN;
}

int
targetauth_signed(struct targetauth *ta, struct span sig)
{
	int r;

	if (ta->state == ST_FAILED)
		return ta->fail.code;
	if (ta->state != ST_SIGN)
		return FAIL_STATE;
	if (sig.len == 0 || sig.len > SIGNATURE_MAX)
		return give_up(
		    ta, FAIL_SIGNATURE, "the account's key did not sign");
	ta->state = ST_PUBLICKEY;
	if ((r = put_publickey(ta)) == 0)
		r = buf_put_u32(&ta->out, (uint32_t)sig.len);
	return flush(ta, r, sig);
}

static int
on_accept(struct targetauth *ta, struct span s)
{
	struct span name;

	if (ta->state != ST_SERVICE || span_string(&s, &name) != 0 ||
	    !span_eq(name, "ssh-userauth"))
		return broken(ta, "the target accepted another service");
	if (ta->password == NULL)
		return try_publickey(ta);
	/* A wrong guess of the method would count as a failed login. */
	return try_none(ta);
}

static int
on_success(struct targetauth *ta)
{
	if (ta->state != ST_NONE && ta->state != ST_PASSWORD &&
	    ta->state != ST_KEYBOARD && ta->state != ST_PUBLICKEY)
		return broken(ta, "the target let us in unasked");
	ta->state = ST_IN;
	return TARGETAUTH_DONE;
}

/* Is name in the comma-separated list? */
static bool
offers(struct span list, const char *name)
{
	struct span one = list;

	while (list.len > 0) {
		const uint8_t *comma = memchr(list.p, ',', list.len);

		one.p = list.p;
		one.len = comma == NULL ? list.len : (size_t)(comma - list.p);
		if (span_eq(one, name))
			return true;
		list.p += one.len + (comma != NULL);
		list.len -= one.len + (comma != NULL);
	}
	return false;
}

static int
refused(struct targetauth *ta, const char *what, struct span list)
{
	ta->state = ST_FAILED;
	return fail_set(&ta->fail, FAIL_AUTH, "%s (it offers: %.*s)", what,
	    (int)(list.len < 100 ? list.len : 100), (const char *)list.p);
}

static int
on_failure(struct targetauth *ta, struct span s)
{
	enum targetauth_state was = ta->state;
	struct span list;
	bool partial;

	if (span_string(&s, &list) != 0 || span_bool(&s, &partial) != 0)
		return broken(ta, "malformed authentication failure");
	if (was != ST_NONE && was != ST_PASSWORD && was != ST_KEYBOARD &&
	    was != ST_PUBLICKEY)
		return broken(ta, "the target refused what was not asked");
	if (partial)
		return refused(ta,
		    "the target wants more than one proof of identity", list);
	if (was == ST_PUBLICKEY)
		return refused(ta, "the target refused the key", list);
	if (was == ST_NONE && offers(list, "password"))
		return try_password(ta);
	/* Some targets list both and take a password by the second only. */
	if (was != ST_KEYBOARD && offers(list, "keyboard-interactive"))
		return try_keyboard(ta);
	return refused(ta,
	    was == ST_NONE ? "the target accepts no password"
			   : "the target refused the password",
	    list);
}

static int
respond(struct targetauth *ta, uint32_t n, struct span secret)
{
	int r;

	(void)((r = buf_put_u8(&ta->out, SSH_MSG_USERAUTH_INFO_RESPONSE)) !=
		   0 ||
	       (r = buf_put_u32(&ta->out, n)) != 0 ||
	       (n > 0 &&
		   (r = buf_put_u32(&ta->out, (uint32_t)secret.len)) != 0));
	return flush(ta, r, secret);
}

static int
asks_more(struct targetauth *ta, struct span prompt)
{
	ta->state = ST_FAILED;
	while (prompt.len > 0 && (prompt.p[prompt.len - 1] == ' ' ||
				     prompt.p[prompt.len - 1] == '\n'))
		prompt.len--;
	return fail_set(&ta->fail, FAIL_AUTH,
	    "the target asks for more than the password: \"%.*s\"",
	    (int)(prompt.len < PROMPT_SHOWN ? prompt.len : PROMPT_SHOWN),
	    (const char *)prompt.p);
}

static int
on_info_request(struct targetauth *ta, struct span s)
{
	struct span name, instruction, lang, prompt;
	bool echo;
	uint32_t n;

	if (span_string(&s, &name) != 0 || span_string(&s, &instruction) != 0 ||
	    span_string(&s, &lang) != 0 || span_u32(&s, &n) != 0)
		return broken(ta, "malformed keyboard-interactive request");
	if (++ta->rounds > ROUNDS_MAX)
		return give_up(ta, FAIL_AUTH, "the target asks without end");
	if (n == 0)
		return respond(ta, 0, SPAN(NULL, 0));
	if (span_string(&s, &prompt) != 0 || span_bool(&s, &echo) != 0)
		return broken(ta, "malformed keyboard-interactive request");
	if (n != 1 || echo || ta->answered)
		return asks_more(ta, prompt);
	ta->answered = true;
	return respond(ta, 1, secret_show(ta->password));
}

/* Message 60 means another thing to each method. */
static int
on_method_message(struct targetauth *ta, struct span s)
{
	if (ta->state == ST_KEYBOARD)
		return on_info_request(ta, s);
	if (ta->state == ST_PASSWORD)
		return give_up(
		    ta, FAIL_AUTH, "the target wants the password changed");
	return broken(ta, "a message that belongs to no method in use");
}

/* Keep what is printable, and newlines; what goes beyond the bound is cut. */
static int
on_banner(struct targetauth *ta, struct span s)
{
	struct span text;
	uint32_t cp;
	size_t n;

	if (span_string(&s, &text) != 0)
		return broken(ta, "malformed banner");
	if (++ta->banners > BANNERS_MAX)
		return broken(ta, "too many banners");
	while (text.len > 0) {
		if ((n = utf8_get(text.p, text.len, &cp)) == 0)
			break;
		if ((cp == '\n' || cp == '\t' || utf8_printable(cp)) &&
		    !(n == 1 && cp == UTF8_BAD) &&
		    buf_put(&ta->banner, text.p, n) != 0)
			break;
		text.p += n;
		text.len -= n;
	}
	return ta->state == ST_SIGN ? TARGETAUTH_SIGN : TARGETAUTH_MORE;
}

int
targetauth_packet(struct targetauth *ta, const uint8_t *p, size_t len)
{
	struct span s = SPAN(p, len);
	uint8_t type;

	if (ta->state == ST_FAILED)
		return ta->fail.code;
	if (ta->state == ST_IN)
		return TARGETAUTH_DONE;
	if (span_u8(&s, &type) != 0)
		return broken(ta, "an empty packet");
	switch (type) {
	case SSH_MSG_SERVICE_ACCEPT:
		return on_accept(ta, s);
	case SSH_MSG_USERAUTH_SUCCESS:
		return on_success(ta);
	case SSH_MSG_USERAUTH_FAILURE:
		return on_failure(ta, s);
	case SSH_MSG_USERAUTH_BANNER:
		return on_banner(ta, s);
	case SSH_MSG_USERAUTH_INFO_REQUEST:
		return on_method_message(ta, s);
	default:
		return broken(ta, "not a message of authentication");
	}
}

struct span
targetauth_banner(const struct targetauth *ta)
{
	return buf_span(&ta->banner);
}

const char *
targetauth_method(const struct targetauth *ta)
{
	return ta->method;
}

const struct fail *
targetauth_fail(const struct targetauth *ta)
{
	return &ta->fail;
}
