/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSHCLIENT_KEYFILE_H
#define GATEWAY_SSHCLIENT_KEYFILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"
#include "base/secret.h"

#include "sshclient/pubkey_line.h"

/*
 * Import of private keys: any format that libssh reads (OpenSSH, PEM, PKCS#8;
 * ed25519, ecdsa, rsa), with a passphrase or without, becomes PKCS#8 DER, which
 * is what the vault seals as CRED_KEY.  One form is told to be converted first:
 * an encrypted rsa key in OpenSSH's own format, where libssh (0.10) gives the
 * key out no more once it has read it.
 */

enum { KEYFILE_MAX = 65536 };

struct keyfile {
	struct secret *pkcs8;	/* DER, not encrypted */
	struct pubkey_line pub; /* its public key; comment empty */
};

void keyfile_fini(struct keyfile *k);

/*
 * text: the file's content.  passphrase: NULL when there is none.
 * FAIL_AUTH: the key is encrypted and the passphrase is missing or wrong.
 * FAIL_UNSUPPORTED: a kind of key that is not used (dsa, sk-, rsa < 2048),
 * or the one form above.
 */
int keyfile_parse(struct keyfile *k, struct span text, const char *passphrase,
    struct fail *f) MUST_USE;
int keyfile_load(struct keyfile *k, const char *path, const char *passphrase,
    struct fail *f) MUST_USE;

#endif /* GATEWAY_SSHCLIENT_KEYFILE_H */
