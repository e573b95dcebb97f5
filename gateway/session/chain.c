/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs chunks down a list of filters.  Where a held chunk stopped is kept, so
 * that no filter sees a chunk twice; the first error is kept for good, so that
 * nothing passes after it.
 */
#include <stdlib.h>

#include "session/chain.h"

enum { CHAIN_MAX = 8 };

struct chain {
	struct {
		const struct chain_filter *filter;
		void *priv;
	} link[CHAIN_MAX];
	size_t n;
	size_t held; /* the filter that goes on; 0 = from the start */
	int err;
};

void
chain_free(struct chain *ch)
{
	free(ch);
}

struct chain *
chain_new(void)
{
	return calloc(1, sizeof(struct chain));
}

int
chain_add(struct chain *ch, const struct chain_filter *f, void *priv)
{
	if (ch->n == CHAIN_MAX)
		return FAIL_FULL;
	ch->link[ch->n].filter = f;
	ch->link[ch->n].priv = priv;
	ch->n++;
	return 0;
}

int
chain_push(struct chain *ch, const struct chunk *c)
{
	size_t i;

	if (ch->err != 0)
		return ch->err;
	for (i = ch->held; i < ch->n; i++) {
		int v = ch->link[i].filter->push(ch->link[i].priv, c);

		if (v == CHAIN_PASS)
			continue;
		if (v == CHAIN_HOLD) {
			ch->held = i;
			return v;
		}
		ch->held = 0;
		if (v == CHAIN_DROP)
			return v;
		/* An answer that is none is an error as well. */
		ch->err = v < 0 ? v : FAIL_STATE;
		return ch->err;
	}
	ch->held = 0;
	return CHAIN_PASS;
}
