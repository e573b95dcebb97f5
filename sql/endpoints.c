/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which database server to talk to: parses the host list and remembers, per
 * server, until when it is in quarantine.  Does not connect.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"

#include "sql/endpoints.h"

#define QUARANTINE_MIN_NS UINT64_C(5000000000)
#define QUARANTINE_SPAN_MS 5000U
#define DEFAULT_PORT 3306

struct endpoints {
	pthread_mutex_t lock;
	size_t n;
	size_t last_good;
	struct {
		char host[ENDPOINT_HOST_SIZE];
		uint16_t port;
		uint64_t until_ns; /* in quarantine; 0: never failed */
		unsigned faults;
	} list[ENDPOINTS_MAX];
};

void
endpoints_free(struct endpoints *e)
{
	if (e == NULL)
		return;
	pthread_mutex_destroy(&e->lock);
	free(e);
}

static int
parse_port(const char *s, size_t len, uint16_t *port)
{
	unsigned v = 0;

	if (len == 0 || len > 5)
		return FAIL_CONF;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return FAIL_CONF;
		v = v * 10 + (unsigned)(s[i] - '0');
	}
	if (v == 0 || v > 65535)
		return FAIL_CONF;
	*port = (uint16_t)v;
	return 0;
}

/* One element, without blanks around it. */
static int
parse_one(struct endpoints *e, const char *s, size_t len, struct fail *f)
{
	const char *host = s, *rest;
	size_t host_len;
	uint16_t port = DEFAULT_PORT;

	if (e->n == ENDPOINTS_MAX)
		return fail_set(
		    f, FAIL_CONF, "more than %d database hosts", ENDPOINTS_MAX);
	if (len && s[0] == '[') {
		host = s + 1;
		rest = memchr(s, ']', len);
		if (rest == NULL)
			return fail_set(f, FAIL_CONF,
			    "database host without closing bracket");
		host_len = (size_t)(rest - host);
		rest++;
	} else {
		rest = memchr(s, ':', len);
		if (rest == NULL)
			rest = s + len;
		host_len = (size_t)(rest - s);
	}
	if (host_len == 0 || host_len >= ENDPOINT_HOST_SIZE)
		return fail_set(
		    f, FAIL_CONF, "empty or overlong database host");
	len -= (size_t)(rest - s);
	if (len && (rest[0] != ':' || parse_port(rest + 1, len - 1, &port)))
		return fail_set(f, FAIL_CONF, "wrong port of a database host");
	memcpy(e->list[e->n].host, host, host_len);
	e->list[e->n].host[host_len] = '\0';
	e->list[e->n].port = port;
	e->n++;
	return 0;
}

static int
parse(struct endpoints *e, const char *list, struct fail *f)
{
	const char *end;
	size_t len;
	int r;

	for (const char *p = list;; p = end + 1) {
		end = strchrnul(p, ',');
		p += strspn(p, " \t");
		len = p < end ? (size_t)(end - p) : 0;
		while (len && (p[len - 1] == ' ' || p[len - 1] == '\t'))
			len--;
		r = len ? parse_one(e, p, len, f) : 0;
		if (r || *end == '\0')
			break;
	}
	if (r == 0 && e->n == 0)
		r = fail_set(
		    f, FAIL_CONF, "[database] hosts is empty in cluster mode");
	return r;
}

int
endpoints_new(struct endpoints **out, const char *list, struct fail *f)
{
	struct endpoints *e = calloc(1, sizeof(*e));
	int r;

	*out = NULL;
	if (e == NULL)
		return fail_set(f, FAIL_NOMEM, "out of memory");
	r = pthread_mutex_init(&e->lock, NULL);
	if (r) {
		free(e);
		return fail_set(f, FAIL_SYS, "mutex: error %d", r);
	}
	r = parse(e, list, f);
	if (r) {
		endpoints_free(e);
		return r;
	}
	*out = e;
	return 0;
}

size_t
endpoints_count(const struct endpoints *e)
{
	return e->n;
}

/* Better first: not in quarantine, then whose quarantine ends soonest. */
static bool
better(const struct endpoints *e, size_t a, size_t b, uint64_t now)
{
	uint64_t ua = e->list[a].until_ns > now ? e->list[a].until_ns : 0;
	uint64_t ub = e->list[b].until_ns > now ? e->list[b].until_ns : 0;

	if (ua != ub)
		return ua < ub;
	return a == e->last_good;
}

int
endpoints_pick(
    struct endpoints *e, uint32_t tried, uint64_t now_ns, struct endpoint *out)
{
	size_t best = ENDPOINTS_MAX;

	pthread_mutex_lock(&e->lock);
	for (size_t i = 0; i < e->n; i++) {
		if (tried & BIT(i))
			continue;
		if (best == ENDPOINTS_MAX || better(e, i, best, now_ns))
			best = i;
	}
	if (best < ENDPOINTS_MAX) {
		out->index = best;
		out->faults = e->list[best].faults;
		out->port = e->list[best].port;
		memcpy(out->host, e->list[best].host, ENDPOINT_HOST_SIZE);
	}
	pthread_mutex_unlock(&e->lock);
	return best < ENDPOINTS_MAX ? 0 : FAIL_NOTFOUND;
}

void
endpoints_good(struct endpoints *e, size_t index)
{
	pthread_mutex_lock(&e->lock);
	if (index < e->n) {
		e->last_good = index;
		e->list[index].until_ns = 0;
	}
	pthread_mutex_unlock(&e->lock);
}

bool
endpoints_bad(struct endpoints *e, size_t index, uint64_t now_ns)
{
	bool news = false;
	uint32_t rnd;

	random_bytes(&rnd, sizeof(rnd));
	pthread_mutex_lock(&e->lock);
	if (index < e->n) {
		news = e->list[index].until_ns <= now_ns;
		e->list[index].faults++;
		e->list[index].until_ns =
		    now_ns + QUARANTINE_MIN_NS +
		    (uint64_t)(rnd % QUARANTINE_SPAN_MS) * 1000000;
	}
	pthread_mutex_unlock(&e->lock);
	return news;
}

bool
endpoints_stale(struct endpoints *e, size_t index, unsigned faults)
{
	bool stale;

	pthread_mutex_lock(&e->lock);
	stale = index < e->n && e->list[index].faults != faults;
	pthread_mutex_unlock(&e->lock);
	return stale;
}
