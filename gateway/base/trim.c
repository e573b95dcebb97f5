/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One timer for both buffers, there only while one of them is large.  Without
 * memory for it they are given back at once.
 */
#include <stdbool.h>

#include "base/trim.h"

static bool
fat(const struct trim *t)
{
	return t->in->cap > TRIM_FAT || t->out->cap > TRIM_FAT;
}

/* What is empty is given back; what is not is looked at again. */
static void
slim(struct trim *t)
{
	if (t->in->cap > TRIM_FAT)
		buf_shrink(t->in);
	if (t->out->cap > TRIM_FAT)
		buf_shrink(t->out);
}

static void
on_timer(struct timer *timer, void *ctx)
{
	struct trim *t = ctx;

	if (t->moved - t->mark < TRIM_FAT)
		slim(t);
	if (fat(t)) {
		t->mark = t->moved;
		timer_set(timer, TRIM_MS);
		return;
	}
	t->timer = NULL;
	timer_free(timer);
}

void
trim_init(struct trim *t, struct loop *l, struct buf *in, struct buf *out)
{
	*t = (struct trim){.loop = l, .in = in, .out = out};
}

void
trim_fini(struct trim *t)
{
	timer_free(t->timer);
	t->timer = NULL;
}

void
trim_note(struct trim *t, uint64_t n)
{
	t->moved += n;
	if (t->timer != NULL || !fat(t))
		return;
	if ((t->timer = timer_new(t->loop, on_timer, t)) == NULL) {
		slim(t);
		return;
	}
	t->mark = t->moved;
	timer_set(t->timer, TRIM_MS);
}
