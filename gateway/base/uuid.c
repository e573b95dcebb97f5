/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UUID version 7.  The twelve bits behind the version and the first six of the
 * variant half are a counter within the millisecond, so that the ids of one
 * process sort in the order of their making; the rest is random.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/fail.h"
#include "base/hash.h"
#include "base/uuid.h"

enum { COUNTER_BITS = 18 };

static pthread_mutex_t last_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t last_ms;
static uint32_t last_count;

/* The millisecond and the counter of the next id. */
static void
uuid_next(uint64_t *ms, uint32_t *count)
{
	struct timespec ts;
	uint64_t now;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	now = (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
	(void)pthread_mutex_lock(&last_lock);
	if (now > last_ms) {
		last_ms = now;
		random_bytes(&last_count, sizeof(last_count));
		/* Start low: room to count up. */
		last_count &= (1U << (COUNTER_BITS - 1)) - 1;
	} else if (++last_count >= 1U << COUNTER_BITS) {
		last_ms++;
		last_count = 0;
	}
	*ms = last_ms;
	*count = last_count;
	(void)pthread_mutex_unlock(&last_lock);
}

void
uuid_new(uint8_t id[UUID_LEN])
{
	uint64_t ms;
	uint32_t count;
	unsigned i;

	uuid_next(&ms, &count);
	for (i = 0; i < 6; i++)
		id[i] = (uint8_t)(ms >> (40 - 8 * i));
	id[6] = (uint8_t)(0x70 | count >> 14);
	id[7] = (uint8_t)(count >> 6);
	random_bytes(id + 8, UUID_LEN - 8);
	id[8] = (uint8_t)(0x80 | (count & 0x3f));
}

uint64_t
uuid_unix_ms(const uint8_t id[UUID_LEN])
{
	uint64_t ms = 0;
	unsigned i;

	for (i = 0; i < 6; i++)
		ms = ms << 8 | id[i];
	return ms;
}

char *
uuid_text(char dst[UUID_TEXT_SIZE], const uint8_t id[UUID_LEN])
{
	static const uint8_t groups[] = {4, 2, 2, 2, 6};
	char *at = dst;
	size_t i;

	for (i = 0; i < sizeof(groups); i++) {
		if (i > 0)
			*at++ = '-';
		hex_encode(at, id, groups[i]);
		at += 2 * groups[i];
		id += groups[i];
	}
	return dst;
}

int
uuid_parse(uint8_t id[UUID_LEN], const char *text)
{
	char hex[2 * UUID_LEN + 1];
	size_t i, n = 0;

	if (strnlen(text, UUID_TEXT_SIZE) != UUID_TEXT_SIZE - 1)
		return FAIL_FORMAT;
	for (i = 0; i < UUID_TEXT_SIZE - 1; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text[i] != '-')
				return FAIL_FORMAT;
			continue;
		}
		hex[n++] = text[i];
	}
	hex[n] = '\0';
	return hex_decode(id, UUID_LEN, hex);
}
