/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocation failures on order, by the linker's --wrap.
 */
#include <errno.h>
#include <stddef.h>

#include "tests/unit/nomem.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

static unsigned left;
static bool hit;

void
nomem_at(unsigned n)
{
	left = n;
	hit = false;
}

bool
nomem_hit(void)
{
	left = 0;
	return hit;
}

static bool
fails(void)
{
	if (left == 0 || --left > 0)
		return false;
	hit = true;
	errno = ENOMEM;
	return true;
}

void *
__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

void *
__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(p, n, size);
}
