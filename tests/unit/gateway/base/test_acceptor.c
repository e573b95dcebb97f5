/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections are accepted while there are descriptors; without them the loop
 * does not spin, says so once, and goes on by itself.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/acceptor.h"
#include "base/log.h"

enum { CLIENTS = 32, BATCH = 4 };

struct scene {
	struct loop *loop;
	struct acceptor *a;
	struct timer *stop;
	int listener;
	int log; /* what was said */
	int got[CLIENTS];
	size_t n_got;
	size_t want; /* stop when there are so many */
	unsigned starved;
	unsigned fed;
	bool stop_in_got;
};

static struct rlimit before;

static void
on_got(void *ctx, int fd, const struct sockaddr_storage *from, socklen_t len)
{
	struct scene *s = ctx;

	(void)from;
	(void)len;
	assert_true(s->n_got < CLIENTS);
	s->got[s->n_got++] = fd;
	if (s->stop_in_got)
		acceptor_listen(s->a, false);
	if (s->n_got == s->want)
		loop_stop(s->loop);
}

static void
on_starved(void *ctx, bool is)
{
	struct scene *s = ctx;

	s->starved += is;
	s->fed += !is;
}

static void
on_stop(struct timer *t, void *ctx)
{
	(void)t;
	loop_stop(ctx);
}

static struct sockaddr_un
address(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	/* An abstract name: nothing is left behind. */
	(void)snprintf(un.sun_path + 1, sizeof(un.sun_path) - 1,
	    "test_acceptor.%d", (int)getpid());
	return un;
}

static int
client(void)
{
	struct sockaddr_un un = address();
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	return fd;
}

static void
scene_open(struct scene *s, unsigned reserve, bool shared)
{
	struct acceptor_opts o = {.what = "here",
	    .got = on_got,
	    .starved = on_starved,
	    .ctx = s,
	    .batch = BATCH,
	    .reserve = reserve,
	    .shared = shared};
	struct sockaddr_un un = address();

	memset(s, 0, sizeof(*s));
	s->log = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	assert_true(s->log >= 0);
	log_init(&(struct log_opts){
	    .program = "test", .level = LOG_LEVEL_INFO, .fd = s->log});
	s->listener =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(
	    bind(s->listener, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(s->listener, CLIENTS), 0);
	assert_non_null(s->loop = loop_new());
	assert_non_null(s->stop = timer_new(s->loop, on_stop, s->loop));
	assert_non_null(s->a = acceptor_new(s->loop, s->listener, &o));
}

static void
scene_close(struct scene *s)
{
	while (s->n_got > 0)
		(void)close(s->got[--s->n_got]);
	acceptor_free(s->a);
	timer_free(s->stop);
	loop_free(s->loop);
	(void)close(s->listener);
	(void)close(s->log);
	log_init(&(struct log_opts){
	    .program = "test", .level = LOG_LEVEL_INFO, .fd = STDERR_FILENO});
}

static void
run_for(struct scene *s, uint64_t ms)
{
	timer_set(s->stop, ms);
	assert_int_equal(loop_run(s->loop), 0);
	timer_clear(s->stop);
}

/* Lines of the log in which there is text. */
static unsigned
said(const struct scene *s, const char *text)
{
	char all[4096], *at = all;
	ssize_t n = pread(s->log, all, sizeof(all) - 1, 0);
	unsigned lines = 0;

	assert_true(n >= 0);
	all[n] = '\0';
	while ((at = strstr(at, text)) != NULL) {
		lines++;
		at++;
	}
	return lines;
}

/* Leave room for n descriptors more. */
static void
limit(int n)
{
	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	struct rlimit lim = before;

	assert_true(fd >= 0);
	lim.rlim_cur = (rlim_t)(fd + n);
	(void)close(fd);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &lim), 0);
}

static void
unlimit(void)
{
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static uint64_t
cpu_us(void)
{
	struct timespec ts;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts), 0);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void
