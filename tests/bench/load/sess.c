/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One session of the light client: connect, handshake, login, channel, and
 * its end.  What happens on the channel is the action's affair.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ssh/transport/sshkey.h"

#include "client.h"

enum { AUTH_MAX = 16384, LOGIN_MAX = 256, FIRST_ADDRESS = 0x7f010001 };

static void
free_later(void *ctx)
{
	sess_free(ctx);
}

static void
over(struct sess *s, enum outcome out, const char *why)
{
	if (s->state == SESS_OVER)
		return;
	client_over(s->c, s, out, why);
	s->state = SESS_OVER;
	if (s->w != NULL)
		wire_end(s->w);
	MUST(loop_defer(s->c->loop, free_later, s) == 0);
}

int
sess_wrong(struct sess *s, const char *why)
{
	over(s, OUTCOME_FAILED, why);
	return FAIL_FORMAT;
}

void
sess_moved(struct sess *s, bool more)
{
	s->moved_ns = more ? loop_now_ns(s->c->loop) : 0;
}

void
sess_stalled(struct sess *s)
{
	static const char *const words[] = {"connect: no answer",
	    "login: no answer", "channel: no answer", "nothing moves", ""};

	over(s, OUTCOME_FAILED, words[s->state]);
}

static void
on_gone(void *ctx, const char *why)
{
	struct sess *s = ctx;

	if (s->state == SESS_LOGIN || s->state == SESS_CONNECT)
		over(s, s->tries > 1 ? OUTCOME_REFUSED : OUTCOME_SHUT, why);
	else
		over(s, OUTCOME_FAILED, why);
}

static int
put_login(const struct sess *s, struct buf *b)
{
	const char *login = s->c->o->login, *at = strstr(login, "%d");
	char name[LOGIN_MAX];

	if (at == NULL)
		return buf_put_cstring(b, login);
	(void)snprintf(name, sizeof(name), "%.*s%llu%s", (int)(at - login),
	    login, (unsigned long long)s->id, at + 2);
	return buf_put_cstring(b, name);
}

static int
begin_auth(const struct sess *s, struct buf *b, const char *method)
{
	int r;

	if ((r = buf_put_u8(b, SSH_MSG_USERAUTH_REQUEST)) != 0 ||
	    (r = put_login(s, b)) != 0 ||
	    (r = buf_put_cstring(b, "ssh-connection")) != 0)
		return r;
	return buf_put_cstring(b, method);
}

/* Public key with a signature at once (RFC 4252 section 7). */
static int
put_key(const struct sess *s, struct buf *b)
{
	const struct opts *o = s->c->o;
	struct span id = wire_session_id(s->w), blob = buf_span(&o->key_blob);
	const char *alg = sshkey_type_alg(sshkey_type(blob), 0);
	struct buf what, sig;
	int r;

	buf_init(&what, AUTH_MAX);
	buf_init(&sig, AUTH_MAX);
	if ((r = begin_auth(s, b, "publickey")) == 0 &&
	    (r = buf_put_u8(b, 1)) == 0 && (r = buf_put_cstring(b, alg)) == 0 &&
	    (r = buf_put_string(b, blob.p, blob.len)) == 0 &&
	    (r = buf_put_string(&what, id.p, id.len)) == 0 &&
	    (r = buf_put(&what, buf_head(b), buf_len(b))) == 0 &&
	    (r = sshkey_sign(o->key, alg, buf_span(&what), &sig)) == 0)
		r = buf_put_string(b, buf_head(&sig), buf_len(&sig));
	buf_fini(&what);
	buf_fini(&sig);
	return r;
}

static int
put_password(const struct sess *s, struct buf *b)
{
	int r;

	if ((r = begin_auth(s, b, "password")) != 0 ||
	    (r = buf_put_u8(b, 0)) != 0)
		return r;
	return buf_put_cstring(b, s->c->o->password);
}

static int
send_auth(struct sess *s)
{
	struct buf b;
	int r;

	buf_init(&b, AUTH_MAX);
	s->tries++;
	r = s->c->o->key != NULL ? put_key(s, &b) : put_password(s, &b);
	if (r == 0)
		r = wire_send(s->w, buf_span(&b));
	buf_fini(&b);
	return r;
}

static int
on_refused(struct sess *s)
{
	if (s->tries < s->c->o->tries)
		return send_auth(s);
	over(s, OUTCOME_REFUSED, "login refused");
	return 0;
}

static int
on_logged_in(struct sess *s)
{
	hist_add(&s->c->login, mono_ns() - s->began_ns);
	s->state = SESS_OPEN;
	if (s->c->o->expect == EXPECT_OUT) {
		over(s, OUTCOME_FAILED, "the login worked");
		return 0;
	}
	if (s->act->login_only) {
		client_in(s->c, s);
		over(s, OUTCOME_OK, "");
		return 0;
	}
	return chan_open(s->w, &s->ch);
}

