/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_PLAYER_INT_H
#define REPLAY_PLAYER_INT_H

#include <stdbool.h>

#include "recorder/replay/keyin.h"
#include "recorder/replay/pace.h"
#include "recorder/replay/paint.h"
#include "recorder/replay/player.h"
#include "recorder/replay/tape.h"
#include "recorder/replay/tty.h"

/*
 * The player's state, shared by player.c (the loop), player_key.c (what keys
 * do) and player_view.c (what is painted).
 */

enum player_mode {
	PLAYER_PLAY,   /* or paused */
	PLAYER_WIND,   /* on the way to goal_us */
	PLAYER_SEARCH, /* on the way to what is searched */
	PLAYER_LINE,   /* a line is being typed */
	PLAYER_HELP,
};

struct player {
	struct source *source;
	const struct player_opts *o;
	struct tape *tape;
	struct tty tty;
	struct paint *paint;
	struct pace pace;
	enum player_mode mode;
	int code; /* FAIL_* that ends it */
	bool quit;
	int end;	/* what reading answered there; 0: not at the end */
	bool used;	/* a key was pressed */
	bool no_status; /* the line is hidden */
	bool dirty;	/* to be painted */
	char line_for;	/* '/' or 't': what the line is */
	struct keyin_line line;
	char search[HITS_TEXT];
	char message[128]; /* until the next key */
	uint64_t goal_us;
	uint64_t from_us;   /* where the search began */
	uint64_t length_us; /* of the recording, as far as is known */
	uint64_t painted_ns;
	struct buf keys; /* typed, not yet taken */
	struct buf out;
	char about[200]; /* who and where */
};

/* player.c */
uint64_t player_next_us(struct player *p);
uint64_t player_at_us(struct player *p, uint64_t now_ns);
void player_wind(struct player *p, uint64_t t_us);
void player_find(struct player *p);

/* player_key.c */
/* Take all whole keys; flush: what is not whole will not be. */
void player_keys(struct player *p, bool flush);

/* player_view.c */
int player_view(struct player *p, uint64_t now_ns) MUST_USE;

#endif /* REPLAY_PLAYER_INT_H */
