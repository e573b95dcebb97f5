/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_QUERY_H
#define BROKER_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"
#include "broker/policy.h"
#include "sql/db.h"

/*
 * What the broker asks the database for a login and a wish.  Blocking: for the
 * threads of a pool.
 */

/* Who is name, and is key one of his? */
struct query_user {
	char name[256];	 /* asked */
	struct span key; /* asked; may be empty */
	bool found;
	uint8_t id[16];
	char hash[256]; /* "" when there is no password */
	bool disabled;
	bool must_change;
	bool key_known;
};
/* Takes as long for a name that nobody has. */
int query_user(struct db *db, struct query_user *q, struct fail *f) MUST_USE;

/* May the user use this account, and what does a session with it need? */
struct query_want {
	/* asked */
	uint8_t user_id[16];
	char account[256];
	char asset[256];
	uint8_t protocol;
	/* answered; why != 0 (enum why): refused, detail for the audit */
	int why;
	char detail[128];
	bool admin;
	uint8_t asset_id[16];
	char address[256];
	uint16_t port;
	bool legacy;
	uint8_t account_id[16];
	char login[256];
	struct policy_row policy;
	struct buf pins; /* host key blobs as SSH strings */
	uint8_t cred_id[16];
	uint32_t cred_version;
	uint8_t cred_kind;
	struct buf sealed;
};
void query_want_init(struct query_want *q);
void query_want_fini(struct query_want *q);
/* To be called once on an initialised q. */
int query_want(struct db *db, struct query_want *q, struct fail *f) MUST_USE;

/* The rows of a session that is about to be granted. */
struct query_grant {
	uint8_t session_id[16], rec_id[16], node_id[16], dek_id[16];
	uint8_t user_id[16], account_id[16], asset_id[16], policy_id[16];
	uint32_t worker;
	uint64_t node_seq;
	uint64_t at_us;
	uint8_t protocol;
	const char *user, *account, *asset, *peer;
	struct span wrapped;
};
/*
 * All of them or none, in one transaction; n is at most QUERY_GRANTS.  Storing
 * the same again does nothing.
 */
enum { QUERY_GRANTS = 64 };
int query_grants(struct db *db, const struct query_grant *const *g, size_t n,
    struct fail *f) MUST_USE;

/* This node's row, made when it is missing, and its last recording's number. */
struct query_node {
	const char *name, *version; /* asked */
	uint8_t id[16];
	uint64_t node_seq;
};
int query_node(struct db *db, struct query_node *n, struct fail *f) MUST_USE;
/* The node lives: also the proof that the database takes writes. */
int query_alive(struct db *db, const uint8_t node_id[16], uint64_t now_us,
    struct fail *f) MUST_USE;

/* Sessions of the node that have not ended: id and state of each. */
struct query_open {
	uint8_t node_id[16];
	uint8_t (*ids)[16]; /* owned; free() it */
	size_t n, cap;
};
int query_open(struct db *db, struct query_open *o, struct fail *f) MUST_USE;
/* Is there such a session, and is it of the node? */
int query_ours(struct db *db, const uint8_t session_id[16],
    const uint8_t node_id[16], bool *ours, struct fail *f) MUST_USE;

#endif /* BROKER_QUERY_H */
