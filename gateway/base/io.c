/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stream socket with two buffers.  What happened is collected as bits and
 * told from the loop only, never from inside a call of the owner, so the
 * owner's code is not entered twice.  The size asked of a read follows the
 * traffic: an idle connection keeps a small buffer, a busy one large ones,
 * which are given back after a second without much traffic.
 */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/trim.h"

enum {
	IO_READ_MIN = 4096,
	IO_READ_SIZE = 65536,
	IO_WRITES = 16, /* system calls before others have their turn */
};

struct io {
	struct loop *loop;
	struct watch *watch;
	struct timer *timer;
	io_fn *fn;
	void *ctx;
	int fd;
	struct buf in;
	struct buf out;
	struct trim trim;
	struct io_opts opts;
	struct fail fail;
	struct fail wfail;
	size_t ask;	  /* bytes to ask of the next read */
	unsigned pending; /* BIT(enum io_event) to be told */
	bool connecting;
	bool paused;
	bool eof;
	bool hung;  /* IO_GONE was told */
	bool deaf;  /* the peer takes nothing any more; why is in wfail */
	bool above; /* output has been above the low-water mark */
	bool shut_wanted;
	bool shut_done;
	bool dispatching;
	bool *gone; /* set by io_free while callbacks run */
	uint64_t timeout_ms;
	uint64_t read_ns; /* when something was last read */
	uint64_t bytes_in;
	uint64_t bytes_out;
};

static void on_watch(struct watch *w, int fd, unsigned events, void *ctx);
static void on_timer(struct timer *t, void *ctx);
static void deferred_flush(void *ctx);
static void deferred_dispatch(void *ctx);

/* Ask epoll for what there is use for. */
static void
interest(struct io *io)
{
	unsigned ev = 0;

	if (io->watch == NULL)
		return;
	if (io->fail.code == 0) {
		if (io->connecting)
			ev = LOOP_WRITE;
		else {
			if (!io->eof && !io->paused &&
			    buf_len(&io->in) < io->opts.in_max)
				ev |= LOOP_READ;
			if (buf_len(&io->out) > 0 && !io->shut_done)
				ev |= LOOP_WRITE;
			if (ev == 0 && !io->eof && !io->hung)
				ev = LOOP_HUP;
		}
	}
	watch_set(io->watch, ev);
}

/* Something is to be told; if nobody is telling yet, do it soon. */
static void
raise_event(struct io *io, enum io_event ev)
{
	io->pending |= BIT(ev);
	if (!io->dispatching &&
	    loop_defer(io->loop, deferred_dispatch, io) != 0) {
		/* No memory: the loop comes by when the socket is writable. */
		watch_set(io->watch, LOOP_READ | LOOP_WRITE);
	}
}

static void
broken(struct io *io)
{
	if (io->watch != NULL)
		watch_set(io->watch, 0);
	raise_event(io, IO_ERROR);
}

/*
 * Tell the events that wait, in the order of enum io_event; reading ones only
 * when not paused.  Returns false when the callback has freed io.
 */
static bool
dispatch(struct io *io)
{
	bool gone = false;

	if (io->dispatching)
		return true;
	io->dispatching = true;
	io->gone = &gone;
	for (;;) {
		unsigned mask = io->pending;
		enum io_event ev;

		if (io->paused)
			mask &= ~(BIT(IO_DATA) | BIT(IO_EOF));
		if (mask == 0)
			break;
		if ((mask & BIT(IO_CONNECTED)) != 0)
			ev = IO_CONNECTED;
		else
			ev = (enum io_event)__builtin_ctz(mask);
		io->pending &= ~BIT(ev);
		if (ev == IO_ERROR)
			io->pending = 0;
		io->fn(io, ev, io->ctx);
		if (gone)
			return false;
	}
	io->dispatching = false;
	io->gone = NULL;
	/* What is idle holds no memory: there are thousands of them. */
	if (io->ask <= IO_READ_MIN)
		buf_shrink(&io->in);
	interest(io);
	return true;
}

static void
deferred_dispatch(void *ctx)
{
	(void)dispatch(ctx);
}

static void
release(struct io *io)
{
	if (io == NULL)
		return;
	if (io->gone != NULL)
		*io->gone = true;
	loop_undefer(io->loop, io);
	watch_free(io->watch);
	timer_free(io->timer);
	trim_fini(&io->trim);
	if (io->fd >= 0)
		(void)close(io->fd);
	buf_fini(&io->in);
	buf_fini(&io->out);
	free(io);
}

void
io_free(struct io *io)
{
	release(io);
}

static struct io *
make(struct loop *l, int fd, const struct io_opts *o, io_fn *fn, void *ctx)
{
	struct io *io = calloc(1, sizeof(*io));
	int one = 1;

	if (io == NULL)
		return NULL;
	io->loop = l;
	io->fd = -1;
	io->fn = fn;
	io->ctx = ctx;
	io->opts = *o;
	if (io->opts.read_size == 0)
		io->opts.read_size = IO_READ_SIZE;
	io->ask =
	    io->opts.read_size < IO_READ_MIN ? io->opts.read_size : IO_READ_MIN;
	buf_init(&io->in, o->in_max);
	buf_init(&io->out, o->out_max);
	trim_init(&io->trim, l, &io->in, &io->out);
	io->timer = timer_new(l, on_timer, io);
	if (io->timer == NULL || fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
		release(io);
		return NULL;
	}
	/* Refused by unix sockets, and then not needed. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	/* An idle peer that is gone is noticed in the end. */
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	io->fd = fd;
	return io;
}

