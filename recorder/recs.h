/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORDER_RECS_H
#define RECORDER_RECS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "recorder/chain.h"
#include "recorder/filer.h"
#include "recorder/rcd.h"

/* The recordings that the recorder process has in hand, by their id. */

struct rlink;

enum rec_state {
	REC_LIVE,      /* has a writer, or waits for one until `until_ns` */
	REC_SIGNING,   /* its writer died: the keeper is asked to sign */
	REC_FINISHING, /* the filer makes the file */
	REC_FINISHED,  /* the broker is still to be told */
};

struct rec {
	struct rec *chain_next; /* in the table */
	struct rec *next;	/* all of them */
	struct rec **prev;
	uint8_t id[RCD_ID_LEN];
	enum rec_state state;
	struct rlink *owner; /* who writes it */
	struct rlink *heir;  /* who wants to, once the owner lets go */
	uint64_t until_ns;   /* what the state waits for; 0: for nothing */
	uint64_t heir_ns;
	struct rcd_chain taken; /* of everything accepted */
	struct rcd_chain safe;	/* of everything committed; off 0: nothing */
	size_t waiting;		/* bytes accepted and not committed */
	size_t pending;		/* and records */

	/* Committed bytes that are not in the .part yet. */
	struct extent *ext;
	size_t n_ext;
	size_t cap_ext;
	uint64_t part_off;
	struct filer_job *job; /* lent to the filer */
	bool has_state;	       /* SPOOL/open/ID exists */

	bool close_asked;
	bool truncated;
	bool dirty; /* in the list of those with news for the owner */
	struct rec *dirty_next;
	uint32_t sign_id;
	struct rcd_summary summary;
	uint8_t tail[512];
	size_t tail_len;
};

struct recs {
	struct rec **slot;
	size_t n_slots;
	size_t n;
	struct rec *all;
};

int recs_init(struct recs *t) MUST_USE;
/* Frees the recordings too. */
void recs_fini(struct recs *t);
struct rec *recs_find(const struct recs *t, const uint8_t id[RCD_ID_LEN]);
/* A new one, all zero but its id; NULL: no memory.  The id must be new. */
struct rec *recs_add(struct recs *t, const uint8_t id[RCD_ID_LEN]) MUST_USE;
void recs_remove(struct recs *t, struct rec *r);

/* Room for n more extents. */
int recs_reserve(struct rec *r, size_t n) MUST_USE;
/* Forget the first n extents. */
void recs_shift(struct rec *r, size_t n);

#endif /* RECORDER_RECS_H */
