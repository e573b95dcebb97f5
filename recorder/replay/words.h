/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_WORDS_H
#define REPLAY_WORDS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/cdefs.h"

/* Values as people read and write them. */

enum { WORDS_SIZE = 48 };

/* A place in a recording: "1:02:03.250"; returns dst. */
char *words_offset(char dst[WORDS_SIZE], uint64_t us);
/* The same without the fraction, for a clock: "1:02:03". */
char *words_clock(char dst[WORDS_SIZE], uint64_t us);
/* Unix time as RFC 3339 with milliseconds, UTC. */
char *words_time(char dst[WORDS_SIZE], uint64_t unix_us);

/*
 * A place in a recording: "83.5", "83.5s", "5m", "2h", "1:23", "1:02:03.5".
 * FAIL_FORMAT.
 */
int words_offset_parse(const char *text, uint64_t *us) MUST_USE;
/* A number such as a speed: "2", "0.5".  In thousandths.  FAIL_FORMAT. */
int words_milli_parse(const char *text, uint64_t *milli) MUST_USE;

/* Text for a terminal: what is not printable UTF-8 as \xNN. */
void words_escape(FILE *to, struct span s);
/* The same into an array, cut where it ends; returns dst. */
char *words_escape_to(char *dst, size_t size, struct span s);

#endif /* REPLAY_WORDS_H */
