/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/trim.h"

struct scene {
	struct loop *loop;
	struct buf in;
	struct buf out;
	struct trim trim;
};

static int
setup(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	assert_non_null(s->loop = loop_new());
	buf_init(&s->in, 1 << 20);
	buf_init(&s->out, 1 << 20);
	trim_init(&s->trim, s->loop, &s->in, &s->out);
	*state = s;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *s = *state;

	trim_fini(&s->trim);
	buf_fini(&s->in);
	buf_fini(&s->out);
	loop_free(s->loop);
	free(s);
	return 0;
}

static void
fill(struct buf *b, size_t n)
{
	uint8_t *p;

	assert_int_equal(buf_reserve(b, n, &p), 0);
	buf_commit(b, n);
}

/* Let ms of time pass in the loop. */
static void
pass(struct scene *s, uint64_t ms)
{
	uint64_t end = mono_ns() + ms * 1000000U;

	while (mono_ns() < end)
		assert_int_equal(loop_once(s->loop, 50), 0);
}

static void
small_buffers_need_no_timer(void **state)
{
	struct scene *s = *state;

	fill(&s->in, 4096);
	trim_note(&s->trim, 1 << 20);
	assert_null(s->trim.timer);
}

static void
an_idle_buffer_is_given_back(void **state)
{
	struct scene *s = *state;

	fill(&s->in, 2 * TRIM_FAT);
	fill(&s->out, 2 * TRIM_FAT);
	buf_reset(&s->in);
	buf_reset(&s->out);
	trim_note(&s->trim, 4 * TRIM_FAT);
	assert_non_null(s->trim.timer);
	pass(s, TRIM_MS + 200);
	assert_int_equal(s->in.cap, 0);
	assert_int_equal(s->out.cap, 0);
	assert_null(s->trim.timer);
}

static void
a_busy_buffer_is_kept(void **state)
{
	struct scene *s = *state;
	const uint8_t *was;

	fill(&s->in, 2 * TRIM_FAT);
	buf_reset(&s->in);
	was = s->in.data;
	trim_note(&s->trim, 0);
	trim_note(&s->trim, TRIM_FAT);
	pass(s, TRIM_MS + 200);
	assert_ptr_equal(s->in.data, was);
	assert_non_null(s->trim.timer);
	pass(s, TRIM_MS); /* and once it is not busy any more, goes */
	assert_int_equal(s->in.cap, 0);
}

static void
what_still_holds_bytes_is_looked_at_again(void **state)
{
	struct scene *s = *state;

	fill(&s->out, 2 * TRIM_FAT);
	trim_note(&s->trim, 0);
	pass(s, TRIM_MS + 200);
	assert_int_equal(buf_len(&s->out), 2 * TRIM_FAT);
	assert_non_null(s->trim.timer);
	buf_reset(&s->out);
	pass(s, TRIM_MS);
	assert_int_equal(s->out.cap, 0);
	assert_null(s->trim.timer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		small_buffers_need_no_timer, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		an_idle_buffer_is_given_back, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_busy_buffer_is_kept, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		what_still_holds_bytes_is_looked_at_again, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
