/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New connections: the broker, which knows of all workers' logins and of who
 * failed before, says whether they are let in.  Until then nothing is read
 * from them and nothing said to them.
 */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#include "broker/broker_msg.h"
#include "daemon/worker_impl.h"

/* One who waits to be let in. */
struct knock {
	struct knock *next, **prev;
	struct worker *w;
	uint64_t conn;
	int fd;
	char peer[64];
};

static void
peer_words(
    const struct sockaddr_storage *ss, socklen_t len, char *dst, size_t size)
{
	char host[64], port[8], text[96];

	if (getnameinfo((const struct sockaddr *)ss, len, host, sizeof(host),
		port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
		(void)snprintf(dst, size, "unknown");
		return;
	}
	/* An IPv4 client of a dual-stack socket. */
	if (strncmp(host, "::ffff:", 7) == 0)
		(void)snprintf(text, sizeof(text), "%s:%s", host + 7, port);
	else if (strchr(host, ':') != NULL)
		(void)snprintf(text, sizeof(text), "[%s]:%s", host, port);
	else
		(void)snprintf(text, sizeof(text), "%s:%s", host, port);
	(void)snprintf(dst, size, "%.*s", (int)size - 1, text);
}

/* Takes the knock's descriptor out of it. */
static int
knock_end(struct knock *k)
{
	struct worker *w = k->w;
	int fd = k->fd;

	peers_forget(w->peers, k);
	if ((*k->prev = k->next) != NULL)
		k->next->prev = k->prev;
	w->n_knocks--;
	free(k);
	return fd;
}

/* RFC 4253 section 4.2 lets a server send lines before its version. */
static void
turn_away(int fd)
{
	static const char line[] = "Too many logins at once. Try again.\r\n";

	IGNORE(write(fd, line, sizeof(line) - 1));
	(void)close(fd);
}

/* The broker counts it as one that is logging in. */
static void
tell_end(struct worker *w, uint64_t conn)
{
	struct bm_conn_end m = {.conn = conn};
	struct buf b;

	buf_init(&b, 64);
	if (bm_conn_end_put(&b, &m) == 0)
		IGNORE(peers_tell(
		    w->peers, PEER_BROKER, bm_conn_end_type, buf_span(&b)));
	buf_fini(&b);
}

static void
let_in(struct worker *w, int fd, uint64_t conn, const char *peer)
{
	struct ssh_session *s = ssh_session_new(&w->env, fd, conn, peer);

	if (s != NULL && worker_seat(w, s) == 0)
		return;
	log_warn(NULL, "no memory for a user at %s", peer);
	/* One that nobody knows of must not go on. */
	if (s != NULL)
		ssh_session_stop(s);
	else
		tell_end(w, conn);
}

/*
 * Without a broker nobody can log in, so nobody is kept out either: the login
 * waits for it.
 */
static void
on_knocked(void *ctx, int code, const struct ipc_msg *m)
{
	struct knock *k = ctx;
	struct worker *w = k->w;
	struct bm_knocked answer = {.admit = 1};
	uint64_t conn = k->conn;
	char peer[64];
	int fd;

	if (code == 0 && m->type == bm_knocked_type &&
	    bm_knocked_get(m->body, &answer) != 0)
		answer.admit = 0;
	memcpy(peer, k->peer, sizeof(peer));
	fd = knock_end(k);
	if (answer.admit != 0)
		let_in(w, fd, conn, peer);
	else
		turn_away(fd);
	worker_changed(w);
}

static int
ask(struct worker *w, struct knock *k)
{
	struct bm_knock m = {
	    .conn = k->conn, .peer = SPAN(k->peer, strlen(k->peer))};
	struct buf b;
	int r;

	buf_init(&b, 128);
	if ((r = bm_knock_put(&b, &m)) == 0)
		r = peers_ask(w->peers, PEER_BROKER, bm_knock_type,
		    buf_span(&b), on_knocked, k);
	buf_fini(&b);
	return r;
}

void
worker_knock(
    void *ctx, int fd, const struct sockaddr_storage *from, socklen_t len)
{
	struct worker *w = ctx;
	struct knock *k;

	if ((k = calloc(1, sizeof(*k))) == NULL) {
		log_warn(NULL, "no memory for a new connection");
		(void)close(fd);
		return;
	}
	k->w = w;
	k->fd = fd;
	k->conn = ++w->last_conn;
	peer_words(from, len, k->peer, sizeof(k->peer));
	if ((k->next = w->knocks) != NULL)
		k->next->prev = &k->next;
	k->prev = &w->knocks;
	w->knocks = k;
	w->n_knocks++;
	if (ask(w, k) != 0)
		turn_away(knock_end(k));
	worker_changed(w);
}

void
worker_knocks_end(struct worker *w)
{
	while (w->knocks != NULL)
		(void)close(knock_end(w->knocks));
}
