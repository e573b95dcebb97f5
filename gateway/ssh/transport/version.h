/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_TRANSPORT_VERSION_H
#define GATEWAY_SSH_TRANSPORT_VERSION_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"

#include "ssh/transport/state.h"

/* The version exchange: RFC 4253 section 4.2. */

/* "SSH-2.0-" and software; false when it is not printable or too long. */
bool version_set(struct versions *v, const char *software);

/*
 * 1: the peer's line was taken from in; 0: more bytes are needed.  A client
 * reads over lines that come before it.
 */
int version_read(struct versions *v, enum ssh_role role, struct buf *in,
    struct fail *f) MUST_USE;

#endif /* GATEWAY_SSH_TRANSPORT_VERSION_H */
