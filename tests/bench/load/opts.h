/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_BENCH_LOAD_OPTS_H
#define TESTS_BENCH_LOAD_OPTS_H

#include <stdbool.h>
#include <stdint.h>

#include <netinet/in.h>
#include <openssl/evp.h>

#include "base/buf.h"
#include "base/cdefs.h"

/* What the command line says; see opts.c for the words. */

enum { OPTS_ACTIONS = 8 };

enum opts_expect { EXPECT_IN, EXPECT_OUT, EXPECT_ANY };

/* So many sessions do this. */
struct opts_share {
	const struct action *action;
	uint64_t count;
};

struct opts {
	struct sockaddr_in address; /* to listen on, or to connect to */
	const char *cipher, *kex;
	uint64_t rekey_bytes;
	char *password; /* NULL: none; target: any will do */
	EVP_PKEY *key;	/* client: the user's; target: its host key */
	struct buf key_blob;
	/* The rest is the client's. */
	const char *login; /* %d: the session's number */
	struct opts_share share[OPTS_ACTIONS];
	unsigned n_share;
	uint64_t sessions;    /* at a time */
	uint64_t total;	      /* in all; UINT64_MAX: until the time is up */
	uint64_t rate;	      /* set-ups begun a second; 0: no limit */
	uint64_t pending;     /* in set-up at a time */
	uint64_t seconds;     /* from when all are there; 0: until done */
	uint64_t interval_ms; /* from key to key */
	uint64_t bytes;	      /* of a transfer; 0: until the end */
	uint64_t pace;	      /* bytes a second of a transfer; 0: no limit */
	uint64_t tries;	      /* of a login that is refused */
	uint64_t addresses;   /* to come from: 127.1.0.1 and on; 0: as it is */
	uint64_t first_address;
	uint64_t stall_s; /* what takes longer has failed */
	uint64_t report_s;
	enum opts_expect expect;
};

/* argv[1..]; on an error prints it and ends with status 2. */
void opts_client(struct opts *o, int argc, char **argv);
void opts_target(struct opts *o, int argc, char **argv);
void opts_fini(struct opts *o);
void opts_usage(void);

#endif /* TESTS_BENCH_LOAD_OPTS_H */
