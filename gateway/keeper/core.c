/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper's door: looks up the row of a request, calls its handler, turns
 * what fails into an error, and decides whether the link goes on.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keeper/core_priv.h"

enum {
	W = BIT(CORE_WORKER),
	B = BIT(CORE_BROKER),
	R = BIT(CORE_RECORDER),
	A = BIT(CORE_ADMIN),

	MISSES_PER_S = 8,
	MISSES_MOST = 64,
	NS_PER_S = 1000000000,
};

static const struct row {
	uint16_t type;
	unsigned links;
	core_fn *fn;
} rows[] = {
#define ALLOW(msg, links, fn, when) {km_##msg##_type, links, fn},
#include "keeper/keeper_allow_tbl.h"
#undef ALLOW
};

static const char *const kind_names[] = {
    [CORE_WORKER] = "worker",
    [CORE_BROKER] = "broker",
    [CORE_RECORDER] = "recorder",
    [CORE_ADMIN] = "administrator",
};

void
core_free(struct core *c)
{
	if (c == NULL)
		return;
	core_grant_fini(c);
	core_rec_fini(c);
	core_host_fini(c);
	table_fini(&c->grants);
	table_fini(&c->holds);
	table_fini(&c->done.index);
	free(c->done.ring);
	keyring_free(c->ring);
	free(c);
}

/* Everything that will be needed is there and works. */
static int
check_keys(struct core *c, struct fail *f)
{
	uint8_t sig[ED25519_SIG_LEN];
	int r;

	if (keyring_current(c->ring, KEYRING_KEK, ENVELOPE_KEK) == NULL ||
	    keyring_current(c->ring, KEYRING_REC_KEK, DEK_KEK) == NULL)
		return fail_set(f, FAIL_NOTFOUND,
		    "the keyring has no key for credentials or recordings");
	if ((r = keygen_node_get(c->ring, &c->node)) != 0 ||
	    (r = keygen_node_sign(c->ring, sig, SPAN("", 0))) != 0)
		return fail_set(f, r, "the keyring's node key cannot be used");
	return core_host_init(c, f);
}

int
core_new(struct core **out, struct keyring *ring, struct fail *f)
{
	struct core *c = calloc(1, sizeof(*c));
	int r;

	*out = NULL;
	if (c == NULL) {
		keyring_free(ring);
		return fail_set(f, FAIL_NOMEM, "no memory for the keeper");
	}
	c->ring = ring;
	c->done.ring = calloc(CORE_DONE_MAX, sizeof(*c->done.ring));
	if (c->done.ring == NULL ||
	    table_init(&c->grants, CORE_GRANTS_MAX) != 0 ||
	    table_init(&c->holds, CORE_HOLDS_MAX) != 0 ||
	    table_init(&c->done.index, CORE_DONE_MAX) != 0)
		r = fail_set(f, FAIL_NOMEM, "no memory for the keeper");
	else
		r = check_keys(c, f);
	if (r != 0) {
		core_free(c);
		return r;
	}
	*out = c;
	return 0;
}

struct core_link *
core_link_new(
    struct core *c, enum core_kind kind, uint32_t number, uint64_t now_ns)
{
	struct core_link *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->core = c;
	l->kind = kind;
	l->number = number;
	l->miss = (struct core_rate){.at_ns = now_ns, .tokens = MISSES_MOST};
	l->sign = (struct core_rate){.at_ns = now_ns, .tokens = CORE_SIGN_MOST};
	return l;
}

void
core_link_free(struct core_link *l, uint64_t now_ns)
{
	if (l == NULL)
		return;
	if (l->kind == CORE_WORKER) {
		core_grant_forget(l->core, l->number);
		core_rec_orphan(l->core, l->number, now_ns);
	}
	free(l);
}

bool
core_rate_take(struct core_rate *b, uint64_t now_ns, uint32_t n, uint32_t per_s,
    uint32_t most)
{
	uint64_t gained = 0;

	if (now_ns > b->at_ns)
		gained = (now_ns - b->at_ns) / (NS_PER_S / per_s);
	if (gained > 0) {
		b->at_ns += gained * (NS_PER_S / per_s);
		b->tokens = gained >= most - b->tokens
				? most
				: b->tokens + (uint32_t)gained;
	}
	if (b->tokens < n)
		return false;
	b->tokens -= n;
	return true;
}

static void PRINTF_LIKE(3, 0)
    latch(struct core_req *q, int code, const char *fmt, va_list ap)
{
	char why[160];

	(void)vsnprintf(why, sizeof(why), fmt, ap);
	(void)fail_set(q->fail, code, "%s", why);
}

int
core_refuse(struct core_req *q, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	latch(q, code, fmt, ap);
	va_end(ap);
	return code;
}

int
core_breach(struct core_req *q, int code, const char *fmt, ...)
{
	va_list ap;

	q->breach = true;
	va_start(ap, fmt);
	latch(q, code, fmt, ap);
	va_end(ap);
	return code;
}

int
core_miss(struct core_req *q, const char *what)
{
	if (!core_rate_take(
		&q->link->miss, q->now_ns, 1, MISSES_PER_S, MISSES_MOST))
		return core_breach(q, FAIL_NOTFOUND, "guesses at a %s", what);
	return core_refuse(q, FAIL_NOTFOUND, "no such %s", what);
}

int
core_malformed(struct core_req *q)
{
	return core_breach(q, FAIL_FORMAT, "malformed request");
}

static int
dispatch(struct core_req *q, uint16_t request)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].type == request &&
		    (rows[i].links & BIT(q->link->kind)) != 0)
			return rows[i].fn(q);
	return core_breach(q, FAIL_DENIED, "request %u is not for a %s",
	    (unsigned)request, kind_names[q->link->kind]);
}

enum core_next
core_handle(struct core_link *l, uint64_t now_ns, uint16_t request,
    struct span body, struct buf *out, uint16_t *type, struct fail *f)
{
	struct core_req q = {
	    .core = l->core,
	    .link = l,
	    .now_ns = now_ns,
	    .body = body,
	    .out = out,
	    .fail = f,
	};
	struct km_error e;
	int r;

	*f = (struct fail){0};
	if ((r = dispatch(&q, request)) != 0) {
		/* Nothing that a handler has put leaves with an error. */
		buf_reset(out);
		e.code = (uint32_t)-r;
		e.why = SPAN(f->why, strlen(f->why));
		q.type = km_error_type;
		if (km_error_put(out, &e) != 0)
			q.breach = true;
	}
	*type = q.type;
	return q.breach ? CORE_CLOSE : CORE_GO_ON;
}

void
core_tick(struct core *c, uint64_t now_ns)
{
	core_grant_tick(c, now_ns);
	core_rec_tick(c, now_ns);
}

bool
core_awaited(struct core *c, uint64_t now_ns)
{
	return core_grant_awaited(c, now_ns);
}

void
core_counts_get(const struct core *c, struct core_counts *n)
{
	n->grants = c->grants.n;
	n->holds = c->holds.n;
	n->sealed_bytes = c->sealed_bytes;
}
