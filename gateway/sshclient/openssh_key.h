/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSHCLIENT_OPENSSH_KEY_H
#define GATEWAY_SSHCLIENT_OPENSSH_KEY_H

#include <stdbool.h>

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/cdefs.h"

/*
 * The openssh-key-v1 container (PROTOCOL.key of OpenSSH) with one key that is
 * not encrypted: ed25519, as libssh exports it, or rsa, which libssh 0.10 reads
 * but cannot export.
 */

/* True when text begins like one. */
bool openssh_key_is(struct span text);

/*
 * text: with its BEGIN and END lines.  FAIL_FORMAT unless every byte is as it
 * must be and the public key belongs to the private one.  FAIL_UNSUPPORTED: it
 * is encrypted, or another type of key.  Gives *key (EVP_PKEY_free).
 */
int openssh_key_parse(struct span text, EVP_PKEY **key) MUST_USE;

#endif /* GATEWAY_SSHCLIENT_OPENSSH_KEY_H */
