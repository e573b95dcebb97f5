/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_TRANSPORT_PAIR_H
#define TESTS_TRANSPORT_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "base/buf.h"

#include "ssh/transport/transport.h"

/*
 * A client and a server transport joined in memory, for the tests of this
 * folder.
 */

enum { PAIR_IN_MAX = 2 * 1024 * 1024, PAIR_OUT_MAX = 4 * 1024 * 1024 };

struct end {
	struct ssh_transport *t;
	EVP_PKEY *key; /* server: signs */
	struct buf in, out;
	struct buf got; /* payloads that came, as SSH strings; when kept */
	bool keep;
	bool hold_sign, hold_hostkey; /* leave the answer to the test */
	int code;	 /* the last answer of next */
	unsigned keys;	 /* times that SSH_NEXT_KEYS was seen */
	unsigned packets;
	unsigned hostkeys; /* times that SSH_NEXT_HOSTKEY was seen */
	uint64_t bytes;
};

struct pair {
	struct end client, server;
	struct buf blobs; /* the server's key, as an SSH string */
	struct ssh_algs algs;
};

/* type: of EVP_PKEY_Q_keygen: "ED25519", "P-256", "RSA2048". */
EVP_PKEY *pair_key(const char *type);

/* Both new and started; algs NULL: the default.  Gives p to pair_fini(). */
void pair_init(struct pair *p, const struct ssh_algs *algs, EVP_PKEY *key);
void pair_fini(struct pair *p);
struct ssh_transport_opts pair_opts(const struct pair *p, enum ssh_role role);

/* Take all events of one end; answers SIGN and HOSTKEY.  The last code. */
int pair_take(struct end *e);
/* Move bytes and take events, step bytes at a time, until nothing moves. */
void pair_run(struct pair *p, size_t step);
/* pair_run() until both have their keys; fails the test if they do not. */
void pair_handshake(struct pair *p);
/* Send a payload of n bytes that starts with message number 94. */
void pair_send(struct end *e, size_t n, uint8_t fill);

#endif /* TESTS_TRANSPORT_PAIR_H */
