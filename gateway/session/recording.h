/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SESSION_RECORDING_H
#define GATEWAY_SESSION_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"
#include "base/ipc.h"
#include "base/loop.h"
#include "base/uuid.h"
#include "session/chain.h"
#include "session/peers.h"

/*
 * The recording of one session, in the worker: events go in, sealed chunks go
 * to the recorder process, and are kept here until it says that they are on
 * disk.  The last filter of the chain: what a push has passed may be forwarded.
 *
 * It runs ahead of the disk by at most RECORDING_AHEAD_MS or
 * RECORDING_AHEAD_BYTES; then a push answers CHAIN_HOLD and ops->resume tells
 * when to try again.  Input of terminals goes through a struct typed first, so
 * that what was not echoed is never stored.
 */

struct recording;
struct rcd_codec;

enum {
	RECORDING_AHEAD_MS = 1000,
	RECORDING_AHEAD_BYTES = 1024 * 1024,
	RECORDING_CHANNELS = 512,
};

/* What is kept of a kind of channel; enum values of bm_grant. */
enum record_rule { RECORD_METADATA = 0, RECORD_FULL = 1 };

/* Values of bm_keys. */
enum line_kind { LINE_TYPED = 0, LINE_COMMAND = 1 };

struct recording_ops {
	/* The recorder has (0) or has not (FAIL_*) taken the recording on. */
	void (*opened)(void *ctx, int code, const char *why);
	/* A push that was held may be tried again. */
	void (*resume)(void *ctx);
	/* Chunks cannot be written (code, why), or can again (code 0). */
	void (*trouble)(void *ctx, int code, const char *why);
	/* A line that the user typed, masked, or the command of an exec. */
	void (*line)(void *ctx, uint32_t channel, uint64_t at_us,
	    enum line_kind kind, struct span text);
	/* Closed: everything is on disk (0), or not (FAIL_*). */
	void (*closed)(void *ctx, int code);
};

struct recording_opts {
	struct loop *loop;
	struct peers *peers;
	struct rcd_codec *codec;
	uint64_t flush_ms;
	uint8_t rec_id[UUID_LEN];
	uint8_t dek_id[UUID_LEN];
	struct span dek;     /* 32 bytes; copied to locked memory */
	struct span wrapped; /* the same, wrapped; copied */
	/* peers_link_number() when the keeper was asked for dek; 0: before. */
	uint64_t keeper_link;
	uint32_t node_key_id;
	struct span node_key; /* public, 32 bytes */
	uint64_t node_seq;
	uint32_t protocol;
	const char *about; /* JSON: user, account, asset, peer */
	enum record_rule shell, exec, sftp;
	const struct recording_ops *ops; /* kept a pointer to, as is ctx */
	void *ctx;
};

void recording_free(struct recording *r);
struct recording *recording_new(
    const struct recording_opts *o, struct fail *f) MUST_USE;

/* Offer it to the recorder; ends in ops->opened. */
int recording_open(struct recording *r) MUST_USE;

/* The filter; priv is a struct recording. */
extern const struct chain_filter recording_filter;

/* An event without a channel: POLICY, NOTE, MARK. */
int recording_say(struct recording *r, uint8_t type, const char *text) MUST_USE;

/* END, trailer, close; ends in ops->closed. */
void recording_close(
    struct recording *r, uint32_t why_code, const char *detail);

/* It can never go on, whatever the policy waits for. */
bool recording_lost(const struct recording *r);
/* A message from the recorder about this recording. */
int recording_message(struct recording *r, const struct ipc_msg *m) MUST_USE;
/* The spool can be written again. */
void recording_ready(struct recording *r);
/* The recorder or the keeper was restarted: take up where it was. */
void recording_peer_up(struct recording *r, enum peer p);
/* Another process goes on with it: say so, so that it is not closed. */
void recording_leave(struct recording *r);

uint64_t recording_chunks(const struct recording *r);
/* Seconds since it began. */
uint64_t recording_seconds(const struct recording *r);

/* Hand-over; o of import as for _new without dek, which is in the state. */
/* FAIL_BUSY: not just now. */
int recording_export(struct recording *r, struct buf *out) MUST_USE;
int recording_import(const struct recording_opts *o, struct span state,
    struct recording **out, struct fail *f) MUST_USE;

#endif /* GATEWAY_SESSION_RECORDING_H */
