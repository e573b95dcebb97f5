/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_KEYS_H
#define REPLAY_KEYS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/cdefs.h"
#include "recorder/replay/source.h"

/*
 * What the user typed, a line at a time, with its time: as the gateway has
 * reconstructed and masked it.  What was not echoed is not in the recording.
 */

struct keys_opts {
	int64_t channel; /* or PICK_AUTO: all */
	bool json;
};

/*
 * Answers as text_print() does.  FAIL_DENIED: the key does not open what was
 * typed.
 */
int keys_print(
    struct source *source, FILE *to, const struct keys_opts *o) MUST_USE;

#endif /* REPLAY_KEYS_H */
