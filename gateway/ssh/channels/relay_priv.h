/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_CHANNELS_RELAY_PRIV_H
#define GATEWAY_SSH_CHANNELS_RELAY_PRIV_H

#include "recorder/event.h"
#include "session/audit.h"
#include "session/chain.h"
#include "ssh/channels/channel.h"
#include "ssh/channels/relay.h"
#include "ssh/transport/numbers.h"

/* What the files of the relay share; nobody else includes this. */

/* Message numbers of PROTOCOL in OpenSSH that relate to one leg alone. */
enum { MSG_PING = 192, MSG_PONG = 193 };

enum {
	RELAY_CHANNELS = 512,	    /* default of max_channels */
	RELAY_SCRATCH_MAX = 65536,  /* composed event payloads and packets */
	RELAY_JSON_MAX = 8192,	    /* what an audit event may carry */
	RELAY_NOTE_MAX = 1000,	    /* bytes of a notice */
	RELAY_NAME_MAX = 256,	    /* of a request's name, in events */
	RELAY_AUDIT_REFUSALS = 100, /* audited one by one in a session */
	RELAY_REASON_MAX = 256,	    /* of a sentence of refusal */
};

/* Whose chunk the chain holds: no other may be pushed before it. */
enum relay_holder {
	HOLDER_USER = LEG_USER,
	HOLDER_TARGET = LEG_TARGET,
	HOLDER_NOTE, /* of a notice */
	HOLDER_END,  /* of ssh_relay_finish() */
	HOLDER_NONE
};

/* One row of the coverage report, channels that are gone. */
struct relay_count {
	uint64_t opened;
	uint64_t refused;
	uint64_t bytes[2]; /* by receiving leg */
};

struct ssh_relay {
	const struct ssh_relay_ops *ops;
	void *ctx;
	struct fail fail;
	enum leg culprit;
	enum relay_holder holder;
	struct chunk held; /* the chunk of the holder, without its bytes */
	bool paused;
	bool no_more_sessions;
	uint32_t metadata;
	uint32_t next_number; /* of the next channel */
	uint32_t refusals;    /* audited so far */
	struct channel_table table;
	struct pending asked[2]; /* global requests, by asking leg */
	uint64_t bytes[2];	 /* by receiving leg */
	struct relay_count count[SSH_RIGHT_COUNT];
	struct buf note; /* a notice that is not yet recorded */
	struct buf scratch;
	struct buf json;
};

/* A packet on its way. */
struct relay_packet {
	enum leg from;
	uint8_t *p;
	size_t len;
	uint64_t mono_ns;
};

static inline enum leg
relay_other(enum leg l)
{
	return l == LEG_USER ? LEG_TARGET : LEG_USER;
}

static inline enum flow
relay_flow(enum leg from)
{
	return from == LEG_USER ? FLOW_TO_TARGET : FLOW_TO_USER;
}

/* Latch that leg broke the protocol. */
int relay_broken(struct ssh_relay *r, enum leg leg, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* Latch any other error; returns it. */
int relay_error(struct ssh_relay *r, int code, const char *what);

/* Push down the chain in order; CHAIN_*, or a FAIL_* code, latched. */
int relay_push(
    struct ssh_relay *r, enum relay_holder who, const struct chunk *c) MUST_USE;
/* Push an event of a channel that a packet caused. */
int relay_event(struct ssh_relay *r, const struct relay_packet *k,
    uint32_t number, uint8_t type, struct span payload) MUST_USE;
/* Record what waits: a notice.  As relay_push(). */
int relay_push_note(struct ssh_relay *r, uint64_t mono_ns) MUST_USE;

/* Send; errors are latched. */
int relay_send(struct ssh_relay *r, enum leg to, struct span head,
    struct span tail) MUST_USE;
/* A packet of its number and a channel number, e.g. CHANNEL_SUCCESS. */
int relay_send_short(
    struct ssh_relay *r, enum leg to, uint8_t msg, uint32_t id) MUST_USE;

/* Audit an event of channel number: name is the text's field. */
int relay_audit(struct ssh_relay *r, unsigned event, uint32_t number,
    const char *name, struct span text) MUST_USE;
/*
 * Record, count and audit that what (a channel type or a request) was refused.
 * CHAIN_HOLD: nothing was done yet.  Else 0 or FAIL_*.
 */
int relay_refuse(struct ssh_relay *r, const struct relay_packet *k,
    uint32_t number, enum ssh_right right, struct span what,
    const char *why) MUST_USE;

/* The channel is gone on both legs: push, count, tell, remove.  CHAIN_HOLD:
 * nothing was done yet. */
int relay_drop(struct ssh_relay *r, struct channel *ch, enum relay_holder who,
    uint64_t mono_ns) MUST_USE;

/* Handlers of messages: enum ssh_relay_next, or FAIL_*. */
int open_request(struct ssh_relay *r, const struct relay_packet *k) MUST_USE;
int open_confirmed(struct ssh_relay *r, const struct relay_packet *k) MUST_USE;
int open_failed(struct ssh_relay *r, const struct relay_packet *k) MUST_USE;
int flow_data(struct ssh_relay *r, const struct relay_packet *k) MUST_USE;
int flow_adjust(struct ssh_relay *r, const struct relay_packet *k) MUST_USE;
int flow_eof(struct ssh_relay *r, const struct relay_packet *k) MUST_USE;
int flow_close(struct ssh_relay *r, const struct relay_packet *k) MUST_USE;
int request_packet(struct ssh_relay *r, const struct relay_packet *k) MUST_USE;
int request_reply(struct ssh_relay *r, const struct relay_packet *k) MUST_USE;
/* Is it a request that is answered here and asks whether we live? */
bool request_is_keepalive(struct span name);
int global_packet(struct ssh_relay *r, const struct relay_packet *k) MUST_USE;
int global_reply(struct ssh_relay *r, const struct relay_packet *k) MUST_USE;
int inject_notice(struct ssh_relay *r, struct span text) MUST_USE;
/* To the user on one channel if there is room: 1 shown, 0 not, or FAIL_*. */
int inject_text(
    struct ssh_relay *r, struct channel *ch, struct span text) MUST_USE;

/* Copy UTF-8 with '?' for what is not printable, cut to size, zero-terminated;
 * newlines stay if lines is set. */
void relay_printable(char *dst, size_t size, struct span text, bool lines);

#endif /* GATEWAY_SSH_CHANNELS_RELAY_PRIV_H */
