/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORDER_EVENT_H
#define RECORDER_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"

/* clang-format off */
/*
 * Events, the content of data chunks, one after the other:
 *
 *	varint	us since the event before it (the first: since the chunk's time)
 *	u8	type; bit 7 set: no stream follows, it is that of the event
 *		before
 *	varint	stream
 *	varint	length of the payload
 *	bytes	payload
 *
 * varint: 7 bits a byte, low ones first, bit 7 set in all but the last byte.
 */
/* clang-format on */

enum rcd_event {
#define EVENT(name, num, class, stream, text, payload) RCD_EV_##name = (num),
#include "recorder/event_tbl.h"
#undef EVENT
};

enum rcd_class { RCD_CLASS_A = 0, RCD_CLASS_B = 1, RCD_CLASSES = 2 };

enum { RCD_EVENT_SAME = 0x80, RCD_EVENT_HEAD_MAX = 10 + 1 + 5 + 5 };

/* What is known of a type; of an unknown one: name NULL. */
struct rcd_event_info {
	const char *name;
	enum rcd_class class;
	bool has_stream;
};

struct rcd_event_info rcd_event_info(uint8_t type);

struct rcd_event_view {
	uint64_t t_us; /* since the start of the recording */
	uint8_t type;  /* enum rcd_event, or one that is not known here */
	uint32_t stream;
	struct span payload; /* lent */
};

/* Where in a chunk's events one stands: time and stream of the last event. */
struct rcd_event_pos {
	uint64_t t_us;
	uint32_t stream;
};

/* Write all of e but its payload to head, and move pos on.  Returns bytes. */
size_t rcd_event_head(uint8_t head[RCD_EVENT_HEAD_MAX],
    struct rcd_event_pos *pos, const struct rcd_event_view *e);

/* Take the first event of s.  FAIL_FORMAT. */
int rcd_event_get(struct span *s, struct rcd_event_pos *pos,
    struct rcd_event_view *e) MUST_USE;

#endif /* RECORDER_EVENT_H */
