/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transport on a socket: enough of RFC 4252 and RFC 4254 for one channel with
 * one stream.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"

#include "ssh/transport/sshkey.h"

#include "tests/bench/load/stream.h"

#include "drive.h"

enum {
	WINDOW = 2 * 1024 * 1024,
	CHUNK = 32 * 1024,
	IN_MAX = 1024 * 1024,
	OUT_MAX = 2 * 1024 * 1024,
	OUT_HIGH = 256 * 1024,
	QUIET_MS = 20000,
	CHANNEL = 7,
};

struct drive {
	const struct drive_opts *o;
	struct drive_result *res;
	struct ssh_transport *t;
	struct ssh_transport_opts topts;
	struct buf in, out, echo, blobs;
	uint32_t peer_channel, peer_window, given;
	uint64_t sent, last_move;
	bool open, running, peer_eof, sent_eof, sent_close, done;
};

static int
wrong(struct drive *d, int code, const char *why)
{
	if (d->res->code == 0) {
		d->res->code = code;
		(void)snprintf(d->res->why, sizeof(d->res->why), "%s", why);
	}
	return code;
}

static int
send_buf(struct drive *d, struct buf *b)
{
	int r = ssh_transport_send(d->t, &d->out, buf_head(b), buf_len(b));

	buf_fini(b);
	return r;
}

/* A message of a number and up to three u32. */
static int
send_nums(struct drive *d, uint8_t msg, size_t n, uint32_t a, uint32_t b)
{
	uint8_t p[9] = {msg};

	be32_put(p + 1, a);
	be32_put(p + 5, b);
	return ssh_transport_send(d->t, &d->out, p, 1 + 4 * n);
}

static int
send_service(struct drive *d, uint8_t msg, const char *name)
{
	struct buf b;
	int r;

	buf_init(&b, 256);
	if ((r = buf_put_u8(&b, msg)) != 0 ||
	    (r = buf_put_cstring(&b, name)) != 0)
		return r;
	return send_buf(d, &b);
}

static int
send_open(struct drive *d)
{
	struct buf b;
	int r;

	buf_init(&b, 256);
	if ((r = buf_put_u8(&b, SSH_MSG_CHANNEL_OPEN)) != 0 ||
	    (r = buf_put_cstring(&b, "session")) != 0 ||
	    (r = buf_put_u32(&b, CHANNEL)) != 0 ||
	    (r = buf_put_u32(&b, WINDOW)) != 0 ||
	    (r = buf_put_u32(&b, CHUNK)) != 0)
		return r;
	return send_buf(d, &b);
}

static int
send_request(struct drive *d, const char *name, bool reply, const char *arg)
{
	struct buf b;
	int r;

	buf_init(&b, 256);
	if ((r = buf_put_u8(&b, SSH_MSG_CHANNEL_REQUEST)) != 0 ||
	    (r = buf_put_u32(&b, d->peer_channel)) != 0 ||
	    (r = buf_put_cstring(&b, name)) != 0 ||
	    (r = buf_put_u8(&b, reply ? 1 : 0)) != 0)
		return r;
	if (arg != NULL)
		r = buf_put_cstring(&b, arg);
	else
		r = buf_put_u32(&b, 0);
	return r != 0 ? r : send_buf(d, &b);
}

