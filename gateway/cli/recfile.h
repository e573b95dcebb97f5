/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_RECFILE_H
#define CLI_RECFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "base/secret.h"
#include "cli/cli.h"

/* A recording by way of the database: which it is, its file, its key. */

struct recfile {
	uint8_t id[16];
	char path[513]; /* within the folder of recordings; "" while open */
	uint8_t wrapped[512];
	size_t wrapped_len; /* 0: erased */
	uint64_t state;	    /* RECORDING_* */
	uint8_t node_key[32];
	bool has_key; /* the public key of its node is known */
};

/* By its id or that of its session, also the beginning of one.  NEED_DB. */
int recfile_find(struct cli *c, const char *text, struct recfile *rec) MUST_USE;
/* The newest one that is finished, or else the newest.  NEED_DB. */
int recfile_last(struct cli *c, struct recfile *rec) MUST_USE;
/*
 * The whole path of its file.  Gives *path.  FAIL_STATE: nothing of it has left
 * the spool yet.
 */
int recfile_path(
    struct cli *c, const struct recfile *rec, char **path) MUST_USE;
/*
 * Its data key, from the keeper; that it was given out, and for what (how), is
 * in the audit before this returns.  Gives *dek.  NEED_BROKER, NEED_KEEPER.
 */
int recfile_key(struct cli *c, const struct recfile *rec, const char *how,
    struct secret **dek) MUST_USE;

#endif /* CLI_RECFILE_H */
