/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of audit events and the arithmetic of their hash chain.  Nothing
 * here reads or writes: who stores events calls audit_hash(), who verifies them
 * calls audit_check_add() for one after the other.
 */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "session/audit.h"

static const struct audit_row {
	uint32_t event;
	const char *name;
	const char *fields;
	const char *sentence;
} rows[] = {
#define AUDIT(name, num, text, fields, sentence) {num, text, fields, sentence},
#include "session/audit_tbl.h"
#undef AUDIT
};

static const struct audit_row *
row_of(uint32_t event)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].event == event)
			return &rows[i];
	return NULL;
}

const char *
audit_name(uint32_t event)
{
	const struct audit_row *r = row_of(event);

	return r != NULL ? r->name : NULL;
}

const char *
audit_sentence(uint32_t event)
{
	const struct audit_row *r = row_of(event);

	return r != NULL ? r->sentence : NULL;
}

const char *
audit_fields(uint32_t event)
{
	const struct audit_row *r = row_of(event);

	return r != NULL ? r->fields : NULL;
}

uint32_t
audit_at(unsigned i)
{
	return i < ARRAY_LEN(rows) ? rows[i].event : 0;
}

int
audit_parse(const char *name, uint32_t *event)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].name, name) == 0) {
			*event = rows[i].event;
			return 0;
		}
	}
	return FAIL_NOTFOUND;
}

static void
be64_put(uint8_t *p, uint64_t v)
{
	be32_put(p, (uint32_t)(v >> 32));
	be32_put(p + 4, (uint32_t)v);
}

int
audit_hash(uint8_t out[SHA256_LEN], const uint8_t prev[SHA256_LEN],
    const struct audit_entry *e)
{
	uint8_t head[8 + 8 + 4 + 16 + 4];
	struct span parts[3];

	if (e->fields.len > UINT32_MAX)
		return FAIL_RANGE;
	be64_put(head, e->seq);
	be64_put(head + 8, e->at_us);
	be32_put(head + 16, e->event);
	memcpy(head + 20, e->session, 16);
	be32_put(head + 36, (uint32_t)e->fields.len);
	parts[0] = SPAN(prev, SHA256_LEN);
	parts[1] = SPAN(head, sizeof(head));
	parts[2] = e->fields;
	return sha256(out, parts, 3);
}

void
audit_check_init(struct audit_check *c)
{
	memset(c, 0, sizeof(*c));
}

void
audit_check_from(
    struct audit_check *c, uint64_t seq, const uint8_t hash[SHA256_LEN])
{
	c->seq = seq;
	memcpy(c->hash, hash, SHA256_LEN);
}

int
audit_check_add(struct audit_check *c, const struct audit_entry *e,
    const uint8_t hash[SHA256_LEN], struct fail *f)
{
	uint8_t want[SHA256_LEN];
	int r;

	if (e->seq != c->seq + 1)
		return fail_set(f, FAIL_CHAIN,
		    "event %" PRIu64 " follows event %" PRIu64, e->seq, c->seq);
	if ((r = audit_hash(want, c->hash, e)) != 0)
		return fail_set(f, r, "event %" PRIu64, e->seq);
	if (memcmp(want, hash, SHA256_LEN) != 0)
		return fail_set(f, FAIL_CHAIN,
		    "event %" PRIu64 " or the one before it was changed",
		    e->seq);
	c->seq = e->seq;
	memcpy(c->hash, want, SHA256_LEN);
	return 0;
}
