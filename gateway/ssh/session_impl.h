/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_SESSION_IMPL_H
#define GATEWAY_SSH_SESSION_IMPL_H

/*
 * The inside of struct ssh_session, shared by the session_*.c files only.
 *
 *	session.c	 life, states, the pump of packets, timers
 *	session_user.c	 the user's leg up to a grant
 *	session_target.c grant to relay: keeper, recorder, connect, login
 *	session_relay.c	 the relay's surroundings: chain, holds, control
 *	session_end.c	 why it ended, recording, rows, the last bytes
 *	session_move.c	 hand-over to another process
 */

#include "base/io.h"
#include "base/log.h"
#include "base/secret.h"

#include "broker/broker_msg.h"
#include "recorder/event.h"
#include "session/audit.h"
#include "session/chain.h"
#include "session/live.h"
#include "session/recording.h"
#include "session/why.h"
#include "ssh/auth/login.h"
#include "ssh/auth/targetauth.h"
#include "ssh/auth/userauth.h"
#include "ssh/channels/refusal.h"
#include "ssh/channels/relay.h"
#include "ssh/session.h"
#include "ssh/transport/transport.h"

enum session_state {
#define STATE(name, secs, next, why) SESSION_##name,
#include "ssh/session_tbl.h"
#undef STATE
};

enum {
	LEG_OUT_HIGH = 1024 * 1024, /* output at which the other leg is held */
	LEG_OUT_LOW = 256 * 1024,
	LEG_IN = 1024 * 1024,
	SESSION_KEYS_BOUND = 1024,
};

struct ssh_leg {
	struct ssh_session *s;
	struct io *io;
	struct ssh_transport *t;
	struct ssh_packet held; /* decrypted and not yet taken; p NULL: none */
	struct buf carry;	/* holds `held` after a hand-over */
	bool eof;		/* the peer will send no more bytes */
};

/* What the grant says that is needed later. */
struct session_grant {
	uint8_t session_id[UUID_LEN];
	uint8_t rec_id[UUID_LEN];
	uint8_t grant_id[UUID_LEN];
	uint8_t dek_id[UUID_LEN];
	uint64_t node_seq;
	char user[256];
	char account[256];
	char asset[256];
	char login[256];
	char addrs[1025];
	uint16_t port;
	uint8_t legacy, shell, exec, sftp, on_fail, admin;
	uint32_t idle_s, length_s;
	struct buf pins;
	struct buf wrapped;
};

struct ssh_session {
	const struct ssh_env *env;
	void *seat; /* the worker's */
	struct log_ctx log;
	enum session_state state;
	struct login login; /* what the user asked for */
	uint64_t conn;
	char peer[64];
	struct ssh_leg leg[2]; /* LEG_USER, LEG_TARGET */
	struct timer *timer;   /* the state's limit */
	struct timer *rules;   /* idle, length, pause */
	struct fail fail;
	int why; /* enum why, 0 while it lives */

	struct userauth *userauth;
	struct targetauth *targetauth;
	struct refusal *refusal;
	char sentence[256];

	struct session_grant grant;
	bool known;
	char *next_addr; /* in grant.addrs: what is tried next */
	char target_addr[64];
	uint8_t cred_kind;
	struct secret *password;
	struct buf pubkey;

	struct ssh_relay *relay;
	struct chain *chain;
	struct recording *recording;
	struct live *live;
	bool held;    /* the recording is too far ahead */
	bool trouble; /* the recorder cannot write */
	bool paused;
	char paused_by[256];
	uint64_t began_ns;
	uint64_t active_ns; /* last byte from the user */
	uint64_t warned_ns;
	uint64_t gone_at; /* see session_user_gone() */
	uint32_t keys_seq;
	bool started; /* session_start was posted */
	bool banner_shown;

	bool recorded; /* closing: the recording is closed, or there is none */
	bool said;     /* closing: the last bytes are out, or given up */
};

/* session.c */
void session_to(struct ssh_session *s, enum session_state to);
/* Pump both legs at the end of this round. */
void session_kick(struct ssh_session *s);
/* End it with a reason; the first one counts.  Safe at any time. */
void session_end(struct ssh_session *s, int why);
/* The same, with words latched first. */
void session_endf(struct ssh_session *s, int why, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* Make the target's leg on a connected or connecting io. */
int session_leg_start(struct ssh_session *s, struct ssh_leg *leg,
    const struct ssh_transport_opts *o);
void session_leg_free(struct ssh_leg *leg);
void session_free(struct ssh_session *s);
struct ssh_session *session_alloc(const struct ssh_env *env);
extern io_fn session_on_io;
extern const struct io_opts session_io_opts;

/* session_user.c */
int session_user_hello(struct ssh_session *s);
int session_user_sign(struct ssh_session *s);
int session_user_auth(struct ssh_session *s);
int session_user_packet(struct ssh_session *s, const struct ssh_packet *pkt);
void session_user_opts(const struct ssh_env *env, struct ssh_transport_opts *o);
/* The user is logged in but gets no target: one sentence. */
void session_refuse(struct ssh_session *s, int why, const char *sentence);

/* session_target.c */
void session_target_want(struct ssh_session *s);
void session_target_connect(struct ssh_session *s);
int session_target_connected(struct ssh_session *s);
void session_target_lost(struct ssh_session *s, const char *why);
int session_target_hostkey(struct ssh_session *s);
int session_target_auth(struct ssh_session *s);
int session_target_packet(struct ssh_session *s, const struct ssh_packet *pkt);
void session_target_opts(struct ssh_session *s, struct ssh_transport_opts *o);

/* session_relay.c */
int session_relay_start(struct ssh_session *s);
void session_relay_opts(struct ssh_session *s, struct ssh_relay_opts *o);
int session_chain_new(struct ssh_session *s);
/* 0 taken, 1 hold, or a FAIL_* code. */
int session_relay_packet(
    struct ssh_session *s, struct ssh_leg *from, struct ssh_packet *pkt);
bool session_relay_blocked(
    const struct ssh_session *s, const struct ssh_leg *from);
void session_rules_arm(struct ssh_session *s);
extern timer_fn session_on_rules;
extern const struct recording_ops session_recording_ops;
void session_recording_opts(struct ssh_session *s, struct recording_opts *o);

/* session_end.c */
/*
 * The user's connection is gone while what came over it is held.  The target
 * may take that yet, but a session without a user does not wait for one that
 * takes nothing.  Looks again by itself.
 */
void session_user_gone(struct ssh_session *s);
void session_closing(struct ssh_session *s);
void session_closing_io(struct ssh_session *s);
int session_audit(
    struct ssh_session *s, enum audit_event ev, struct span fields);
void session_moved(struct ssh_session *s);
/* Post a row to the broker, kept until it is stored. */
int session_post(struct ssh_session *s, uint16_t type, struct span body);

#endif /* GATEWAY_SSH_SESSION_IMPL_H */
