/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of the smallest gateway.  What goes wrong is told on stderr
 * and ends the process; the tests look at what ssh makes of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "relay_gateway.h"
#include "session/chain.h"
#include "ssh/auth/targetauth.h"
#include "ssh/auth/userauth.h"
#include "ssh/channels/refusal.h"
#include "ssh/channels/relay.h"
#include "ssh/transport/sshkey.h"
#include "ssh/transport/transport.h"

enum {
	IN_MAX = 512 * 1024,
	OUT_MAX = 64 * 1024 * 1024,
	OUT_STOP = 1024 * 1024, /* do not read the other leg above */
	READ = 64 * 1024,
};

struct leg_io {
	int fd;
	struct ssh_transport *t;
	struct buf in, out;
	struct ssh_packet held;
	bool holds; /* held is a packet that was not taken */
	bool eof;
	bool ready; /* authentication is done */
};

struct conn {
	const struct relay_gateway *g;
	struct leg_io leg[2];
	struct userauth *ua;
	struct targetauth *ta;
	struct ssh_relay *relay;
	struct refusal *refusal;
	int answer;	  /* to the user's question: -1 none */
	struct buf sig;	  /* for the target, when there is one */
	unsigned packets; /* relayed */
	unsigned pushes;
	bool done;
};

static void NORETURN
die(const char *what, int code, const struct fail *f)
{
	(void)fprintf(stderr, "gateway: %s: %s\n", what, fail_why(f, code));
	_exit(1);
}

static int
send_to(struct leg_io *l, struct span head, struct span tail)
{
	return ssh_transport_send2(l->t, &l->out, head, tail);
}

/* ---- the user */

static int
user_send(void *ctx, struct span head, struct span tail)
{
	struct conn *c = ctx;

	return send_to(&c->leg[LEG_USER], head, tail);
}

static int
user_ask(void *ctx, const struct userauth_ask *q)
{
	struct conn *c = ctx;

	switch (q->method) {
	case USERAUTH_PASSWORD:
		c->answer = span_eq(q->password, c->g->password);
		break;
	case USERAUTH_PROBE:
		c->answer = 1;
		break;
	case USERAUTH_PUBLICKEY:
		c->answer = sshkey_verify(q->key, q->alg, q->signed_data,
				q->signature) == 0;
		break;
	}
	return 0;
}

static const struct userauth_ops user_ops = {user_send, user_ask};

static void
new_user(struct conn *c)
{
	struct userauth_opts o = {.ops = &user_ops,
	    .ctx = c,
	    .session_id = ssh_transport_session_id(c->leg[LEG_USER].t)};

	if (c->ua != NULL)
		return;
	if ((c->ua = userauth_new(&o)) == NULL)
		die("user", FAIL_NOMEM, NULL);
}

/* ---- the target */

static int
target_send(void *ctx, struct span head, struct span tail)
{
	struct conn *c = ctx;

	return send_to(&c->leg[LEG_TARGET], head, tail);
}

static int
target_sign(void *ctx, const char *alg, struct span data)
{
	struct conn *c = ctx;

	return sshkey_sign(c->g->target_key, alg, data, &c->sig);
}

static const char *
target_sig_algs(void *ctx)
{
	struct conn *c = ctx;

	return ssh_transport_server_sig_algs(c->leg[LEG_TARGET].t);
}

static const struct targetauth_ops target_ops = {
    target_send, target_sign, target_sig_algs};

static void
new_target(struct conn *c)
{
	struct targetauth_opts o = {.ops = &target_ops,
	    .ctx = c,
	    .session_id = ssh_transport_session_id(c->leg[LEG_TARGET].t),
	    .login = c->g->login};
	struct buf blob;
	int r;

	if (c->ta != NULL)
		return;
	buf_init(&blob, 16384);
	if ((r = sshkey_public_blob(c->g->target_key, &blob)) != 0)
		die("key", r, NULL);
	o.pubkey = buf_span(&blob);
	if ((c->ta = targetauth_new(&o)) == NULL)
		die("target", FAIL_NOMEM, NULL);
	buf_fini(&blob);
	if ((r = targetauth_start(c->ta)) != 0)
		die("target", r, targetauth_fail(c->ta));
}