/* Public key authentication with a signature at once (RFC 4252 section 7). */
static int
send_auth(struct drive *d)
{
	struct span id = ssh_transport_session_id(d->t);
	struct buf b, signed_part, sig, blob;
	const char *alg;
	int r;

	buf_init(&b, 8192);
	buf_init(&signed_part, 8192);
	buf_init(&sig, 4096);
	buf_init(&blob, 4096);
	if ((r = sshkey_public_blob(d->o->key, &blob)) != 0)
		return r;
	alg = sshkey_type_alg(sshkey_type(buf_span(&blob)), 0);
	if ((r = buf_put_u8(&b, SSH_MSG_USERAUTH_REQUEST)) != 0 ||
	    (r = buf_put_cstring(&b, d->o->user)) != 0 ||
	    (r = buf_put_cstring(&b, "ssh-connection")) != 0 ||
	    (r = buf_put_cstring(&b, "publickey")) != 0 ||
	    (r = buf_put_u8(&b, 1)) != 0 ||
	    (r = buf_put_cstring(&b, alg)) != 0 ||
	    (r = buf_put_string(&b, blob.data, buf_len(&blob))) != 0 ||
	    (r = buf_put_string(&signed_part, id.p, id.len)) != 0 ||
	    (r = buf_put(&signed_part, b.data, buf_len(&b))) != 0 ||
	    (r = sshkey_sign(d->o->key, alg, buf_span(&signed_part), &sig)) !=
		0 ||
	    (r = buf_put_string(&b, sig.data, buf_len(&sig))) != 0)
		return r;
	buf_fini(&signed_part);
	buf_fini(&sig);
	buf_fini(&blob);
	return send_buf(d, &b);
}

static int
on_auth_request(struct drive *d, struct span s)
{
	struct span user, service, method;

	if (span_string(&s, &user) != 0 || span_string(&s, &service) != 0 ||
	    span_string(&s, &method) != 0)
		return wrong(d, FAIL_PROTO, "auth request");
	return send_nums(d, SSH_MSG_USERAUTH_SUCCESS, 0, 0, 0);
}

static int
on_open(struct drive *d, struct span s)
{
	struct span type;
	uint32_t max;
	struct buf b;
	int r;

	if (span_string(&s, &type) != 0 ||
	    span_u32(&s, &d->peer_channel) != 0 ||
	    span_u32(&s, &d->peer_window) != 0 || span_u32(&s, &max) != 0)
		return wrong(d, FAIL_PROTO, "channel open");
	d->open = d->running = true;
	buf_init(&b, 64);
	if ((r = buf_put_u8(&b, SSH_MSG_CHANNEL_OPEN_CONFIRMATION)) != 0 ||
	    (r = buf_put_u32(&b, d->peer_channel)) != 0 ||
	    (r = buf_put_u32(&b, CHANNEL)) != 0 ||
	    (r = buf_put_u32(&b, WINDOW)) != 0 ||
	    (r = buf_put_u32(&b, CHUNK)) != 0)
		return r;
	return send_buf(d, &b);
}

static int
on_opened(struct drive *d, struct span s)
{
	uint32_t mine, max;

	if (span_u32(&s, &mine) != 0 || span_u32(&s, &d->peer_channel) != 0 ||
	    span_u32(&s, &d->peer_window) != 0 || span_u32(&s, &max) != 0)
		return wrong(d, FAIL_PROTO, "channel confirmation");
	d->open = true;
	return send_request(d, "exec", true, "cat");
}

static int
on_request(struct drive *d, struct span s, bool global)
{
	struct span name;
	uint32_t channel;
	bool reply;

	if ((!global && span_u32(&s, &channel) != 0) ||
	    span_string(&s, &name) != 0 || span_bool(&s, &reply) != 0)
		return wrong(d, FAIL_PROTO, "request");
	if (!reply)
		return 0;
	if (global)
		return send_nums(d, SSH_MSG_REQUEST_FAILURE, 0, 0, 0);
	return send_nums(d, SSH_MSG_CHANNEL_SUCCESS, 1, d->peer_channel, 0);
}

static int
on_data(struct drive *d, struct span s)
{
	uint32_t channel;
	struct span data;
	int r = 0;

	if (span_u32(&s, &channel) != 0 || span_string(&s, &data) != 0 ||
	    channel != CHANNEL)
		return wrong(d, FAIL_PROTO, "channel data");
	if (!stream_same(0, d->res->bytes, data.p, data.len))
		return wrong(d, FAIL_MAC, "stream differs");
	d->res->bytes += data.len;
	if (d->o->role == SSH_ROLE_SERVER)
		return buf_put(&d->echo, data.p, data.len);
	d->given += (uint32_t)data.len;
	if (d->given >= WINDOW / 2) {
		r = send_nums(d, SSH_MSG_CHANNEL_WINDOW_ADJUST, 2,
		    d->peer_channel, d->given);
		d->given = 0;
	}
	return r;
}

