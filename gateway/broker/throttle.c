/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failed logins per address and per user, and the addresses from which logins
 * worked.  An entry is a level that each failure raises by
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

typedef struct entry table[ROWS][WAYS];

struct throttle {
	uint64_t seed;
	table addresses; /* that failed */
	table users;	 /* whose logins failed, from anywhere */
	table known;	 /* addresses from which a login worked */
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

/* Names are of any length: their digest stands for them. */
static void
key_of_user(uint8_t key[9], const char *user)
{
	const struct span name = SPAN(user, strlen(user));
	uint8_t hash[SHA256_LEN] = {0};

	IGNORE(sha256(hash, &name, 1));
	key[0] = 1;
	memcpy(key + 1, hash, 8);
}

static struct entry *
find(struct throttle *t, table tab, const uint8_t key[9])
{
	struct entry *row = tab[row_of(t, key)];

	for (size_t i = 0; i < WAYS; i++)
		if (memcmp(row[i].key, key, sizeof(row[i].key)) == 0)
			return &row[i];
	return NULL;
}

/* The entry of a key, in the place of the oldest of its row if it is new. */
static struct entry *
take(struct throttle *t, table tab, const uint8_t key[9])
{
	struct entry *row = tab[row_of(t, key)], *e = find(t, tab, key);

	if (e != NULL)
		return e;
	e = row;
	for (size_t i = 1; i < WAYS; i++)
		if (row[i].at_ms < e->at_ms)
			e = &row[i];
	memcpy(e->key, key, sizeof(e->key));
	e->level = 0;
	return e;
}

static void
raise(struct entry *e, uint64_t now_ms)
{
	e->level = level_now(e, now_ms) + UNIT;
	if (e->level > LEVEL_MAX)
		e->level = LEVEL_MAX;
	e->at_ms = now_ms;
}

void
throttle_fail(
    struct throttle *t, const char *peer, const char *user, uint64_t now_ms)
{
	uint8_t key[9];

	key_of(key, peer);
	raise(take(t, t->addresses, key), now_ms);
	key_of_user(key, user);
	raise(take(t, t->users, key), now_ms);
}

void
throttle_good(struct throttle *t, const char *peer, uint64_t now_ms)
{
	uint8_t key[9];

	key_of(key, peer);
	take(t, t->known, key)->at_ms = now_ms;
}

uint32_t
throttle_delay(struct throttle *t, const char *peer, uint64_t now_ms)
{
	uint32_t over, free_level = THROTTLE_FREE * UNIT;
	const struct entry *e;
	uint8_t key[9];

	key_of(key, peer);
	if ((e = find(t, t->addresses, key)) == NULL ||
	    (over = level_now(e, now_ms)) <= free_level)
		return 0;
	/* A started unit over the free ones counts whole. */
	over = (over - free_level + UNIT - 1) / UNIT * THROTTLE_STEP_MS;
	return over < THROTTLE_MAX_MS ? over : THROTTLE_MAX_MS;
}

enum throttle_class
throttle_class(
    struct throttle *t, const char *peer, const char *user, uint64_t now_ms)
{
	const struct entry *failed, *known, *u;
	uint8_t key[9];

	key_of(key, peer);
	failed = find(t, t->addresses, key);
	known = find(t, t->known, key);
	key_of_user(key, user);
	u = find(t, t->users, key);
	if (known != NULL && now_ms - known->at_ms < THROTTLE_KNOWN_MS &&
	    throttle_delay(t, peer, now_ms) == 0)
		return THROTTLE_KNOWN;
	if (failed != NULL && level_now(failed, now_ms) > 0)
		return THROTTLE_FAILING;
	if (u != NULL && level_now(u, now_ms) > THROTTLE_FREE * UNIT)
		return THROTTLE_TARGET;
	return THROTTLE_NEW;
}

enum throttle_class
throttle_knock(struct throttle *t, const char *peer, uint64_t now_ms)
{
	const struct entry *failed, *known;
	uint8_t key[9];

	key_of(key, peer);
	failed = find(t, t->addresses, key);
	known = find(t, t->known, key);
	if (known != NULL && now_ms - known->at_ms < THROTTLE_KNOWN_MS)
		return throttle_delay(t, peer, now_ms) == 0 ? THROTTLE_KNOWN
							    : THROTTLE_NEW;
	if (failed != NULL && now_ms - failed->at_ms < THROTTLE_SUSPECT_MS)
		return THROTTLE_FAILING;
	return THROTTLE_NEW;
}

void
throttle_source(uint8_t source[THROTTLE_SOURCE_LEN], const char *peer)
{
	memset(source, 0, THROTTLE_SOURCE_LEN);
	key_of(source, peer);
}
