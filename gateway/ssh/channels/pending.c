/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of unanswered requests: a ring of bytes that grows to a bound. */
#include <stdlib.h>

#include "base/fail.h"
#include "ssh/channels/pending.h"

enum { CAP_FIRST = 8 };

void
pending_fini(struct pending *q)
{
	free(q->ring);
	*q = (struct pending){0};
}

static uint16_t
at(const struct pending *q, uint16_t i)
{
	return (uint16_t)((q->head + i) & (q->cap - 1));
}

static int
grow(struct pending *q)
{
	uint16_t cap = q->cap == 0 ? CAP_FIRST : (uint16_t)(q->cap * 2);
	uint8_t *ring;

	if (q->cap >= PENDING_MAX)
		return FAIL_FULL;
	if ((ring = malloc(cap)) == NULL)
		return FAIL_NOMEM;
	for (uint16_t i = 0; i < q->n; i++)
		ring[i] = q->ring[at(q, i)];
	free(q->ring);
	q->ring = ring;
	q->cap = cap;
	q->head = 0;
	return 0;
}

int
pending_push(struct pending *q, enum pending_kind k)
{
	int r;

	if (q->n == q->cap && (r = grow(q)) != 0)
		return r;
	q->ring[at(q, q->n)] = (uint8_t)k;
	q->n++;
	return 0;
}

enum pending_kind
pending_head(const struct pending *q)
{
	return q->n == 0 ? PENDING_NONE : (enum pending_kind)q->ring[q->head];
}

void
pending_pop(struct pending *q)
{
	MUST(q->n > 0);
	q->head = at(q, 1);
	q->n--;
}

int
pending_export(const struct pending *q, struct buf *out)
{
	int r;

	if ((r = buf_put_u32(out, q->n)) != 0)
		return r;
	for (uint16_t i = 0; i < q->n; i++)
		if ((r = buf_put_u8(out, q->ring[at(q, i)])) != 0)
			return r;
	return 0;
}

int
pending_import(struct pending *q, struct span *s)
{
	struct span kinds;
	int r;

	if ((r = span_string(s, &kinds)) != 0)
		return r;
	for (size_t i = 0; i < kinds.len; i++) {
		if (kinds.p[i] == PENDING_NONE ||
		    kinds.p[i] >= PENDING_KIND_COUNT)
			return FAIL_FORMAT;
		if ((r = pending_push(q, kinds.p[i])) != 0)
			return r;
	}
	return 0;
}
