/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_SESSION_IMPL_H
#define GATEWAY_SSH_SESSION_IMPL_H

/*
 * The inside of struct ssh_session, shared by the session_*.c files only.  What
 * they call in one another is session_parts.h.
 *
 *	session.c	  life, states and their limits
 *	session_pump.c	  sockets and packets of both legs
 *	session_user.c	  the user's leg up to the wish
 *	session_grant.c	  the wish to an open recording: broker, keeper
 *	session_target.c  connection, host key and login at the target
 *	session_relay.c	  the relay's surroundings: chain, holds, rules of time
 *	session_rec.c	  the recording: how it is made, what it tells
 *	session_control.c orders of auditors
 *	session_end.c	  why it ended, recording, rows, the last bytes
 *	session_move.c	  hand-over to another process
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
#include "ssh/session_parts.h"
#include "ssh/transport/transport.h"

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
	uint32_t keeper; /* the process that has it */
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
	uint32_t broker; /* the process that let the user in */
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
	uint64_t keeper_link; /* peers_link_number() of keeper, 0: older */
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
	bool last_minute; /* the user was told that it begins */

	bool recorded; /* closing: the recording is closed, or there is none */
	bool said;     /* closing: the last bytes are out, or given up */
};

#endif /* GATEWAY_SSH_SESSION_IMPL_H */
