/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSHCLIENT_B64_H
#define GATEWAY_SSHCLIENT_B64_H

#include "base/buf.h"
#include "base/cdefs.h"

/* Base64 (RFC 4648 section 4) as key files and key lines use it. */

/*
 * Append what text stands for to out.  Strict: padded, no character outside
 * the alphabet, no bits left over; newlines (LF, CR LF) are skipped.
 * FAIL_FORMAT leaves out with a part of the bytes.
 */
int b64_decode(struct span text, struct buf *out) MUST_USE;

/* Append the text for bytes to out, in one line. */
int b64_encode(struct span bytes, struct buf *out) MUST_USE;

#endif /* GATEWAY_SSHCLIENT_B64_H */