static int
on_close(struct drive *d)
{
	if (d->sent_close)
		return 0;
	d->sent_close = d->done = true;
	return send_nums(d, SSH_MSG_CHANNEL_CLOSE, 1, d->peer_channel, 0);
}

static int
on_packet(struct drive *d, const struct ssh_packet *pkt)
{
	struct span s = SPAN(pkt->p + 1, pkt->len - 1);
	uint32_t channel, n;

	switch (pkt->p[0]) {
	case SSH_MSG_SERVICE_REQUEST:
		return send_service(d, SSH_MSG_SERVICE_ACCEPT, "ssh-userauth");
	case SSH_MSG_SERVICE_ACCEPT:
		return send_auth(d);
	case SSH_MSG_USERAUTH_REQUEST:
		return on_auth_request(d, s);
	case SSH_MSG_USERAUTH_SUCCESS:
		return send_open(d);
	case SSH_MSG_USERAUTH_FAILURE:
		return wrong(d, FAIL_AUTH, "authentication refused");
	case SSH_MSG_GLOBAL_REQUEST:
		return on_request(d, s, true);
	case SSH_MSG_CHANNEL_OPEN:
		return on_open(d, s);
	case SSH_MSG_CHANNEL_OPEN_CONFIRMATION:
		return on_opened(d, s);
	case SSH_MSG_CHANNEL_REQUEST:
		return on_request(d, s, false);
	case SSH_MSG_CHANNEL_SUCCESS:
		d->running = true;
		return 0;
	case SSH_MSG_CHANNEL_WINDOW_ADJUST:
		if (span_u32(&s, &channel) != 0 || span_u32(&s, &n) != 0)
			return wrong(d, FAIL_PROTO, "window adjust");
		d->peer_window += n;
		return 0;
	case SSH_MSG_CHANNEL_DATA:
		return on_data(d, s);
	case SSH_MSG_CHANNEL_EOF:
		d->peer_eof = true;
		return 0;
	case SSH_MSG_CHANNEL_CLOSE:
		return on_close(d);
	default:
		return 0;
	}
}

static int
send_data(struct drive *d, const uint8_t *p, size_t len)
{
	uint8_t head[9] = {SSH_MSG_CHANNEL_DATA};

	be32_put(head + 1, d->peer_channel);
	be32_put(head + 5, (uint32_t)len);
	d->peer_window -= (uint32_t)len;
	d->sent += len;
	return ssh_transport_send2(
	    d->t, &d->out, SPAN(head, sizeof(head)), SPAN(p, len));
}

static bool
may_send(const struct drive *d)
{
	return d->running && !d->sent_eof && ssh_transport_can_send(d->t) &&
	       d->peer_window > 0 && buf_len(&d->out) < OUT_HIGH;
}

static size_t
least(uint64_t a, uint64_t b)
{
	uint64_t n = a < b ? a : b;

	return (size_t)(n < CHUNK ? n : CHUNK);
}

