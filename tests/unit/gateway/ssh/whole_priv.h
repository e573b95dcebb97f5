/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_GATEWAY_SSH_WHOLE_PRIV_H
#define TESTS_UNIT_GATEWAY_SSH_WHOLE_PRIV_H

#include "base/buf.h"

#include "whole.h"

/* The three parties of a whole session, for whole*.c only. */

enum { WHOLE_BUF_MAX = 2 * 1024 * 1024 };

/* One end of a connection. */
struct side {
	struct ssh_transport *t;
	struct buf in, out;
	bool eof; /* nothing more will come in */
};

void side_init(struct side *s, const struct whole_opts *o, enum ssh_role role);
void side_fini(struct side *s);
void side_send(struct side *s, const char *fmt, ...);
/* Answer SSH_NEXT_SIGN with this key. */
int side_sign(struct side *s, EVP_PKEY *key);

/* user and target: a client and a server that do as they are expected to. */
struct peer {
	struct side side;
	const struct whole_opts *o;
	bool user;
	struct buf got; /* of the stream */
	size_t sent;	/* user: pieces of it */
	bool status, closed;
	bool gone; /* left, with or without a word */
};

extern const char whole_stream[];
enum { WHOLE_STREAM = 218, WHOLE_STATUS = 7 };

void peer_init(struct peer *p, const struct whole_opts *o, bool user);
void peer_fini(struct peer *p);
/* One event, or one thing of its own to do.  False: there was none. */
bool peer_step(struct peer *p);

struct gateway;
void gateway_free(struct gateway *g);
struct gateway *gateway_new(const struct whole_opts *o);
/* leg: 0 the user's, 1 the target's (t NULL before the user is in). */
struct side *gateway_side(struct gateway *g, int leg);
bool gateway_step(struct gateway *g);
/* It has ended; the reason goes into res. */
bool gateway_ended(const struct gateway *g);
void gateway_sum_up(const struct gateway *g, struct whole_result *res);

#endif /* TESTS_UNIT_GATEWAY_SSH_WHOLE_PRIV_H */
