/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ACCEPTOR_H
#define BASE_ACCEPTOR_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/cdefs.h"
#include "base/loop.h"

/*
 * Takes connections off a listening socket.  When the process runs out of file
 * descriptors or the kernel out of memory it leaves them where they are for a
 * while: they stay in the socket's queue, or go to another process that shares
 * it.  There is one line in the log when that begins and one when it is over.
 */

struct acceptor;

struct acceptor_opts {
	const char *what; /* kept a pointer to; for the log */
	/* Takes fd, which is non-blocking. */
	void (*got)(void *ctx, int fd, const struct sockaddr_storage *from,
	    socklen_t len);
	/* It begins, or it is over; NULL: no interest. */
	void (*starved)(void *ctx, bool is);
	void *ctx;
	unsigned batch;	  /* connections in one round, at least 1 */
	unsigned reserve; /* descriptors that are left for other things */
	bool shared;	  /* with other processes: wake one of them */
};

void acceptor_free(struct acceptor *a);
/* fd stays the caller's.  Accepts nothing yet. */
struct acceptor *acceptor_new(struct loop *l, int fd,
    const struct acceptor_opts *o) OWNED_BY(acceptor_free) MUST_USE;

/* Accept, or look away; also within got(). */
void acceptor_listen(struct acceptor *a, bool on);
bool acceptor_starved(const struct acceptor *a);

#endif /* BASE_ACCEPTOR_H */
