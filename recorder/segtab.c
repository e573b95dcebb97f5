/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which segments of the spool are still needed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"

#include "recorder/segtab.h"

void
segtab_fini(struct segtab *t)
{
	free(t->rows);
	memset(t, 0, sizeof(*t));
}

static struct segtab_row *
row_find(const struct segtab *t, uint32_t number)
{
	size_t lo = 0, hi = t->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->rows[mid].number < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < t->n && t->rows[lo].number == number ? &t->rows[lo] : NULL;
}

int
segtab_reserve(struct segtab *t, size_t n)
{
	struct segtab_row *p;

	if (t->cap - t->n >= n)
		return 0;
	if ((p = realloc(t->rows, (t->n + 2 * n) * sizeof(*p))) == NULL)
		return FAIL_NOMEM;
	t->rows = p;
	t->cap = t->n + 2 * n;
	return 0;
}

int
segtab_add(struct segtab *t, uint32_t number)
{
	if (row_find(t, number) != NULL)
		return 0;
	MUST(t->n == 0 || t->rows[t->n - 1].number < number);
	if (t->n == t->cap && segtab_reserve(t, 16) != 0)
		return FAIL_NOMEM;
	t->rows[t->n++] = (struct segtab_row){.number = number};
	return 0;
}

void
segtab_use(struct segtab *t, uint32_t number)
{
	struct segtab_row *p = row_find(t, number);

	MUST(p != NULL);
	p->users++;
}

void
segtab_drop(struct segtab *t, uint32_t number)
{
	struct segtab_row *p = row_find(t, number);

	MUST(p != NULL && p->users > 0);
	p->users--;
}

bool
segtab_pop(struct segtab *t, bool all, uint32_t *number)
{
	size_t i, n = all || t->n == 0 ? t->n : t->n - 1;

	for (i = 0; i < n; i++) {
		if (t->rows[i].users > 0)
			continue;
		*number = t->rows[i].number;
		memmove(&t->rows[i], &t->rows[i + 1],
		    (t->n - i - 1) * sizeof(t->rows[0]));
		t->n--;
		return true;
	}
	return false;
}

uint32_t
segtab_newest(const struct segtab *t)
{
	return t->n > 0 ? t->rows[t->n - 1].number : 0;
}
