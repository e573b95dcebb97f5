/* SPDX-License-Identifier: Apache-2.0 */
/* The stream socket: order of events, bounds, pauses, freeing in callbacks. */
#include <sys/socket.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/io.h"

static struct loop *loop;
static struct io *io;
static int peer;
static int seen[IO_GONE + 1];
static int free_on; /* event in whose callback io is freed; -1 none */
static bool eat;    /* consume what comes */
static size_t eaten;

static void
on_io(struct io *i, enum io_event ev, void *ctx UNUSED)
{
	seen[ev]++;
	if (ev == IO_DATA && eat) {
		eaten += buf_len(io_in(i));
		buf_reset(io_in(i));
	}
	if ((int)ev == free_on) {
		io_free(i);
		io = NULL;
	}
}

static void
rounds(int n)
{
	for (int i = 0; i < n; i++)
		assert_int_equal(loop_once(loop, 0), 0);
}

static int
make(size_t in_max, size_t out_max, size_t lowat)
{
	struct io_opts o = {
	    .in_max = in_max, .out_max = out_max, .lowat = lowat};
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv) != 0)
		return -1;
	peer = sv[1];
	io = io_new(loop, sv[0], &o, on_io, NULL);
	return io == NULL;
}

static int
setup(void **state UNUSED)
{
	loop = loop_new();
	memset(seen, 0, sizeof(seen));
	free_on = -1;
	eat = true;
	eaten = 0;
	return loop == NULL || make(100000, 300000, 1000);
}

static int
teardown(void **state UNUSED)
{
	io_free(io);
	io = NULL;
	if (peer >= 0)
		(void)close(peer);
	loop_free(loop);
	return 0;
}

static void
bytes_come_in_and_the_end_comes_last(void **state UNUSED)
{
	assert_int_equal(write(peer, "hello", 5), 5);
	(void)close(peer);
	peer = -1;
	rounds(3);
	assert_int_equal(eaten, 5);
	assert_int_equal(seen[IO_EOF], 1);
	assert_int_equal(seen[IO_ERROR], 0);
	assert_int_equal(io_bytes_in(io), 5);
}

static size_t
stuff_peer(void)
{
	static const uint8_t block[65536];
	size_t sum = 0;

	for (;;) {
		ssize_t n = write(peer, block, sizeof(block));

		if (n < 0)
			break;
		sum += (size_t)n;
	}
	return sum;
}

static void
reading_stops_when_the_input_is_full_and_goes_on(void **state UNUSED)
{
	size_t sum = stuff_peer();

	assert_true(sum > 100000);
	eat = false;
	rounds(50);
	assert_int_equal(buf_len(io_in(io)), 100000);
	rounds(5);
	assert_int_equal(buf_len(io_in(io)), 100000);
	eat = true;
	io_resume(io);
	rounds(50);
	assert_int_equal(eaten, sum);
}

static void
nothing_is_told_while_paused(void **state UNUSED)
{
	assert_int_equal(write(peer, "abc", 3), 3);
	io_pause(io);
	assert_true(io_paused(io));
	(void)close(peer);
	peer = -1;
	rounds(5);
	assert_int_equal(seen[IO_DATA] + seen[IO_EOF] + seen[IO_ERROR], 0);
	io_resume(io);
	rounds(5);
	assert_int_equal(eaten, 3);
	assert_int_equal(seen[IO_EOF], 1);
}

static void
bytes_left_in_the_input_are_told_again_on_resume(void **state UNUSED)
{
	eat = false;
	assert_int_equal(write(peer, "abc", 3), 3);
	rounds(3);
	assert_int_equal(seen[IO_DATA], 1);
	io_pause(io);
	rounds(3);
	io_resume(io);
	assert_int_equal(seen[IO_DATA], 1);
	rounds(1);
	assert_int_equal(seen[IO_DATA], 2);
}

static size_t
drain_peer(void)
{
	static uint8_t block[65536];
	size_t sum = 0;
	ssize_t n;

	while ((n = read(peer, block, sizeof(block))) > 0)
		sum += (size_t)n;
	return sum;
}

static void
output_is_bounded_and_tells_its_low_water_mark(void **state UNUSED)
{
	uint8_t *big = calloc(1, 300000);
	size_t sum = 0;

	assert_non_null(big);
	assert_int_equal(io_write(io, big, 300000), 0);
	assert_int_equal(io_write(io, big, 1), FAIL_FULL);
	rounds(3);
	assert_false(io_drained(io));
	assert_int_equal(seen[IO_LOWAT], 0);
	for (int i = 0; i < 100 && sum < 300000; i++) {
		sum += drain_peer();
		rounds(1);
	}
	assert_int_equal(sum, 300000);
	assert_true(io_drained(io));
	rounds(2);
	assert_int_equal(seen[IO_LOWAT], 1);
	assert_int_equal(io_bytes_out(io), 300000);
	free(big);
}

