/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"
#include "base/loop.h"

/*
 * A non-blocking stream socket with an input and an output buffer.
 *
 * One callback.  IO_DATA: bytes were added to io_in(); the callback consumes
 * what it can, and leaves the rest.  IO_LOWAT: the output buffer has fallen
 * to the low-water mark after having been above it.  IO_EOF: the peer closed
 * its direction; bytes may remain in io_in().  IO_ERROR: the connection is
 * broken, io_fail() says why; nothing more will come.  A peer that takes
 * nothing any more is still read to its end; output is dropped meanwhile.
 * IO_CONNECTED: io_connect succeeded.  IO_TIMEOUT: nothing was read for
 * io_set_timeout().  IO_GONE, told at most once: the connection is gone but
 * reading is paused, or the input full; what came before, and the end itself,
 * is told when reading goes on. The callback may call io_free() on its own io.
 */

struct io;

enum io_event {
	IO_DATA,
	IO_LOWAT,
	IO_EOF,
	IO_ERROR,
	IO_CONNECTED,
	IO_TIMEOUT,
	IO_GONE,
};

typedef void io_fn(struct io *io, enum io_event ev, void *ctx);

struct io_opts {
	size_t in_max;	  /* bound of the input buffer, bytes */
	size_t out_max;	  /* bound of the output buffer, bytes */
	size_t read_size; /* bytes asked for at a time; 0 = 64 KiB */
	size_t lowat;	  /* IO_LOWAT when output falls to this many bytes */
};

/*
 * Takes fd (closed by io_free), makes it non-blocking.  When io_new() gives
 * NULL the caller still has it.
 */
void io_free(struct io *io);
struct io *io_new(struct loop *l, int fd, const struct io_opts *o, io_fn *fn,
    void *ctx) OWNED_BY(io_free) MUST_USE;

/* Connect to a numeric address; ends in IO_CONNECTED or IO_ERROR. */
struct sockaddr;
struct io *io_connect(struct loop *l, const struct sockaddr *sa,
    unsigned sa_len, const struct io_opts *o, io_fn *fn, void *ctx)
    OWNED_BY(io_free) MUST_USE;

/* The buffers.  After adding to io_out() directly, call io_flush_soon(). */
struct buf *io_in(struct io *io);
struct buf *io_out(struct io *io);
/* Append to the output and arrange for it to be written. */
int io_write(struct io *io, const void *p, size_t n) MUST_USE;
/* Try to write now; the rest goes when the socket is writable. */
void io_flush(struct io *io);
/* Write at the end of this round of the loop: batches small writes. */
void io_flush_soon(struct io *io);
bool io_drained(const struct io *io);

/*
 * Stop and resume reading.  Resuming raises IO_DATA soon if bytes wait; it is
 * also what to call after consuming from a full input outside the callback.
 */
void io_pause(struct io *io);
void io_resume(struct io *io);
bool io_paused(const struct io *io);

/* Shut the write direction once the output is drained. */
void io_shutdown(struct io *io);
/* Read idle limit in ms; 0 = none. */
void io_set_timeout(struct io *io, uint64_t ms);

int io_fd(const struct io *io);
/* Stop watching and hand the fd out; io_free() will not close it. */
int io_detach(struct io *io);
/* IO_GONE was told. */
bool io_is_gone(const struct io *io);
const struct fail *io_fail(const struct io *io);
uint64_t io_bytes_in(const struct io *io);
uint64_t io_bytes_out(const struct io *io);

#endif /* BASE_IO_H */
