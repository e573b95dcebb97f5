/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_GATEWAY_SSH_CHANNELS_RELAY_RIG_H
#define TESTS_UNIT_GATEWAY_SSH_CHANNELS_RELAY_RIG_H

#include "../wire.h"
#include "ssh/channels/relay_priv.h"

/*
 * A relay between two legs that are scripts: what it sends, pushes and audits
 * is kept in order, and each of its callbacks can be told to say no.
 */

#define U LEG_USER
#define T LEG_TARGET

struct rig {
	struct ssh_relay *r;
	struct wire_log sent;	 /* tag: the leg */
	struct wire_log pushed;	 /* tag: the flow; kind, type, channel, bytes */
	struct wire_log audited; /* tag: the event */
	int hold;		 /* so many pushes are answered CHAIN_HOLD */
	int drop;		 /* then so many CHAIN_DROP */
	int push_error;
	int send_error;
	int audit_error;
	uint32_t deny; /* BIT(SSH_RIGHT_*) */
	const char *why;
	char asked[100]; /* the last text of allow() */
	int opened, started, closed;
	struct ssh_relay_channel last; /* of the last change */
};

extern const struct ssh_relay_ops rig_ops;

struct ssh_relay_opts rig_opts(struct rig *g);
void rig_open(struct rig *g);
void rig_close(struct rig *g);
int rig_feed(struct rig *g, enum leg from, const char *fmt, ...);
void rig_expect(struct rig *g, enum leg to, const char *fmt, ...);
void rig_expect_chunk(struct rig *g, enum flow flow, enum chunk_kind kind,
    int type, unsigned channel, struct span bytes);
void rig_expect_event(struct rig *g, enum flow flow, int type, unsigned channel,
    const char *text);
/* Nothing more was sent or pushed. */
void rig_quiet(struct rig *g);
void rig_forget(struct rig *g);
/* The last audit event's fields are on top of the log. */
void rig_expect_audit(struct rig *g, int event, const char *json);

enum { WINDOW = 1000, MAXPACKET = 32768 };

/*
 * A session channel that both sides know: the user's number, the target's, and
 * ours, which the caller knows to be the lowest free one.
 */
void rig_channel_open(
    struct rig *g, unsigned user, unsigned target, unsigned ours);
int rig_data(struct rig *g, enum leg from, unsigned slot, const char *text);
void rig_why_has(struct rig *g, const char *words);
/* The relay ended because leg broke the protocol. */
void rig_broken_by(struct rig *g, enum leg leg);

#endif /* TESTS_UNIT_GATEWAY_SSH_CHANNELS_RELAY_RIG_H */
