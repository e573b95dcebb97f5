/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failed logins per address.  An entry is a level that each failure raises by
 * one and that leaks THROTTLE_FREE in THROTTLE_WINDOW_MS, so that no list of
 * times is kept.  The table is a hash of short rows; within a row the entry
 * that was hit the longest ago is replaced.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#include "broker/throttle.h"

enum {
	WAYS = 8,
	ROWS = THROTTLE_SLOTS / WAYS,
	UNIT = THROTTLE_WINDOW_MS / THROTTLE_FREE, /* ms that a failure lasts */
	LEVEL_MAX = (THROTTLE_FREE + THROTTLE_MAX_MS / THROTTLE_STEP_MS) * UNIT,
};

struct entry {
	uint8_t key[9]; /* family and address; all zero: free */
	uint64_t at_ms;
	uint32_t level; /* UNIT for each failure, 1 less every ms */
};

struct throttle {
	uint64_t seed;
	struct entry rows[ROWS][WAYS];
};

void
throttle_free(struct throttle *t)
{
	free(t);
}

struct throttle *
throttle_new(void)
{
	struct throttle *t;

	if ((t = calloc(1, sizeof(*t))) != NULL)
		random_bytes(&t->seed, sizeof(t->seed));
	return t;
}

/* What does not parse shares one entry. */
static void
key_of(uint8_t key[9], const char *peer)
{
	char host[INET6_ADDRSTRLEN + 1];
	struct in6_addr a6;
	struct in_addr a4;
	const char *start = peer, *end;
	size_t len;

	memset(key, 0, 9);
	if (*peer == '[') {
		start++;
		end = strchr(start, ']');
	} else {
		end = strchr(start, ':');
		if (end != NULL && strchr(end + 1, ':') != NULL)
			end = NULL; /* IPv6 without a port */
	}
	len = end != NULL ? (size_t)(end - start) : strlen(start);
	key[0] = 1;
	if (len >= sizeof(host))
		return;
	memcpy(host, start, len);
	host[len] = '\0';
	if (inet_pton(AF_INET, host, &a4) == 1) {
		key[0] = 4;
		memcpy(key + 1, &a4, 4);
	} else if (inet_pton(AF_INET6, host, &a6) == 1) {
		/* ::ffff:192.0.2.1 is the same host as 192.0.2.1. */
		if (IN6_IS_ADDR_V4MAPPED(&a6)) {
			key[0] = 4;
			memcpy(key + 1, a6.s6_addr + 12, 4);
		} else {
			key[0] = 6;
			memcpy(key + 1, a6.s6_addr, 8);
		}
	}
}

static size_t
row_of(const struct throttle *t, const uint8_t key[9])
{
	uint64_t w;

	memcpy(&w, key + 1, 8);
	w = (w ^ t->seed ^ key[0]) * UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(w >> 40) % ROWS;
}

static uint32_t
level_now(const struct entry *e, uint64_t now_ms)
{
	uint64_t gone = now_ms > e->at_ms ? now_ms - e->at_ms : 0;

	return gone < e->level ? e->level - (uint32_t)gone : 0;
}

void
throttle_fail(struct throttle *t, const char *peer, uint64_t now_ms)
{
	struct entry *row, *e = NULL;
	uint8_t key[9];
	size_t i;

	key_of(key, peer);
	row = t->rows[row_of(t, key)];
	for (i = 0; i < WAYS; i++) {
		if (memcmp(row[i].key, key, sizeof(key)) == 0) {
			e = &row[i];
			break;
		}
		if (e == NULL || row[i].at_ms < e->at_ms)
			e = &row[i];
	}
	if (i == WAYS) {
		memcpy(e->key, key, sizeof(key));
		e->level = 0;
	}
	e->level = level_now(e, now_ms) + UNIT;
	if (e->level > LEVEL_MAX)
		e->level = LEVEL_MAX;
	e->at_ms = now_ms;
}

uint32_t
throttle_delay(const struct throttle *t, const char *peer, uint64_t now_ms)
{
	const struct entry *row;
	uint32_t over, free_level = THROTTLE_FREE * UNIT;
	uint8_t key[9];
	size_t i;

	key_of(key, peer);
	row = t->rows[row_of(t, key)];
	for (i = 0; i < WAYS; i++) {
		if (memcmp(row[i].key, key, sizeof(key)) != 0)
			continue;
		over = level_now(&row[i], now_ms);
		if (over <= free_level)
			return 0;
		/* A started unit over the free ones counts whole. */
		over = (over - free_level + UNIT - 1) / UNIT * THROTTLE_STEP_MS;
		return over < THROTTLE_MAX_MS ? over : THROTTLE_MAX_MS;
	}
	return 0;
}
