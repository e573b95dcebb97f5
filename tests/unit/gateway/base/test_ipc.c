/* SPDX-License-Identifier: Apache-2.0 */
/* Links between processes: messages and descriptors over a socket pair. */
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/ipc.h"

enum { BIG = 1500000 };

struct end {
	struct ipc *c;
	int n;		   /* messages that came */
	uint32_t ids;	   /* sum of their ids */
	size_t bytes;	   /* of bodies */
	int fds;	   /* descriptors that came */
	ino_t inode;	   /* of the last descriptor */
	uint16_t free_at;  /* type at which the link is freed */
	uint16_t pause_at; /* type at which it is paused */
	uint16_t fail_at;  /* type that is answered by an error */
	int gone;
	struct fail why;
};

static struct loop *loop;
static struct end a, b;
static int raw; /* our side of b's socket when there is no a */

static int
on_msg(struct ipc *c, const struct ipc_msg *m, void *ctx)
{
	struct end *e = ctx;

	e->n++;
	e->ids += m->id;
	e->bytes += m->body.len;
	for (size_t i = 0; i < m->body.len; i++)
		assert_int_equal(m->body.p[i], (uint8_t)(i * 7));
	if (m->fd >= 0) {
		struct stat st;

		assert_int_equal(fstat(m->fd, &st), 0);
		e->inode = st.st_ino;
		e->fds++;
		(void)close(m->fd);
	}
	if (m->type == e->free_at) {
		ipc_free(c);
		e->c = NULL;
	} else if (m->type == e->pause_at) {
		ipc_pause(c);
	} else if (m->type == e->fail_at) {
		return FAIL_DENIED;
	}
	return 0;
}

static void
on_gone(struct ipc *c, const struct fail *f, void *ctx)
{
	struct end *e = ctx;

	assert_ptr_equal(c, e->c);
	e->gone++;
	ipc_free(c);
	e->c = NULL;
	e->why = *f; /* still there */
}

static struct ipc *
make(int fd, struct end *e, size_t max_msg, size_t max_queue)
{
	struct ipc_opts o = {.max_msg = max_msg,
	    .max_queue = max_queue,
	    .msg = on_msg,
	    .gone = on_gone,
	    .ctx = e,
	    .secret = true};

	*e = (struct end){0};
	e->c = ipc_new(loop, fd, &o);
	assert_non_null(e->c);
	return e->c;
}

static int
setup(void **state UNUSED)
{
	int sv[2];

	loop = loop_new();
	if (loop == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, sv) != 0)
		return -1;
	raw = -1;
	(void)make(sv[0], &a, 2000000, 4000000);
	(void)make(sv[1], &b, 2000000, 4000000);
	return 0;
}

static int
setup_raw(void **state UNUSED)
{
	int sv[2];

	loop = loop_new();
	if (loop == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, sv) != 0)
		return -1;
	raw = sv[0];
	a = (struct end){0};
	(void)make(sv[1], &b, 4096, 65536);
	return 0;
}

static int
teardown(void **state UNUSED)
{
	ipc_free(a.c);
	ipc_free(b.c);
	if (raw >= 0)
		(void)close(raw);
	loop_free(loop);
	return 0;
}

static void
rounds(int n)
{
	for (int i = 0; i < n; i++)
		assert_int_equal(loop_once(loop, 0), 0);
}

static struct span
body(size_t len)
{
	static uint8_t bytes[BIG];

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(i * 7);
	return SPAN(bytes, len);
}

static void
messages_arrive_whole_and_in_number(void **state UNUSED)
{
	static const size_t lens[] = {
	    0, 1, 11, 12, 13, 65523, 65524, 65525, 200000, BIG, 0, 5};
	size_t sum = 0;

	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		assert_int_equal(ipc_send(a.c, 1, 1, body(lens[i]), -1), 0);
		sum += lens[i];
	}
	for (int i = 0; i < 200 && b.n < (int)ARRAY_LEN(lens); i++)
		rounds(1);
	assert_int_equal(b.n, ARRAY_LEN(lens));
	assert_int_equal(b.ids, ARRAY_LEN(lens));
	assert_int_equal(b.bytes, sum);
	assert_int_equal(b.gone, 0);
}