/* Server: echo what came; client: go on with the stream. */
static int
progress(struct drive *d)
{
	uint8_t chunk[CHUNK];
	bool server = d->o->role == SSH_ROLE_SERVER;
	uint64_t left = server ? buf_len(&d->echo) : d->o->bytes - d->sent;
	int r = 0;

	while (r == 0 && left > 0 && may_send(d)) {
		size_t n = least(left, d->peer_window);

		if (server) {
			r = send_data(d, buf_head(&d->echo), n);
			buf_consume(&d->echo, n);
			if (r == 0)
				r = send_nums(d, SSH_MSG_CHANNEL_WINDOW_ADJUST,
				    2, d->peer_channel, (uint32_t)n);
		} else {
			stream_make(0, d->sent, chunk, n);
			r = send_data(d, chunk, n);
		}
		left -= n;
	}
	if (r != 0 || left > 0 || !d->running || d->sent_eof ||
	    (server && !d->peer_eof))
		return r;
	d->sent_eof = true;
	r = send_nums(d, SSH_MSG_CHANNEL_EOF, 1, d->peer_channel, 0);
	if (r == 0 && server &&
	    (r = send_request(d, "exit-status", false, NULL)) == 0) {
		d->sent_close = true;
		r = send_nums(d, SSH_MSG_CHANNEL_CLOSE, 1, d->peer_channel, 0);
	}
	return r;
}

/* To another transport, as to another process. */
static int
move(struct drive *d)
{
	struct ssh_transport *next;
	struct fail f = {0};
	struct buf state;
	int r;

	if (d->o->move_bytes == 0 ||
	    d->res->bytes - d->last_move < d->o->move_bytes)
		return 0;
	buf_init_secret(&state, 64 * 1024);
	r = ssh_transport_export(d->t, &state);
	if (r == 0) {
		d->last_move = d->res->bytes;
		ssh_transport_free(d->t);
		d->t = NULL;
		r = ssh_transport_import(
		    &next, &d->topts, buf_span(&state), &f);
		if (r != 0)
			(void)wrong(d, r, f.why);
		else
			d->t = next;
		d->res->moves++;
	} else if (r == FAIL_BUSY) {
		r = 0;
	}
	buf_fini(&state);
	return r;
}

static int
answer_sign(struct drive *d)
{
	struct span hash;
	const char *alg = ssh_transport_sign_request(d->t, &hash);
	struct buf sig;
	int r;

	buf_init(&sig, 4096);
	r = sshkey_sign(d->o->key, alg, hash, &sig);
	if (r == 0)
		r = ssh_transport_signed(d->t, &d->out, buf_span(&sig));
	buf_fini(&sig);
	return r;
}

/* All events that the input holds. */
static int
take(struct drive *d)
{
	struct ssh_packet pkt;
	int r;

	do {
		r = ssh_transport_next(d->t, &d->in, &d->out, &pkt);
		if (r == SSH_NEXT_PACKET) {
			if ((r = on_packet(d, &pkt)) != 0)
				return r;
			if ((r = move(d)) != 0)
				return r;
			r = SSH_NEXT_PACKET;
		} else if (r == SSH_NEXT_SIGN) {
			if ((r = answer_sign(d)) == 0)
				r = SSH_NEXT_SIGN;
		} else if (r == SSH_NEXT_HOSTKEY) {
			r = ssh_transport_hostkey_accept(d->t, &d->out);
			if (r == 0)
				r = SSH_NEXT_HOSTKEY;
		} else if (r == SSH_NEXT_KEYS) {
			if (d->res->keys++ == 0 &&
			    d->o->role == SSH_ROLE_CLIENT &&
			    (r = send_service(d, SSH_MSG_SERVICE_REQUEST,
				 "ssh-userauth")) != 0)
				return r;
			r = SSH_NEXT_KEYS;
		} else if (r == SSH_NEXT_DISCONNECT) {
			d->done = true;
			return 0;
		}
	} while (r > 0);
	return r;
}

/* Move bytes between the socket and the buffers; waits. */
static int
transfer(struct drive *d)
{
	struct pollfd pfd = {.fd = d->o->fd, .events = POLLIN};
	uint8_t *p;
	ssize_t n;
	int r;

	if (buf_len(&d->out) > 0)
		pfd.events |= POLLOUT;
	if (poll(&pfd, 1, QUIET_MS) <= 0)
		return wrong(d, FAIL_TIMEOUT, "nothing moves");
	if ((pfd.revents & POLLOUT) != 0) {
		n = write(d->o->fd, buf_head(&d->out), buf_len(&d->out));
		if (n < 0 && errno != EAGAIN)
			return wrong(d, FAIL_SYS, strerror(errno));
		if (n > 0)
			buf_consume(&d->out, (size_t)n);
	}
	if ((pfd.revents & (POLLIN | POLLHUP | POLLERR)) == 0)
		return 0;
	if ((r = buf_reserve(&d->in, 64 * 1024, &p)) != 0)
		return wrong(d, r, "input full");
	n = read(d->o->fd, p, 64 * 1024);
	if (n > 0)
		buf_commit(&d->in, (size_t)n);
	else if (n == 0 || errno != EAGAIN)
		d->done = true;
	return 0;
}

