/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_CHECK_H
#define REPLAY_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/cdefs.h"
#include "base/fail.h"

/*
 * Verification put in words: is the recording whole and unchanged, and if not,
 * which chunk is the first bad one, where it is and what is wrong with it.
 * Needs no key.
 */

struct check_opts {
	/* The public key that must have signed; NULL: the one in the file,
	 * which shows only that the file agrees with itself. */
	const uint8_t *node_key;
	bool json;
};

/*
 * 0: whole and unchanged.  A FAIL_* code: not, as printed; or, with f set, the
 * file could not be read or printed about.
 */
int check_print(
    int fd, FILE *to, const struct check_opts *o, struct fail *f) MUST_USE;

#endif /* REPLAY_CHECK_H */