static void
small_messages_leave_in_one_write(void **state UNUSED)
{
	char got[4096];

	for (int i = 0; i < 50; i++)
		assert_int_equal(ipc_send(b.c, 1, 0, body(4), -1), 0);
	assert_int_equal(recv(raw, got, sizeof(got), MSG_DONTWAIT), -1);
	rounds(1);
	assert_int_equal(recv(raw, got, sizeof(got), MSG_DONTWAIT), 50 * 16);
}

static void
descriptors_stay_with_their_messages(void **state UNUSED)
{
	int p[2];
	struct stat st[2];

	assert_int_equal(pipe(p), 0);
	assert_int_equal(fstat(p[0], &st[0]), 0);
	assert_int_equal(stat("/dev/null", &st[1]), 0);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(ipc_send(a.c, 1, 0, body((size_t)i), -1), 0);
		assert_int_equal(ipc_send(a.c, 2, 0, body((size_t)i * 999),
				     dup(i % 2 ? p[0] : p[1])),
		    0);
		assert_int_equal(ipc_send(a.c, 3, 0, body(3), -1), 0);
		for (int k = 0; k < 20 && b.n < 3 * (i + 1); k++)
			rounds(1);
		assert_int_equal(b.n, 3 * (i + 1));
		assert_int_equal(b.fds, i + 1);
		assert_true(b.inode == st[0].st_ino);
	}
	/* Several in flight at once. */
	for (int i = 0; i < 10; i++)
		assert_int_equal(ipc_send(a.c, 2, 0, body(10), dup(p[0])), 0);
	rounds(15);
	assert_int_equal(b.fds, 110);
	(void)close(p[0]);
	(void)close(p[1]);
}

static void
too_many_waiting_descriptors_are_refused_and_closed(void **state UNUSED)
{
	struct rlimit files;
	int r = 0, n = 0, fd = dup(0);

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	if (files.rlim_cur < 4200) {
		files.rlim_cur = 4200;
		if (setrlimit(RLIMIT_NOFILE, &files) != 0)
			skip();
	}
	for (n = 0; n < 5000 && r == 0; n++)
		r = ipc_send(a.c, 2, 0, body(1), dup(0));
	assert_int_equal(r, FAIL_FULL);
	assert_int_equal(n, 4097);
	for (int i = 0; i < 9000 && b.fds < 4096; i++)
		rounds(1);
	assert_int_equal(b.fds, 4096);
	assert_int_equal(b.gone, 0);
	/* All are closed: the lowest free number is what it was. */
	assert_int_equal(dup(0), fd + 1);
	(void)close(fd);
	(void)close(fd + 1);
}

static void
a_full_queue_refuses_and_takes_nothing(void **state UNUSED)
{
	int n = 0;
	size_t before;

	ipc_pause(b.c);
	while (ipc_send(a.c, 1, 0, body(100000), -1) == 0)
		n++;
	before = ipc_queued(a.c);
	assert_true(before <= 4000000);
	assert_int_equal(ipc_send(a.c, 1, 0, body(100000), dup(0)), FAIL_FULL);
	assert_int_equal(ipc_queued(a.c), before);
	ipc_resume(b.c);
	for (int i = 0; i < 500 && b.n < n; i++)
		rounds(1);
	assert_int_equal(b.n, n);
	assert_int_equal(b.fds, 0);
	assert_int_equal(ipc_queued(a.c), 0);
}

