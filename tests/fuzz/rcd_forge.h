/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_RCD_FORGE_H
#define TESTS_FUZZ_RCD_FORGE_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * Writes a recording as a worker could that lies: it holds the data key and
 * gets every signature that it asks for, so that hash, tag, CRC and signature
 * are right, and what they cover is whatever the bytes of steps say.
 *
 * A step: a byte that is the type of a chunk (enum rcd_type, modulo), one of
 * FORGE_* and time, two of length, bytes.
 */
enum {
	FORGE_GOP = 1,	    /* data: with an anchor */
	FORGE_RAW = 2,	    /* data: not compressed, else a frame of zstd */
	FORGE_ODD = 4,	    /* the header's lengths are not those of its type */
	FORGE_UNSIGNED = 8, /* checkpoint, trailer: of other bytes */
	FORGE_STEP = 4,	    /* the upper bits are 4 s each */
};

/* The data key of all of them. */
extern const uint8_t rcd_forge_dek[32];

/* Into out, header first. */
void rcd_forge(struct span steps, struct buf *out);

#endif /* TESTS_FUZZ_RCD_FORGE_H */
