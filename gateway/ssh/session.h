/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_SESSION_H
#define GATEWAY_SSH_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/conf.h"
#include "base/ipc.h"
#include "base/loop.h"
#include "base/uuid.h"
#include "session/peers.h"

/*
 * One SSH connection of a user, from accept to the last byte of its recording:
 * login, grant, the second leg, the relay, the end.  Lives in a worker's loop;
 * frees itself when it has ended and says so through ops->gone.
 */

struct ssh_session;
struct rcd_codec;

struct ssh_session_ops {
	/* The session has a recording now, or has none any more: the worker
	 * routes the recorder's and the broker's messages by these ids. */
	void (*known)(void *ctx, struct ssh_session *s);
	/* It is about to free itself. */
	void (*gone)(void *ctx, struct ssh_session *s);
};

/* What all sessions of a worker share; kept a pointer to. */
struct ssh_env {
	struct loop *loop;
	const struct conf *conf;
	struct peers *peers;
	struct rcd_codec *codec;
	struct span hostkeys; /* public blobs, as SSH strings */
	const char *banner;   /* shown before login, or "" */
	bool space_low;	      /* only administrators may begin a session */
	bool writable;	      /* the spool can be written */
	const struct ssh_session_ops *ops;
	void *ctx;
};

/*
 * A new connection.  Takes fd, also on failure.  conn is the worker's number
 * for it; peer its address in words.
 */
struct ssh_session *ssh_session_new(
    const struct ssh_env *env, int fd, uint64_t conn, const char *peer);

/* True once it relays: it can be handed over and controlled. */
bool ssh_session_live(const struct ssh_session *s);
const uint8_t *ssh_session_id(const struct ssh_session *s);
const uint8_t *ssh_session_rec_id(const struct ssh_session *s);

/*
 * An order of an auditor (verbs of bm_control).  Takes fd (watch; else -1).
 * Returns 0 or a FAIL_* code with why in words.
 */
int ssh_session_control(struct ssh_session *s, uint8_t verb, const char *by,
    const char *text, int fd, struct fail *why);

/* A pointer of the worker's own that goes with the session; NULL at first. */
void ssh_session_set_seat(struct ssh_session *s, void *seat);
void *ssh_session_seat(const struct ssh_session *s);

/* A message of the recorder about this session's recording. */
int ssh_session_recorder(struct ssh_session *s, const struct ipc_msg *m);
/* The spool can be written again. */
void ssh_session_writable(struct ssh_session *s);
/* A peer was restarted. */
void ssh_session_peer_up(struct ssh_session *s, enum peer p);

/* End it: the node stops. */
void ssh_session_stop(struct ssh_session *s);

/*
 * Hand-over: the state into out (a secret buffer) and both sockets, which are
 * then the caller's to send and close; the session ends without a word to
 * anybody.  FAIL_BUSY: not just now (a key exchange is under way); ask again.
 */
int ssh_session_export(struct ssh_session *s, struct buf *out, int *user_fd,
    int *target_fd) MUST_USE;
/* The other end: takes both descriptors, also on failure. */
int ssh_session_import(const struct ssh_env *env, struct span state,
    int user_fd, int target_fd, struct ssh_session **out,
    struct fail *f) MUST_USE;

#endif /* GATEWAY_SSH_SESSION_H */
