/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks one after the other, each behind a head with its size; first fit, and
 * free neighbours are joined while looking.  There are some twenty blocks, so
 * that a walk over them costs nothing.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fail.h"

#include "recorder/replay/arena.h"

struct block {
	size_t size; /* of the bytes behind the head */
	size_t used; /* 1 or 0 */
};

enum { ALIGN = 16 };

struct arena {
	uint8_t *map; /* guard page, base, guard page */
	size_t map_len;
	uint8_t *base;
	size_t max;
	size_t top; /* bytes of base that are in blocks */
};

static void
arena_fini(struct arena *a)
{
	(void)munmap(a->map, a->map_len);
	free(a);
}

void
arena_free(struct arena *a)
{
	if (a != NULL)
		arena_fini(a);
}

struct arena *
arena_new(size_t max)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct arena *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->max = (max + page - 1) / page * page;
	a->map_len = a->max + 2 * page;
	a->map = mmap(NULL, a->map_len, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (a->map == MAP_FAILED) {
		free(a);
		return NULL;
	}
	a->base = a->map + page;
	if (mprotect(a->base, a->max, PROT_READ | PROT_WRITE) != 0) {
		arena_fini(a);
		return NULL;
	}
	return a;
}

static struct block *
block_at(const struct arena *a, size_t off)
{
	/* A foreign overrun may have been here: not one step on bad ground. */
	MUST(off <= a->top - sizeof(struct block));
	return (struct block *)(void *)(a->base + off);
}

static size_t
next_off(const struct arena *a, size_t off)
{
	const struct block *b = block_at(a, off);

	MUST(b->used <= 1 && b->size % ALIGN == 0 &&
	     b->size <= a->top - off - sizeof(*b));
	return off + sizeof(*b) + b->size;
}

/* Make the free block at off as large as its free neighbours allow. */
static void
join(struct arena *a, size_t off)
{
	struct block *b = block_at(a, off);
	size_t next;

	while ((next = next_off(a, off)) < a->top && !block_at(a, next)->used)
		b->size = next_off(a, next) - off - sizeof(*b);
	if (next == a->top)
		a->top = off;
}

/* Cut what n does not need off the block at off. */
static void
split(struct arena *a, size_t off, size_t n)
{
	struct block *b = block_at(a, off), *rest;

	if (b->size < n + sizeof(*rest) + ALIGN)
		return;
	rest = (struct block *)(void *)(a->base + off + sizeof(*b) + n);
	rest->size = b->size - n - sizeof(*rest);
	rest->used = 0;
	b->size = n;
}

void *
arena_get(struct arena *a, size_t n)
{
	struct block *b;
	size_t off = 0;

	if (n > a->max)
		return NULL;
	n = (n + ALIGN - 1) / ALIGN * ALIGN;
	for (; off < a->top; off = next_off(a, off)) {
		b = block_at(a, off);
		if (b->used)
			continue;
		join(a, off);
		if (off >= a->top)
			break;
		if (b->size >= n) {
			split(a, off, n);
			goto take;
		}
	}
	if (n + sizeof(*b) > a->max - a->top)
		return NULL;
	off = a->top;
	a->top += sizeof(*b) + n;
	b = block_at(a, off);
	b->size = n;
take:
	b->used = 1;
	memset(b + 1, 0, b->size);
	return b + 1;
}

void
arena_put(struct arena *a, void *p)
{
	struct block *b = p;

	if (p == NULL)
		return;
	MUST((uint8_t *)p > a->base && (uint8_t *)p <= a->base + a->top);
	b--;
	MUST(b->used == 1);
	b->used = 0;
	/* Zeros are what images are best made of. */
	memset(b + 1, 0, b->size);
	join(a, (size_t)((uint8_t *)b - a->base));
}

void
arena_reset(struct arena *a)
{
	a->top = 0;
}

struct span
arena_image(const struct arena *a)
{
	return SPAN(a->base, a->top);
}

int
arena_restore(struct arena *a, struct span image)
{
	if (image.len > a->max)
		return FAIL_RANGE;
	if (image.len > 0)
		memcpy(a->base, image.p, image.len);
	a->top = image.len;
	return 0;
}
