/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spool: what was said to be committed is there, whatever ends the process
 * and however full the disk is.
 */
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fail.h"
#include "base/hash.h"
#include "recorder/spool.h"

struct run {
	struct loop *loop;
	struct spool *spool;
	char dir[64];
	uint64_t put;
	uint64_t done;
	int report; /* pipe to the parent, or -1 */
	int trouble;
	unsigned troubles;
	uint32_t last_seg;
};

static void
on_done(void *ctx, struct spool_item *i)
{
	struct run *r = ctx;

	assert_int_equal(le64_get(i->bytes), r->done);
	r->done++;
	r->last_seg = i->seg;
	free(i);
}

static void
on_committed(void *ctx)
{
	struct run *r = ctx;

	if (r->report >= 0)
		IGNORE(write(r->report, &r->done, sizeof(r->done)) < 0);
}

static void
on_trouble(void *ctx, int code, const char *why)
{
	struct run *r = ctx;

	(void)why;
	r->trouble = code;
	r->troubles += code != 0;
}

static const struct spool_ops ops = {
    .done = on_done, .committed = on_committed, .trouble = on_trouble};

static void
run_start(struct run *r, uint64_t segment)
{
	struct spool_opts o = {.dir = r->dir,
	    .segment = segment,
	    .commit_ms = 2,
	    .first = 1,
	    .ops = &ops,
	    .ctx = r};

	r->loop = loop_new();
	assert_non_null(r->loop);
	assert_int_equal(spool_new(&r->spool, r->loop, &o), 0);
}

static void
run_end(struct run *r)
{
	spool_free(r->spool);
	loop_free(r->loop);
}

/* A record of n bytes that begins with its number. */
static void
put(struct run *r, size_t n)
{
	static const uint8_t id[16] = {1, 2, 3};
	struct spool_item *i;
	uint8_t *mem = calloc(1, n);

	assert_non_null(mem);
	le64_put(mem, r->put++);
	memset(mem + 8, (int)(r->put % 251), n - 8);
	i = spool_item_new(id, SEGMENT_REC_CHUNK, SPAN(mem, n));
	assert_non_null(i);
	spool_put(r->spool, i);
	free(mem);
}

static void
wait_done(struct run *r, uint64_t n)
{
	uint64_t until = mono_ns() + 10000000000;

	while (r->done < n && mono_ns() < until)
		assert_int_equal(loop_once(r->loop, 50), 0);
	assert_true(r->done >= n);
}

static void
wait_trouble(struct run *r)
{
	uint64_t until = mono_ns() + 10000000000;

	while (r->troubles == 0 && mono_ns() < until)
		assert_int_equal(loop_once(r->loop, 50), 0);
	assert_true(r->troubles > 0);
}

static void
make_dir(struct run *r)
{
	memset(r, 0, sizeof(*r));
	r->report = -1;
	(void)snprintf(r->dir, sizeof(r->dir), "/tmp/test_spool.XXXXXX");
	assert_non_null(mkdtemp(r->dir));
}

static void
drop_dir(const char *dir)
{
	char path[400];
	struct dirent *e;
	DIR *d = opendir(dir);

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		(void)unlink(path);
	}
	(void)closedir(d);
	(void)rmdir(dir);
}

/* Numbers 0, 1, ... of all records in all segments; how many there are. */
static uint64_t
count_records(const char *dir)
{
	uint64_t n = 0;
	uint32_t seg;

	for (seg = 1; seg < 1000; seg++) {
		struct segment_scan scan;
		struct segment_record x;
		char path[256];
		int fd;

		spool_path(path, sizeof(path), dir, seg);
		if ((fd = open(path, O_RDONLY)) < 0)
			continue;
		if (segment_scan_init(&scan, fd) == 0)
			while (segment_scan_next(&scan, &x) == 0) {
				/* A batch may stand in two segments. */
				assert_true(le64_get(x.bytes.p) <= n);
				if (le64_get(x.bytes.p) == n)
					n++;
			}
		segment_scan_fini(&scan);
		(void)close(fd);
	}
	return n;
}

