/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSHCLIENT_PUBKEY_LINE_H
#define GATEWAY_SSHCLIENT_PUBKEY_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"

/*
 * Public keys as people write them: a line of authorized_keys or a .pub file,
 * "[options] type base64 [comment]".
 */

enum {
	PUBKEY_LINE_BLOB_MAX = 8192,
	PUBKEY_LINE_FP_SIZE = 52, /* "SHA256:" and 43 characters, and a zero */
	PUBKEY_LINE_TYPE_SIZE = 48,
};

struct pubkey_line {
	uint8_t *blob; /* RFC 4253 section 6.6 */
	size_t blob_len;
	char type[PUBKEY_LINE_TYPE_SIZE]; /* "ssh-ed25519" */
	char fingerprint[PUBKEY_LINE_FP_SIZE];
	char comment[256]; /* printable; cut when longer */
	unsigned bits;
};

void pubkey_line_fini(struct pubkey_line *p);

/*
 * Parse one line.  Options (of authorized_keys) are refused, because they
 * would promise a restriction that nothing here enforces.  Types: ed25519,
 * ecdsa nistp256/384/521, rsa of 2048 bits and more, sk-ed25519, sk-ecdsa.
 * The blob is checked against its type.
 */
int pubkey_line_parse(
    struct pubkey_line *p, struct span line, struct fail *f) MUST_USE;

/* A blob that came from elsewhere: the same checks, comment empty. */
int pubkey_line_from_blob(
    struct pubkey_line *p, struct span blob, struct fail *f) MUST_USE;

/* "SHA256:..." as ssh-keygen -l prints it. */
int pubkey_line_fingerprint(
    char dst[PUBKEY_LINE_FP_SIZE], struct span blob) MUST_USE;

/* Append "type base64" to out. */
int pubkey_line_print(struct span blob, struct buf *out) MUST_USE;

#endif /* GATEWAY_SSHCLIENT_PUBKEY_LINE_H */
