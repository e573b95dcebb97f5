/* SPDX-License-Identifier: Apache-2.0 */
/* The journal: order, bounds, torn tails, and a writer that is killed. */
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/journal.h"

static char dir[64];

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int
setup(void **state UNUSED)
{
	snprintf(dir, sizeof(dir), "/tmp/sallyport-journal.XXXXXX");
	return mkdtemp(dir) != NULL ? 0 : -1;
}

static int
teardown(void **state UNUSED)
{
	return nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static struct journal *
reopen(struct journal *j, uint64_t segment, uint64_t max)
{
	struct fail f = {0};

	journal_free(j);
	if (journal_open(&j,
		&(struct journal_opts){
		    .dir = dir, .max_bytes = max, .segment_size = segment},
		&f) != 0)
		fail_msg("%s", f.why);
	return j;
}

static int
append(struct journal *j, uint32_t n)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "record %u", n);

	return journal_append(j, SPAN(text, (size_t)len));
}

static void
put(struct journal *j, uint32_t from, uint32_t to)
{
	struct fail f = {0};

	for (; from <= to; from++)
		assert_int_equal(append(j, from), 0);
	if (journal_commit(j, &f) != 0)
		fail_msg("%s", f.why);
}

/* Expects "record N" with N counting up. */
static int
expect(struct span rec, void *ctx)
{
	uint32_t *next = ctx;
	char text[64];
	int len = snprintf(text, sizeof(text), "record %u", *next);

	assert_int_equal(rec.len, len);
	assert_memory_equal(rec.p, text, (size_t)len);
	(*next)++;
	return 0;
}

static uint32_t
drain(struct journal *j, uint32_t from)
{
	uint32_t next = from;
	int n;

	while ((n = journal_peek(j, 7, expect, &next, NULL)) > 0)
		journal_consume(j);
	assert_int_equal(n, 0);
	return next;
}

static size_t
segments(const char *pattern)
{
	char path[128];
	glob_t g = {0};
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", dir, pattern);
	(void)glob(path, 0, NULL, &g);
	n = g.gl_pathc;
	globfree(&g);
	return n;
}

static void
records_come_out_in_order_and_once(void **state UNUSED)
{
	struct journal *j = reopen(NULL, 0, 1 << 20);
	struct journal_stat st;

	put(j, 1, 100);
	put(j, 101, 250);
	journal_stat(j, &st);
	assert_int_equal(st.rows, 250);
	assert_int_equal(st.committed, 250);
	assert_int_equal(drain(j, 1), 251);
	journal_stat(j, &st);
	assert_int_equal(st.rows, 0);
	assert_int_equal(st.bytes, 0);
	put(j, 251, 260);
	assert_int_equal(drain(j, 251), 261);
	journal_free(j);
}

static void
what_is_not_committed_is_not_seen(void **state UNUSED)
{
	struct journal *j = reopen(NULL, 0, 1 << 20);
	uint32_t next = 1;

	assert_int_equal(append(j, 1), 0);
	assert_int_equal(journal_peek(j, 10, expect, &next, NULL), 0);
	assert_int_equal(journal_commit(j, NULL), 0);
	assert_int_equal(drain(j, 1), 2);
	journal_free(j);
}

static void
what_was_not_consumed_is_there_after_a_restart(void **state UNUSED)
{
	struct journal *j = reopen(NULL, 200, 1 << 20);
	uint32_t next = 1;
	struct journal_stat st;

	put(j, 1, 10);
	put(j, 11, 20);
	put(j, 21, 30);
	assert_true(segments("*.jnl") >= 2);
	assert_int_equal(journal_peek(j, 5, expect, &next, NULL), 5);
	journal_consume(j);
	assert_int_equal(journal_peek(j, 5, expect, &next, NULL), 5);
	j = reopen(j, 200, 1 << 20); /* that one was not consumed */
	journal_stat(j, &st);
	assert_int_equal(st.rows, 25);
	put(j, 31, 40);
	assert_int_equal(drain(j, 6), 41);
	j = reopen(j, 200, 1 << 20);
	journal_stat(j, &st);
	assert_int_equal(st.rows, 0);
	put(j, 41, 42);
	assert_int_equal(drain(j, 41), 43);
	assert_true(segments("*.jnl") <= 2);
	journal_free(j);
}

static void
a_lost_cursor_means_reading_from_the_oldest(void **state UNUSED)
{
	struct journal *j = reopen(NULL, 0, 1 << 20);
	char path[128];

	put(j, 1, 10);
	assert_int_equal(drain(j, 1), 11);
	put(j, 11, 12);
	journal_free(j);
	snprintf(path, sizeof(path), "%s/cursor", dir);
	assert_int_equal(truncate(path, 3), 0);
	j = reopen(NULL, 0, 1 << 20);
	assert_int_equal(drain(j, 1), 13);
	journal_free(j);
}

