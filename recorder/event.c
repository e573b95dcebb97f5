/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The framing of events inside a data chunk, and what the table says of each
 * type.
 */
#include "base/fail.h"

#include "recorder/event.h"

enum {
	EVENT_CLASS_A = RCD_CLASS_A,
	EVENT_CLASS_B = RCD_CLASS_B,
};

static const struct rcd_event_info infos[256] = {
#define EVENT(name_, num, class_, stream, text, payload)                       \
	[num] = {.name = (text),                                               \
	    .class = (enum rcd_class)EVENT_CLASS_##class_,                     \
	    .has_stream = (stream) != 0},
#include "recorder/event_tbl.h"
#undef EVENT
};

struct rcd_event_info
rcd_event_info(uint8_t type)
{
	return infos[type];
}

static size_t
varint_put(uint8_t *p, uint64_t v)
{
	size_t n = 0;

	while (v >= 0x80) {
		p[n++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	p[n++] = (uint8_t)v;
	return n;
}

static int
varint_get(struct span *s, uint64_t *v)
{
	uint64_t x = 0;
	unsigned shift = 0;
	size_t i;

	for (i = 0; i < s->len; i++) {
		uint64_t bits = s->p[i] & 0x7f;

		if (shift > 63 || (shift == 63 && bits > 1))
			return FAIL_FORMAT;
		x |= bits << shift;
		shift += 7;
		if ((s->p[i] & 0x80) == 0) {
			*v = x;
			*s = SPAN(s->p + i + 1, s->len - i - 1);
			return 0;
		}
	}
	return FAIL_FORMAT;
}

size_t
rcd_event_head(uint8_t head[RCD_EVENT_HEAD_MAX], struct rcd_event_pos *pos,
    const struct rcd_event_view *e)
{
	bool same = !infos[e->type].has_stream || e->stream == pos->stream;
	uint64_t t_us = e->t_us > pos->t_us ? e->t_us : pos->t_us;
	size_t n = varint_put(head, t_us - pos->t_us);

	head[n++] = same ? (uint8_t)(e->type | RCD_EVENT_SAME) : e->type;
	if (!same) {
		n += varint_put(head + n, e->stream);
		pos->stream = e->stream;
	}
	n += varint_put(head + n, e->payload.len);
	pos->t_us = t_us;
	return n;
}

int
rcd_event_get(
    struct span *s, struct rcd_event_pos *pos, struct rcd_event_view *e)
{
	struct span at = *s;
	uint64_t dt, stream = pos->stream, len;
	uint8_t type;
	int r;

	if ((r = varint_get(&at, &dt)) != 0 || (r = span_u8(&at, &type)) != 0)
		return r;
	if ((type & RCD_EVENT_SAME) == 0 && (r = varint_get(&at, &stream)) != 0)
		return r;
	if ((r = varint_get(&at, &len)) != 0)
		return r;
	if (stream > UINT32_MAX || len > at.len || dt > UINT64_MAX - pos->t_us)
		return FAIL_FORMAT;
	pos->t_us += dt;
	pos->stream = (uint32_t)stream;
	e->t_us = pos->t_us;
	e->type = type & (uint8_t)~RCD_EVENT_SAME;
	e->stream = pos->stream;
	e->payload = SPAN(at.p, (size_t)len);
	*s = SPAN(at.p + len, at.len - (size_t)len);
	return 0;
}
