/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_TRANSPORT_ALGS_H
#define GATEWAY_SSH_TRANSPORT_ALGS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/cdefs.h"

#include "ssh/transport/transport.h"

/*
 * The names that one transport offers: those of its options that this program,
 * this OpenSSL, and the keys that it has can do.  ssh_algs_check() is in
 * transport.h.
 */
struct algs {
	struct buf kex, hostkey, cipher, mac;
};

/* Release with algs_fini(), also after a failure. */
int algs_init(struct algs *a, const struct ssh_transport_opts *o) MUST_USE;
void algs_fini(struct algs *a);

/* The first of these SSH strings that is a key for alg; false: none. */
bool algs_hostkey_for(struct span blobs, const char *alg, struct span *blob);

/* What a server tells that it takes from users (RFC 8308 section 3.1). */
extern const char algs_server_sig[];

#endif /* GATEWAY_SSH_TRANSPORT_ALGS_H */
