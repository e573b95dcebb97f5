/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_INFO_H
#define REPLAY_INFO_H

#include <stdbool.h>
#include <stdio.h>

#include "base/cdefs.h"
#include "recorder/replay/source.h"

/*
 * What a recording is: who, where, when, how long, which channels, whether it
 * is whole.  Without a key what the header says in plain; with one the session
 * and its channels, for which all of it is read.
 */

struct info_opts {
	bool json;
	const char *(*why_text)(int why); /* of an end; NULL: numbers only */
};

/*
 * 0, or a FAIL_* code when the file cannot be read at all.  That it is damaged
 * further on is part of what is printed.
 */
int info_print(
    struct source *source, FILE *to, const struct info_opts *o) MUST_USE;

#endif /* REPLAY_INFO_H */
