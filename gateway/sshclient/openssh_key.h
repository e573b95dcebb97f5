/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSHCLIENT_OPENSSH_KEY_H
#define GATEWAY_SSHCLIENT_OPENSSH_KEY_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/crypt.h"
#include "base/fail.h"
#include "base/secret.h"

/*
 * The openssh-key-v1 container (PROTOCOL.key of OpenSSH), only as libssh
 * exports it: one ed25519 key, not encrypted.
 */

/* True when text begins like one. */
bool openssh_key_is(struct span text);

/*
 * text: with its BEGIN and END lines.  FAIL_FORMAT unless every byte is as it
 * must be and the public key belongs to the private one.  Gives *seed, 32
 * bytes.
 */
int openssh_key_parse(struct span text, struct secret **seed,
    uint8_t pub[ED25519_KEY_LEN]) MUST_USE;

#endif /* GATEWAY_SSHCLIENT_OPENSSH_KEY_H */
