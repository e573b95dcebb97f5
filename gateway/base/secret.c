/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets in locked memory.  Small ones share arenas, so that a process of
 * thousands of sessions stays within its RLIMIT_MEMLOCK; a large one has a
 * mapping of its own.  Every mapping lies between two pages that fault, is
 * locked, is left out of core dumps, and is wiped before it is used again.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/fail.h"
#include "base/hash.h"
#include "base/secret.h"

enum {
	SLOT_SIZE = 64, /* one secret of an arena */
	ARENA_SLOTS = 256,
	ARENA_SIZE = SLOT_SIZE * ARENA_SLOTS,
};

struct arena {
	struct arena *next;
	uint8_t *mem;
	unsigned used;
	bool taken[ARENA_SLOTS];
};

struct secret {
	uint8_t *p;
	size_t len;
	struct arena *arena; /* NULL: a mapping of its own */
	unsigned first;	     /* slot */
	unsigned slots;
};

/* The process's locked memory; there is one RLIMIT_MEMLOCK as well. */
static pthread_mutex_t arenas_lock = PTHREAD_MUTEX_INITIALIZER;
static struct arena *arenas;

static size_t
page_round(size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (len + page - 1) / page * page;
}

static int
lock_memory(void *p, size_t len)
{
	struct rlimit lim;

	if (mlock(p, len) == 0)
		return 0;
	if (getrlimit(RLIMIT_MEMLOCK, &lim) != 0 ||
	    lim.rlim_cur >= lim.rlim_max)
		return FAIL_SYS;
	lim.rlim_cur = lim.rlim_max;
	if (setrlimit(RLIMIT_MEMLOCK, &lim) != 0)
		return FAIL_SYS;
	return mlock(p, len) == 0 ? 0 : FAIL_SYS;
}

/* len rounded up to pages, with a guard page on either side. */
static uint8_t *
map_locked(size_t len)
{
	size_t page = page_round(1);
	size_t body = page_round(len);
	uint8_t *base;

	if (body < len || body > SIZE_MAX - 2 * page)
		return NULL;
	base = mmap(NULL, body + 2 * page, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED)
		return NULL;
	if (mprotect(base + page, body, PROT_READ | PROT_WRITE) != 0 ||
	    madvise(base + page, body, MADV_DONTDUMP) != 0 ||
	    lock_memory(base + page, body) != 0) {
		(void)munmap(base, body + 2 * page);
		return NULL;
	}
	return base + page;
}

static void
unmap_locked(uint8_t *p, size_t len)
{
	size_t page = page_round(1);

	(void)munmap(p - page, page_round(len) + 2 * page);
}

static bool
arena_take(struct arena *a, struct secret *s)
{
	unsigned i, run = 0;

	if (a->used + s->slots > ARENA_SLOTS)
		return false;
	for (i = 0; i < ARENA_SLOTS; i++) {
		run = a->taken[i] ? 0 : run + 1;
		if (run < s->slots)
			continue;
		s->first = i + 1 - run;
		s->arena = a;
		s->p = a->mem + (size_t)s->first * SLOT_SIZE;
		memset(&a->taken[s->first], true, s->slots);
		a->used += s->slots;
		return true;
	}
	return false;
}

static int
arenas_take(struct secret *s)
{
	struct arena *a;

	for (a = arenas; a != NULL; a = a->next)
		if (arena_take(a, s))
			return 0;
	if ((a = calloc(1, sizeof(*a))) == NULL)
		return FAIL_NOMEM;
	if ((a->mem = map_locked(ARENA_SIZE)) == NULL) {
		free(a);
		return FAIL_NOMEM;
	}
	a->next = arenas;
	arenas = a;
	MUST(arena_take(a, s));
	return 0;
}

static void
arena_give(struct secret *s)
{
	struct arena *a = s->arena;
	struct arena **at;

	memset(&a->taken[s->first], false, s->slots);
	a->used -= s->slots;
	/* One arena is kept, so that a lone secret does not map every time. */
	if (a->used > 0 || (a == arenas && a->next == NULL))
		return;
	for (at = &arenas; *at != a; at = &(*at)->next)
		;
	*at = a->next;
	unmap_locked(a->mem, ARENA_SIZE);
	free(a);
}

void
secret_free(struct secret *s)
{
	if (s == NULL)
		return;
	if (s->arena == NULL) {
		wipe(s->p, s->len);
		unmap_locked(s->p, s->len);
	} else {
		(void)pthread_mutex_lock(&arenas_lock);
		wipe(s->p, (size_t)s->slots * SLOT_SIZE);
		arena_give(s);
		(void)pthread_mutex_unlock(&arenas_lock);
	}
	free(s);
}

struct secret *
secret_new(size_t len)
{
	struct secret *s = calloc(1, sizeof(*s));
	int r = 0;

	if (s == NULL)
		return NULL;
	s->len = len;
	if (len > ARENA_SIZE / 4) {
		if ((s->p = map_locked(len)) == NULL)
			r = FAIL_NOMEM;
	} else {
		s->slots = (unsigned)((len + SLOT_SIZE - 1) / SLOT_SIZE);
		if (s->slots == 0)
			s->slots = 1;
		(void)pthread_mutex_lock(&arenas_lock);
		r = arenas_take(s);
		(void)pthread_mutex_unlock(&arenas_lock);
	}
	if (r != 0) {
		free(s);
		return NULL;
	}
	return s;
}

struct secret *
secret_from(const void *p, size_t len)
{
	struct secret *s = secret_new(len);

	if (s != NULL && len > 0)
		memcpy(s->p, p, len);
	return s;
}

struct secret *
secret_random(size_t len)
{
	struct secret *s = secret_new(len);

	if (s != NULL)
		random_bytes(s->p, len);
	return s;
}

struct span
secret_show(const struct secret *s)
{
	return SPAN(s->p, s->len);
}

uint8_t *
secret_fill(struct secret *s)
{
	return s->p;
}

size_t
secret_len(const struct secret *s)
{
	return s->len;
}

void
wipe(void *p, size_t len)
{
	if (len > 0)
		explicit_bzero(p, len);
}

int
secret_cmp(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len);
}

void
secret_harden_process(void)
{
	struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
	/* The leak check of the address sanitizer has to trace the process. */
#ifndef BUILT_WITH_SANITIZER
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}