static void
run_sshd(const struct relay_gateway *g, int fd)
{
	const char *const argv[] = {
	    "/usr/sbin/sshd", "-i", "-e", "-f", g->sshd_config, NULL};
	int log;

	if (fork() != 0)
		return;
	log = open(g->sshd_log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (dup2(fd, 0) < 0 || dup2(fd, 1) < 0 || dup2(log, 2) < 0)
		_exit(126);
	(void)execv(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

static void
connect_target(struct conn *c)
{
	const struct ssh_transport_opts o = {.role = SSH_ROLE_CLIENT,
	    .software = "Gateway_0",
	    .rekey_bytes = c->g->rekey_bytes};
	struct leg_io *l = &c->leg[LEG_TARGET];
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		die("socketpair", FAIL_SYS, NULL);
	run_sshd(c->g, pair[1]);
	(void)close(pair[1]);
	l->fd = pair[0];
	if ((l->t = ssh_transport_new(&o)) == NULL)
		die("target", FAIL_NOMEM, NULL);
	if ((r = ssh_transport_start(l->t, &l->out)) != 0)
		die("target", r, ssh_transport_fail(l->t));
}

/* ---- between them */

static int
relay_send_leg(void *ctx, enum leg to, struct span head, struct span tail)
{
	struct conn *c = ctx;

	return send_to(&c->leg[to], head, tail);
}

static int
relay_push_chunk(void *ctx, const struct chunk *chunk)
{
	struct conn *c = ctx;

	(void)chunk;
	c->pushes++;
	return c->g->hold_every > 0 && c->pushes % c->g->hold_every == 0
		   ? CHAIN_HOLD
		   : CHAIN_PASS;
}

static bool
relay_allows(void *ctx, enum ssh_right what, struct span text, const char **why)
{
	(void)ctx;
	(void)what;
	(void)text;
	(void)why;
	return true;
}

static int
relay_audits(void *ctx, unsigned event, struct span fields)
{
	(void)ctx;
	(void)event;
	(void)fields;
	return 0;
}

static void
relay_changes(
    void *ctx, const struct ssh_relay_channel *ch, enum ssh_relay_change what)
{
	(void)ctx;
	(void)ch;
	(void)what;
}

static const struct ssh_relay_ops relay_ops = {relay_send_leg, relay_push_chunk,
    relay_allows, relay_audits, relay_changes};

static void
user_is_in(struct conn *c)
{
	const struct ssh_relay_opts o = {.ops = &relay_ops, .ctx = c};
	const struct refusal_opts no = {
	    .send = user_send, .ctx = c, .sentence = c->g->refusal};

	c->leg[LEG_USER].ready = true;
	if (c->g->refusal != NULL) {
		c->refusal = refusal_new(&no);
		return;
	}
	if ((c->relay = ssh_relay_new(&o)) == NULL)
		die("relay", FAIL_NOMEM, NULL);
	connect_target(c);
}

/* On in another relay, as after a hand-over. */
static void
move(struct conn *c)
{
	const struct ssh_relay_opts o = {.ops = &relay_ops, .ctx = c};
	struct ssh_relay *r;
	struct fail f = {0};
	struct span s;
	struct buf b;
	int v;

	buf_init(&b, IN_MAX);
	if ((v = ssh_relay_export(c->relay, &b)) == 0) {
		s = buf_span(&b);
		if ((v = ssh_relay_import(&r, &o, &s, &f)) != 0)
			die("import", v, &f);
		ssh_relay_free(c->relay);
		c->relay = r;
	} else if (v != FAIL_BUSY) {
		die("export", v, NULL);
	}
	buf_fini(&b);
}

static void
now_and_then(struct conn *c, enum leg from)
{
	c->packets++;
	if (c->g->move_every > 0 && c->packets % c->g->move_every == 0)
		move(c);
	if (c->g->notice_every > 0 && from == LEG_TARGET &&
	    c->packets % c->g->notice_every == 0 &&
	    ssh_transport_can_send(c->leg[LEG_USER].t)) {
		int v = ssh_relay_notice(c->relay, "a word of the gateway", 1);

		if (v < 0 && v != FAIL_BUSY)
			die("notice", v, ssh_relay_fail(c->relay));
	}
}

/* A packet >= 80.  False: it must wait. */
static bool
relay_packet(struct conn *c, enum leg from, struct ssh_packet *p)
{
	enum leg to = from == LEG_USER ? LEG_TARGET : LEG_USER;
	int v;

	if (c->refusal != NULL) {
		v = refusal_packet(c->refusal, p->p, p->len);
		if (v < 0)
			die("refusal", v, refusal_fail(c->refusal));
		if (v == REFUSAL_SHOWN)
			c->done = true;
		return true;
	}
	if (!c->leg[LEG_USER].ready || !c->leg[LEG_TARGET].ready ||
	    !ssh_transport_can_send(c->leg[to].t) ||
	    buf_len(&c->leg[to].out) > OUT_STOP)
		return false;
	v = ssh_relay_packet(c->relay, from, p->p, p->len, 1);
	if (v == RELAY_HOLD)
		return false;
	if (v == RELAY_UNIMPLEMENTED)
		v = ssh_transport_unimplemented(
		    c->leg[from].t, &c->leg[from].out, p->seq);
	if (v < 0)
		die("relay", v, ssh_relay_fail(c->relay));
	now_and_then(c, from);
	return true;
}

static void
auth_packet(struct conn *c, enum leg from, struct ssh_packet *p)
{
	int v;

	if (from == LEG_USER) {
		c->answer = -1;
		v = userauth_packet(c->ua, p->p, p->len);
		if (v == USERAUTH_ASKED)
			v = userauth_answer(c->ua, c->answer == 1);
		if (v < 0)
			die("user", v, userauth_fail(c->ua));
		if (v == USERAUTH_DONE && !c->leg[from].ready)
			user_is_in(c);
		return;
	}
	buf_reset(&c->sig);
	v = targetauth_packet(c->ta, p->p, p->len);
	if (v == TARGETAUTH_SIGN && buf_len(&c->sig) > 0)
		v = targetauth_signed(c->ta, buf_span(&c->sig));
	if (v < 0)
		die("target", v, targetauth_fail(c->ta));
	if (v == TARGETAUTH_DONE)
		c->leg[from].ready = true;
}

static void
sign_exchange(struct conn *c, struct leg_io *l)
{
	struct span hash;
	const char *alg = ssh_transport_sign_request(l->t, &hash);
	struct buf sig;
	int r;

	buf_init(&sig, 4096);
	if ((r = sshkey_sign(c->g->host_key, alg, hash, &sig)) != 0 ||
	    (r = ssh_transport_signed(l->t, &l->out, buf_span(&sig))) != 0)
		die("sign", r, ssh_transport_fail(l->t));
	buf_fini(&sig);
}

/* One event of a leg.  False: nothing can be done now. */
static bool
step(struct conn *c, enum leg from)
{
	struct leg_io *l = &c->leg[from];
	int v;

	if (l->t == NULL || c->done)
		return false;
	if (l->holds) {
		l->holds = !relay_packet(c, from, &l->held);
		return !l->holds;
	}
	switch (v = ssh_transport_next(l->t, &l->in, &l->out, &l->held)) {
	case SSH_NEXT_MORE:
		return false;
	case SSH_NEXT_PACKET:
		if (l->held.p[0] >= 80)
			l->holds = !relay_packet(c, from, &l->held);
		else
			auth_packet(c, from, &l->held);
		return !l->holds;
	case SSH_NEXT_SIGN:
		sign_exchange(c, l);
		return true;
	case SSH_NEXT_HOSTKEY:
		v = ssh_transport_hostkey_accept(l->t, &l->out);
		break;
	case SSH_NEXT_KEYS:
		if (from == LEG_USER)
			new_user(c);
		else
			new_target(c);
		return true;
	case SSH_NEXT_DISCONNECT:
		c->done = true;
		return false;
	default:
		break;
	}
	if (v < 0)
		die("transport", v, ssh_transport_fail(l->t));
	return true;
}

/* New keys are asked for on one leg at a time. */
static void
rekey(struct conn *c)
{
	for (int i = 0; i < 2; i++) {
		struct leg_io *l = &c->leg[i], *other = &c->leg[1 - i];
		int r;

		if (!l->ready || !ssh_transport_wants_rekey(l->t) ||
		    (other->t != NULL &&
			ssh_transport_awaits_kexinit(other->t)))
			continue;
		if ((r = ssh_transport_rekey(l->t, &l->out)) != 0)
			die("rekey", r, ssh_transport_fail(l->t));
	}
}

static void
pump(struct conn *c)
{
	bool moved;

	do {
		moved = step(c, LEG_USER);
		moved |= step(c, LEG_TARGET);
		rekey(c);
	} while (moved);
}

static void
read_leg(struct leg_io *l)
{
	uint8_t *p;
	ssize_t n;

	if (buf_reserve(&l->in, READ, &p) != 0)
		return;
	n = read(l->fd, p, READ);
	if (n > 0)
		buf_commit(&l->in, (size_t)n);
	else if (n == 0 || errno != EINTR)
		l->eof = true;
}

static void
write_leg(struct leg_io *l)
{
	ssize_t n = send(l->fd, buf_head(&l->out), buf_len(&l->out),
	    MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n > 0)
		buf_consume(&l->out, (size_t)n);
	else if (n < 0 && errno != EINTR && errno != EAGAIN)
		l->eof = true;
}

static bool
poll_once(struct conn *c)
{
	struct pollfd p[2];
	int held = c->leg[0].holds || c->leg[1].holds;

	for (int i = 0; i < 2; i++) {
		struct leg_io *l = &c->leg[i];

		p[i] = (struct pollfd){.fd = l->t == NULL ? -1 : l->fd};
		if (!l->holds && buf_len(&l->in) < IN_MAX - READ)
			p[i].events |= POLLIN;
		if (buf_len(&l->out) > 0)
			p[i].events |= POLLOUT;
	}
	/* What the chain held may go on by itself, after a moment. */
	if (poll(p, 2, held && c->g->hold_every > 0 ? 1 : -1) < 0)
		return errno == EINTR;
	for (int i = 0; i < 2; i++) {
		if ((p[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0 &&
		    !c->leg[i].holds)
			read_leg(&c->leg[i]);
		if ((p[i].revents & POLLOUT) != 0)
			write_leg(&c->leg[i]);
	}
	return !c->leg[0].eof && !c->leg[1].eof;
}

static void
serve_one(const struct relay_gateway *g, int fd)
{
	static struct conn c;
	struct ssh_transport_opts o = {.role = SSH_ROLE_SERVER,
	    .software = "Gateway_0",
	    .rekey_bytes = g->rekey_bytes};
	struct buf blob, blobs;

	c.g = g;
	for (int i = 0; i < 2; i++) {
		buf_init(&c.leg[i].in, IN_MAX);
		buf_init(&c.leg[i].out, OUT_MAX);
	}
	buf_init(&c.sig, 8192);
	buf_init(&blob, 8192);
	buf_init(&blobs, 8192);
	if (sshkey_public_blob(g->host_key, &blob) != 0 ||
	    buf_put_string(&blobs, buf_head(&blob), buf_len(&blob)) != 0)
		die("host key", FAIL_NOMEM, NULL);
	o.hostkeys = buf_span(&blobs);
	c.leg[LEG_USER].fd = fd;
	c.leg[LEG_USER].t = ssh_transport_new(&o);
	if (c.leg[LEG_USER].t == NULL ||
	    ssh_transport_start(c.leg[LEG_USER].t, &c.leg[LEG_USER].out) != 0)
		die("user", FAIL_NOMEM, NULL);
	do
		pump(&c);
	while (!c.done && poll_once(&c));
	/* What is still to be said, e.g. behind the target's last word. */
	pump(&c);
	while (buf_len(&c.leg[LEG_USER].out) > 0 && !c.leg[LEG_USER].eof) {
		struct pollfd p = {.fd = fd, .events = POLLOUT};

		if (poll(&p, 1, 2000) <= 0)
			break;
		write_leg(&c.leg[LEG_USER]);
	}
	_exit(0);
}

void
relay_gateway_serve(const struct relay_gateway *g, int fd)
{
	(void)signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

		if (conn < 0)
			continue;
		if (fork() == 0) {
			(void)signal(SIGCHLD, SIG_DFL);
			(void)setsockopt(conn, IPPROTO_TCP, TCP_NODELAY,
			    &(int){1}, sizeof(int));
			serve_one(g, conn);
		}
		(void)close(conn);
	}
}
