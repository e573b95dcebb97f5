/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_BYTES_H
#define REPLAY_BYTES_H

#include <stdint.h>
#include <stdio.h>

#include "base/cdefs.h"
#include "recorder/replay/source.h"

/* The bytes of one stream of one channel as they passed, and nothing else. */

enum bytes_stream { BYTES_IN, BYTES_OUT, BYTES_ERR };

struct bytes_opts {
	int64_t channel; /* or PICK_AUTO: the first that has such bytes */
	enum bytes_stream stream;
};

/* "in", "out" or "err". */
int bytes_stream_parse(const char *text, enum bytes_stream *s) MUST_USE;

/*
 * Answers as text_print() does.  FAIL_DENIED: the key does not open what was
 * typed.  *missing: bytes and characters of the stream that the recording does
 * not hold: content that was not to be kept, and what was not echoed.
 */
int bytes_print(struct source *source, FILE *to, const struct bytes_opts *o,
    uint64_t *missing) MUST_USE;

#endif /* REPLAY_BYTES_H */
