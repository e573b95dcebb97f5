/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The light SSH server: accepts, authenticates, opens one session at a time.
 * What runs in a session is in verb.c.
 */
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/loop.h"

#include "seat.h"
#include "target.h"

enum { BACKLOG = 4096, OWN_CHANNEL = 3, AUTH_MAX = 8192, ACCEPTS = 64 };

struct target {
	struct loop *loop;
	const struct opts *o;
	struct wire_opts wopts;
	struct buf hostblobs;
	struct watch *listener;
	struct seat *seats;
	int fd;
	uint64_t connections, sessions, live, most, bytes_in, bytes_out, rekeys;
};

static void
seat_free(void *ctx)
{
	struct seat *s = ctx;
	struct target *t = s->t;

	*s->prev = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	t->live--;
	t->bytes_in += wire_bytes_in(s->w);
	t->bytes_out += wire_bytes_out(s->w);
	if (wire_kex_count(s->w) > 1)
		t->rekeys += wire_kex_count(s->w) - 1;
	loop_undefer(t->loop, s);
	verb_fini(s);
	wire_free(s->w);
	free(s);
}

static void
on_gone(void *ctx, const char *why UNUSED)
{
	struct seat *s = ctx;

	MUST(loop_defer(s->loop, seat_free, s) == 0);
}

static int
send_text(struct seat *s, uint8_t msg, const char *text)
{
	struct buf b;
	int r;

	buf_init(&b, 256);
	if ((r = buf_put_u8(&b, msg)) == 0 &&
	    (r = buf_put_cstring(&b, text)) == 0) {
		if (msg == SSH_MSG_USERAUTH_FAILURE)
			r = buf_put_u8(&b, 0); /* no partial success */
		if (r == 0)
			r = wire_send(s->w, buf_span(&b));
	}
	buf_fini(&b);
	return r;
}

static int
send_bare(struct seat *s, uint8_t msg)
{
	return wire_send(s->w, SPAN(&msg, 1));
}

/* A key without a signature is asked about; with one it is believed. */
static int
auth_key(struct seat *s, struct span rest)
{
	struct span alg, blob;
	struct buf b;
	bool is_signed;
	int r;

	if ((r = span_bool(&rest, &is_signed)) != 0 ||
	    (r = span_string(&rest, &alg)) != 0 ||
	    (r = span_string(&rest, &blob)) != 0)
		return r;
	if (is_signed)
		return send_bare(s, SSH_MSG_USERAUTH_SUCCESS);
	buf_init(&b, AUTH_MAX);
	if ((r = buf_put_u8(&b, SSH_MSG_USERAUTH_PK_OK)) == 0 &&
	    (r = buf_put_string(&b, alg.p, alg.len)) == 0 &&
	    (r = buf_put_string(&b, blob.p, blob.len)) == 0)
		r = wire_send(s->w, buf_span(&b));
	buf_fini(&b);
	return r;
}

static int
on_auth(struct seat *s, struct span rest)
{
	const char *right = s->t->o->password;
	struct span user, service, method, password;
	bool change;
	int r;

	if ((r = span_string(&rest, &user)) != 0 ||
	    (r = span_string(&rest, &service)) != 0 ||
	    (r = span_string(&rest, &method)) != 0)
		return r;
	if (span_eq(method, "publickey"))
		return auth_key(s, rest);
	if (span_eq(method, "password")) {
		if ((r = span_bool(&rest, &change)) != 0 ||
		    (r = span_string(&rest, &password)) != 0)
			return r;
		if (right == NULL || span_eq(password, right))
			return send_bare(s, SSH_MSG_USERAUTH_SUCCESS);
	}
	return send_text(s, SSH_MSG_USERAUTH_FAILURE, "publickey,password");
}

static int
on_open(struct seat *s, struct span rest)
{
	struct span type;
	int r;

	if ((r = span_string(&rest, &type)) != 0)
		return r;
	if (s->ch.open || !span_eq(type, "session"))
		return chan_refuse(s->w, rest);
	s->ch = (struct chan){.own = OWN_CHANNEL};
	return chan_accept(s->w, &s->ch, rest);
}

static int
run(struct seat *s, const char *line, bool reply)
{
	bool found = s->verb == NULL && verb_find(s, line);
	int r = reply ? chan_reply(s->w, &s->ch, found) : 0;

	if (r != 0 || !found)
		return r;
	s->t->sessions++;
	return verb_start(s, line);
}

static int
on_request(struct seat *s, struct span rest)
{
	char line[1024];
	struct span name;
	bool reply;
	int r;

	if ((r = span_string(&rest, &name)) != 0 ||
	    (r = span_bool(&rest, &reply)) != 0)
		return r;
	if (span_eq(name, "shell"))
		return run(s, NULL, reply);
	if (span_eq(name, "exec")) {
		if ((r = span_cstring(&rest, line, sizeof(line))) != 0)
			return r;
		return run(s, line, reply);
	}
	if (span_eq(name, "pty-req"))
		s->pty = true;
	if (!reply)
		return 0;
	return chan_reply(s->w, &s->ch,
	    span_eq(name, "pty-req") || span_eq(name, "env") ||
		span_eq(name, "window-change"));
}

static int
on_global(struct seat *s, struct span rest)
{
	struct span name;
	bool reply;
	int r;

	if ((r = span_string(&rest, &name)) != 0 ||
	    (r = span_bool(&rest, &reply)) != 0)
		return r;
	return reply ? send_bare(s, SSH_MSG_REQUEST_FAILURE) : 0;
}

static int
on_close(struct seat *s)
{
	int r = chan_close(s->w, &s->ch);

	verb_fini(s);
	s->ch.open = false;
	return r;
}

