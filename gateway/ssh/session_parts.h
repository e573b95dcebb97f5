/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_SESSION_PARTS_H
#define GATEWAY_SSH_SESSION_PARTS_H

/*
 * What the files of a session call in one another; session_impl.h says what
 * each is for.  Functions that return int: 0 or a FAIL_* code, unless said.
 */

#include <stdbool.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/io.h"
#include "base/loop.h"
#include "session/audit.h"
#include "session/recording.h"
#include "ssh/channels/relay.h"
#include "ssh/session.h"
#include "ssh/transport/transport.h"

struct ssh_leg;

enum session_state {
#define STATE(name, secs, next, why) SESSION_##name,
#include "ssh/session_tbl.h"
#undef STATE
};

/* session.c */
void session_to(struct ssh_session *s, enum session_state to);
/* End it with a reason; the first one counts.  Safe at any time. */
void session_end(struct ssh_session *s, int why);
/* The same, with words latched first. */
void session_endf(struct ssh_session *s, int why, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
void session_free(struct ssh_session *s);
/* With the parts that every session has from its first moment. */
struct ssh_session *session_alloc(const struct ssh_env *env);

/* session_pump.c */
/* Pump both legs at the end of this round. */
void session_kick(struct ssh_session *s);
/* Give a leg that has its io a transport; the first bytes go out. */
int session_leg_start(struct ssh_leg *leg, const struct ssh_transport_opts *o);
void session_leg_free(struct ssh_leg *leg);
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

/* session_grant.c */
void session_grant_want(struct ssh_session *s);

/* session_target.c */
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

/* session_rec.c */
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

#endif /* GATEWAY_SSH_SESSION_PARTS_H */
