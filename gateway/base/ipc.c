/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links between the processes of a node.  Messages of one round of the loop
 * leave in one write; one that carries a descriptor leaves in a write of its
 * own, so that the descriptor arrives with its first byte.  A peer that cannot
 * be written to any more is still read to its end.
 */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/frame.h"
#include "base/ipc.h"
#include "base/trim.h"

enum {
	IPC_READ = 65536, /* bytes asked of a read; more of a busy link */
	IPC_READ_MAX = 524288,
	IPC_FLUSH = 131072,  /* this much waiting is written at once */
	IPC_FDS = 16,	     /* descriptors that may wait for their message */
	IPC_FDS_SEND = 4096, /* and for being sent */
	IPC_WRITES = 16,
};

/* A descriptor that leaves with the message at this place of the stream. */
struct ipc_fd {
	uint64_t at;
	size_t len;
	int fd;
};

struct ipc {
	struct loop *loop;
	struct watch *watch;
	struct ipc_opts opts;
	int fd;
	struct buf in;
	struct buf out;
	struct trim trim;
	size_t ask;   /* bytes to ask of the next read */
	uint64_t pos; /* of the head of out in the stream */
	size_t begun; /* bytes queued before ipc_begin() */
	uint16_t type;
	uint32_t id;
	struct ipc_fd *send;
	size_t n_send;
	size_t cap_send;
	int got[IPC_FDS];
	size_t n_got;
	struct fail fail;
	bool deaf; /* nothing can be written any more */
	bool paused;
	bool told;   /* gone() was called */
	bool *freed; /* set by ipc_free while callbacks run */
};

static void on_watch(struct watch *w, int fd, unsigned events, void *ctx);

static void
interest(struct ipc *c)
{
	unsigned ev = 0;

	if (c->fail.code == 0) {
		if (!c->paused)
			ev |= LOOP_READ;
		if (buf_len(&c->out) > 0)
			ev |= LOOP_WRITE;
	}
	watch_set(c->watch, ev);
}

static void
drop_output(struct ipc *c)
{
	for (size_t i = 0; i < c->n_send; i++)
		(void)close(c->send[i].fd);
	c->n_send = 0;
	buf_reset(&c->out);
}

static void
release(struct ipc *c)
{
	if (c == NULL)
		return;
	if (c->freed != NULL)
		*c->freed = true;
	drop_output(c);
	for (size_t i = 0; i < c->n_got; i++)
		(void)close(c->got[i]);
	loop_undefer(c->loop, c);
	watch_free(c->watch);
	if (c->fd >= 0)
		(void)close(c->fd);
	trim_fini(&c->trim);
	buf_fini(&c->in);
	buf_fini(&c->out);
	free(c->send);
	free(c);
}

void
ipc_free(struct ipc *c)
{
	release(c);
}

struct ipc *
ipc_new(struct loop *l, int fd, const struct ipc_opts *o)
{
	struct ipc *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->loop = l;
	c->opts = *o;
	c->fd = -1;
	if (o->secret) {
		buf_init_secret(&c->in, o->max_msg + IPC_READ_MAX);
		buf_init_secret(&c->out, o->max_queue);
	} else {
		buf_init(&c->in, o->max_msg + IPC_READ_MAX);
		buf_init(&c->out, o->max_queue);
	}
	c->ask = IPC_READ;
	trim_init(&c->trim, l, &c->in, &c->out);
	if (fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
		c->watch = watch_new(l, fd, LOOP_READ, on_watch, c);
	if (c->watch == NULL) {
		release(c);
		return NULL;
	}
	c->fd = fd;
	return c;
}

/* The link is over.  The owner is told once, from the loop. */
static void
tell(void *ctx)
{
	struct ipc *c = ctx;
	struct fail f = c->fail; /* outlives c, which the callback may free */

	if (c->told)
		return;
	c->told = true;
	watch_set(c->watch, 0);
	c->opts.gone(c, &f, c->opts.ctx);
}

static int
send_one(struct ipc *c, size_t n, int fd)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} ctl;
	struct iovec iov = {.iov_base = buf_head(&c->out), .iov_len = n};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t sent;

	if (fd >= 0) {
		struct cmsghdr *cm;

		memset(&ctl, 0, sizeof(ctl));
		mh.msg_control = ctl.space;
		mh.msg_controllen = sizeof(ctl.space);
		cm = CMSG_FIRSTHDR(&mh);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cm), &fd, sizeof(int));
	}
	do
		sent = sendmsg(c->fd, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return errno == EAGAIN || errno == ETOOMANYREFS ? 0 : FAIL_SYS;
	buf_consume(&c->out, (size_t)sent);
	c->pos += (uint64_t)sent;
	trim_note(&c->trim, (uint64_t)sent);
	return 1;
}

