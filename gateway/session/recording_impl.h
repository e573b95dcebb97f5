/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SESSION_RECORDING_IMPL_H
#define GATEWAY_SESSION_RECORDING_IMPL_H

/*
 * The inside of struct recording, shared by recording.c (writer, recorder
 * process, time), recording_channel.c (what is kept of each channel),
 * recording_sign.c (checkpoints, the end) and recording_state.c (hand-over).
 */

#include "recorder/writer.h"
#include "session/recording.h"

enum { RULE_SHELL, RULE_EXEC, RULE_SFTP, RULE_COUNT };

struct recording_channel;

/* A chunk that the recorder has not yet said to be on disk. */
struct unsafe {
	struct unsafe *next;
	uint64_t seq;
	uint64_t since_ns; /* its oldest event */
	size_t len;
	uint8_t data[];
};

struct recording {
	struct peers *peers;
	const struct recording_ops *ops;
	void *ctx;
	struct rcd_writer *writer;
	uint8_t rec_id[UUID_LEN];
	struct buf wrapped;
	uint64_t start_ns;
	uint64_t flush_ns;
	enum record_rule rules[RULE_COUNT];
	struct recording_channel *channels;
	unsigned n_channels;

	struct timer *timer; /* flush, unechoed input, checkpoint */
	uint64_t due_ns;
	uint64_t pending_ns; /* when the oldest unsealed event came; 0: none */
	unsigned unsealed_checks;

	struct unsafe *first, *last; /* sealed, not known to be on disk */
	size_t unsafe_bytes;
	uint64_t chunks;

	uint64_t keeper_link; /* the newest on which the keeper knows it */
	struct timer *sign_timer;
	struct timer *again; /* the link to the recorder was full */
	uint64_t asked_seq;
	bool asked;   /* the keeper signs a checkpoint */
	bool opened;  /* the recorder has it */
	bool unsent;  /* chunks wait for the recorder's state */
	bool held;    /* a push was answered CHAIN_HOLD */
	bool trouble; /* the recorder cannot write */
	bool closing;
	bool ended; /* the writer has its end, the trailer is awaited */
	bool trailed;
	int code; /* the writer failed: final */
};

/* recording.c */
uint64_t recording_us(const struct recording *r, uint64_t mono);
int recording_event(struct recording *r, uint64_t mono, uint8_t type,
    uint32_t channel, struct span payload);
void recording_arm(struct recording *r);
/* The writer failed: code, which is final, after telling of it once. */
int recording_failed(struct recording *r, int code);
/* Send the recorder a message that is nothing but the recording's id. */
void recording_tell(struct recording *r, uint16_t type);
/* All but the writer; NULL when out of memory. */
struct recording *recording_alloc(const struct recording_opts *o);
/* The writer's sink. */
int recording_on_chunk(void *ctx, uint64_t seq, struct span chunk);

/* Tell the keeper of the newest link that it is ours, unless it knows. */
void recording_keeper_knows(struct recording *r);

/* recording_sign.c */
/* Ask for a signature if a checkpoint is due. */
void recording_checkpoint(struct recording *r, uint64_t t_us);
extern timer_fn recording_on_sign_late;

/* recording_channel.c */
int recording_chunk(struct recording *r, const struct chunk *c);
/* When the next unechoed input is decided, mono ns; UINT64_MAX: none. */
uint64_t recording_channels_due(const struct recording *r);
void recording_channels_tick(struct recording *r, uint64_t now);
/* What is not decided is masked. */
void recording_channels_flush(struct recording *r);
void recording_channels_fini(struct recording *r);
int recording_channels_export(const struct recording *r, struct buf *out);
int recording_channels_import(struct recording *r, struct span *s);

#endif /* GATEWAY_SESSION_RECORDING_IMPL_H */