static void
what_was_begun_and_failed_is_taken_back(void **state UNUSED)
{
	struct buf *w;

	assert_int_equal(ipc_send(a.c, 1, 0, body(8), -1), 0);
	assert_int_equal(ipc_begin(a.c, 5, 5, &w), 0);
	assert_int_equal(buf_put_cstring(w, "half"), 0);
	assert_int_equal(ipc_end(a.c, FAIL_RANGE), FAIL_RANGE);
	assert_int_equal(ipc_send(a.c, 1, 0, body(8), -1), 0);
	rounds(3);
	assert_int_equal(b.n, 2);
	assert_int_equal(b.bytes, 16);
}

static void
a_body_over_the_limit_is_not_sent(void **state UNUSED)
{
	void *p = calloc(1, IPC_BODY_MAX + 1);

	assert_non_null(p);
	assert_int_equal(
	    ipc_send(a.c, 1, 0, SPAN(p, IPC_BODY_MAX + 1), -1), FAIL_RANGE);
	assert_int_equal(ipc_queued(a.c), 0);
	free(p);
}

static void
a_pause_holds_messages_that_were_already_read(void **state UNUSED)
{
	b.pause_at = 2;
	assert_int_equal(ipc_send(a.c, 1, 0, body(1), -1), 0);
	assert_int_equal(ipc_send(a.c, 2, 0, body(1), -1), 0);
	assert_int_equal(ipc_send(a.c, 3, 0, body(1), -1), 0);
	rounds(5);
	assert_int_equal(b.n, 2);
	ipc_resume(b.c);
	rounds(2);
	assert_int_equal(b.n, 3);
}

static void
idle_is_only_what_has_nothing_on_the_way(void **state UNUSED)
{
	assert_true(ipc_idle(a.c) && ipc_idle(b.c));
	assert_int_equal(ipc_send(a.c, 1, 0, body(1), -1), 0);
	assert_false(ipc_idle(a.c));
	b.pause_at = 1;
	assert_int_equal(ipc_send(a.c, 2, 0, body(1), -1), 0);
	rounds(3);
	assert_true(ipc_idle(a.c));
	assert_false(ipc_idle(b.c));
	ipc_resume(b.c);
	rounds(2);
	assert_true(ipc_idle(b.c));
}

static void
a_detached_descriptor_lives_on(void **state UNUSED)
{
	int fd = ipc_detach(a.c);

	ipc_free(a.c);
	a.c = NULL;
	(void)make(fd, &a, 4096, 4096);
	assert_int_equal(ipc_send(a.c, 1, 0, body(1), -1), 0);
	rounds(3);
	assert_int_equal(b.n, 1);
	assert_int_equal(b.gone, 0);
}

static void
a_link_may_be_freed_by_its_own_message(void **state UNUSED)
{
	b.free_at = 2;
	for (uint16_t t = 1; t < 6; t++)
		assert_int_equal(ipc_send(a.c, t, 0, body(9), -1), 0);
	rounds(5);
	assert_int_equal(b.n, 2);
	assert_int_equal(b.gone, 0);
	assert_int_equal(a.gone, 1);
	assert_int_equal(a.why.code, FAIL_CLOSED);
}

static void
what_a_peer_sent_before_it_closed_is_read(void **state UNUSED)
{
	assert_int_equal(ipc_send(a.c, 1, 0, body(1), -1), 0);
	rounds(1);
	b.n = 0;
	assert_int_equal(ipc_send(a.c, 1, 0, body(70000), -1), 0);
	ipc_flush(a.c);
	ipc_free(a.c);
	a.c = NULL;
	/* Writing fails first; the message is read all the same. */
	assert_int_equal(ipc_send(b.c, 1, 0, body(1), -1), 0);
	ipc_flush(b.c);
	assert_int_equal(ipc_send(b.c, 1, 0, body(1), -1), FAIL_CLOSED);
	rounds(5);
	assert_int_equal(b.bytes, 70001);
	assert_int_equal(b.gone, 1);
	assert_int_equal(b.why.code, FAIL_CLOSED);
}

