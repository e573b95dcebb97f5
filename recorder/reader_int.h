/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORDER_READER_INT_H
#define RECORDER_READER_INT_H

#include "recorder/codec.h"
#include "recorder/reader.h"
#include "recorder/window.h"

/* The reader's state, shared by reader.c and reader_seek.c only. */

/* The opened chunk of one class and where one stands in it. */
struct rcd_lane {
	struct buf raw;
	struct span rest;
	struct rcd_event_pos pos;
	struct rcd_event_view event;
	bool has_event;
};

struct rcd_index_place {
	uint64_t seq;
	uint64_t off;
	uint64_t t_us;
};

struct rcd_reader {
	struct rcd_window win;
	struct rcd_codec *codec;
	struct rcd_header hdr;
	uint8_t *header; /* bytes that hdr lies in */
	struct rcd_keys keys;
	struct rcd_chain chain;
	struct rcd_lane lane[RCD_CLASSES];
	uint8_t prefix[RCD_PREFIX_LEN];
	size_t prefix_len;
	uint8_t *json;
	size_t json_len;
	struct rcd_index_place *rows; /* the index, once it was loaded */
	size_t n_rows;
	bool index_tried;
	uint64_t skipped;
	struct fail fail;
};

/* Derive the keys of the chain's epoch. */
int rcd_reader_epoch(struct rcd_reader *r) MUST_USE;

#endif /* RECORDER_READER_INT_H */