static void
small_writes_of_a_round_leave_together(void **state UNUSED)
{
	char got[16];

	for (int i = 0; i < 10; i++)
		assert_int_equal(io_write(io, "0123456789" + i, 1), 0);
	assert_int_equal(read(peer, got, sizeof(got)), -1);
	rounds(1);
	assert_int_equal(read(peer, got, sizeof(got)), 10);
	assert_memory_equal(got, "0123456789", 10);
}

static void
shutdown_waits_for_the_output(void **state UNUSED)
{
	uint8_t *big = calloc(1, 300000);
	uint8_t block[1];
	size_t sum = 0;

	assert_non_null(big);
	assert_int_equal(io_write(io, big, 300000), 0);
	io_shutdown(io);
	assert_int_equal(io_write(io, big, 1), FAIL_STATE);
	for (int i = 0; i < 100 && sum < 300000; i++) {
		rounds(1);
		sum += drain_peer();
	}
	assert_int_equal(sum, 300000);
	rounds(1);
	assert_int_equal(read(peer, block, 1), 0);
	assert_int_equal(write(peer, "x", 1), 1);
	rounds(2);
	assert_int_equal(eaten, 1);
	free(big);
}

static void
a_broken_pipe_is_one_error_and_no_signal(void **state UNUSED)
{
	assert_int_equal(write(peer, "last words", 10), 10);
	(void)close(peer);
	peer = -1;
	assert_int_equal(io_write(io, "x", 1), 0);
	io_flush(io);
	assert_int_equal(seen[IO_ERROR], 0);
	rounds(3);
	assert_int_equal(eaten, 10);
	assert_int_equal(seen[IO_ERROR], 1);
	assert_int_equal(seen[IO_EOF], 0);
	assert_int_equal(io_fail(io)->code, FAIL_CLOSED);
	assert_string_equal(io_fail(io)->why, "write: Broken pipe");
}

static void
it_may_be_freed_in_any_of_its_callbacks(void **state UNUSED)
{
	static const enum io_event evs[] = {
	    IO_DATA, IO_EOF, IO_LOWAT, IO_ERROR, IO_TIMEOUT};

	for (size_t i = 0; i < ARRAY_LEN(evs); i++) {
		io_free(io);
		if (peer >= 0)
			(void)close(peer);
		assert_int_equal(make(100, 100, 0), 0);
		free_on = (int)evs[i];
		if (evs[i] != IO_EOF)
			assert_int_equal(io_write(io, "x", 1), 0);
		if (evs[i] != IO_TIMEOUT)
			assert_int_equal(write(peer, "abc", 3), 3);
		else
			io_set_timeout(io, 1);
		if (evs[i] == IO_EOF || evs[i] == IO_ERROR) {
			(void)close(peer);
			peer = -1;
		}
		for (int k = 0; k < 50 && io != NULL; k++) {
			assert_int_equal(loop_once(loop, 1), 0);
		}
		assert_null(io);
		rounds(2);
	}
}

static void
idle_is_told_after_its_time_and_not_before(void **state UNUSED)
{
	uint64_t start = mono_ns();

	io_set_timeout(io, 30);
	while (mono_ns() - start < 20000000U)
		assert_int_equal(loop_once(loop, 1), 0);
	assert_int_equal(seen[IO_TIMEOUT], 0);
	assert_int_equal(write(peer, "x", 1), 1);
	rounds(1);
	start = mono_ns();
	while (seen[IO_TIMEOUT] == 0)
		assert_int_equal(loop_once(loop, 100), 0);
	assert_true(mono_ns() - start >= 28000000U);
	assert_true(mono_ns() - start < 2000000000U);
}

static void
a_paused_one_is_never_idle(void **state UNUSED)
{
	uint64_t start = mono_ns();

	io_set_timeout(io, 5);
	io_pause(io);
	while (mono_ns() - start < 20000000U)
		assert_int_equal(loop_once(loop, 1), 0);
	assert_int_equal(seen[IO_TIMEOUT], 0);
}

static int
loopback(struct sockaddr_in *sa, bool listening)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(*sa);

	*sa = (struct sockaddr_in){.sin_family = AF_INET,
	    .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	assert_int_equal(bind(fd, (struct sockaddr *)sa, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)sa, &len), 0);
	if (listening)
		assert_int_equal(listen(fd, 4), 0);
	return fd;
}

static void
expect_option(const struct io *of, int level, int name)
{
	int on = 0;
	socklen_t len = sizeof(on);

	assert_int_equal(getsockopt(io_fd(of), level, name, &on, &len), 0);
	assert_int_not_equal(on, 0);
}

