/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SESSION_AUDIT_H
#define GATEWAY_SESSION_AUDIT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"
#include "base/hash.h"

/*
 * Audit events: their names (audit_tbl.h), and the hash chain that each node
 * keeps over its own.  The hash of an event is
 *
 *	SHA-256(hash of the one before || seq || at_us || event || session ||
 *	    length of fields || fields)
 *
 * with seq and at_us as 8, event and the length as 4 bytes, big endian; the
 * first event has seq 1, and 32 zero bytes for the hash before it.
 */

enum audit_event {
#define AUDIT(name, num, text, fields, sentence) AUDIT_##name = (num),
#include "session/audit_tbl.h"
#undef AUDIT
};

/* "session.start"; NULL when there is no such event. */
const char *audit_name(uint32_t event);
/* The number of "session.start"; FAIL_NOTFOUND. */
int audit_parse(const char *name, uint32_t *event) MUST_USE;
/* What happened, as a sentence; NULL when there is no such event. */
const char *audit_sentence(uint32_t event);
/* The names of its fields, comma separated; NULL when there is none. */
const char *audit_fields(uint32_t event);
/* Walk the table: the i-th event's number, 0 past the end. */
uint32_t audit_at(unsigned i);

struct audit_entry {
	uint64_t seq;
	uint64_t at_us; /* Unix time */
	uint32_t event;
	uint8_t session[16]; /* all zero: of no session */
	struct span fields;  /* a JSON object, byte for byte as stored */
};

int audit_hash(uint8_t out[SHA256_LEN], const uint8_t prev[SHA256_LEN],
    const struct audit_entry *e) MUST_USE;

/* A walk along one node's chain, for verifying it. */
struct audit_check {
	uint64_t seq; /* of the last good entry; 0: none yet */
	uint8_t hash[SHA256_LEN];
};

/* From the first entry of the chain. */
void audit_check_init(struct audit_check *c);
/* From an entry that is known: its seq and hash. */
void audit_check_from(
    struct audit_check *c, uint64_t seq, const uint8_t hash[SHA256_LEN]);
/*
 * The next entry as it is stored.  FAIL_CHAIN: f says what is wrong, and c
 * stays at the last good one.
 */
int audit_check_add(struct audit_check *c, const struct audit_entry *e,
    const uint8_t hash[SHA256_LEN], struct fail *f) MUST_USE;

#endif /* GATEWAY_SESSION_AUDIT_H */
