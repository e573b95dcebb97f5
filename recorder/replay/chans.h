/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_CHANS_H
#define REPLAY_CHANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "recorder/event.h"

/*
 * The channels of a session, as far as its events have told of them.  At most
 * CHANS_MAX are kept: then the oldest closed one makes room.
 */

enum { CHANS_MAX = 1024, CHANS_WHAT = 160, CHANS_TERM = 32 };

enum chan_kind {
	CHAN_UNKNOWN, /* nothing has been started in it */
	CHAN_SHELL,
	CHAN_EXEC,
	CHAN_SUBSYSTEM,
	CHAN_FORWARD, /* bytes of another protocol */
};

struct chan {
	uint32_t number;
	enum chan_kind kind;
	bool pty;
	bool open;
	bool has_exit;
	uint16_t cols, rows; /* of the terminal; 0: none was named */
	uint32_t exit;
	uint64_t opened_us;
	uint64_t closed_us;
	uint64_t out_bytes;	 /* shown to the user, stderr included */
	uint64_t not_kept;	 /* bytes that were only counted */
	char what[CHANS_WHAT];	 /* command, subsystem or type; escaped */
	char term[CHANS_TERM];	 /* TERM; escaped */
	char signal[CHANS_TERM]; /* that ended it; escaped */
};

struct chans {
	struct chan *tab;
	size_t n;
	size_t cap;
	uint64_t forgotten; /* that had to make room */
};

void chans_init(struct chans *c);
void chans_fini(struct chans *c);

/* Learn from an event.  *ch: its channel, lent; NULL when it has none. */
int chans_event(
    struct chans *c, const struct rcd_event_view *e, struct chan **ch) MUST_USE;
/* NULL: not known. */
struct chan *chans_find(const struct chans *c, uint32_t number);

/* Its output is meant for a person's eyes. */
bool chan_is_text(const struct chan *ch);
/* "shell", "exec", ... */
const char *chan_kind_text(enum chan_kind kind);
/* "channel 2: exec uname -a"; returns dst. */
enum { CHAN_TITLE = CHANS_WHAT + 64 };
char *chan_title(char dst[CHAN_TITLE], const struct chan *ch);

/* All of it to the end of out, and back from the front of s. */
int chans_save(const struct chans *c, struct buf *out) MUST_USE;
int chans_load(struct chans *c, struct span *s) MUST_USE;

#endif /* REPLAY_CHANS_H */