static void
connecting_tells_success_before_data(void **state UNUSED)
{
	struct io_opts o = {.in_max = 100, .out_max = 100};
	struct sockaddr_in sa;
	int lfd = loopback(&sa, true), fd;
	struct io *c;

	c = io_connect(
	    loop, (struct sockaddr *)&sa, sizeof(sa), &o, on_io, NULL);
	assert_non_null(c);
	assert_int_equal(io_write(c, "early", 5), 0);
	assert_int_equal(seen[IO_CONNECTED], 0);
	for (int i = 0; i < 100 && seen[IO_CONNECTED] == 0; i++)
		assert_int_equal(loop_once(loop, 10), 0);
	assert_int_equal(seen[IO_CONNECTED], 1);
	expect_option(c, IPPROTO_TCP, TCP_NODELAY);
	expect_option(c, SOL_SOCKET, SO_KEEPALIVE);
	fd = accept(lfd, NULL, NULL);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "hi", 2), 2);
	for (int i = 0; i < 100 && eaten < 2; i++)
		assert_int_equal(loop_once(loop, 10), 0);
	assert_int_equal(eaten, 2);
	assert_int_equal(seen[IO_CONNECTED], 1);
	assert_int_equal(io_bytes_out(c), 5);
	(void)close(fd);
	(void)close(lfd);
	io_free(c);
}

static void
a_peer_that_is_gone_is_told_though_nobody_reads(void **state UNUSED)
{
	eat = false;
	assert_int_equal(write(peer, "hello", 5), 5);
	io_pause(io);
	rounds(3);
	assert_int_equal(seen[IO_GONE], 0);
	assert_false(io_is_gone(io));
	(void)close(peer);
	peer = -1;
	rounds(5);
	assert_int_equal(seen[IO_GONE], 1);
	assert_true(io_is_gone(io));
	assert_int_equal(seen[IO_DATA] + seen[IO_EOF] + seen[IO_ERROR], 0);
	/* What it said last is not lost. */
	eat = true;
	io_resume(io);
	rounds(5);
	assert_int_equal(eaten, 5);
	assert_int_equal(seen[IO_EOF], 1);
	assert_int_equal(seen[IO_GONE], 1);
}

static void
a_peer_that_is_gone_is_told_though_the_input_is_full(void **state UNUSED)
{
	eat = false;
	assert_true(stuff_peer() > 100000);
	rounds(20);
	assert_int_equal(seen[IO_GONE], 0);
	(void)close(peer);
	peer = -1;
	rounds(5);
	assert_int_equal(seen[IO_GONE], 1);
	assert_int_equal(seen[IO_EOF], 0);
}

static void
a_refused_connection_says_so(void **state UNUSED)
{
	struct io_opts o = {.in_max = 100, .out_max = 100};
	struct sockaddr_in sa;
	int fd = loopback(&sa, false);
	struct io *c;

	c = io_connect(
	    loop, (struct sockaddr *)&sa, sizeof(sa), &o, on_io, NULL);
	assert_non_null(c);
	for (int i = 0; i < 100 && seen[IO_ERROR] == 0; i++)
		assert_int_equal(loop_once(loop, 10), 0);
	assert_int_equal(seen[IO_ERROR], 1);
	assert_int_equal(seen[IO_CONNECTED], 0);
	assert_int_equal(io_fail(c)->code, FAIL_CONNECT);
	assert_string_equal(io_fail(c)->why, "connect: Connection refused");
	(void)close(fd);
	io_free(c);
}

static void
a_detached_socket_lives_on(void **state UNUSED)
{
	int fd = io_detach(io);

	io_free(io);
	io = NULL;
	assert_int_equal(write(fd, "x", 1), 1);
	(void)close(fd);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(bytes_come_in_and_the_end_comes_last),
	    T(reading_stops_when_the_input_is_full_and_goes_on),
	    T(nothing_is_told_while_paused),
	    T(bytes_left_in_the_input_are_told_again_on_resume),
	    T(output_is_bounded_and_tells_its_low_water_mark),
	    T(small_writes_of_a_round_leave_together),
	    T(shutdown_waits_for_the_output),
	    T(a_broken_pipe_is_one_error_and_no_signal),
	    T(it_may_be_freed_in_any_of_its_callbacks),
	    T(idle_is_told_after_its_time_and_not_before),
	    T(a_paused_one_is_never_idle),
	    T(connecting_tells_success_before_data),
	    T(a_refused_connection_says_so),
	    T(a_peer_that_is_gone_is_told_though_nobody_reads),
	    T(a_peer_that_is_gone_is_told_though_the_input_is_full),
	    T(a_detached_socket_lives_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
