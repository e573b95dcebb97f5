/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_TRANSPORT_NEGOTIATE_H
#define GATEWAY_SSH_TRANSPORT_NEGOTIATE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"

#include "ssh/transport/state.h"

/* KEXINIT: made, read, and agreed upon (RFC 4253 section 7.1). */

enum { NEGOTIATE_INIT_MAX = PACKET_CLEAR_MAX };

/* What the two KEXINITs of an exchange come to. */
struct negotiated {
	struct choice choice;
	bool strict;	    /* both know kex-strict */
	bool peer_ext_info; /* the client reads EXT_INFO */
	bool wrong_guess;   /* the peer's next packet is to be ignored */
};

/* Our KEXINIT; first: with the markers that belong to the first one only. */
int negotiate_init(const struct algs *a, enum ssh_role role, bool first,
    struct buf *payload) MUST_USE;

/* role: ours.  FAIL_PROTO; FAIL_UNSUPPORTED when nothing is in common. */
int negotiate_choose(enum ssh_role role, struct span ours, struct span theirs,
    struct negotiated *n, struct fail *f) MUST_USE;

#endif /* GATEWAY_SSH_TRANSPORT_NEGOTIATE_H */