void
ipc_flush(struct ipc *c)
{
	for (int i = 0; i < IPC_WRITES && buf_len(&c->out) > 0; i++) {
		size_t n = buf_len(&c->out);
		int fd = -1;
		int r;

		if (c->n_send > 0 && c->send[0].at == c->pos) {
			n = c->send[0].len;
			fd = c->send[0].fd;
		} else if (c->n_send > 0) {
			n = (size_t)(c->send[0].at - c->pos);
		}
		r = send_one(c, n, fd);
		if (r == 0)
			break;
		if (r < 0) {
			/* Why is seen by reading to the end. */
			c->deaf = true;
			drop_output(c);
			break;
		}
		if (fd >= 0) {
			(void)close(fd);
			c->n_send--;
			memmove(c->send, c->send + 1,
			    c->n_send * sizeof(c->send[0]));
		}
	}
	interest(c);
}

static void
deferred_flush(void *ctx)
{
	ipc_flush(ctx);
}

int
ipc_begin(struct ipc *c, uint16_t type, uint32_t id, struct buf **body)
{
	static const uint8_t zero[FRAME_HEADER_LEN];
	int r;

	if (c->deaf || c->fail.code != 0)
		return FAIL_CLOSED;
	c->begun = buf_len(&c->out);
	c->type = type;
	c->id = id;
	r = buf_put(&c->out, zero, sizeof(zero));
	if (r == 0)
		*body = &c->out;
	return r;
}

/* Room for one more descriptor to be sent. */
static int
room_for_fd(struct ipc *c)
{
	size_t cap = c->cap_send == 0 ? 8 : c->cap_send * 2;
	struct ipc_fd *send;

	if (c->n_send < c->cap_send)
		return 0;
	if (cap > IPC_FDS_SEND)
		return FAIL_FULL;
	send = reallocarray(c->send, cap, sizeof(*send));
	if (send == NULL)
		return FAIL_NOMEM;
	c->send = send;
	c->cap_send = cap;
	return 0;
}

static int
end_with_fd(struct ipc *c, int r, int fd)
{
	size_t len = buf_len(&c->out) - c->begun;
	uint8_t *head = buf_head(&c->out) + c->begun;
	struct frame fr = {.type = c->type, .id = c->id};

	if (r == 0 && len - FRAME_HEADER_LEN > IPC_BODY_MAX)
		r = FAIL_RANGE;
	if (r == 0 && fd >= 0)
		r = room_for_fd(c);
	if (r != 0) {
		if (c->opts.secret)
			explicit_bzero(head, len);
		c->out.end -= len;
		return r;
	}
	fr.flags = fd >= 0 ? FRAME_FD : 0;
	fr.body.len = len - FRAME_HEADER_LEN;
	frame_header(head, &fr);
	if (fd >= 0)
		c->send[c->n_send++] = (struct ipc_fd){
		    .at = c->pos + c->begun,
		    .len = len,
		    .fd = fd,
		};
	if (buf_len(&c->out) >= IPC_FLUSH)
		ipc_flush(c);
	else if (loop_defer(c->loop, deferred_flush, c) != 0)
		interest(c);
	return 0;
}

int
ipc_end(struct ipc *c, int r)
{
	return end_with_fd(c, r, -1);
}

int
ipc_send(
    struct ipc *c, uint16_t type, uint32_t id, struct span body, int send_fd)
{
	struct buf *b;
	int r = ipc_begin(c, type, id, &b);

	if (r == 0)
		r = end_with_fd(c, buf_put(b, body.p, body.len), send_fd);
	if (r != 0 && send_fd >= 0)
		(void)close(send_fd);
	return r;
}

size_t
ipc_queued(const struct ipc *c)
{
	return buf_len(&c->out);
}

bool
ipc_idle(const struct ipc *c)
{
	return buf_len(&c->out) == 0 && buf_len(&c->in) == 0 && c->n_got == 0;
}

int
ipc_detach(struct ipc *c)
{
	int fd = c->fd;

	watch_set(c->watch, 0);
	c->fd = -1;
	return fd;
}

/* Descriptors out of the control data; more than we can hold is an error. */
static int
take_fds(struct ipc *c, struct msghdr *mh)
{
	int r = 0;

	for (struct cmsghdr *cm = CMSG_FIRSTHDR(mh); cm != NULL;
	     cm = CMSG_NXTHDR(mh, cm)) {
		size_t n;

		if (cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SCM_RIGHTS)
			continue;
		n = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(
			    &fd, CMSG_DATA(cm) + i * sizeof(int), sizeof(int));
			if (c->n_got == IPC_FDS) {
				(void)close(fd);
				r = FAIL_PROTO;
				continue;
			}
			c->got[c->n_got++] = fd;
		}
	}
	if ((mh->msg_flags & MSG_CTRUNC) != 0)
		r = FAIL_PROTO;
	if (r != 0)
		(void)fail_set(&c->fail, r, "too many descriptors");
	return r;
}