static void
a_full_journal_takes_nothing_and_loses_nothing(void **state UNUSED)
{
	struct journal *j = reopen(NULL, 0, 1000);
	uint32_t n = 0;

	while (append(j, n + 1) == 0)
		n++;
	assert_in_range(n, 40, 70);
	assert_int_equal(append(j, n + 1), FAIL_FULL);
	assert_int_equal(journal_commit(j, NULL), 0);
	assert_int_equal(drain(j, 1), n + 1);
	put(j, n + 1, n + 5);
	assert_int_equal(drain(j, n + 1), n + 6);
	journal_free(j);
}

/* Every length that a crash can leave of the last segment. */
static void
a_torn_tail_is_cut_at_any_byte(void **state UNUSED)
{
	struct journal *j = reopen(NULL, 0, 1 << 20);
	char path[128];
	struct stat st;
	off_t size;
	uint32_t whole;

	put(j, 1, 6);
	journal_free(j);
	snprintf(path, sizeof(path), "%s/0000000000000001.jnl", dir);
	assert_int_equal(stat(path, &st), 0);
	for (size = st.st_size; size >= JOURNAL_HEADER_LEN; size--) {
		assert_int_equal(truncate(path, size), 0);
		j = reopen(NULL, 0, 1 << 20);
		whole = (uint32_t)((size - JOURNAL_HEADER_LEN) / 16);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_size, JOURNAL_HEADER_LEN + whole * 16);
		put(j, whole + 1, whole + 2);
		/* Consumed nothing: the next round reads it all again. */
		{
			uint32_t next = 1;

			assert_int_equal(
			    journal_peek(j, 99, expect, &next, NULL),
			    whole > 0 ? whole : 2);
		}
		journal_free(j);
		snprintf(path, sizeof(path), "%s/0000000000000002.jnl", dir);
		assert_int_equal(unlink(path), 0);
		snprintf(path, sizeof(path), "%s/0000000000000001.jnl", dir);
	}
}

static void
a_damaged_segment_is_kept_and_the_rest_goes_on(void **state UNUSED)
{
	struct journal *j = reopen(NULL, 50, 1 << 20);
	struct journal_stat st;
	char path[128];
	uint32_t next = 1;
	int fd;

	put(j, 1, 4);
	put(j, 5, 8);
	snprintf(path, sizeof(path), "%s/0000000000000001.jnl", dir);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "X", 1, JOURNAL_HEADER_LEN + 16 + 9), 1);
	close(fd);
	/* All but record 2 read. */
	assert_int_equal(journal_peek(j, 99, expect, &next, NULL), 1);
	journal_consume(j);
	next = 3;
	assert_int_equal(journal_peek(j, 99, expect, &next, NULL), 2);
	journal_consume(j);
	assert_int_equal(journal_peek(j, 99, expect, &next, NULL), 4);
	journal_consume(j);
	journal_stat(j, &st);
	assert_int_equal(st.damaged, 16);
	assert_int_equal(st.bytes, 0);
	assert_int_equal(segments("*.bad"), 1);
	journal_free(j);
}

/* Notes which of "record N" came. */
static int
note(struct span rec, void *ctx)
{
	uint32_t *seen = ctx;
	char text[16] = "";
	unsigned n;

	assert_true(rec.len == 8);
	memcpy(text, rec.p, 8);
	assert_int_equal(sscanf(text, "record %u", &n), 1);
	assert_true(n >= 1 && n <= 6);
	/* In order and once. */
	assert_int_equal(*seen >> n, 0);
	*seen |= 1U << n;
	return 0;
}

/* Each byte of the last segment in turn, before it is opened. */
static void
a_flipped_byte_costs_one_record_and_is_kept(void **state UNUSED)
{
	struct journal *j = reopen(NULL, 0, 1 << 20);
	struct journal_stat st;
	char path[128], bad[128];
	uint32_t seen, lost;
	uint8_t b;
	off_t at;
	int fd;

	put(j, 1, 6);
	journal_free(j);
	for (at = 0; at < JOURNAL_HEADER_LEN + 6 * 16; at++) {
		snprintf(path, sizeof(path), "%s/0000000000000001.jnl", dir);
		snprintf(bad, sizeof(bad), "%s/0000000000000001.bad", dir);
		fd = open(path, O_RDWR | O_CLOEXEC);
		assert_int_equal(pread(fd, &b, 1, at), 1);
		b ^= 0x41;
		assert_int_equal(pwrite(fd, &b, 1, at), 1);
		j = reopen(NULL, 0, 1 << 20);
		seen = 0;
		while (journal_peek(j, 99, note, &seen, NULL) > 0)
			journal_consume(j);
		lost = at < JOURNAL_HEADER_LEN
			   ? 0
			   : 1U << ((at - JOURNAL_HEADER_LEN) / 16 + 1);
		assert_int_equal(seen, 0x7e & ~lost);
		journal_stat(j, &st);
		assert_int_equal(st.rows, 0);
		assert_int_equal(st.bytes, 0);
		/* What is written now makes the damaged one go aside. */
		put(j, 1, 1);
		seen = 0;
		assert_int_equal(journal_peek(j, 99, note, &seen, NULL), 1);
		journal_consume(j);
		/* A flip in the last record looks like a torn tail. */
		assert_int_equal(segments("*.bad"),
		    at < JOURNAL_HEADER_LEN + 5 * 16 ? 1 : 0);
		journal_free(j);
		/* As before, for the next byte. */
		(void)unlink(bad);
		snprintf(bad, sizeof(bad), "%s/cursor", dir);
		assert_int_equal(unlink(bad), 0);
		for (unsigned n = 1; n < 4; n++) {
			snprintf(bad, sizeof(bad), "%s/%016x.jnl", dir, n);
			(void)unlink(bad);
		}
		close(fd);
		j = reopen(NULL, 0, 1 << 20);
		put(j, 1, 6);
		journal_free(j);
	}
}

