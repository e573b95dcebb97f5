/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_AUTH_SIGALG_H
#define GATEWAY_SSH_AUTH_SIGALG_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/cdefs.h"

/* Signature algorithms of public key authentication and their key types. */

/*
 * The name, static, when alg is a signature algorithm that is accepted and that
 * the key in blob can have made; else NULL.  ssh-rsa (SHA-1) is none.
 */
const char *sigalg_accept(struct span alg, struct span blob) MUST_USE;

/* Is the signature in blob marked as made by alg? */
bool sigalg_made_by(struct span sig_blob, const char *alg) MUST_USE;

/*
 * What a key is to sign with for a server that lists server_sig_algs ("": no
 * list).  NULL when nothing fits.  legacy: ssh-rsa for a server without a list.
 */
const char *sigalg_choose(
    struct span blob, const char *server_sig_algs, bool legacy) MUST_USE;

#endif /* GATEWAY_SSH_AUTH_SIGALG_H */
