/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORDER_SPOOL_H
#define RECORDER_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/loop.h"
#include "recorder/chain.h"
#include "recorder/rcd.h"
#include "recorder/segment.h"

/*
 * The spool: a log of segments, written by a thread of its own.  What is put
 * within one commit interval shares one write and one fdatasync.  While the
 * disk cannot be written everything that was put is kept and tried again.
 */

struct spool;

/* A record on its way.  Made by spool_item_new(), given back by ops->done. */
struct spool_item {
	struct spool_item *next;
	void *owner;		/* of the caller */
	struct rcd_chain chain; /* of the caller */
	uint32_t seg;		/* where it lies, once it is done */
	uint32_t off;		/* of its bytes in the segment */
	uint32_t len;		/* of its bytes */
	uint8_t kind;		/* enum segment_kind */
	uint8_t *bytes;		/* its bytes, in data */
	uint8_t data[];		/* record header and bytes */
};

struct spool_ops {
	/* item is on disk: takes it (free).  In the order of spool_put(). */
	void (*done)(void *ctx, struct spool_item *item);
	/* All done() of one commit were called. */
	void (*committed)(void *ctx);
	/* The disk cannot be written (code, why), or can again (0). */
	void (*trouble)(void *ctx, int code, const char *why);
};

struct spool_opts {
	const char *dir;
	uint64_t segment;	     /* bytes */
	uint64_t commit_ms;	     /* records wait this long for company */
	uint32_t first;		     /* number of the first segment to write */
	const struct spool_ops *ops; /* kept a pointer to */
	void *ctx;
};

/* Ends the thread; what can be written is written before. */
void spool_free(struct spool *s);
int spool_new(
    struct spool **out, struct loop *l, const struct spool_opts *o) MUST_USE;

struct spool_item *spool_item_new(const uint8_t rec_id[RCD_ID_LEN],
    enum segment_kind kind, struct span bytes) MUST_USE;
/* Takes item. */
void spool_put(struct spool *s, struct spool_item *item);
/* Bytes that were put and are not on disk. */
size_t spool_waiting(const struct spool *s);

/* dir/NUMBER.seg */
void spool_path(char *dst, size_t size, const char *dir, uint32_t number);

#endif /* RECORDER_SPOOL_H */