static int
loop(struct drive *d)
{
	int r = 0;

	while (r == 0 && !d->done) {
		if ((r = take(d)) != 0)
			break;
		if (d->o->rekey_bytes != 0 && ssh_transport_wants_rekey(d->t) &&
		    (r = ssh_transport_rekey(d->t, &d->out)) != 0)
			break;
		if ((r = progress(d)) != 0 || d->done)
			break;
		r = transfer(d);
	}
	/* The client says goodbye when it has what it came for. */
	if (r == 0 && d->o->role == SSH_ROLE_CLIENT && d->res->bytes > 0) {
		r = ssh_transport_disconnect(
		    d->t, &d->out, SSH_DISCONNECT_BY_APPLICATION, "done");
		if (r == 0 && buf_len(&d->out) > 0)
			(void)!write(
			    d->o->fd, buf_head(&d->out), buf_len(&d->out));
	}
	return r;
}

static int
begin(struct drive *d)
{
	struct buf blob;
	int r = 0;

	d->topts = (struct ssh_transport_opts){
	    .role = d->o->role,
	    .algs = &d->o->algs,
	    .software = "Sallyport_test",
	    .rekey_bytes = d->o->rekey_bytes,
	};
	buf_init(&blob, 4096);
	if (d->o->role == SSH_ROLE_SERVER &&
	    (r = sshkey_public_blob(d->o->key, &blob)) == 0)
		r = buf_put_string(&d->blobs, blob.data, buf_len(&blob));
	buf_fini(&blob);
	if (r != 0)
		return r;
	d->topts.hostkeys = buf_span(&d->blobs);
	d->t = ssh_transport_new(&d->topts);
	if (d->t == NULL)
		return FAIL_NOMEM;
	(void)fcntl(d->o->fd, F_SETFL, O_NONBLOCK);
	return ssh_transport_start(d->t, &d->out);
}

static void
sum_up(struct drive *d, int r)
{
	struct drive_result *res = d->res;

	if (d->t == NULL)
		return;
	if (r != 0)
		(void)wrong(d, r, fail_why(ssh_transport_fail(d->t), r));
	(void)snprintf(
	    res->algs, sizeof(res->algs), "%s", ssh_transport_algs_text(d->t));
	(void)snprintf(
	    res->peer, sizeof(res->peer), "%s", ssh_transport_peer(d->t));
	(void)snprintf(res->sig_algs, sizeof(res->sig_algs), "%s",
	    ssh_transport_server_sig_algs(d->t));
	if (res->code == 0 && res->bytes == 0)
		(void)wrong(d, FAIL_CLOSED, ssh_transport_goodbye(d->t));
}

void
drive_run(const struct drive_opts *o, struct drive_result *res)
{
	struct drive d = {.o = o, .res = res};
	int r;

	*res = (struct drive_result){0};
	buf_init(&d.in, IN_MAX);
	buf_init(&d.out, OUT_MAX);
	buf_init(&d.echo, 2 * WINDOW);
	buf_init(&d.blobs, 8192);
	if ((r = begin(&d)) == 0)
		r = loop(&d);
	sum_up(&d, r);
	ssh_transport_free(d.t);
	buf_fini(&d.in);
	buf_fini(&d.out);
	buf_fini(&d.echo);
	buf_fini(&d.blobs);
	(void)close(o->fd);
}