/* As the system does when the disk is full. */
static void
a_full_disk_keeps_rows_and_stores_them_later(void **state UNUSED)
{
	struct rlimit was, small;
	struct journal *j = reopen(NULL, 0, 1 << 20);
	struct journal_stat st;
	struct fail f = {0};
	uint32_t n;

	put(j, 1, 5);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = was;
	small.rlim_cur = 100; /* in the middle of record 6; too small for all */
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (n = 6; n <= 15; n++)
		assert_int_equal(append(j, n), 0);
	assert_true(journal_commit(j, &f) < 0);
	assert_non_null(strstr(f.why, "journal"));
	assert_true(journal_commit(j, NULL) < 0);
	journal_stat(j, &st);
	assert_int_equal(st.committed, 5);
	/* What was acknowledged is read meanwhile, and nothing else. */
	n = 1;
	assert_int_equal(journal_peek(j, 99, expect, &n, NULL), 5);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(journal_commit(j, NULL), 0);
	assert_int_equal(drain(j, 1), 16);
	j = reopen(j, 0, 1 << 20);
	journal_stat(j, &st);
	assert_int_equal(st.rows, 0);
	journal_free(j);
}

/* The child appends and commits, and says so; then it is killed. */
static void
writer(int out, uint32_t from)
{
	struct journal *j = reopen(NULL, 4096, 1 << 30);
	uint32_t n = from;

	for (;;) {
		for (int i = 0; i < 20; i++)
			if (append(j, n++) != 0)
				_exit(1);
		if (journal_commit(j, NULL) != 0 ||
		    write(out, &n, sizeof(n)) != sizeof(n))
			_exit(1);
	}
}

static void
a_killed_writer_loses_nothing_that_it_committed(void **state UNUSED)
{
	uint32_t next = 1, said, all;
	struct journal *j;
	int round, p[2], status;
	pid_t pid;

	for (round = 0; round < 8; round++) {
		assert_int_equal(pipe(p), 0);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			writer(p[1], next);
		close(p[1]);
		/* A slow machine commits nothing in so short a time. */
		said = next;
		assert_int_equal(read(p[0], &said, sizeof(said)), sizeof(said));
		usleep(20000 + (unsigned)round * 7919);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		while (read(p[0], &all, sizeof(all)) == sizeof(all))
			said = all;
		close(p[0]);
		j = reopen(NULL, 4096, 1 << 30);
		all = drain(j, next);
		assert_true(all >= said);
		next = all;
		journal_free(j);
	}
	assert_true(next > 100);
}

/* Two brokers, one that ends and one that begins. */
static void
a_journal_is_of_one_process_at_a_time(void **state)
{
	struct journal_opts o = {.dir = dir, .max_bytes = 1 << 20};
	struct journal *j = reopen(NULL, 0, 1 << 20), *other;
	struct fail f = {0};

	(void)state;
	put(j, 1, 10);
	assert_int_equal(journal_open(&other, &o, &f), FAIL_BUSY);
	assert_null(other);
	/* It was not touched. */
	put(j, 11, 20);
	journal_free(j);
	j = reopen(NULL, 0, 1 << 20);
	assert_int_equal(drain(j, 1), 21);
	journal_free(j);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		records_come_out_in_order_and_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		what_is_not_committed_is_not_seen, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		what_was_not_consumed_is_there_after_a_restart, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		a_lost_cursor_means_reading_from_the_oldest, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_full_journal_takes_nothing_and_loses_nothing, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		a_torn_tail_is_cut_at_any_byte, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_damaged_segment_is_kept_and_the_rest_goes_on, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		a_flipped_byte_costs_one_record_and_is_kept, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_full_disk_keeps_rows_and_stores_them_later, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_killed_writer_loses_nothing_that_it_committed, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		a_journal_is_of_one_process_at_a_time, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
