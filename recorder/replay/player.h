/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_PLAYER_H
#define REPLAY_PLAYER_H

#include <stdint.h>

#include "base/cdefs.h"
#include "base/fail.h"
#include "recorder/replay/source.h"

/*
 * Plays a recording in this terminal, with the keys of keyin_tbl.h.  The last
 * row says where it stands.  A recording that is still being written is
 * followed.  At the end it stays for whoever has used a key; else it leaves,
 * with the last picture on the terminal.
 *
 * One loop: keys, signals, and the time of the next event.  What takes long
 * (winding, searching) is done in portions between them.
 */

struct player_opts {
	int64_t channel; /* or PICK_AUTO */
	uint64_t speed_milli;
	uint64_t max_idle_us; /* 0: as it was */
	uint64_t at_us;
};

/*
 * 0: left by a key; RCD_END, RCD_MORE: played to its end; FAIL_* with the cause
 * in f, or in source_fail().  *sig: the signal that ended it, or 0; the
 * terminal is as it was in any case.
 */
int player_run(struct source *source, const struct player_opts *o, int *sig,
    struct fail *f) MUST_USE;

#endif /* REPLAY_PLAYER_H */
