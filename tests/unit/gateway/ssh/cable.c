/* SPDX-License-Identifier: Apache-2.0 */
/* A wire that may be damaged, and what it knows about the bytes on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "cable.h"

enum { QUEUE_MAX = 1024 * 1024 };

void
cable_init(struct cable *w, enum whole_damage damage, size_t at)
{
	*w = (struct cable){.damage = damage, .at = at};
	buf_init(&w->queue, QUEUE_MAX);
}

void
cable_fini(struct cable *w)
{
	buf_fini(&w->queue);
}

/*
 * Follow the version line and the packets of before NEWKEYS, undamaged.  True
 * when this byte is padding, which nothing protects until there are keys.
 */
static bool
follow(struct cable *w, uint8_t c)
{
	uint32_t len, n;
	bool padding;

	if (w->clear.over)
		return false;
	w->clear_bytes++;
	if (!w->clear.in_packet) {
		w->clear.in_packet = c == '\n';
		return false;
	}
	n = w->clear.n++;
	if (n < sizeof(w->clear.head))
		w->clear.head[n] = c;
	if (n < sizeof(w->clear.head) - 1)
		return false;
	len = be32_get(w->clear.head);
	padding = n >= 4 + len - w->clear.head[4];
	if (n + 1 == 4 + len) {
		w->clear.over = w->clear.head[5] == SSH_MSG_NEWKEYS;
		w->clear.n = 0;
	}
	return padding;
}

static void
put(struct buf *b, const uint8_t *p, size_t n)
{
	assert_int_equal(buf_put(b, p, n), 0);
}

/* Flip or cut within this segment, if it is there that it is to be done. */
static void
damage_byte(struct cable *w, uint8_t *p, size_t *n)
{
	for (size_t i = 0; i < *n; i++) {
		bool padding = follow(w, p[i]);

		if (w->done || w->bytes + i != w->at)
			continue;
		if (w->damage == DAMAGE_FLIP) {
			p[i] ^= (uint8_t)(1U << (w->at % 8));
			w->harmless = padding;
			w->done = true;
		} else if (w->damage == DAMAGE_CUT) {
			w->done = w->cut = true;
			*n = i;
			return;
		}
	}
}

void
cable_put(struct cable *w, struct buf *out)
{
	size_t n = buf_len(out), whole = n;
	bool here = !w->done && w->segments == w->at;
	uint8_t *p = buf_head(out);

	if (n == 0)
		return;
	if (w->cut) {
		buf_reset(out);
		return;
	}
	damage_byte(w, p, &n);
	if (here && w->damage == DAMAGE_MISSING)
		w->done = true;
	else
		put(&w->queue, p, n);
	if (here && w->damage == DAMAGE_TWICE) {
		put(&w->queue, p, n);
		w->done = true;
	}
	w->bytes += whole;
	w->segments++;
	buf_reset(out);
}

size_t
cable_deliver(struct cable *w, struct buf *in, size_t step)
{
	size_t n = buf_len(&w->queue);

	if (step != 0 && n > step)
		n = step;
	if (n > 0) {
		put(in, buf_head(&w->queue), n);
		buf_consume(&w->queue, n);
	}
	return n;
}
