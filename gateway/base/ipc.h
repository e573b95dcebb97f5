/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_IPC_H
#define BASE_IPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"
#include "base/loop.h"

/*
 * Messages between the processes of a node, over a stream unix socket.
 *
 *	u32 length of what follows (type, flags, id, body)
 *	u16 type	from the link's message table
 *	u16 flags	bit 0: one file descriptor comes with it
 *	u32 id		chosen by the asker, repeated in the answer; 0 = none
 *	body
 *
 * A message over max_msg, an unknown flag or a missing descriptor is an
 * error that closes the link: the other side may be hostile.
 */

struct ipc;

enum { IPC_HEADER_LEN = 12, IPC_BODY_MAX = 2 * 1024 * 1024 };

struct ipc_msg {
	uint16_t type;
	uint32_t id;
	struct span body; /* lent for the length of the call */
	int fd;		  /* -1 or a descriptor that the callback takes */
};

/*
 * A message came.  Return 0, or a FAIL_* code to close the link.  The
 * callback may call ipc_free() on its own link and must then return 0.
 */
typedef int ipc_fn(struct ipc *c, const struct ipc_msg *m, void *ctx);
/* The link is gone: f, lent, says why (FAIL_CLOSED: the peer closed it). */
typedef void ipc_gone_fn(struct ipc *c, const struct fail *f, void *ctx);

struct ipc_opts {
	size_t max_msg;	  /* bytes of one that comes, header included */
	size_t max_queue; /* bytes that may wait to be written */
	ipc_fn *msg;
	ipc_gone_fn *gone;
	void *ctx;
	bool secret; /* bodies may hold secrets: buffers are wiped */
};

/* Takes fd; when ipc_new() gives NULL the caller still has it. */
void ipc_free(struct ipc *c);
struct ipc *ipc_new(struct loop *l, int fd, const struct ipc_opts *o)
    OWNED_BY(ipc_free) MUST_USE;

/*
 * Queue a message.  Takes send_fd (closed once sent; -1 = none).  FAIL_FULL
 * when max_queue would be passed: nothing was queued and send_fd is closed.
 */
int ipc_send(struct ipc *c, uint16_t type, uint32_t id, struct span body,
    int send_fd) MUST_USE;

/*
 * The same without a copy: ipc_begin() lends the queue, to which the caller
 * adds the body; ipc_end() with r == 0 makes it a message, otherwise what was
 * added is taken back.  Returns r or its own failure.  Nothing else may be
 * called on c in between.
 */
int ipc_begin(
    struct ipc *c, uint16_t type, uint32_t id, struct buf **body) MUST_USE;
int ipc_end(struct ipc *c, int r) MUST_USE;

size_t ipc_queued(const struct ipc *c);
/* Write now what the socket takes, for a process that is about to end. */
void ipc_flush(struct ipc *c);
/* Stop and resume reading messages. */
void ipc_pause(struct ipc *c);
void ipc_resume(struct ipc *c);
int ipc_fd(const struct ipc *c);
/* Nothing is on the way in this process: neither to be sent nor half read. */
bool ipc_idle(const struct ipc *c);
/* Give the descriptor out; only ipc_free() may follow. */
int ipc_detach(struct ipc *c);

/*
 * Blocking exchange for the command line: send one message and read the next
 * one into reply (header stripped) within timeout_ms; recv_fd may be NULL.
 */
int ipc_call(int fd, uint16_t type, struct span body, uint16_t *reply_type,
    struct buf *reply, int *recv_fd, int timeout_ms, struct fail *f) MUST_USE;

#endif /* BASE_IPC_H */