static void
an_answer_of_failure_closes_the_link(void **state UNUSED)
{
	b.fail_at = 2;
	assert_int_equal(ipc_send(a.c, 1, 0, body(1), -1), 0);
	assert_int_equal(ipc_send(a.c, 2, 0, body(1), -1), 0);
	assert_int_equal(ipc_send(a.c, 3, 0, body(1), -1), 0);
	rounds(4);
	assert_int_equal(b.n, 2);
	assert_int_equal(b.gone, 1);
	assert_int_equal(b.why.code, FAIL_DENIED);
}

/* Send bytes with n descriptors as a hostile peer would. */
static void
raw_send(const void *p, size_t len, int n)
{
	char ctl[CMSG_SPACE(8 * sizeof(int))] = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)p, .iov_len = len};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n > 0) {
		struct cmsghdr *cm;
		int zero[8] = {0};

		mh.msg_control = ctl;
		mh.msg_controllen = CMSG_SPACE((size_t)n * sizeof(int));
		cm = CMSG_FIRSTHDR(&mh);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
		memcpy(CMSG_DATA(cm), zero, (size_t)n * sizeof(int));
	}
	assert_int_equal(sendmsg(raw, &mh, 0), len);
}

static void
expect_gone(int code)
{
	rounds(4);
	assert_int_equal(b.gone, 1);
	assert_int_equal(b.why.code, code);
}

static void
a_frame_over_the_limit_closes_the_link(void **state UNUSED)
{
	raw_send("\0\0\x10\0", 4, 0);
	expect_gone(FAIL_PROTO);
}

static void
an_unknown_flag_closes_the_link(void **state UNUSED)
{
	raw_send("\0\0\0\x08\0\1\0\2", 8, 0);
	expect_gone(FAIL_PROTO);
}

static void
a_missing_descriptor_closes_the_link(void **state UNUSED)
{
	raw_send("\0\0\0\x08\0\1\0\1\0\0\0\0", 12, 0);
	expect_gone(FAIL_PROTO);
	assert_string_equal(b.why.why, "message 1 without its descriptor");
}

static void
a_descriptor_without_message_closes_the_link(void **state UNUSED)
{
	raw_send("\0\0\0\x08\0\1\0\0\0\0\0\0", 12, 1);
	expect_gone(FAIL_PROTO);
	assert_string_equal(b.why.why, "a descriptor without its message");
}

static void
two_descriptors_at_once_close_the_link(void **state UNUSED)
{
	raw_send("\0\0\0\x08\0\1\0\1\0\0\0\0", 12, 5);
	expect_gone(FAIL_PROTO);
	assert_int_equal(b.n, 0);
}

static void
descriptors_cannot_be_heaped_up(void **state UNUSED)
{
	/* A frame of 100 bytes, of which each byte brings a descriptor. */
	raw_send("\0\0\0\x60", 4, 0);
	for (int i = 0; i < 40; i++)
		raw_send("\0", 1, 1);
	rounds(60);
	assert_int_equal(b.gone, 1);
	assert_int_equal(b.why.code, FAIL_PROTO);
}

static void
an_end_in_the_middle_of_a_message_is_named(void **state UNUSED)
{
	raw_send("\0\0\0\x08\0\1", 6, 0);
	(void)close(raw);
	raw = -1;
	expect_gone(FAIL_CLOSED);
	assert_string_equal(b.why.why, "closed in the middle of a message");
}

static void
frames_may_come_byte_by_byte(void **state UNUSED)
{
	static const char wire[] = "\0\0\0\x0a\0\1\0\0\0\0\0\5\0\7";

	for (int k = 0; k < 3; k++) {
		for (size_t i = 0; i < sizeof(wire) - 1; i++) {
			raw_send(wire + i, 1, 0);
			rounds(1);
		}
	}
	assert_int_equal(b.n, 3);
	assert_int_equal(b.ids, 15);
}

