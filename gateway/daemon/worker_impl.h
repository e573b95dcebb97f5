/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_DAEMON_WORKER_IMPL_H
#define GATEWAY_DAEMON_WORKER_IMPL_H

/*
 * The inside of a gateway worker, shared by worker.c (start, listeners, end),
 * worker_door.c (who is let in), worker_seats.c (its sessions and who they
 * are) and worker_move.c (hand-over).
 */

#include "base/acceptor.h"
#include "base/conf.h"
#include "base/ipc.h"
#include "base/loop.h"
#include "daemon/child.h"
#include "session/peers.h"
#include "ssh/session.h"

enum { SEAT_BUCKETS = 1024 };

/* A session's place in the worker. */
struct seat {
	struct seat *next, **prev;
	struct seat *next_rec, *next_id; /* in their buckets, once known */
	bool known;
	struct ssh_session *s;
};

struct listener {
	struct listener *next;
	struct acceptor *acceptor;
	int fd;
};

/* A link on which sessions go or come. */
struct move_link {
	struct move_link *next;
	struct worker *w;
	struct ipc *ipc;
	int user_fd, target_fd; /* came, their state not yet */
};

struct worker {
	struct loop *loop;
	const struct conf *conf;
	struct child *child;
	struct peers *peers;
	struct ssh_env env;
	struct buf hostkeys;
	char *banner;
	struct listener *listeners;
	struct timer *tick;
	uint64_t last_conn;

	struct seat *seats;
	unsigned n_seats;
	struct seat *by_rec[SEAT_BUCKETS];
	struct seat *by_id[SEAT_BUCKETS];

	struct knock *knocks;
	unsigned n_knocks;

	struct move_link *out; /* NULL: no hand-over */
	struct move_link *in;

	bool ready;
	bool draining; /* accept nothing, end when empty */
	bool stopping;
	uint64_t stop_ns; /* when to end in any case; 0: never */
};

/* worker_door.c */
/* Somebody has connected: takes fd.  For struct acceptor_opts. */
void worker_knock(
    void *ctx, int fd, const struct sockaddr_storage *from, socklen_t len);
/* Close those who wait to be let in. */
void worker_knocks_end(struct worker *w);

/* worker_seats.c */
int worker_seat(struct worker *w, struct ssh_session *s);
struct ssh_session *worker_by_id(struct worker *w, const uint8_t *session_id);
extern const struct ssh_session_ops worker_session_ops;
/* Messages of keeper, broker and recorder. */
extern const struct peers_ops worker_peers_ops;

/* worker_move.c */
void worker_handover(struct worker *w, int fd);
void worker_takeover(struct worker *w, int fd);
/* Move what can be moved now. */
void worker_move(struct worker *w);
void worker_move_fini(struct worker *w);

/* worker.c */
void worker_changed(struct worker *w); /* number of sessions, links, keys */

#endif /* GATEWAY_DAEMON_WORKER_IMPL_H */
