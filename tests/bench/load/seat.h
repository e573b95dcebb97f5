/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_BENCH_LOAD_SEAT_H
#define TESTS_BENCH_LOAD_SEAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/loop.h"

#include "chan.h"
#include "wire.h"

/*
 * What the target holds of one connection, and the commands that run on it.
 * The target's own: target.c makes and frees seats, verb.c runs commands.
 */

struct target;
struct seat;

struct verb {
	const char *name;
	int (*start)(struct seat *s, const char *args);
	int (*data)(struct seat *s, struct span d);
	int (*room)(struct seat *s); /* NULL: sends only what is in out */
	int (*eof)(struct seat *s);
};

struct seat {
	struct target *t;
	struct seat *next, **prev; /* of all that are live */
	struct loop *loop;
	struct wire *w;
	struct chan ch;
	struct timer *timer;	 /* paced source; NULL else */
	const struct verb *verb; /* NULL: none runs */
	struct buf out;		 /* to be sent */
	size_t owed;		 /* of the window, given when out is empty */
	bool pty, ending, wrong, told;
	uint32_t status;
	uint64_t seed, at, end, pace, began_ns;
};

/* A command line; NULL: a shell.  False: there is no such command. */
bool verb_find(struct seat *s, const char *line);
/* Start what verb_find() found. */
int verb_start(struct seat *s, const char *line) MUST_USE;
int verb_data(struct seat *s, struct span d) MUST_USE;
int verb_eof(struct seat *s) MUST_USE;
/* There is room: send what waits. */
int verb_push(struct seat *s) MUST_USE;
/* The channel is gone. */
void verb_fini(struct seat *s);

#endif /* TESTS_BENCH_LOAD_SEAT_H */
