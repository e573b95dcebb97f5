/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_JOURNAL_DIR_H
#define BROKER_JOURNAL_DIR_H

#include <pthread.h>
#include <stdbool.h>

#include "broker/journal.h"

/*
 * The inside of a journal, shared by journal.c (records) and journal_dir.c
 * (files).  Nobody else includes this.
 */

enum {
	JOURNAL_NAME_SIZE = 32,
	JOURNAL_SKIP_MAX = 1024 * 1024, /* so much damage is skipped at once */
};

struct journal_seg {
	uint64_t number;
	uint64_t size; /* committed and sound */
	bool keep;     /* damaged: renamed in place of removed */
};

struct journal_peek {
	uint64_t number, off; /* behind what was given */
	uint64_t rows, bytes;
};

struct journal {
	pthread_mutex_t lock; /* guards pending, segs and stat */
	struct buf pending;
	uint64_t pending_rows;
	struct journal_seg *segs; /* by number, the last is written to */
	size_t n_segs, cap_segs;
	struct journal_stat stat;

	char *dir;
	int dir_fd;
	int lock_fd;
	uint64_t max_bytes;
	uint64_t segment_size;
	uint64_t next_number;

	/* The committing thread's. */
	struct buf writing;
	uint64_t writing_rows;
	int out_fd;
	uint64_t out_size;
	bool torn; /* a segment has a tail that is not counted */

	/* The reading thread's. */
	struct {
		uint64_t number, off;
	} read;
	struct journal_peek peek;
	int in_fd;
	uint64_t in_open;
	uint8_t *in_buf;
	int cursor_fd;
};

/* Takes one record off the front: FAIL_TRUNCATED, FAIL_FORMAT. */
int journal_frame(struct span *s, struct span *rec) MUST_USE;
/*
 * In s, whose front is no whole record: how far away the next one is.  0: there
 * is none within JOURNAL_SKIP_MAX.
 */
size_t journal_skip(struct span s);
/* The number in a segment's header. */
int journal_head(struct span segment, uint64_t *number) MUST_USE;
void journal_dir_name(char dst[JOURNAL_NAME_SIZE], uint64_t number);
/* Make the next segment and write to it from now on. */
int journal_dir_new_segment(struct journal *j, struct fail *f) MUST_USE;
/* The reading end moved: write the cursor, remove segments behind it. */
void journal_dir_consumed(struct journal *j);

#endif /* BROKER_JOURNAL_DIR_H */
