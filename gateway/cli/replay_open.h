/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REPLAY_OPEN_H
#define CLI_REPLAY_OPEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "base/fail.h"
#include "base/secret.h"
#include "cli/replay_args.h"

/*
 * Finds what is to be replayed: the file, its key, the key of the node that
 * signed it.  For a file whose key is given, and to verify or describe a file,
 * neither configuration nor node is needed.  A key from the keeper is in the
 * audit before it is here.
 */

struct replay_open {
	int fd;		    /* of the recording */
	struct secret *key; /* NULL: none was needed */
	bool has_node_key;
	uint8_t node_key[32];
	bool usage; /* the fault is in how it was called */
};

void replay_open_fini(struct replay_open *o);
/* o is to be released in any case. */
int replay_open_init(struct replay_open *o, const struct replay_args *a,
    struct fail *f) MUST_USE;

#endif /* CLI_REPLAY_OPEN_H */
