/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_KEEPER_CORE_PRIV_H
#define GATEWAY_KEEPER_CORE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"
#include "base/secret.h"
#include "base/uuid.h"
#include "vault/dek.h"
#include "vault/envelope.h"
#include "vault/keygen.h"
#include "vault/keyring.h"

#include "keeper/core.h"
#include "keeper/keeper_msg.h"
#include "keeper/table.h"

/* The inside of the core, shared by the handlers of the requests. */

enum {
	CORE_HOSTKEYS_MAX = 8,
	CORE_SIGN_PER_S = 4000, /* host key signatures of a link, in tokens */
	CORE_SIGN_MOST = 8000,
};

struct core_hostkey {
	EVP_PKEY *key;
	struct buf blob;
	unsigned cost; /* of a signature, in tokens of the link's rate */
};

/* Finished recordings: found by id, forgotten in the order of their end. */
struct core_done {
	struct table index;
	struct table_node *ring; /* CORE_DONE_MAX of them */
	size_t next;
};

struct core {
	struct keyring *ring;
	struct core_hostkey host[CORE_HOSTKEYS_MAX];
	size_t hosts;
	struct keygen_node node;
	struct table grants;
	size_t sealed_bytes;
	struct table holds;
	struct core_done done;
};

/* A bucket of tokens that fills with time. */
struct core_rate {
	uint64_t at_ns;
	uint32_t tokens;
};

struct core_link {
	struct core *core;
	enum core_kind kind;
	uint32_t number;
	struct core_rate sign; /* host key signatures */
	struct core_rate miss; /* requests for what is not there (any more) */
};

/* A request while it is handled. */
struct core_req {
	struct core *core;
	struct core_link *link;
	uint64_t now_ns;
	struct span body;
	struct buf *out;
	uint16_t type; /* of the answer; 0: none */
	bool breach;   /* out of order: the link ends */
	struct fail *fail;
};

typedef int core_fn(struct core_req *q);

/* keeper_allow_tbl.h: 0, or a FAIL_* code by one of the three below. */
#define ALLOW(msg, links, fn, when) core_fn fn;
#include "keeper/keeper_allow_tbl.h"
#undef ALLOW

/* An error that an honest peer can meet. */
int core_refuse(struct core_req *q, int code, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* Something that an honest peer does not do: the link ends. */
int core_breach(struct core_req *q, int code, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* The object is not there: honest now and then, but not all the time. */
int core_miss(struct core_req *q, const char *what);
/* The body did not decode. */
int core_malformed(struct core_req *q);
/* Take n tokens; false: there are not so many. */
bool core_rate_take(struct core_rate *b, uint64_t now_ns, uint32_t n,
    uint32_t per_s, uint32_t most);

/* core_grant.c */
void core_grant_fini(struct core *c);
void core_grant_tick(struct core *c, uint64_t now_ns);
bool core_grant_awaited(struct core *c, uint64_t now_ns);
void core_grant_forget(struct core *c, uint32_t worker);
/* Drop the grant if it is this worker's and of this recording. */
bool core_grant_drop(struct core *c, const uint8_t id[UUID_LEN],
    uint32_t worker, const uint8_t rec_id[UUID_LEN]);

/* core_rec.c */
void core_rec_fini(struct core *c);
void core_rec_tick(struct core *c, uint64_t now_ns);
/* The worker's link ended: nobody holds its recordings now. */
void core_rec_orphan(struct core *c, uint32_t worker, uint64_t now_ns);
/* Is this recording held, or finished? */
bool core_rec_known(const struct core *c, const uint8_t rec_id[UUID_LEN]);
/* FAIL_EXISTS, FAIL_FULL, FAIL_NOMEM. */
int core_rec_hold(
    struct core *c, const uint8_t rec_id[UUID_LEN], uint32_t worker) MUST_USE;

/* core_host.c */
int core_host_init(struct core *c, struct fail *f) MUST_USE;
void core_host_fini(struct core *c);

/* core_key.c: a PKCS#8 private key that is an SSH key.  Gives *key. */
int core_key_load(struct span der, EVP_PKEY **key) MUST_USE;
/* Append its public blob; FAIL_UNSUPPORTED when it is of no use. */
int core_key_blob(EVP_PKEY *key, struct buf *blob) MUST_USE;
/* Sign something and verify it. */
int core_key_prove(EVP_PKEY *key, struct span blob) MUST_USE;

#endif /* GATEWAY_KEEPER_CORE_PRIV_H */
