/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SEAL_H
#define CLI_SEAL_H

#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/secret.h"
#include "cli/cli.h"

/* A credential from the options of a verb, sealed by the keeper. */

struct seal {
	uint8_t row_id[16];
	uint32_t version;
	uint8_t kind; /* enum cred_kind */
	uint32_t kek_version;
	struct buf blob;
	struct buf pubkey;    /* empty for a password */
	char fingerprint[52]; /* of a key, else "" */
};

void seal_init(struct seal *s);
void seal_fini(struct seal *s);
/*
 * Read what --password-stdin, --password-file or --key-file say, or ask, and
 * have it sealed as a new row's credential of the given version.
 */
int seal_make(struct cli *c, struct seal *s, uint32_t version) MUST_USE;

#endif /* CLI_SEAL_H */