connections_are_given_on(void **state)
{
	int c[6];
	struct scene s;

	(void)state;
	scene_open(&s, 0, true);
	s.want = 6;
	for (size_t i = 0; i < 6; i++)
		c[i] = client();
	acceptor_listen(s.a, true);
	acceptor_listen(s.a, true);
	run_for(&s, 5000);
	assert_int_equal(s.n_got, 6);
	assert_int_equal(s.starved, 0);
	for (size_t i = 0; i < 6; i++)
		(void)close(c[i]);
	scene_close(&s);
}

static void
who_looks_away_accepts_nobody(void **state)
{
	int c[3];
	struct scene s;

	(void)state;
	scene_open(&s, 0, false);
	for (size_t i = 0; i < 3; i++)
		c[i] = client();
	s.stop_in_got = true;
	acceptor_listen(s.a, true);
	run_for(&s, 100);
	assert_int_equal(s.n_got, 1);
	acceptor_listen(s.a, true);
	run_for(&s, 100);
	assert_int_equal(s.n_got, 2);
	for (size_t i = 0; i < 3; i++)
		(void)close(c[i]);
	scene_close(&s);
}

static void
without_descriptors_it_rests_and_recovers(void **state)
{
	uint64_t began;
	int c[5];
	struct scene s;

	(void)state;
	for (int shared = 0; shared < 2; shared++) {
		scene_open(&s, 0, shared != 0);
		s.want = 5;
		for (size_t i = 0; i < 5; i++)
			c[i] = client();
		limit(2);
		acceptor_listen(s.a, true);
		began = cpu_us();
		run_for(&s, 2500);
		/* A loop that spins would take all of it. */
		assert_true(cpu_us() - began < 500000);
		assert_int_equal(s.n_got, 2);
		assert_true(acceptor_starved(s.a));
		assert_int_equal(s.starved, 1);
		assert_int_equal(said(&s, "nobody is let in for now"), 1);
		unlimit();
		run_for(&s, 5000);
		assert_int_equal(s.n_got, 5);
		assert_false(acceptor_starved(s.a));
		assert_int_equal(s.fed, 1);
		assert_int_equal(said(&s, "let in again"), 1);
		for (size_t i = 0; i < 5; i++)
			(void)close(c[i]);
		scene_close(&s);
	}
}

static void
a_reserve_is_left_alone(void **state)
{
	struct scene s;
	int c;

	(void)state;
	scene_open(&s, 10, true);
	c = client();
	s.want = 1;
	limit(10 + BATCH - 1);
	acceptor_listen(s.a, true);
	run_for(&s, 100);
	assert_int_equal(s.n_got, 0);
	assert_true(acceptor_starved(s.a));
	limit(10 + BATCH);
	run_for(&s, 5000);
	assert_int_equal(s.n_got, 1);
	assert_int_equal(s.fed, 1);
	unlimit();
	(void)close(c);
	scene_close(&s);
}

/* Full in the meantime: it neither accepts nor stays starved for ever. */
static void
who_looks_away_recovers_too(void **state)
{
	struct scene s;
	int c;

	(void)state;
	scene_open(&s, 0, false);
	c = client();
	limit(0);
	acceptor_listen(s.a, true);
	run_for(&s, 100);
	assert_true(acceptor_starved(s.a));
	acceptor_listen(s.a, false);
	run_for(&s, 1500);
	assert_true(acceptor_starved(s.a));
	unlimit();
	run_for(&s, 1500);
	assert_false(acceptor_starved(s.a));
	assert_int_equal(s.n_got, 0);
	(void)close(c);
	scene_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(connections_are_given_on),
	    cmocka_unit_test(who_looks_away_accepts_nobody),
	    cmocka_unit_test(without_descriptors_it_rests_and_recovers),
	    cmocka_unit_test(a_reserve_is_left_alone),
	    cmocka_unit_test(who_looks_away_recovers_too),
	};

	if (getrlimit(RLIMIT_NOFILE, &before) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
