/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps compressed images of some moments, in bounded memory. */
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "base/fail.h"

#include "recorder/replay/shots.h"

void
shots_init(struct shots *s)
{
	memset(s, 0, sizeof(*s));
	s->every = SHOTS_WORK;
}

void
shots_fini(struct shots *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		free(s->tab[i].z);
	memset(s, 0, sizeof(*s));
}

/* The number of shots at or before t_us. */
static size_t
place(const struct shots *s, uint64_t t_us)
{
	size_t lo = 0, hi = s->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->tab[mid].t_us <= t_us)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool
shots_want(const struct shots *s, uint64_t t_us, uint64_t work)
{
	size_t at = place(s, t_us);
	uint64_t before = at > 0 ? s->tab[at - 1].work : 0;

	if (work < before || work - before < s->every)
		return false;
	return at == s->n || (s->tab[at].work > work &&
				 s->tab[at].work - work >= s->every / 2);
}

static void
drop(struct shots *s, size_t i)
{
	s->bytes -= s->tab[i].z_len;
	free(s->tab[i].z);
	memmove(s->tab + i, s->tab + i + 1, (s->n - i - 1) * sizeof(s->tab[0]));
	s->n--;
}

static void
thin(struct shots *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		drop(s, i);
	if (s->every < UINT64_MAX / 2)
		s->every *= 2;
}

int
shots_add(struct shots *s, uint64_t t_us, uint64_t work, struct span image)
{
	size_t cap = ZSTD_compressBound(image.len), n, at;
	uint8_t *z, *fit;

	if (image.len > SHOTS_BYTES * 4UL || (z = malloc(cap)) == NULL)
		return FAIL_NOMEM;
	n = ZSTD_compress(z, cap, image.p, image.len, 1);
	if (ZSTD_isError(n) || n > SHOTS_BYTES / 2) {
		free(z);
		return FAIL_NOMEM;
	}
	if ((fit = realloc(z, n)) != NULL)
		z = fit;
	while (s->n > 0 && (s->n == SHOTS_MAX || s->bytes + n > SHOTS_BYTES))
		thin(s);
	at = place(s, t_us);
	memmove(s->tab + at + 1, s->tab + at, (s->n - at) * sizeof(s->tab[0]));
	s->tab[at] = (struct shot){
	    .t_us = t_us, .work = work, .z = z, .z_len = n, .len = image.len};
	s->n++;
	s->bytes += n;
	return 0;
}

const struct shot *
shots_find(const struct shots *s, uint64_t t_us)
{
	size_t at = place(s, t_us);

	return at > 0 ? &s->tab[at - 1] : NULL;
}

int
shots_open(const struct shot *shot, struct buf *out)
{
	uint8_t *p;
	size_t n;
	int r;

	buf_reset(out);
	if ((r = buf_reserve(out, shot->len, &p)) != 0)
		return r;
	n = ZSTD_decompress(p, shot->len, shot->z, shot->z_len);
	if (ZSTD_isError(n) || n != shot->len)
		return FAIL_NOMEM;
	buf_commit(out, n);
	return 0;
}
