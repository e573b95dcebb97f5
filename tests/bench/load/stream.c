/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deterministic bytes, by seed and position: cut out of one block of noise of
 * an odd length, at a place that the seed decides.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cdefs.h"

#include "stream.h"

enum {
	BLOCK = 1024 * 1024 + 7, /* odd, so that no period of ours fits */
	STEP = 7919,		 /* from seed to seed */
	LINE = 16,
};

static const uint8_t *
block(void)
{
	static uint8_t *bytes;
	uint64_t x = UINT64_C(0x9e3779b97f4a7c15);

	if (bytes != NULL)
		return bytes;
	bytes = malloc(BLOCK);
	MUST(bytes != NULL);
	for (size_t i = 0; i < BLOCK; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		bytes[i] = (uint8_t)x;
	}
	return bytes;
}

/* The run of bytes at a position: at most len. */
static const uint8_t *
run(uint64_t seed, uint64_t at, size_t len, size_t *n)
{
	size_t off = (size_t)((at % BLOCK + seed % BLOCK * STEP) % BLOCK);

	*n = BLOCK - off < len ? BLOCK - off : len;
	return block() + off;
}

void
stream_make(uint64_t seed, uint64_t at, uint8_t *p, size_t len)
{
	while (len > 0) {
		size_t n;
		const uint8_t *from = run(seed, at, len, &n);

		memcpy(p, from, n);
		p += n;
		at += n;
		len -= n;
	}
}

bool
stream_same(uint64_t seed, uint64_t at, const uint8_t *p, size_t len)
{
	while (len > 0) {
		size_t n;
		const uint8_t *want = run(seed, at, len, &n);

		if (memcmp(p, want, n) != 0)
			return false;
		p += n;
		at += n;
		len -= n;
	}
	return true;
}

uint8_t
stream_key(uint64_t seed, uint64_t n)
{
	if (n % LINE == LINE - 1)
		return '\r';
	return (uint8_t)('a' + (seed * 7 + n * 5 + n / LINE) % 26);
}
