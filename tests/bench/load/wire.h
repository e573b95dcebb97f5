/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_BENCH_LOAD_WIRE_H
#define TESTS_BENCH_LOAD_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/loop.h"

#include "ssh/transport/transport.h"

/*
 * One SSH connection of either role: a socket and a transport.  Host keys are
 * signed for and accepted here; what the layers above send and get is told to
 * the owner.
 */

struct wire;

struct wire_ops {
	/* A packet; lent.  Not 0: the connection ends with that. */
	int (*packet)(void *ctx, const struct ssh_packet *pkt);
	/* A key exchange is complete, the first or a later one. */
	int (*keys)(void *ctx, uint32_t count);
	/* wire_room() may be true again. */
	int (*room)(void *ctx);
	/* Over, and why.  Told once; the owner calls wire_free() later. */
	void (*gone)(void *ctx, const char *why);
};

struct wire_opts {
	enum ssh_role role;
	struct ssh_algs algs;
	EVP_PKEY *hostkey;     /* server; kept */
	struct span hostblobs; /* server: its public half, as an SSH string */
	uint64_t rekey_bytes;  /* ask for new keys after; 0: never */
};

/* Takes fd, connected.  o, ops and what they point to must outlive it. */
void wire_free(struct wire *w);
struct wire *wire_new(struct loop *l, int fd, const struct wire_opts *o,
    const struct wire_ops *ops, void *ctx) OWNED_BY(wire_free) MUST_USE;

int wire_send(struct wire *w, struct span payload) MUST_USE;
int wire_send2(struct wire *w, struct span head, struct span tail) MUST_USE;
/* Is there room for data? */
bool wire_room(const struct wire *w);
/* Say goodbye, and close once that is sent; gone() is told. */
void wire_end(struct wire *w);

struct span wire_session_id(const struct wire *w);
uint32_t wire_kex_count(const struct wire *w);
const char *wire_algs(const struct wire *w);
uint64_t wire_bytes_in(const struct wire *w);
uint64_t wire_bytes_out(const struct wire *w);

#endif /* TESTS_BENCH_LOAD_WIRE_H */
