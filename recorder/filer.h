/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORDER_FILER_H
#define RECORDER_FILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "base/fail.h"
#include "base/loop.h"
#include "recorder/chain.h"
#include "recorder/place.h"
#include "recorder/rcd.h"

/*
 * The filer: moves committed bytes out of the spool's segments into the files
 * of recordings, finishes those files, and removes segments.  A thread of its
 * own, because all of it waits for the disk.  Jobs that wait together share
 * their fsyncs.
 */

struct filer;

/* A run of bytes of a recording in the spool. */
struct extent {
	uint32_t seg;
	uint32_t off;
	uint32_t len;
};

enum filer_what {
	FILER_MOVE,   /* extents to the end of the .part; then its state */
	FILER_FINISH, /* the same, and the tail; then rename */
	FILER_FORGET, /* remove the state of a finished recording */
	FILER_REMOVE, /* remove segment seg */
};

struct filer_job {
	struct filer_job *next;
	enum filer_what what;
	void *owner;
	uint32_t seg;
	uint8_t rec_id[RCD_ID_LEN];
	char name[PLACE_NAME];
	uint64_t part_off;  /* length that the .part has before */
	struct extent *ext; /* of the job */
	size_t n_ext;
	uint8_t tail[512]; /* gap and trailer of a dead writer */
	size_t tail_len;
	struct rcd_chain chain; /* after the extents */
	struct fail fail;	/* the result */
	int fd;			/* of the filer */
	bool renamed;
};

struct filer_opts {
	const char *spool;  /* folder */
	const char *folder; /* of recordings */
	/* job is done, or job->fail says why not: takes it. */
	void (*done)(void *ctx, struct filer_job *job);
	void *ctx;
};

/* Does what was put before it ends. */
void filer_free(struct filer *f);
int filer_new(
    struct filer **out, struct loop *l, const struct filer_opts *o) MUST_USE;

void filer_job_free(struct filer_job *j);
struct filer_job *filer_job_new(enum filer_what what, void *owner) MUST_USE;
/* Takes j. */
void filer_put(struct filer *f, struct filer_job *j);
size_t filer_waiting(const struct filer *f);

#endif /* RECORDER_FILER_H */
