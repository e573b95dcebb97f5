/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SESSION_LIVE_H
#define GATEWAY_SESSION_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/loop.h"
#include "session/chunk.h"

/*
 * Live watching: what a session shows, written to the sockets of those who
 * watch it, at once.  A watcher that is slow loses frames (LIVE_SKIPPED tells
 * how many bytes), never the session its pace; a watcher that goes away is
 * forgotten.
 *
 * The stream is frames, big endian:
 *
 *	u32 length of what follows
 *	u8  type	an RCD1 event type (recorder/event_tbl.h): OUT, ERR,
 *			PTY_REQ, RESIZE, SHELL, EXEC, SUBSYSTEM, EXIT, CH_OPEN,
 *			CH_CLOSE, NOTE, POLICY, END; or LIVE_SKIPPED
 *	u32 channel
 *	u64 Unix time in us
 *	payload		as the recording's event of that type holds it
 *
 * The stream begins with what is known of each open channel (CH_OPEN, PTY_REQ,
 * RESIZE) and the last bytes it showed, and ends with END or end of file.
 */

enum {
	LIVE_SKIPPED = 0xf0,  /* payload: u64 bytes that were not sent */
	LIVE_HEADER_LEN = 17, /* length included */
	LIVE_TAIL = 8192,     /* bytes of recent output kept for new watchers */
	LIVE_QUEUE = 262144,  /* bytes that may wait for a slow watcher */
	LIVE_WATCHERS = 16,   /* of one session at most */
};

struct live;

void live_free(struct live *l);
struct live *live_new(struct loop *loop) OWNED_BY(live_free) MUST_USE;

/* Takes fd.  FAIL_FULL when there are too many. */
int live_watch(struct live *l, int fd) MUST_USE;
unsigned live_watchers(const struct live *l);

/* Show c to all; also keeps what new watchers are told first. */
void live_push(struct live *l, const struct chunk *c);
/* A frame that belongs to no channel (POLICY, NOTE, END). */
void live_say(struct live *l, uint8_t type, const char *text);

/* What new watchers are told first, for another process. */
int live_export(const struct live *l, struct buf *out) MUST_USE;
int live_import(struct live *l, struct span *state) MUST_USE;

#endif /* GATEWAY_SESSION_LIVE_H */
