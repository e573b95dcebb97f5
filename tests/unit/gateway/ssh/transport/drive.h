/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_TRANSPORT_DRIVE_H
#define TESTS_TRANSPORT_DRIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "base/buf.h"

#include "ssh/transport/transport.h"

/*
 * A transport on a socket with the least of user authentication and channels
 * that another implementation needs to send a stream and have it echoed: as
 * server it echoes, as client it sends the stream and compares.
 */

struct drive_opts {
	enum ssh_role role;
	struct ssh_algs algs;
	int fd;
	EVP_PKEY *key;	      /* server: host key; client: the user's */
	const char *user;     /* client */
	uint64_t bytes;	      /* client: of the stream */
	uint64_t rekey_bytes; /* ask for new keys after; 0: never */
	uint64_t move_bytes;  /* export and import after; 0: never */
};

struct drive_result {
	int code; /* 0, or what went wrong */
	char why[200];
	uint64_t bytes; /* of the stream that came in and was right */
	unsigned keys, moves;
	char algs[256];
	char peer[256];
	char sig_algs[512];
};

/* Runs until the peer is gone, or nothing moves for 20 s.  Closes fd. */
void drive_run(const struct drive_opts *o, struct drive_result *res);

#endif /* TESTS_TRANSPORT_DRIVE_H */