/* The channel is there: ask for what the action needs. */
static int
on_confirmed(struct sess *s, struct span rest)
{
	char line[256];
	int r;

	if ((r = chan_confirmed(&s->ch, rest)) != 0)
		return r;
	if (s->act->command == NULL) {
		if ((r = chan_pty(s->w, &s->ch)) != 0)
			return r;
		return chan_request(s->w, &s->ch, "shell", true, SPAN(NULL, 0));
	}
	if ((r = s->act->command(s, line, sizeof(line))) != 0)
		return r;
	return chan_exec(s->w, &s->ch, line);
}

static int
on_success(struct sess *s)
{
	int r;

	/* The terminal's answer comes before the shell's. */
	if (s->act->command == NULL && !s->half) {
		s->half = true;
		return 0;
	}
	s->half = false;
	if (s->state != SESS_OPEN)
		return 0;
	s->state = SESS_RUN;
	sess_moved(s, !s->act->lasts);
	client_in(s->c, s);
	if ((r = s->act->start(s)) == 0 && s->c->ending)
		sess_finish(s);
	return r;
}

static int
on_close(struct sess *s)
{
	const char *why = s->act->verdict(s);

	IGNORE(chan_close(s->w, &s->ch));
	over(s, why == NULL ? OUTCOME_OK : OUTCOME_FAILED, why);
	return 0;
}

static int
on_channel_request(struct sess *s, struct span rest)
{
	struct span name;
	bool reply;

	if (span_string(&rest, &name) != 0 || span_bool(&rest, &reply) != 0)
		return FAIL_PROTO;
	if (span_eq(name, "exit-status") && span_u32(&rest, &s->status) == 0)
		s->got_status = true;
	return reply ? chan_reply(s->w, &s->ch, false) : 0;
}

static int
on_data(struct sess *s, struct span rest, bool err)
{
	struct span d;
	uint32_t code;
	int r;

	if ((err && span_u32(&rest, &code) != 0) || span_string(&rest, &d) != 0)
		return FAIL_PROTO;
	s->c->bytes_down += d.len;
	if (s->state != SESS_RUN)
		return sess_wrong(s, "data before the command runs");
	if ((r = s->act->data(s, d, err)) != 0)
		return r;
	return chan_took(s->w, &s->ch, d.len);
}

/* rest: behind the channel's number. */
static int
on_channel(struct sess *s, uint8_t msg, struct span rest)
{
	switch (msg) {
	case SSH_MSG_CHANNEL_OPEN_CONFIRMATION:
		return on_confirmed(s, rest);
	case SSH_MSG_CHANNEL_OPEN_FAILURE:
		return sess_wrong(s, "channel refused");
	case SSH_MSG_CHANNEL_SUCCESS:
		return on_success(s);
	case SSH_MSG_CHANNEL_FAILURE:
		return sess_wrong(s, "request refused");
	case SSH_MSG_CHANNEL_DATA:
		return on_data(s, rest, false);
	case SSH_MSG_CHANNEL_EXTENDED_DATA:
		return on_data(s, rest, true);
	case SSH_MSG_CHANNEL_REQUEST:
		return on_channel_request(s, rest);
	case SSH_MSG_CHANNEL_EOF:
		s->ch.got_eof = true;
		return 0;
	case SSH_MSG_CHANNEL_CLOSE:
		return on_close(s);
	case SSH_MSG_CHANNEL_WINDOW_ADJUST:
		if (chan_adjusted(&s->ch, rest) != 0)
			return FAIL_PROTO;
		return s->state == SESS_RUN ? s->act->room(s) : 0;
	default:
		return 0;
	}
}

static int
on_global(struct sess *s, struct span rest)
{
	uint8_t msg = SSH_MSG_REQUEST_FAILURE;
	struct span name;
	bool reply;

	if (span_string(&rest, &name) != 0 || span_bool(&rest, &reply) != 0)
		return FAIL_PROTO;
	return reply ? wire_send(s->w, SPAN(&msg, 1)) : 0;
}

