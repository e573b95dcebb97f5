/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_KEEPER_RIG_H
#define TESTS_KEEPER_RIG_H

#include <stdint.h>

#include "base/buf.h"
#include "keeper/core.h"
#include "keeper/cred.h"
#include "keeper/keeper_msg.h"
#include "vault/keyring.h"

/*
 * A keeper's core with a keyring made once, a link of every kind, two workers
 * among them, and a clock that the test moves.
 */

enum { RIG_W1 = 1, RIG_W2 = 2, RIG_S = 1000000000 };

struct rig {
	struct core *core;
	struct core_link *w1, *w2, *broker, *recorder, *admin;
	uint64_t now_ns;
	struct buf out; /* body of the last answer */
	uint16_t type;	/* its type; 0: none */
	struct fail fail;
};

int rig_setup(void **state);
int rig_teardown(void **state);
/* The keyring that a rig has, for seals made outside of it. */
const struct keyring *rig_ring(void);
/* A keyring with the same keys, as core_new() takes one. */
struct keyring *rig_ring_copy(void);

/* Ask by hand; answers what core_handle() answers. */
enum core_next rig_ask(
    struct rig *r, struct core_link *l, uint16_t type, struct span body);

/* One of each request, well formed unless the test says otherwise. */
enum core_next rig_grant(struct rig *r, uint8_t id, uint32_t worker,
    uint8_t rec, uint8_t kind, struct span cred);
enum core_next rig_revoke(struct rig *r, uint8_t id);
enum core_next rig_open(struct rig *r, struct core_link *l, uint8_t id);
enum core_next rig_finish(
    struct rig *r, struct core_link *l, uint8_t rec, uint8_t id);
enum core_next rig_resume(
    struct rig *r, struct core_link *l, uint8_t rec, struct span wrapped);
enum core_next rig_checkpoint(struct rig *r, struct core_link *l, uint8_t rec,
    uint64_t seq, uint8_t final);
enum core_next rig_user_sign(struct rig *r, struct core_link *l, uint8_t id,
    const char *alg, struct span data);
enum core_next rig_hostkey_sign(
    struct rig *r, struct core_link *l, const char *alg, size_t hash_len);
enum core_next rig_seal(
    struct rig *r, struct core_link *l, uint8_t kind, struct span cred);

/* The last answer was this error. */
void rig_expect_error(
    struct rig *r, enum core_next got, enum core_next next, int code);
/* The last answer was of this type. */
void rig_expect(struct rig *r, enum core_next got, uint16_t type);
/* Of the last `granted`: what resume shows. */
void rig_wrapped(struct rig *r, uint8_t wrapped[256], size_t *len);

/* The PKCS#8 DER of a fixed key: "ed25519", "ecdsa-p256" or "rsa-3072". */
struct span rig_key(const char *name);
/* Append its public blob, and the data of a login with it. */
void rig_key_blob(const char *name, struct buf *blob);
void rig_login(const char *name, const char *alg, struct buf *data);

/* A 16-byte id from a number. */
void rig_id(uint8_t id[16], uint8_t n);

#endif /* TESTS_KEEPER_RIG_H */
