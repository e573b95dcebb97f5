/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_EVENTS_H
#define REPLAY_EVENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "recorder/replay/source.h"

/*
 * Everything that happened, one line an event: time, channel, name and what it
 * says.  Of output and input only the number of bytes.
 */

struct events_opts {
	int64_t channel; /* or PICK_AUTO: all, and those of no channel */
	bool json;
};

/* Answers as text_print() does. */
int events_print(
    struct source *source, FILE *to, const struct events_opts *o) MUST_USE;

/* What the event says, in words, safe to print; returns dst. */
enum { EVENTS_DETAIL = 512 };
char *events_detail(char dst[EVENTS_DETAIL], const struct rcd_event_view *e);

#endif /* REPLAY_EVENTS_H */
