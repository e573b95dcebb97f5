/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRC-32C: with the CPU's instruction where there is one (x86 SSE 4.2), else
 * by eight tables of 256 words, made once.  Declared in hash.h.
 */
#include <pthread.h>
#include <string.h>

#include "base/hash.h"

static const uint32_t crc_poly = 0x82f63b78; /* bits reversed */

static pthread_once_t crc_once = PTHREAD_ONCE_INIT;
static uint32_t crc_tbl[8][256];
static uint32_t (*crc_fn)(uint32_t, const uint8_t *, size_t);

static uint32_t
crc_table(uint32_t crc, const uint8_t *p, size_t len)
{
	uint32_t lo, hi;

	for (; len >= 8; p += 8, len -= 8) {
		lo = crc ^ le32_get(p);
		hi = le32_get(p + 4);
		crc = crc_tbl[7][lo & 255] ^ crc_tbl[6][lo >> 8 & 255] ^
		      crc_tbl[5][lo >> 16 & 255] ^ crc_tbl[4][lo >> 24] ^
		      crc_tbl[3][hi & 255] ^ crc_tbl[2][hi >> 8 & 255] ^
		      crc_tbl[1][hi >> 16 & 255] ^ crc_tbl[0][hi >> 24];
	}
	for (; len > 0; p++, len--)
		crc = crc >> 8 ^ crc_tbl[0][(crc ^ *p) & 255];
	return crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t
crc_sse42(uint32_t crc, const uint8_t *p, size_t len)
{
	uint64_t c = crc;
	uint64_t v;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&v, p, sizeof(v));
		c = __builtin_ia32_crc32di(c, v);
	}
	crc = (uint32_t)c;
	for (; len > 0; p++, len--)
		crc = __builtin_ia32_crc32qi(crc, *p);
	return crc;
}
#endif

static void
crc_init(void)
{
	uint32_t c;
	unsigned i, j;

	for (i = 0; i < 256; i++) {
		for (c = i, j = 0; j < 8; j++)
			c = c >> 1 ^ ((c & 1) ? crc_poly : 0);
		crc_tbl[0][i] = c;
	}
	for (i = 0; i < 256; i++)
		for (j = 1; j < 8; j++) {
			c = crc_tbl[j - 1][i];
			crc_tbl[j][i] = c >> 8 ^ crc_tbl[0][c & 255];
		}
	crc_fn = crc_table;
#ifdef __x86_64__
	if (__builtin_cpu_supports("sse4.2"))
		crc_fn = crc_sse42;
#endif
}

uint32_t
crc32c(uint32_t crc, const void *p, size_t len)
{
	(void)pthread_once(&crc_once, crc_init);
	return ~crc_fn(~crc, p, len);
}

uint32_t
crc32c_by_table(uint32_t crc, const void *p, size_t len)
{
	(void)pthread_once(&crc_once, crc_init);
	return ~crc_table(~crc, p, len);
}
