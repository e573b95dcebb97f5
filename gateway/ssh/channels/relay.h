/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_CHANNELS_RELAY_H
#define GATEWAY_SSH_CHANNELS_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"
#include "base/json.h"
#include "session/chunk.h"
#include "ssh/channels/right.h"

/*
 * Relay of the connection protocol (RFC 4254) between two legs that have
 * authenticated: packets in, packets out, no sockets, no clock.  Channel
 * numbers are our own on both legs; windows stay end to end, so that what is
 * under way is bounded by what the receiver offered.  Everything that passes is
 * pushed down the session's filter chain before it is sent.
 */

struct ssh_relay;

enum leg { LEG_USER = 0, LEG_TARGET = 1 };

/* What ssh_relay_packet() answers; negative: FAIL_*, the session ends. */
enum ssh_relay_next {
	RELAY_DONE = 0,
	RELAY_HOLD = 1, /* not (all) taken: the same packet again, later */
	RELAY_UNIMPLEMENTED = 2, /* answer ssh_transport_unimplemented() */
};

/* A channel, as others may see it. */
struct ssh_relay_channel {
	uint32_t number;     /* in the session, from 0; never used again */
	enum ssh_right kind; /* SESSION until SHELL, EXEC, SFTP or SUBSYSTEM */
	bool pty;
	bool open;	     /* the target has confirmed it */
	uint16_t cols, rows; /* of the pty */
	uint64_t bytes_up;   /* to the target */
	uint64_t bytes_down; /* to the user */
	char text[80];	     /* command or subsystem, cut, printable */
};

enum ssh_relay_change { RELAY_CH_OPEN, RELAY_CH_START, RELAY_CH_CLOSE };

/* Every function of it must be there; ctx is that of ssh_relay_opts. */
struct ssh_relay_ops {
	/* One payload, head then tail, to a leg.  0, or a FAIL_* code. */
	int (*send)(void *ctx, enum leg to, struct span head, struct span tail);
	/* chain_push(): a verdict, or a FAIL_* code.  CHUNK_ERR to the target
	 * is extended data from the user. */
	int (*push)(void *ctx, const struct chunk *c);
	/* May the user?  text: command, subsystem, name=value, request.  On
	 * false *why may be set to a sentence, lent until the next call. */
	bool (*allow)(
	    void *ctx, enum ssh_right what, struct span text, const char **why);
	/* event: a number of session/audit_tbl.h, fields: a JSON object. */
	int (*audit)(void *ctx, unsigned event, struct span fields);
	/* A channel was confirmed, began to run something, is gone. */
	void (*channel)(void *ctx, const struct ssh_relay_channel *ch,
	    enum ssh_relay_change what);
};

struct ssh_relay_opts {
	const struct ssh_relay_ops *ops; /* kept a pointer to */
	void *ctx;
	unsigned max_channels; /* at the same time; 0: 512 */
	/* BIT(SSH_RIGHT_*) of the kinds that are recorded as metadata only:
	 * for the coverage report. */
	uint32_t metadata;
};

void ssh_relay_free(struct ssh_relay *r);
struct ssh_relay *ssh_relay_new(const struct ssh_relay_opts *o)
    OWNED_BY(ssh_relay_free) MUST_USE;

/*
 * One packet (number >= 80) of a leg; p is written to.  RELAY_HOLD when the
 * chain holds, or the user's window lacks what a notice took: stop reading that
 * leg, and call again with the same packet when the recorder committed, and
 * after each packet of the other leg.
 */
int ssh_relay_packet(struct ssh_relay *r, enum leg from, uint8_t *p, size_t len,
    uint64_t mono_ns) MUST_USE;

/*
 * The session ends: push CH_CLOSE for the channels that are open.  RELAY_DONE,
 * RELAY_HOLD (call again), or a FAIL_* code.  Held packets are given up.
 */
int ssh_relay_finish(struct ssh_relay *r, uint64_t mono_ns) MUST_USE;

/*
 * Show text (one or more lines, at most 1,000 bytes) to the user on every
 * channel that runs something: in the terminal, else on stderr; and record it
 * as a NOTE (at the latest with what is pushed next).  Returns the number of
 * channels that showed it (0: none had room), or a FAIL_* code; FAIL_BUSY when
 * an earlier notice is not yet recorded.
 */
int ssh_relay_notice(
    struct ssh_relay *r, const char *text, uint64_t mono_ns) MUST_USE;

/*
 * A paused relay takes nothing but keepalives and what only returns credit;
 * everything else is RELAY_HOLD.
 */
void ssh_relay_pause(struct ssh_relay *r, bool on);

/* Channels that are open now. */
unsigned ssh_relay_count(const struct ssh_relay *r);
/* Sum over all channels, also closed ones. */
uint64_t ssh_relay_bytes_up(const struct ssh_relay *r);
uint64_t ssh_relay_bytes_down(const struct ssh_relay *r);
/* The first open channel with a number >= from, or NULL; lent until the next
 * call that takes a packet. */
const struct ssh_relay_channel *ssh_relay_channel(
    const struct ssh_relay *r, uint32_t from);

/*
 * The coverage report as the members of an open object of j: per kind
 * {"opened","recorded","metadata","refused","bytes_up","bytes_down"}.
 */
void ssh_relay_coverage(const struct ssh_relay *r, struct json *j);

/* The leg that broke the protocol; valid after FAIL_PROTO. */
enum leg ssh_relay_culprit(const struct ssh_relay *r);
const struct fail *ssh_relay_fail(const struct ssh_relay *r);

/*
 * The whole state as versioned bytes for another process, between two calls.
 * A packet that was answered RELAY_HOLD is the caller's to hand over as well
 * (as it is now); but not while the chain holds it: FAIL_BUSY.
 */
int ssh_relay_export(const struct ssh_relay *r, struct buf *out) MUST_USE;
/* Takes what it needs from the front of *state. */
int ssh_relay_import(struct ssh_relay **r, const struct ssh_relay_opts *o,
    struct span *state, struct fail *f) MUST_USE;

#endif /* GATEWAY_SSH_CHANNELS_RELAY_H */