/* Messages of the open channel; rest: behind its number. */
static int
on_channel(struct seat *s, uint8_t msg, struct span rest)
{
	struct span data;
	int r;

	switch (msg) {
	case SSH_MSG_CHANNEL_REQUEST:
		return on_request(s, rest);
	case SSH_MSG_CHANNEL_DATA:
		if ((r = span_string(&rest, &data)) != 0)
			return r;
		return verb_data(s, data);
	case SSH_MSG_CHANNEL_WINDOW_ADJUST:
		if ((r = chan_adjusted(&s->ch, rest)) != 0)
			return r;
		return verb_push(s);
	case SSH_MSG_CHANNEL_EOF:
		return verb_eof(s);
	case SSH_MSG_CHANNEL_CLOSE:
		return on_close(s);
	default:
		return 0;
	}
}

static int
on_packet(void *ctx, const struct ssh_packet *pkt)
{
	struct seat *s = ctx;
	struct span rest = SPAN(pkt->p + 1, pkt->len - 1);
	uint32_t channel;
	int r;

	switch (pkt->p[0]) {
	case SSH_MSG_SERVICE_REQUEST:
		return send_text(s, SSH_MSG_SERVICE_ACCEPT, "ssh-userauth");
	case SSH_MSG_USERAUTH_REQUEST:
		return on_auth(s, rest);
	case SSH_MSG_GLOBAL_REQUEST:
		return on_global(s, rest);
	case SSH_MSG_CHANNEL_OPEN:
		return on_open(s, rest);
	default:
		break;
	}
	if (pkt->p[0] <= SSH_MSG_CHANNEL_OPEN)
		return 0;
	if ((r = span_u32(&rest, &channel)) != 0)
		return r;
	if (channel != OWN_CHANNEL || !s->ch.open)
		return FAIL_PROTO;
	return on_channel(s, pkt->p[0], rest);
}

static int
on_keys(void *ctx UNUSED, uint32_t count UNUSED)
{
	return 0;
}

static int
on_room(void *ctx)
{
	return verb_push(ctx);
}

static const struct wire_ops ops = {
    .packet = on_packet, .keys = on_keys, .room = on_room, .gone = on_gone};

static void
seat_new(struct target *t, int fd)
{
	struct seat *s = calloc(1, sizeof(*s));

	if (s != NULL) {
		s->t = t;
		s->loop = t->loop;
		s->w = wire_new(t->loop, fd, &t->wopts, &ops, s);
	}
	if (s == NULL || s->w == NULL) {
		free(s);
		(void)close(fd);
		return;
	}
	s->next = t->seats;
	s->prev = &t->seats;
	if (s->next != NULL)
		s->next->prev = &s->next;
	t->seats = s;
	t->connections++;
	t->live++;
	if (t->live > t->most)
		t->most = t->live;
}

static void
on_listener(struct watch *w UNUSED, int fd, unsigned events UNUSED, void *ctx)
{
	for (int i = 0; i < ACCEPTS; i++) {
		int c = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (c < 0) {
			if (errno != EAGAIN && errno != ECONNABORTED)
				warn("accept");
			return;
		}
		seat_new(ctx, c);
	}
}

static void
on_term(int signo UNUSED, void *ctx)
{
	loop_stop(ctx);
}

static void
listen_on(struct target *t)
{
	const struct sockaddr_in *sa = &t->o->address;
	int one = 1;

	t->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (t->fd < 0 ||
	    setsockopt(t->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0)
		err(1, "socket");
	if (bind(t->fd, (const void *)sa, sizeof(*sa)) != 0 ||
	    listen(t->fd, BACKLOG) != 0)
		err(1, "listen");
	t->listener = watch_new(t->loop, t->fd, LOOP_READ, on_listener, t);
	if (t->listener == NULL)
		errx(1, "no memory");
}

static void
summary(const struct target *t)
{
	(void)printf("load target connections=%llu sessions=%llu live=%llu "
		     "most=%llu bytes_in=%llu bytes_out=%llu rekeys=%llu\n",
	    (unsigned long long)t->connections, (unsigned long long)t->sessions,
	    (unsigned long long)t->live, (unsigned long long)t->most,
	    (unsigned long long)t->bytes_in, (unsigned long long)t->bytes_out,
	    (unsigned long long)t->rekeys);
}

int
target_run(const struct opts *o)
{
	struct target t = {.o = o};

	t.loop = loop_new();
	buf_init(&t.hostblobs, 8192);
	if (t.loop == NULL || buf_put_string(&t.hostblobs, o->key_blob.data,
				  buf_len(&o->key_blob)) != 0)
		errx(1, "no memory");
	t.wopts = (struct wire_opts){.role = SSH_ROLE_SERVER,
	    .algs = ssh_algs_default,
	    .hostkey = o->key,
	    .hostblobs = buf_span(&t.hostblobs),
	    .rekey_bytes = o->rekey_bytes};
	if (o->cipher != NULL)
		t.wopts.algs.cipher = o->cipher;
	if (o->kex != NULL)
		t.wopts.algs.kex = o->kex;
	listen_on(&t);
	if (loop_signal(t.loop, SIGTERM, on_term, t.loop) != 0 ||
	    loop_signal(t.loop, SIGINT, on_term, t.loop) != 0)
		errx(1, "signals");
	(void)puts("load target ready");
	if (loop_run(t.loop) != 0)
		err(1, "loop");
	summary(&t);
	while (t.seats != NULL)
		seat_free(t.seats);
	watch_free(t.listener);
	(void)close(t.fd);
	buf_fini(&t.hostblobs);
	loop_free(t.loop);
	return 0;
}