static void
what_was_put_is_committed_in_order_and_readable(void **state)
{
	struct run r;
	unsigned i;

	(void)state;
	make_dir(&r);
	run_start(&r, 2 * 1024 * 1024);
	for (i = 0; i < 3000; i++)
		put(&r, 8 + i);
	wait_done(&r, 3000);
	assert_int_equal(spool_waiting(r.spool), 0);
	assert_true(r.last_seg >= 3); /* 4.5 MB in segments of 2 MiB */
	run_end(&r);
	assert_int_equal(count_records(r.dir), 3000);
	drop_dir(r.dir);
}

static void
the_end_commits_what_waits(void **state)
{
	struct run r;
	unsigned i;

	(void)state;
	make_dir(&r);
	run_start(&r, 2 * 1024 * 1024);
	for (i = 0; i < 100; i++)
		put(&r, 1000);
	run_end(&r);
	assert_int_equal(count_records(r.dir), 100);
	drop_dir(r.dir);
}

/* The child's life: put records and report what is committed, until killed. */
static void
child_run(struct run *r, int fd)
{
	r->report = fd;
	run_start(r, 2 * 1024 * 1024);
	for (;;) {
		if (r->put < r->done + 200)
			put(r, 8 + r->put * 37 % 5000);
		else
			assert_int_equal(loop_once(r->loop, 10), 0);
		assert_int_equal(loop_once(r->loop, 0), 0);
	}
}

static void
kill_9_at_any_time_loses_nothing_committed(void **state)
{
	unsigned round;

	(void)state;
	for (round = 0; round < 25; round++) {
		uint64_t seen = 0, n, got;
		uint16_t delay;
		int fds[2], status;
		struct run r;
		pid_t pid;

		make_dir(&r);
		assert_int_equal(pipe(fds), 0);
		if ((pid = fork()) == 0) {
			(void)close(fds[0]);
			child_run(&r, fds[1]);
		}
		assert_true(pid > 0);
		(void)close(fds[1]);
		random_bytes(&delay, sizeof(delay));
		while (read(fds[0], &n, sizeof(n)) == sizeof(n)) {
			seen = n;
			if (seen > 20)
				break;
		}
		(void)usleep(delay);
		assert_int_equal(kill(pid, SIGKILL), 0);
		while (read(fds[0], &n, sizeof(n)) == sizeof(n))
			seen = n;
		assert_int_equal(waitpid(pid, &status, 0), pid);
		got = count_records(r.dir);
		assert_true(seen > 20);
		assert_true(got >= seen);
		(void)close(fds[0]);
		drop_dir(r.dir);
	}
}

static void
a_torn_record_ends_the_segment(void **state)
{
	uint8_t mem[SEGMENT_HEADER + 3 * (SEGMENT_RECORD + 100)];
	struct segment_record x = {.kind = SEGMENT_REC_CHUNK};
	uint8_t bytes[100] = {0};
	size_t i, n = SEGMENT_HEADER;
	int fd;

	(void)state;
	segment_header(mem, 9);
	for (i = 0; i < 3; i++) {
		bytes[0] = (uint8_t)i;
		x.bytes = SPAN(bytes, sizeof(bytes));
		segment_record(mem + n, &x);
		memcpy(mem + n + SEGMENT_RECORD, bytes, sizeof(bytes));
		n += SEGMENT_RECORD + sizeof(bytes);
	}
	for (i = 0; i <= n; i++) {
		size_t got = 0, whole;
		struct segment_scan s;
		int r;

		fd = (int)open("/tmp", O_TMPFILE | O_RDWR, 0600);
		assert_true(fd >= 0);
		assert_int_equal(write(fd, mem, i), (ssize_t)i);
		r = segment_scan_init(&s, fd);
		assert_int_equal(r, i < SEGMENT_HEADER ? FAIL_FORMAT : 0);
		if (r == 0) {
			while ((r = segment_scan_next(&s, &x)) == 0)
				got++;
			assert_int_equal(r, 1);
			whole = (i - SEGMENT_HEADER) /
				(SEGMENT_RECORD + sizeof(bytes));
			assert_int_equal(got, whole);
		}
		segment_scan_fini(&s);
		(void)close(fd);
	}
}