/* A server for ipc_call(): answers type t by t + 1 with the same body. */
static int
echo(struct ipc *c, const struct ipc_msg *m, void *ctx UNUSED)
{
	if (m->type == 99)
		loop_stop(loop);
	return ipc_send(c, (uint16_t)(m->type + 1), m->id, m->body,
	    m->type == 7 ? dup(0) : -1);
}

static void
end_server(struct ipc *c UNUSED, const struct fail *f UNUSED, void *ctx UNUSED)
{
	loop_stop(loop);
}

static void *
serve(void *arg UNUSED)
{
	return loop_run(loop) == 0 ? NULL : loop;
}

static void
a_blocking_call_gets_its_answer(void **state UNUSED)
{
	struct ipc_opts o = {.max_msg = 2000000,
	    .max_queue = 2000000,
	    .msg = echo,
	    .gone = end_server};
	struct ipc *server;
	struct buf reply;
	struct fail f = {0};
	pthread_t thread;
	uint16_t type = 0;
	void *failed;
	int sv[2], fd = -1;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	server = ipc_new(loop, sv[1], &o);
	assert_int_equal(pthread_create(&thread, NULL, serve, NULL), 0);
	buf_init(&reply, 2000000);
	for (int i = 0; i < 3; i++) {
		buf_reset(&reply);
		assert_int_equal(ipc_call(sv[0], 5, body(BIG), &type, &reply,
				     NULL, 10000, &f),
		    0);
		assert_int_equal(type, 6);
		assert_int_equal(buf_len(&reply), BIG);
		assert_memory_equal(buf_head(&reply), body(BIG).p, BIG);
	}
	buf_reset(&reply);
	assert_int_equal(
	    ipc_call(sv[0], 7, body(0), &type, &reply, &fd, 10000, &f), 0);
	assert_int_equal(type, 8);
	assert_true(fd >= 0);
	(void)close(fd);
	(void)close(sv[0]);
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	ipc_free(server);
	buf_fini(&reply);
}

static void
a_blocking_call_gives_up_in_time(void **state UNUSED)
{
	struct buf reply;
	struct fail f = {0};
	uint16_t type;
	uint64_t start = mono_ns();

	buf_init(&reply, 100);
	assert_int_equal(ipc_call(raw, 5, body(1), &type, &reply, NULL, 30, &f),
	    FAIL_TIMEOUT);
	assert_true(mono_ns() - start >= 30000000U);
	ipc_free(b.c);
	b.c = NULL;
	f = (struct fail){0};
	assert_true(
	    ipc_call(raw, 5, body(1), &type, &reply, NULL, 1000, &f) < 0);
	buf_fini(&reply);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define R(f) cmocka_unit_test_setup_teardown(f, setup_raw, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(messages_arrive_whole_and_in_number),
	    R(small_messages_leave_in_one_write),
	    T(descriptors_stay_with_their_messages),
	    T(too_many_waiting_descriptors_are_refused_and_closed),
	    T(a_full_queue_refuses_and_takes_nothing),
	    T(what_was_begun_and_failed_is_taken_back),
	    T(a_body_over_the_limit_is_not_sent),
	    T(a_pause_holds_messages_that_were_already_read),
	    T(idle_is_only_what_has_nothing_on_the_way),
	    T(a_detached_descriptor_lives_on),
	    T(a_link_may_be_freed_by_its_own_message),
	    T(what_a_peer_sent_before_it_closed_is_read),
	    T(an_answer_of_failure_closes_the_link),
	    R(a_frame_over_the_limit_closes_the_link),
	    R(an_unknown_flag_closes_the_link),
	    R(a_missing_descriptor_closes_the_link),
	    R(a_descriptor_without_message_closes_the_link),
	    R(two_descriptors_at_once_close_the_link),
	    R(descriptors_cannot_be_heaped_up),
	    R(an_end_in_the_middle_of_a_message_is_named),
	    R(frames_may_come_byte_by_byte),
	    T(a_blocking_call_gets_its_answer),
	    R(a_blocking_call_gives_up_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
