/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_AUTHSIG_H
#define BROKER_AUTHSIG_H

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"

/*
 * The data that a user signs to log in with a key (RFC 4252 section 7): string
 * session identifier, byte 50, string user, string "ssh-connection", string
 * "publickey", TRUE, string algorithm, string key blob.
 */

/*
 * FAIL_AUTH unless signed_data is just that, with this algorithm and key and a
 * name whose authsig_login() is user.
 */
int authsig_check(struct span signed_data, struct span user, struct span alg,
    struct span key) MUST_USE;

/*
 * The user's part of a login name: up to the first '@', '#', '%' or '+'; those
 * begin the target's name.
 */
struct span authsig_login(struct span name);

#endif /* BROKER_AUTHSIG_H */
