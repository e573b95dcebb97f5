/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/fail.h"

#include "recorder/event.h"
#include "session/live.h"

static struct loop *loop;
static struct live *live;
static uint8_t stream[2 * 1024 * 1024];
static size_t stream_len;

static int
setup(void **state)
{
	(void)state;
	loop = loop_new();
	live = live_new(loop);
	stream_len = 0;
	return live == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	live_free(live);
	loop_free(loop);
	return 0;
}

static void
spin(void)
{
	int i;

	for (i = 0; i < 10; i++)
		assert_int_equal(loop_once(loop, 1), 0);
}

static void
gather(int fd)
{
	ssize_t n;

	spin();
	while ((n = recv(fd, stream + stream_len, sizeof(stream) - stream_len,
		    MSG_DONTWAIT)) > 0) {
		stream_len += (size_t)n;
		spin();
	}
}

static void
event_on(uint32_t channel, uint8_t type, const void *p, size_t len)
{
	const struct chunk c = {
	    .channel = channel,
	    .flow = FLOW_TO_USER,
	    .kind = CHUNK_EVENT,
	    .type = type,
	    .data = p,
	    .len = len,
	};

	live_push(live, &c);
}

static void
event(uint8_t type, const void *p, size_t len)
{
	event_on(0, type, p, len);
}

static void
output(const void *p, size_t len)
{
	const struct chunk c = {
	    .flow = FLOW_TO_USER,
	    .kind = CHUNK_DATA,
	    .data = p,
	    .len = len,
	};

	live_push(live, &c);
}

static int
watch(void)
{
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	assert_int_equal(live_watch(live, sv[1]), 0);
	return sv[0];
}

/* The i-th frame of what was gathered; its type, 0 past the end. */
static uint8_t
frame(size_t i, const uint8_t **p, size_t *len)
{
	size_t off = 0, n;

	while (off + LIVE_HEADER_LEN <= stream_len) {
		n = be32_get(stream + off) + 4;
		assert_true(off + n <= stream_len);
		if (i-- == 0) {
			*p = stream + off + LIVE_HEADER_LEN;
			*len = n - LIVE_HEADER_LEN;
			return stream[off + 4];
		}
		off += n;
	}
	return 0;
}

static const uint8_t pty[] = {80, 0, 24, 0, 0, 0, 0, 0, 2, 0, 'v', 't'};

static void
a_watcher_sees_output_at_once(void **state)
{
	const uint8_t *p = NULL;
	size_t len = 0;
	int fd = watch();

	(void)state;
	output("hello", 5);
	gather(fd);
	assert_int_equal(frame(0, &p, &len), RCD_EV_OUT);
	assert_int_equal(len, 5);
	assert_memory_equal(p, "hello", 5);
	(void)close(fd);
	spin();
	assert_int_equal(live_watchers(live), 0);
}

static void
a_late_watcher_is_told_the_terminal_and_its_last_output(void **state)
{
	uint8_t big[LIVE_TAIL * 2];
	const uint8_t *p = NULL;
	size_t len = 0;
	int fd;

	(void)state;
	memset(big, 'a', sizeof(big));
	event(RCD_EV_PTY_REQ, pty, sizeof(pty));
	output(big, sizeof(big));
	output("end", 3);
	fd = watch();
	gather(fd);
	assert_int_equal(frame(0, &p, &len), RCD_EV_PTY_REQ);
	assert_int_equal(frame(1, &p, &len), RCD_EV_OUT);
	assert_int_equal(len, LIVE_TAIL);
	assert_memory_equal(p, big, LIVE_TAIL - 3);
	assert_memory_equal(p + LIVE_TAIL - 3, "end", 3);
	assert_int_equal(frame(2, &p, &len), 0);
	(void)close(fd);
}

static void
a_slow_watcher_is_told_what_it_missed(void **state)
{
	static uint8_t block[60000];
	const uint8_t *p = NULL;
	size_t len = 0, i;
	uint64_t lost = 0, got = 0;
	uint8_t type;
	int fd = watch();

	(void)state;
	for (i = 0; i < 40; i++) {
		output(block, sizeof(block));
		spin();
	}
	gather(fd);
	output("x", 1);
	gather(fd);
	for (i = 0; (type = frame(i, &p, &len)) != 0; i++) {
		if (type == LIVE_SKIPPED)
			lost += (uint64_t)be32_get(p) << 32 | be32_get(p + 4);
		else
			got += len;
	}
	assert_true(lost > 0);
	assert_int_equal(got + lost, 40 * sizeof(block) + 1);
	(void)close(fd);
}

