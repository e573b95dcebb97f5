/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blocking exchange of one message, for the command line.  Reads not a
 * byte beyond the answer, so that the descriptor can be used again.
 */
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/frame.h"
#include "base/ipc.h"

struct call {
	int fd;
	uint64_t until_ns;
	int got_fd;
	struct fail *f;
};

static int
wait_for(struct call *c, short events)
{
	for (;;) {
		struct pollfd p = {.fd = c->fd, .events = events};
		uint64_t now = mono_ns();
		int r;

		if (now >= c->until_ns)
			return fail_set(c->f, FAIL_TIMEOUT, "no answer");
		r = poll(&p, 1, (int)((c->until_ns - now) / 1000000U) + 1);
		if (r > 0)
			return 0;
		if (r < 0 && errno != EINTR)
			return fail_sys(c->f, "poll");
	}
}

static int
put(struct call *c, struct span s)
{
	while (s.len > 0) {
		ssize_t n =
		    send(c->fd, s.p, s.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		int r;

		if (n > 0) {
			s.p += n;
			s.len -= (size_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return fail_sys(c->f, "write");
		r = wait_for(c, POLLOUT);
		if (r != 0)
			return r;
	}
	return 0;
}

static void
take_fd(struct call *c, struct msghdr *mh)
{
	for (struct cmsghdr *cm = CMSG_FIRSTHDR(mh); cm != NULL;
	     cm = CMSG_NXTHDR(mh, cm)) {
		if (cm->cmsg_level != SOL_SOCKET ||
		    cm->cmsg_type != SCM_RIGHTS ||
		    cm->cmsg_len < CMSG_LEN(sizeof(int)))
			continue;
		if (c->got_fd >= 0)
			(void)close(c->got_fd);
		memcpy(&c->got_fd, CMSG_DATA(cm), sizeof(int));
	}
}

static int
get(struct call *c, uint8_t *p, size_t len)
{
	while (len > 0) {
		union {
			struct cmsghdr align;
			char space[CMSG_SPACE(sizeof(int))];
		} ctl;
		struct iovec iov = {.iov_base = p, .iov_len = len};
		struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
		ssize_t n;
		int r;

		mh.msg_control = ctl.space;
		mh.msg_controllen = CMSG_LEN(sizeof(int));
		n = recvmsg(c->fd, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (n > 0) {
			take_fd(c, &mh);
			p += n;
			len -= (size_t)n;
			continue;
		}
		if (n == 0)
			return fail_set(
			    c->f, FAIL_CLOSED, "%s", fail_text(FAIL_CLOSED));
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return fail_sys(c->f, "read");
		r = wait_for(c, POLLIN);
		if (r != 0)
			return r;
	}
	return 0;
}

static int
get_reply(struct call *c, uint16_t *type, struct buf *reply, bool *with_fd)
{
	uint8_t h[FRAME_HEADER_LEN];
	struct span s = {.p = h, .len = sizeof(h)};
	struct frame fr;
	size_t need, len;
	uint8_t *p;
	int r = get(c, h, sizeof(h));

	if (r != 0)
		return r;
	/* The header alone is enough to judge it. */
	r = frame_next(&s, FRAME_HEADER_LEN + IPC_BODY_MAX, &fr, &need, c->f);
	if (r < 0)
		return r;
	*type = (uint16_t)(h[4] << 8 | h[5]);
	*with_fd = (h[7] & FRAME_FD) != 0;
	len = need - FRAME_HEADER_LEN;
	if (len == 0)
		return 0;
	r = buf_reserve(reply, len, &p);
	if (r != 0)
		return fail_set(c->f, r, "answer of %zu bytes", len);
	r = get(c, p, len);
	if (r == 0)
		buf_commit(reply, len);
	return r;
}

int
ipc_call(int fd, uint16_t type, struct span body, uint16_t *reply_type,
    struct buf *reply, int *recv_fd, int timeout_ms, struct fail *f)
{
	struct frame fr = {.type = type, .id = 1, .body = body};
	struct call c = {
	    .fd = fd,
	    .until_ns = mono_ns() +
			(timeout_ms > 0 ? (uint64_t)timeout_ms : 0) * 1000000U,
	    .got_fd = -1,
	    .f = f,
	};
	uint8_t h[FRAME_HEADER_LEN];
	bool with_fd = false;
	int r;

	if (recv_fd != NULL)
		*recv_fd = -1;
	if (body.len > IPC_BODY_MAX)
		return fail_set(
		    f, FAIL_RANGE, "message of %zu bytes", body.len);
	frame_header(h, &fr);
	r = put(&c, SPAN(h, sizeof(h)));
	if (r == 0)
		r = put(&c, body);
	if (r == 0)
		r = get_reply(&c, reply_type, reply, &with_fd);
	if (r == 0 && with_fd != (c.got_fd >= 0))
		r = fail_set(f, FAIL_PROTO, "a descriptor is missing");
	if (r == 0 && recv_fd != NULL) {
		*recv_fd = c.got_fd;
		c.got_fd = -1;
	}
	if (c.got_fd >= 0)
		(void)close(c.got_fd);
	return r;
}
