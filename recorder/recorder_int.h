/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORDER_RECORDER_INT_H
#define RECORDER_RECORDER_INT_H

#include <sys/stat.h>

#include "base/ipc.h"

#include "recorder/filer.h"
#include "recorder/place.h"
#include "recorder/recorder.h"
#include "recorder/recs.h"
#include "recorder/segtab.h"
#include "recorder/spool.h"

/* Shared by the recorder_*.c files only. */

enum {
	REC_PER_LINK = 8192, /* recordings that one worker has at most */
	REC_TOTAL = 65536,
	REC_WAITING = 8 * 1024 * 1024, /* of one recording, not committed */
	SPOOL_HIGH = 64 * 1024 * 1024, /* above: workers are not read from */
	SPOOL_LOW = 32 * 1024 * 1024,
	TICK_MS = 200,
	SPACE_MS = 1000,
	ORPHAN_MS = 1500, /* a writer's link broke */
	HANDOVER_MS = 10000,
	RESTART_MS = 3000, /* after this process was started */
	SIGN_MS = 5000,
	RETRY_MS = 2000,
	HEIR_MS = 5000,
	LOCK_MS = 5000, /* for an earlier process that is ending */
};

/* A link to a worker, the keeper or the broker. */
struct rlink {
	struct rlink *next;
	struct recorder *recorder;
	struct ipc *ipc;
	enum role role;
	uint32_t peer;
	size_t owned;
	bool dead; /* does not read what it is told */
};

struct recorder {
	struct loop *loop;
	struct rec *dirty; /* owners are to be told what is committed */
	const struct conf *conf;
	char *spool_dir;
	struct stat spool_was; /* the folder, when it was opened */
	char *folder;
	int lock_fd; /* of the spool: nobody else writes to it */
	struct spool *spool;
	struct filer *filer;
	struct segtab segs;
	struct recs recs;
	struct rlink *links;
	struct timer *tick;
	struct timer *space;
	struct fail trouble; /* of the spool */
	bool paused;	     /* workers' links are not read */
	bool move;	     /* sealed segments wait to be moved */
	uint64_t move_ns;    /* but not before then */
	bool unfiled;	     /* a file could not be written, and was told */
	bool low;
	uint8_t free_percent;
	uint32_t next_id;
};

static inline uint64_t
recorder_in_ms(const struct recorder *r, uint64_t ms)
{
	return loop_now_ns(r->loop) + ms * 1000000;
}

/* recorder_link.c */
void recorder_links_free(struct recorder *r);
/* l is gone: what it wrote waits for another one, for a while. */
void recorder_link_end(struct rlink *l);
/* A link of that role; NULL: there is none. */
struct rlink *recorder_link_to(struct recorder *r, enum role role);

/* recorder_worker.c */
/* An error ends the link. */
int recorder_on_worker(struct rlink *l, const struct ipc_msg *m) MUST_USE;
/* Whoever waits for x and has waited too long is told so. */
void recorder_heir_tick(struct recorder *r, struct rec *x);
void recorder_tell_committed(struct recorder *r, struct rec *x);
void recorder_tell_closed(struct rlink *l, const uint8_t *id, int code);
void recorder_tell_trouble(struct recorder *r);
void recorder_tell_space(struct recorder *r, struct rlink *l);
/* l writes x from now on; NULL: nobody does. */
void recorder_own(struct rec *x, struct rlink *l);
/* The owner let go of x: who waited for that has it now, or has ms to come. */
void recorder_orphan(struct recorder *r, struct rec *x, uint64_t ms);

/* recorder_end.c */
/* Go on with the end of x as far as it can. */
void recorder_end(struct recorder *r, struct rec *x);
int recorder_on_keeper(struct recorder *r, const struct ipc_msg *m) MUST_USE;
/* A keeper came: ask it what the one before did not answer. */
void recorder_sign_again(struct recorder *r);
void recorder_filed(void *ctx, struct filer_job *j);
/* Move what is committed of x to its file. */
void recorder_move(struct recorder *r, struct rec *x);
/* Remove segments that nobody needs. */
void recorder_sweep(struct recorder *r);
/* Tell the broker of finished recordings. */
void recorder_announce(struct recorder *r);
void recorder_rec_tick(struct recorder *r, struct rec *x);

/* recorder_recover.c */
int recorder_recover(
    struct recorder *r, uint32_t *next_segment, struct fail *f) MUST_USE;
/*
 * What was moved to its file of a recording whose segments and state are gone:
 * to be closed as truncated.  NULL: nothing, or no memory.
 */
struct rec *recorder_from_part(
    struct recorder *r, const uint8_t id[RCD_ID_LEN]);
/* The finished file of id: its last sequence + 1 and whether it was cut. */
int recorder_finished(const struct recorder *r, const uint8_t id[RCD_ID_LEN],
    struct rcd_summary *s) MUST_USE;

#endif /* RECORDER_RECORDER_INT_H */
