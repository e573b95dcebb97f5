/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files, and what is too long for the buffer. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/loop.h"
#include "tests/unit/nomem.h"

/* A file of n bytes; the caller closes it. */
static int
file_of(size_t n)
{
	int fd = memfd_create("test_file", MFD_CLOEXEC);
	uint8_t *p = malloc(n + 1);

	assert_true(fd >= 0);
	assert_non_null(p);
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 7 + i / 251);
	assert_int_equal(write(fd, p, n), n);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	free(p);
	return fd;
}

static void
a_file_is_read_to_its_end(void **state)
{
	static const size_t lens[] = {
	    0, 1, FILE_STEP - 1, FILE_STEP, FILE_STEP + 1, 5 * FILE_STEP + 17};
	struct buf b;
	int fd;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		fd = file_of(lens[i]);
		buf_init(&b, lens[i] + FILE_STEP);
		assert_int_equal(file_read(fd, &b), 0);
		assert_int_equal(buf_len(&b), lens[i]);
		for (size_t k = 0; k < lens[i]; k++)
			assert_int_equal(
			    buf_head(&b)[k], (uint8_t)(k * 7 + k / 251));
		buf_fini(&b);
		(void)close(fd);
	}
}

static void
what_is_read_comes_behind_what_was_there(void **state)
{
	int fd = file_of(100);
	struct buf b;

	(void)state;
	buf_init(&b, 2 * FILE_STEP);
	assert_int_equal(buf_put(&b, "head", 4), 0);
	assert_int_equal(lseek(fd, 98, SEEK_SET), 98);
	assert_int_equal(file_read(fd, &b), 0);
	assert_int_equal(buf_len(&b), 6);
	assert_memory_equal(buf_head(&b), "head", 4);
	assert_int_equal(buf_head(&b)[5], (uint8_t)(99 * 7));
	buf_fini(&b);
	(void)close(fd);
}

static void
a_longer_file_is_refused(void **state)
{
	int fd = file_of(1001);
	struct buf b;

	(void)state;
	buf_init(&b, 1000 + FILE_STEP);
	assert_int_equal(file_read(fd, &b), FAIL_FULL);
	buf_fini(&b);
	(void)close(fd);
}

/* A pipe gives what is in it, and ends with its writer. */
static void
parts_are_put_together(void **state)
{
	struct buf b;
	int fds[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		for (int i = 0; i < 50; i++) {
			if (write(fds[1], "0123456789", 10) != 10)
				_exit(1);
		}
		_exit(0);
	}
	(void)close(fds[1]);
	buf_init(&b, 500 + FILE_STEP);
	assert_int_equal(file_read(fds[0], &b), 0);
	assert_int_equal(buf_len(&b), 500);
	assert_memory_equal(buf_head(&b) + 490, "0123456789", 10);
	buf_fini(&b);
	(void)close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
what_cannot_be_read_is_an_error(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 2 * FILE_STEP);
	errno = 0;
	assert_int_equal(file_read(-1, &b), FAIL_SYS);
	assert_int_equal(errno, EBADF);
	buf_fini(&b);
}

static void
no_memory_is_an_error(void **state)
{
	int fd = file_of(5 * FILE_STEP);
	struct buf b;
	unsigned n;
	bool hit;
	int r;

	(void)state;
	for (n = 1;; n++) {
		buf_init(&b, 6 * FILE_STEP);
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		nomem_at(n);
		r = file_read(fd, &b);
		hit = nomem_hit();
		buf_fini(&b);
		if (!hit)
			break;
		assert_int_equal(r, FAIL_NOMEM);
	}
	assert_int_equal(r, 0);
	assert_true(n > 2);
	(void)close(fd);
}

static void
a_lock_has_one_holder_and_ends_with_it(void **state)
{
	char path[] = "/tmp/test_file.XXXXXX";
	int fd = mkstemp(path), first, second, gate[2];
	struct fail f = {0};
	uint64_t since;
	pid_t pid;
	char c;

	(void)state;
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(file_lock(path, 0, &first, &f), 0);
	assert_int_equal(file_lock(path, 30, &second, &f), FAIL_BUSY);
	assert_int_equal(second, -1);
	assert_non_null(strstr(f.why, path));
	(void)close(first);
	assert_int_equal(pipe(gate), 0);
	if ((pid = fork()) == 0) {
		if (file_lock(path, 0, &first, &f) != 0)
			_exit(1);
		(void)!write(gate[1], "", 1);
		(void)usleep(200000);
		(void)raise(SIGKILL);
	}
	assert_int_equal(read(gate[0], &c, 1), 1);
	since = mono_ns();
	assert_int_equal(file_lock(path, 10000, &second, &f), 0);
	assert_in_range((mono_ns() - since) / 1000000, 100, 5000);
	(void)close(second);
	(void)close(gate[0]);
	(void)close(gate[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	(void)unlink(path);
	memset(&f, 0, sizeof(f));
	assert_int_equal(
	    file_lock("/nowhere/at/all", 0, &second, &f), FAIL_SYS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_file_is_read_to_its_end),
	    cmocka_unit_test(what_is_read_comes_behind_what_was_there),
	    cmocka_unit_test(a_longer_file_is_refused),
	    cmocka_unit_test(parts_are_put_together),
	    cmocka_unit_test(what_cannot_be_read_is_an_error),
	    cmocka_unit_test(no_memory_is_an_error),
	    cmocka_unit_test(a_lock_has_one_holder_and_ends_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
