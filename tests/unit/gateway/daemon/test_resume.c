/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor's state as bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "daemon/resume.h"

static struct buf wire;
static struct resume_proc procs[3];

static int
setup(void **state UNUSED)
{
	struct resume x = {.next_number = 77,
	    .procs = procs,
	    .n_procs = 3,
	    .conf = SPAN("[node]\n", 7)};

	for (uint8_t i = 0; i < 3; i++)
		procs[i] = (struct resume_proc){.role = i,
		    .state = 3,
		    .flags = 1,
		    .number = 5U + i,
		    .pid = 1000,
		    .fd = 9,
		    .load = 63,
		    .start_ns = 1ULL << 60,
		    .idle_ns = 2,
		    .due_ns = UINT64_MAX};
	procs[2].fd = UINT32_MAX;
	x.listeners.n = 2;
	for (int i = 0; i < 2; i++) {
		(void)snprintf(x.listeners.l[i].name, 16, "ssh");
		(void)snprintf(x.listeners.l[i].at, 64, "[::]:%d", i);
		x.listeners.l[i].fd = 5 + i;
	}
	buf_init(&wire, 65536);
	return resume_encode(&x, &wire);
}

static int
teardown(void **state UNUSED)
{
	buf_fini(&wire);
	return 0;
}

static void
what_was_written_is_read_back(void **state UNUSED)
{
	struct resume y;

	assert_int_equal(resume_decode(&y, buf_span(&wire)), 0);
	assert_int_equal(y.next_number, 77);
	assert_true(span_eq(y.conf, "[node]\n"));
	assert_int_equal(y.n_procs, 3);
	assert_memory_equal(&y.procs[0], &procs[0], sizeof(procs[0]));
	assert_int_equal(y.procs[2].fd, UINT32_MAX);
	assert_true(y.procs[1].start_ns == 1ULL << 60);
	assert_int_equal(y.listeners.n, 2);
	assert_string_equal(y.listeners.l[1].name, "ssh");
	assert_string_equal(y.listeners.l[1].at, "[::]:1");
	assert_int_equal(y.listeners.l[1].fd, 6);
	resume_fini(&y);
}

static void
cut_anywhere_or_too_long_it_is_refused(void **state UNUSED)
{
	struct resume y;

	for (size_t n = 0; n < buf_len(&wire); n++)
		assert_int_equal(
		    resume_decode(&y, SPAN(buf_head(&wire), n)), FAIL_FORMAT);
	assert_int_equal(buf_put_u8(&wire, 0), 0);
	assert_int_equal(resume_decode(&y, buf_span(&wire)), FAIL_FORMAT);
}

static void
another_version_is_refused(void **state UNUSED)
{
	struct resume y;

	buf_head(&wire)[3]++;
	assert_int_equal(resume_decode(&y, buf_span(&wire)), FAIL_FORMAT);
}

static void
counts_beyond_their_bounds_are_refused(void **state UNUSED)
{
	struct resume y;
	struct buf b;

	buf_init(&b, 256);
	assert_int_equal(buf_put_u32(&b, RESUME_VERSION), 0);
	assert_int_equal(buf_put_u32(&b, 1), 0);
	assert_int_equal(buf_put_u32(&b, 0), 0);
	assert_int_equal(buf_put_u32(&b, LISTENERS_MAX + 1), 0);
	assert_int_equal(resume_decode(&y, buf_span(&b)), FAIL_FORMAT);
	be32_put(buf_head(&b) + 12, 0);
	assert_int_equal(buf_put_u32(&b, RESUME_PROCS_MAX + 1), 0);
	assert_int_equal(resume_decode(&y, buf_span(&b)), FAIL_FORMAT);
	be32_put(buf_head(&b) + 16, 0);
	assert_int_equal(resume_decode(&y, buf_span(&b)), 0);
	resume_fini(&y);
	buf_fini(&b);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(what_was_written_is_read_back),
	    T(cut_anywhere_or_too_long_it_is_refused),
	    T(another_version_is_refused),
	    T(counts_beyond_their_bounds_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
