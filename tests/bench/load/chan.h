/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_BENCH_LOAD_CHAN_H
#define TESTS_BENCH_LOAD_CHAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"

#include "wire.h"

/*
 * One channel of type session, seen from either side: numbers, windows, and
 * the messages of RFC 4254 section 5.  Our number is the one that the owner
 * chose.  All functions return 0 or a FAIL_* code.
 */

enum {
	CHAN_WINDOW = 2 * 1024 * 1024,
	CHAN_PACKET = 32 * 1024,
};

struct chan {
	uint32_t own, peer;
	uint32_t window; /* that we may send */
	uint32_t packet; /* at a time */
	uint32_t taken;	 /* of what we gave, not yet given anew */
	bool open;
	bool sent_eof, got_eof, sent_close, got_close;
};

int chan_open(struct wire *w, struct chan *ch) MUST_USE;
/* s: a CHANNEL_OPEN behind its type. */
int chan_accept(struct wire *w, struct chan *ch, struct span s) MUST_USE;
int chan_refuse(struct wire *w, struct span s) MUST_USE;
/* s: a CHANNEL_OPEN_CONFIRMATION behind our number. */
int chan_confirmed(struct chan *ch, struct span s) MUST_USE;
int chan_adjusted(struct chan *ch, struct span s) MUST_USE;

/* rest: what follows want_reply. */
int chan_request(struct wire *w, const struct chan *ch, const char *name,
    bool reply, struct span rest) MUST_USE;
int chan_pty(struct wire *w, const struct chan *ch) MUST_USE;
int chan_exec(
    struct wire *w, const struct chan *ch, const char *command) MUST_USE;
int chan_exit_status(
    struct wire *w, const struct chan *ch, uint32_t status) MUST_USE;
int chan_reply(struct wire *w, const struct chan *ch, bool yes) MUST_USE;

/* How much may be sent now, at most want. */
size_t chan_room(const struct wire *w, const struct chan *ch, size_t want);
/* At most what chan_room() says. */
int chan_data(struct wire *w, struct chan *ch, struct span data) MUST_USE;
int chan_stderr(struct wire *w, struct chan *ch, struct span data) MUST_USE;
/* len bytes were taken: gives them anew when they are many. */
int chan_took(struct wire *w, struct chan *ch, size_t len) MUST_USE;
int chan_eof(struct wire *w, struct chan *ch) MUST_USE;
int chan_close(struct wire *w, struct chan *ch) MUST_USE;

#endif /* TESTS_BENCH_LOAD_CHAN_H */
