/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_TYPED_DRIVE_H
#define TESTS_FUZZ_TYPED_DRIVE_H

#include <stdbool.h>

#include "session/typed.h"

enum typed_step {
	TYPED_STEP_INPUT,  /* of the next n bytes */
	TYPED_STEP_OUTPUT, /* of the next n bytes */
	TYPED_STEP_ECHO,   /* input of n bytes, shown as they are */
	TYPED_STEP_WAIT,   /* n times 10 ms, with ticks when they are due */
	TYPED_STEP_RESIZE, /* to n columns */
	TYPED_STEP_MOVE,   /* on in another, by export and import */
	TYPED_STEPS
};

/* What came out, and how often the target has shown each letter. */
struct typed_tally {
	size_t out; /* bytes of input in plain, and how often it was masked */
	uint64_t shown[128], given[128];
	bool judged; /* each letter given out must have been shown */
};

/*
 * Drive typed lines by steps: a byte that says what, one that is n, and bytes.
 * Returns how many bytes were typed.  The ctx of o is tally.
 */
size_t typed_drive(
    const struct typed_opts *o, struct typed_tally *tally, struct span steps);

/*
 * On in another, by export and import: what has moved must export the same
 * again.  Takes t, gives the other.
 */
struct typed *typed_drive_move(struct typed *t, const struct typed_opts *o);

/* A line that was given out must be text that can be shown. */
void typed_drive_line(const char *text, size_t len);

/* What must hold of all that comes out.  ctx is a struct typed_tally. */
extern const struct typed_ops typed_drive_ops;

#endif /* TESTS_FUZZ_TYPED_DRIVE_H */