/* One read.  0: something was read or nothing is there; else c->fail says. */
static int
fill(struct ipc *c, size_t want)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} ctl;
	struct iovec iov = {.iov_len = want};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
	uint8_t *p;
	ssize_t n;

	if (buf_reserve(&c->in, want, &p) != 0)
		return fail_set(
		    &c->fail, FAIL_NOMEM, "%s", fail_text(FAIL_NOMEM));
	iov.iov_base = p;
	mh.msg_control = ctl.space;
	mh.msg_controllen = CMSG_LEN(sizeof(int));
	n = recvmsg(c->fd, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0) {
		int err = errno;

		if (err == EAGAIN || err == EINTR)
			return 0;
		(void)fail_sys(&c->fail, "read");
		if (err == ECONNRESET)
			c->fail.code = FAIL_CLOSED;
		return c->fail.code;
	}
	if (n == 0)
		return fail_set(&c->fail, FAIL_CLOSED, "%s",
		    buf_len(&c->in) == 0 ? "closed"
					 : "closed in the middle of a message");
	buf_commit(&c->in, (size_t)n);
	trim_note(&c->trim, (uint64_t)n);
	if ((size_t)n == want && c->ask < IPC_READ_MAX)
		c->ask *= 2;
	else if ((size_t)n < c->ask / 4 && c->ask > IPC_READ)
		c->ask /= 2;
	return take_fds(c, &mh);
}

static int
deliver(struct ipc *c, const struct frame *fr)
{
	struct ipc_msg m = {
	    .type = fr->type,
	    .id = fr->id,
	    .body = fr->body,
	    .fd = -1,
	};
	int r;

	if ((fr->flags & FRAME_FD) != 0) {
		if (c->n_got == 0)
			return fail_set(&c->fail, FAIL_PROTO,
			    "message %u without its descriptor", fr->type);
		m.fd = c->got[0];
		c->n_got--;
		memmove(c->got, c->got + 1, c->n_got * sizeof(c->got[0]));
	}
	r = c->opts.msg(c, &m, c->opts.ctx);
	return r < 0 ? r : 0;
}

/*
 * Deliver whole messages until there is none or we are paused.  Returns false
 * when c has been freed.  *need: bytes that the next message lacks.
 */
static bool
parse(struct ipc *c, size_t *lacks)
{
	bool freed = false;
	size_t need = 0;
	int r = 0;

	c->freed = &freed;
	while (!c->paused && c->fail.code == 0) {
		struct span s = buf_span(&c->in);
		struct frame fr;
		size_t before = s.len;

		r = frame_next(&s, c->opts.max_msg, &fr, &need, &c->fail);
		if (r <= 0)
			break;
		r = deliver(c, &fr);
		if (freed)
			return false;
		if (r != 0) {
			(void)fail_set(&c->fail, r, "message %u: %s", fr.type,
			    fail_text(r));
			break;
		}
		buf_consume(&c->in, before - s.len);
	}
	c->freed = NULL;
	if (c->fail.code == 0 && !c->paused && buf_len(&c->in) == 0 &&
	    c->n_got > 0)
		(void)fail_set(
		    &c->fail, FAIL_PROTO, "a descriptor without its message");
	*lacks = need > buf_len(&c->in) ? need - buf_len(&c->in) : 0;
	return true;
}

static void
pump(struct ipc *c, bool read_too)
{
	size_t lacks;

	/* What is left from before a pause comes first. */
	if (c->fail.code == 0 && !parse(c, &lacks))
		return;
	if (c->fail.code == 0 && !c->paused && read_too) {
		int r = fill(c, lacks > c->ask ? lacks : c->ask);

		if (r == 0 && !parse(c, &lacks))
			return;
	}
	if (c->fail.code != 0)
		tell(c);
	else
		interest(c);
}

static void
deferred_pump(void *ctx)
{
	pump(ctx, false);
}

static void
on_watch(struct watch *w UNUSED, int fd UNUSED, unsigned events, void *ctx)
{
	struct ipc *c = ctx;

	if (c->told)
		return;
	if ((events & LOOP_WRITE) != 0)
		ipc_flush(c);
	pump(c, (events & (LOOP_READ | LOOP_HUP)) != 0);
}

void
ipc_pause(struct ipc *c)
{
	c->paused = true;
	interest(c);
}

void
ipc_resume(struct ipc *c)
{
	if (!c->paused)
		return;
	c->paused = false;
	interest(c);
	/* Without memory the socket, writable as a rule, brings the loop here.
	 */
	if (buf_len(&c->in) > 0 && loop_defer(c->loop, deferred_pump, c) != 0)
		watch_set(c->watch, LOOP_READ | LOOP_WRITE);
}

int
ipc_fd(const struct ipc *c)
{
	return c->fd;
}
