/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSHCLIENT_HOSTSCAN_H
#define GATEWAY_SSHCLIENT_HOSTSCAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"

#include "sshclient/pubkey_line.h"

/*
 * The host keys of a server, fetched to be pinned: one connection for each
 * type of key.  Each key has proved itself by the signature of the key
 * exchange; that it is the right server's is for a person to judge.
 */

enum { HOSTSCAN_KEYS_MAX = 3 };

struct hostscan {
	struct pubkey_line key[HOSTSCAN_KEYS_MAX];
	size_t n;
};

void hostscan_fini(struct hostscan *h);

/*
 * host: a name or a numeric address (names are resolved here, blocking).
 * timeout_ms bounds the whole.  FAIL_NOTFOUND: the name does not resolve.
 * FAIL_CONNECT: nothing listens.  FAIL_TIMEOUT.  FAIL_PROTO: not SSH.
 * FAIL_UNSUPPORTED: SSH, but no key of a type that can be pinned.
 */
int hostscan_run(struct hostscan *h, const char *host, uint16_t port,
    unsigned timeout_ms, struct fail *f) MUST_USE;

/* Append every blob as an SSH string: the form of `pins`. */
int hostscan_pins(const struct hostscan *h, struct buf *out) MUST_USE;

#endif /* GATEWAY_SSHCLIENT_HOSTSCAN_H */