struct io *
io_new(struct loop *l, int fd, const struct io_opts *o, io_fn *fn, void *ctx)
{
	struct io *io = make(l, fd, o, fn, ctx);

	if (io == NULL)
		return NULL;
	io->watch = watch_new(l, fd, LOOP_READ, on_watch, io);
	if (io->watch == NULL) {
		io->fd = -1; /* the caller keeps it when we fail */
		release(io);
		return NULL;
	}
	return io;
}

struct io *
io_connect(struct loop *l, const struct sockaddr *sa, unsigned sa_len,
    const struct io_opts *o, io_fn *fn, void *ctx)
{
	struct io *io;
	int fd, err;

	fd = socket(
	    sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return NULL;
	io = make(l, fd, o, fn, ctx);
	if (io == NULL) {
		(void)close(fd);
		return NULL;
	}
	io->connecting = true;
	err = connect(fd, sa, sa_len) == 0 ? 0 : errno;
	/* Only now: an unconnected socket counts as hung up. */
	io->watch = watch_new(l, fd, LOOP_WRITE, on_watch, io);
	if (io->watch == NULL) {
		release(io);
		return NULL;
	}
	if (err != 0 && err != EINPROGRESS) {
		errno = err;
		io->fail.code = 0;
		(void)fail_sys(&io->fail, "connect");
		io->fail.code = FAIL_CONNECT;
		broken(io);
	}
	return io;
}

static void
connected(struct io *io)
{
	int err = 0;
	socklen_t len = sizeof(err);

	io->connecting = false;
	if (getsockopt(io->fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0)
		err = errno;
	if (err != 0) {
		errno = err;
		(void)fail_sys(&io->fail, "connect");
		io->fail.code = FAIL_CONNECT;
		broken(io);
		return;
	}
	io->read_ns = mono_ns();
	raise_event(io, IO_CONNECTED);
}

/* The next read asks for more when this one was filled, less when it was not.
 */
static void
adapt(struct io *io, size_t n)
{
	if (n == io->ask && io->ask < io->opts.read_size) {
		io->ask *= 2;
		if (io->ask > io->opts.read_size)
			io->ask = io->opts.read_size;
	} else if (n < io->ask / 4 && io->ask > IO_READ_MIN) {
		io->ask /= 2;
	}
}

static void
fill(struct io *io)
{
	size_t room = io->opts.in_max - buf_len(&io->in);
	size_t n = io->ask < room ? io->ask : room;
	uint8_t *p;
	ssize_t got;

	if (io->paused || io->eof || n == 0)
		return;
	if (buf_reserve(&io->in, n, &p) != 0) {
		(void)fail_set(
		    &io->fail, FAIL_NOMEM, "%s", fail_text(FAIL_NOMEM));
		broken(io);
		return;
	}
	got = recv(io->fd, p, n, 0);
	if (got > 0) {
		buf_commit(&io->in, (size_t)got);
		io->bytes_in += (uint64_t)got;
		io->read_ns = loop_now_ns(io->loop);
		adapt(io, (size_t)got);
		trim_note(&io->trim, (uint64_t)got);
		raise_event(io, IO_DATA);
	} else if (got == 0) {
		io->eof = true;
		if (io->deaf) {
			io->fail = io->wfail;
			broken(io);
		} else {
			raise_event(io, IO_EOF);
		}
	} else if (errno != EAGAIN && errno != EINTR) {
		int err = errno;

		(void)fail_sys(&io->fail, "read");
		if (err == ECONNRESET || err == EPIPE)
			io->fail.code = FAIL_CLOSED;
		broken(io);
	}
}

static void
finish_shutdown(struct io *io)
{
	if (!io->shut_wanted || io->shut_done || buf_len(&io->out) > 0)
		return;
	io->shut_done = true;
	(void)shutdown(io->fd, SHUT_WR);
}

/*
 * The peer takes no more: what waits is dropped, and so is what comes.  Told
 * once all that it had sent before has been read.
 */
static void
go_deaf(struct io *io, int err)
{
	errno = err;
	(void)fail_sys(&io->wfail, "write");
	if (err == ECONNRESET || err == EPIPE)
		io->wfail.code = FAIL_CLOSED;
	io->deaf = true;
	buf_reset(&io->out);
	if (io->eof) {
		io->fail = io->wfail;
		broken(io);
	}
}

/* Write what the socket takes; a negative errno on failure. */
static int
push(struct io *io, size_t *sum)
{
	for (int i = 0; i < IO_WRITES && buf_len(&io->out) > 0; i++) {
		ssize_t n = send(io->fd, buf_head(&io->out), buf_len(&io->out),
		    MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		buf_consume(&io->out, (size_t)n);
		*sum += (size_t)n;
	}
	return 0;
}

static void
drain(struct io *io)
{
	size_t sum = 0;
	int r;

	if (io->fail.code != 0 || io->connecting || io->shut_done)
		return;
	if (buf_len(&io->out) > io->opts.lowat)
		io->above = true;
	if (io->deaf)
		buf_reset(&io->out);
	r = push(io, &sum);
	io->bytes_out += sum;
	if (r < 0)
		go_deaf(io, -r);
	trim_note(&io->trim, sum);
	finish_shutdown(io);
	if (io->above && buf_len(&io->out) <= io->opts.lowat) {
		io->above = false;
		raise_event(io, IO_LOWAT);
	}
	interest(io);
}

/* Gone, and nobody reads: the end must not wait for that. */
static void
hung_up(struct io *io)
{
	if (io->hung || io->eof || io->fail.code != 0 ||
	    (!io->paused && buf_len(&io->in) < io->opts.in_max))
		return;
	io->hung = true;
	raise_event(io, IO_GONE);
}

static void
on_watch(struct watch *w UNUSED, int fd UNUSED, unsigned events, void *ctx)
{
	struct io *io = ctx;

	/* What happens now is told below, not later. */
	io->dispatching = true;
	if (io->connecting)
		connected(io);
	else if (io->fail.code == 0) {
		if ((events & (LOOP_READ | LOOP_HUP)) != 0)
			fill(io);
		if ((events & LOOP_WRITE) != 0)
			drain(io);
		if ((events & LOOP_HUP) != 0)
			hung_up(io);
	}
	io->dispatching = false;
	(void)dispatch(io);
}

static void
arm_timeout(struct io *io)
{
	uint64_t idle_ms;

	if (io->timeout_ms == 0 || io->paused) {
		timer_clear(io->timer);
		return;
	}
	idle_ms = (mono_ns() - io->read_ns) / 1000000U;
	timer_set(
	    io->timer, idle_ms < io->timeout_ms ? io->timeout_ms - idle_ms : 0);
}

/* Reading does not touch the timer; here is seen how much time is left. */
static void
on_timer(struct timer *t UNUSED, void *ctx)
{
	struct io *io = ctx;

	if (mono_ns() - io->read_ns < io->timeout_ms * 1000000U) {
		arm_timeout(io);
		return;
	}
	io->read_ns = mono_ns();
	arm_timeout(io);
	io->pending |= BIT(IO_TIMEOUT);
	(void)dispatch(io);
}

struct buf *
io_in(struct io *io)
{
	return &io->in;
}

struct buf *
io_out(struct io *io)
{
	return &io->out;
}

int
io_write(struct io *io, const void *p, size_t n)
{
	int r;

	if (io->shut_wanted)
		return FAIL_STATE;
	r = buf_put(&io->out, p, n);
	if (r == 0)
		io_flush_soon(io);
	return r;
}

void
io_flush(struct io *io)
{
	drain(io);
}

static void
deferred_flush(void *ctx)
{
	drain(ctx);
}

void
io_flush_soon(struct io *io)
{
	if (buf_len(&io->out) > io->opts.lowat)
		io->above = true;
	if (loop_defer(io->loop, deferred_flush, io) != 0)
		interest(io);
}

bool
io_drained(const struct io *io)
{
	return buf_len(&io->out) == 0;
}

void
io_pause(struct io *io)
{
	io->paused = true;
	timer_clear(io->timer);
	interest(io);
}

void
io_resume(struct io *io)
{
	if (io->fail.code != 0)
		return;
	if (io->paused) {
		io->paused = false;
		io->read_ns = mono_ns();
		arm_timeout(io);
	}
	if (buf_len(&io->in) > 0)
		raise_event(io, IO_DATA);
	else if ((io->pending & BIT(IO_EOF)) != 0)
		raise_event(io, IO_EOF);
	interest(io);
}

bool
io_paused(const struct io *io)
{
	return io->paused;
}

void
io_shutdown(struct io *io)
{
	io->shut_wanted = true;
	if (!io->connecting && io->fail.code == 0)
		finish_shutdown(io);
}

void
io_set_timeout(struct io *io, uint64_t ms)
{
	io->timeout_ms = ms;
	io->read_ns = mono_ns();
	arm_timeout(io);
}

int
io_fd(const struct io *io)
{
	return io->fd;
}

int
io_detach(struct io *io)
{
	int fd = io->fd;

	watch_free(io->watch);
	io->watch = NULL;
	timer_clear(io->timer);
	trim_fini(&io->trim);
	loop_undefer(io->loop, io);
	io->pending = 0;
	io->fd = -1;
	return fd;
}

bool
io_is_gone(const struct io *io)
{
	return io->hung;
}

const struct fail *
io_fail(const struct io *io)
{
	return &io->fail;
}

uint64_t
io_bytes_in(const struct io *io)
{
	return io->bytes_in;
}

uint64_t
io_bytes_out(const struct io *io)
{
	return io->bytes_out;
}