static int
on_packet(void *ctx, const struct ssh_packet *pkt)
{
	struct sess *s = ctx;
	struct span rest = SPAN(pkt->p + 1, pkt->len - 1);
	uint32_t channel;

	if (s->state == SESS_OVER)
		return 0;
	if (s->state != SESS_RUN)
		sess_moved(s, true);
	switch (pkt->p[0]) {
	case SSH_MSG_SERVICE_ACCEPT:
		return send_auth(s);
	case SSH_MSG_USERAUTH_FAILURE:
		return on_refused(s);
	case SSH_MSG_USERAUTH_SUCCESS:
		return on_logged_in(s);
	case SSH_MSG_GLOBAL_REQUEST:
		return on_global(s, rest);
	default:
		break;
	}
	if (pkt->p[0] <= SSH_MSG_CHANNEL_OPEN)
		return 0;
	if (span_u32(&rest, &channel) != 0 || channel != s->ch.own)
		return FAIL_PROTO;
	return on_channel(s, pkt->p[0], rest);
}

static int
on_keys(void *ctx, uint32_t count)
{
	static const uint8_t msg[] = {SSH_MSG_SERVICE_REQUEST, 0, 0, 0, 12, 's',
	    's', 'h', '-', 'u', 's', 'e', 'r', 'a', 'u', 't', 'h'};
	struct sess *s = ctx;

	if (count > 1) {
		s->c->rekeys++;
		return 0;
	}
	sess_moved(s, true);
	return wire_send(s->w, SPAN(msg, sizeof(msg)));
}

static int
on_room(void *ctx)
{
	struct sess *s = ctx;

	return s->state == SESS_RUN ? s->act->room(s) : 0;
}

static const struct wire_ops ops = {
    .packet = on_packet, .keys = on_keys, .room = on_room, .gone = on_gone};

static void
connected(struct sess *s)
{
	s->state = SESS_LOGIN;
	sess_moved(s, true);
	s->w = wire_new(s->c->loop, s->fd, &s->c->wopts, &ops, s);
	if (s->w == NULL) {
		over(s, OUTCOME_FAILED, "no memory");
		return;
	}
	s->fd = -1;
}

/* A connection that says nothing is read until it is closed. */
static void
on_mute(struct sess *s)
{
	char bin[512];
	ssize_t n = recv(s->fd, bin, sizeof(bin), 0);

	if (!s->in)
		client_in(s->c, s);
	if (n == 0 || (n < 0 && errno != EAGAIN))
		over(s, OUTCOME_SHUT, "connection closed by peer");
}

static void
on_connect(struct watch *w, int fd, unsigned events UNUSED, void *ctx)
{
	struct sess *s = ctx;
	int e = 0, one = 1;
	socklen_t len = sizeof(e);

	if (s->act->mute && s->state == SESS_LOGIN) {
		on_mute(s);
		return;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len) != 0)
		e = errno;
	if (e != 0) {
		over(s, OUTCOME_SHUT, strerror(e));
		return;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (s->act->mute) {
		s->state = SESS_LOGIN;
		sess_moved(s, false);
		watch_set(w, LOOP_READ);
		client_in(s->c, s);
		return;
	}
	watch_free(w);
	s->connecting = NULL;
	connected(s);
}

/* One of the addresses of the loopback network. */
static int
come_from(const struct sess *s)
{
	const struct opts *o = s->c->o;
	struct sockaddr_in sa = {.sin_family = AF_INET};
	int one = 1;

	if (o->addresses == 0)
		return 0;
	sa.sin_addr.s_addr = htonl((
	    uint32_t)(FIRST_ADDRESS + o->first_address + s->id % o->addresses));
	if (setsockopt(s->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one,
		sizeof(one)) != 0)
		return -1;
	return bind(s->fd, (const void *)&sa, sizeof(sa));
}

void
sess_new(
    struct client *c, const struct action *act, uint64_t id, uint64_t place)
{
	struct sess *s = calloc(1, sizeof(*s));

	MUST(s != NULL);
	c->seats[place] = s;
	s->c = c;
	s->act = act;
	s->id = id;
	s->place = place;
	s->began_ns = mono_ns();
	sess_moved(s, true);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0 || come_from(s) != 0 ||
	    (connect(s->fd, (const void *)&c->o->address,
		 sizeof(c->o->address)) != 0 &&
		errno != EINPROGRESS) ||
	    (s->connecting = watch_new(
		 c->loop, s->fd, LOOP_WRITE, on_connect, s)) == NULL)
		over(s, OUTCOME_FAILED, strerror(errno));
}

void
sess_finish(struct sess *s)
{
	if (s->act->mute && s->in) {
		over(s, OUTCOME_OK, "");
		return;
	}
	if (s->state != SESS_RUN || s->finishing)
		return;
	s->finishing = true;
	sess_moved(s, true);
	if (s->act->finish(s) != 0)
		over(s, OUTCOME_FAILED, "cannot send");
}

void
sess_free(struct sess *s)
{
	loop_undefer(s->c->loop, s);
	watch_free(s->connecting);
	wire_free(s->w);
	timer_free(s->timer);
	if (s->fd >= 0)
		(void)close(s->fd);
	free(s);
}
