/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORDER_WRITER_INT_H
#define RECORDER_WRITER_INT_H

#include "recorder/chain.h"
#include "recorder/writer.h"

/* The writer's state, shared by writer.c and writer_state.c only. */

enum { RCD_INDEX_MAX = 512, RCD_CHUNK_RAW = 65536 };

/* Events of one class that are not sealed. */
struct rcd_pending {
	struct buf raw;
	uint64_t first_us;
	struct rcd_event_pos pos;
};

struct rcd_index_row {
	uint64_t seq;
	uint64_t off;
	uint64_t t_us;
};

struct rcd_writer {
	struct rcd_codec *codec;
	rcd_sink_fn *sink;
	void *sink_ctx;
	struct rcd_keys keys;
	struct rcd_chain chain;
	struct rcd_pending pending[RCD_CLASSES];
	uint8_t *header;
	size_t header_len;
	uint32_t max_chunk;
	uint64_t now_us; /* of the latest event */
	int dead;	 /* FAIL_* code that ended this writer */
	bool ending;	 /* the trailer is composed */
	struct rcd_summary summary;

	/* The epoch to announce before the next chunk. */
	bool new_epoch;
	uint8_t salt[RCD_SALT_LEN];

	/* Class A plaintext of this GOP that the next chunk refers to. */
	struct buf prefix;
	uint64_t gop_us;
	uint64_t gop_raw;
	unsigned poor; /* chunks to store raw before compressing again */

	struct rcd_index_row *rows;
	size_t n_rows;
	size_t cap_rows;
	uint64_t gops;
	uint64_t row_every;

	/* The checkpoint that was asked for, and when the next is due. */
	uint8_t ckpt_hash[RCD_HASH_LEN];
	uint64_t ckpt_seq;
	uint64_t ckpt_us;
	uint64_t ckpt_raw;
	uint64_t ckpt_next; /* next_seq when the last one was written */
	bool ckpt_asked;
	bool ckpt_now;
};

#endif /* RECORDER_WRITER_INT_H */