static void
too_many_watchers_are_refused(void **state)
{
	int fds[LIVE_WATCHERS], sv[2], i;

	(void)state;
	for (i = 0; i < LIVE_WATCHERS; i++)
		fds[i] = watch();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	assert_int_equal(live_watch(live, sv[1]), FAIL_FULL);
	(void)close(sv[0]);
	for (i = 0; i < LIVE_WATCHERS; i++)
		(void)close(fds[i]);
}

static void
what_a_newcomer_is_told_moves_with_the_session(void **state)
{
	const uint8_t *p = NULL;
	struct live *other;
	struct span s;
	struct buf b;
	size_t len = 0;
	int fd;

	(void)state;
	event(RCD_EV_PTY_REQ, pty, sizeof(pty));
	output("tail", 4);
	buf_init(&b, 1 << 20);
	assert_int_equal(live_export(live, &b), 0);
	other = live_new(loop);
	s = buf_span(&b);
	assert_int_equal(live_import(other, &s), 0);
	assert_int_equal(s.len, 0);
	for (len = 0; len < buf_len(&b); len++) {
		struct live *cut = live_new(loop);

		s = SPAN(buf_head(&b), len);
		assert_true(live_import(cut, &s) < 0);
		live_free(cut);
	}
	live_free(live);
	live = other;
	fd = watch();
	gather(fd);
	assert_int_equal(frame(1, &p, &len), RCD_EV_OUT);
	assert_memory_equal(p, "tail", 4);
	buf_fini(&b);
	(void)close(fd);
}

static void
channels_are_told_in_the_order_in_which_they_came(void **state)
{
	const uint8_t *p;
	struct live *other;
	struct span s;
	struct buf b;
	size_t len;
	uint32_t i;
	int fd;

	(void)state;
	for (i = 0; i < 3; i++)
		event_on(7 + i, RCD_EV_PTY_REQ, pty, sizeof(pty));
	buf_init(&b, 1 << 20);
	assert_int_equal(live_export(live, &b), 0);
	other = live_new(loop);
	s = buf_span(&b);
	assert_int_equal(live_import(other, &s), 0);
	live_free(live);
	live = other;
	fd = watch();
	gather(fd);
	for (i = 0; i < 3; i++) {
		assert_int_equal(frame(i, &p, &len), RCD_EV_PTY_REQ);
		assert_int_equal(be32_get(p - 12), 7 + i);
	}
	buf_fini(&b);
	(void)close(fd);
}

/* One channel of a state: a terminal that has shown tail bytes. */
static void
state_put(struct buf *b, uint32_t channel, uint32_t tail)
{
	assert_int_equal(buf_put_u32(b, channel), 0);
	assert_int_equal(buf_put_string(b, pty, sizeof(pty)), 0);
	assert_int_equal(buf_put_string(b, "", 0), 0);
	assert_int_equal(buf_put_u32(b, tail), 0);
	for (; tail > 0; tail--)
		assert_int_equal(buf_put_u8(b, 't'), 0);
}

static void
a_state_that_no_session_has_is_refused(void **state)
{
	struct span s;
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	assert_int_equal(buf_put_u32(&b, 1), 0);
	state_put(&b, 0, LIVE_TAIL + 1);
	s = buf_span(&b);
	assert_int_equal(live_import(live, &s), FAIL_FORMAT);
	buf_reset(&b);
	assert_int_equal(buf_put_u32(&b, 2), 0);
	state_put(&b, 3, LIVE_TAIL);
	state_put(&b, 3, 1); /* the same channel again */
	s = buf_span(&b);
	assert_int_equal(live_import(live, &s), FAIL_FORMAT);
	buf_fini(&b);
}

static void
a_descriptor_that_cannot_be_watched_is_closed(void **state)
{
	char name[] = "/tmp/test_live.XXXXXX";
	int fd = mkstemp(name);

	(void)state;
	assert_true(fd >= 0);
	(void)unlink(name);
	assert_int_not_equal(live_watch(live, fd), 0);
	assert_int_equal(live_watchers(live), 0);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(a_watcher_sees_output_at_once),
	    T(a_late_watcher_is_told_the_terminal_and_its_last_output),
	    T(a_slow_watcher_is_told_what_it_missed),
	    T(too_many_watchers_are_refused),
	    T(what_a_newcomer_is_told_moves_with_the_session),
	    T(channels_are_told_in_the_order_in_which_they_came),
	    T(a_state_that_no_session_has_is_refused),
	    T(a_descriptor_that_cannot_be_watched_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