/* Room runs out, comes back, and nothing is lost. */
static void
out_of_space(struct run *r, const char *ballast)
{
	uint8_t *junk = calloc(1, 1024 * 1024);
	unsigned i;
	int fd = open(ballast, O_CREAT | O_WRONLY, 0600);

	assert_non_null(junk);
	assert_true(fd >= 0);
	while (write(fd, junk, 1024 * 1024) > 0)
		;
	(void)close(fd);
	free(junk);
	run_start(r, 4 * 1024 * 1024);
	for (i = 0; i < 500; i++)
		put(r, 4000);
	wait_trouble(r);
	assert_int_equal(r->done, 0);
	assert_true(spool_waiting(r->spool) >= 500 * 4000);
	assert_int_equal(unlink(ballast), 0);
	wait_done(r, 500);
	while (r->trouble != 0)
		assert_int_equal(loop_once(r->loop, 100), 0);
	run_end(r);
	assert_int_equal(count_records(r->dir), 500);
}

static void
a_full_disk_is_reported_and_waited_out(void **state)
{
	char ballast[128];
	struct run r;

	(void)state;
	make_dir(&r);
	if (mount("tmpfs", r.dir, "tmpfs", 0, "size=12m") != 0) {
		(void)rmdir(r.dir);
		skip();
	}
	(void)snprintf(ballast, sizeof(ballast), "%s/ballast", r.dir);
	out_of_space(&r, ballast);
	assert_int_equal(umount(r.dir), 0);
	(void)rmdir(r.dir);
}

static void
a_limit_on_file_size_is_lived_with(void **state)
{
	struct rlimit old, lim;
	struct run r;
	unsigned i;

	(void)state;
	make_dir(&r);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	lim = old;
	lim.rlim_cur = 100 * 1024; /* less than what is put */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &lim), 0);
	run_start(&r, 4 * 1024 * 1024);
	for (i = 0; i < 50; i++)
		put(&r, 5000);
	wait_trouble(&r);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	wait_done(&r, 50);
	run_end(&r);
	assert_int_equal(count_records(r.dir), 50);
	drop_dir(r.dir);
}

/* A segment was removed under the process: nothing in it counts. */
static void
what_has_no_name_is_not_committed(void **state)
{
	char path[256];
	struct run r;

	(void)state;
	make_dir(&r);
	run_start(&r, 4 * 1024 * 1024);
	put(&r, 1000);
	wait_done(&r, 1);
	assert_int_equal(r.last_seg, 1);
	spool_path(path, sizeof(path), r.dir, 1);
	assert_int_equal(unlink(path), 0);
	put(&r, 1000);
	wait_done(&r, 2);
	assert_int_equal(r.last_seg, 2);
	assert_int_equal(r.troubles, 1);
	run_end(&r);
	spool_path(path, sizeof(path), r.dir, 2);
	assert_int_equal(access(path, R_OK), 0);
	drop_dir(r.dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_put_is_committed_in_order_and_readable),
	    cmocka_unit_test(the_end_commits_what_waits),
	    cmocka_unit_test(kill_9_at_any_time_loses_nothing_committed),
	    cmocka_unit_test(a_torn_record_ends_the_segment),
	    cmocka_unit_test(a_full_disk_is_reported_and_waited_out),
	    cmocka_unit_test(a_limit_on_file_size_is_lived_with),
	    cmocka_unit_test(what_has_no_name_is_not_committed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
