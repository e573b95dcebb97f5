/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every message of every table: encoded and decoded it is the same; cut
 * anywhere, with a byte too many, or with a field too long it is refused.
 * What msg_each_tbl.h makes per table is listed below.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "broker/broker_msg.h"
#include "daemon/daemon_msg.h"
#include "keeper/keeper_msg.h"
#include "recorder/recorder_msg.h"

static uint8_t *big; /* as long as the longest body, no zero byte in it */

static void
assert_same_span(struct span a, struct span b)
{
	assert_int_equal(a.len, b.len);
	if (a.len > 0)
		assert_memory_equal(a.p, b.p, a.len);
}

#define MSG_PREFIX bm
#define MSG_TABLE "broker/broker_msg_tbl.h"
#include "msg_each_tbl.h"
#undef MSG_PREFIX
#undef MSG_TABLE
#define MSG_PREFIX dm
#define MSG_TABLE "daemon/daemon_msg_tbl.h"
#include "msg_each_tbl.h"
#undef MSG_PREFIX
#undef MSG_TABLE
#define MSG_PREFIX km
#define MSG_TABLE "keeper/keeper_msg_tbl.h"
#include "msg_each_tbl.h"
#undef MSG_PREFIX
#undef MSG_TABLE
#define MSG_PREFIX rm
#define MSG_TABLE "recorder/recorder_msg_tbl.h"
#include "msg_each_tbl.h"
#undef MSG_PREFIX
#undef MSG_TABLE

/* What has been encoded decodes to the same, but not with a byte more or less.
 */
static void
assert_exact(struct buf *b, int (*get)(struct span s))
{
	size_t len = buf_len(b);

	assert_int_equal(get(buf_span(b)), 0);
	for (size_t n = 0; n < len; n++) {
		/* A copy of its own, so that a read beyond it is seen. */
		uint8_t *cut = malloc(n + 1);

		assert_non_null(cut);
		if (n > 0)
			memcpy(cut, buf_head(b), n);
		assert_int_equal(get(SPAN(cut, n)), FAIL_FORMAT);
		free(cut);
	}
	assert_int_equal(buf_put_u8(b, 0), 0);
	assert_int_equal(get(buf_span(b)), FAIL_FORMAT);
}

#define ALL(prefix)                                                            \
	do {                                                                   \
		assert_true(ARRAY_LEN(prefix##_cases) > 5);                    \
		for (size_t i = 0; i < ARRAY_LEN(prefix##_cases); i++) {       \
			struct buf b;                                          \
			buf_init(&b, IPC_BODY_MAX);                            \
			prefix##_cases[i].round(&b);                           \
			assert_exact(&b, prefix##_cases[i].get);               \
			prefix##_cases[i].too_long(&b);                        \
			buf_fini(&b);                                          \
			for (size_t k = 0; k < i; k++)                         \
				assert_int_not_equal(prefix##_cases[i].type,   \
				    prefix##_cases[k].type);                   \
		}                                                              \
	} while (0)

static void
messages_of_the_broker_are_exact(void **state UNUSED)
{
	ALL(bm);
}

static void
messages_of_the_supervisor_are_exact(void **state UNUSED)
{
	ALL(dm);
}

static void
messages_of_the_keeper_are_exact(void **state UNUSED)
{
	ALL(km);
}

static void
messages_of_the_recorder_are_exact(void **state UNUSED)
{
	ALL(rm);
}

static void
text_with_a_zero_byte_is_refused(void **state UNUSED)
{
	struct bm_error e = {.code = 1, .why = SPAN("a\0b", 3)};
	struct buf b;

	buf_init(&b, 64);
	assert_int_equal(bm_error_put(&b, &e), 0);
	assert_int_equal(bm_error_get(buf_span(&b), &e), FAIL_FORMAT);
	buf_fini(&b);
}

static void
a_field_over_its_limit_is_refused_when_decoded(void **state UNUSED)
{
	struct bm_error e;
	struct buf b;

	buf_init(&b, 1024);
	assert_int_equal(buf_put_u32(&b, 1), 0);
	assert_int_equal(buf_put_string(&b, big, 255), 0);
	assert_int_equal(bm_error_get(buf_span(&b), &e), 0);
	buf_reset(&b);
	assert_int_equal(buf_put_u32(&b, 1), 0);
	assert_int_equal(buf_put_string(&b, big, 256), 0);
	assert_int_equal(bm_error_get(buf_span(&b), &e), FAIL_RANGE);
	buf_fini(&b);
}

static int
setup(void **state UNUSED)
{
	big = malloc(IPC_BODY_MAX + 1);
	if (big == NULL)
		return -1;
	memset(big, 'b', IPC_BODY_MAX + 1);
	return 0;
}

static int
teardown(void **state UNUSED)
{
	free(big);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(messages_of_the_broker_are_exact),
	    cmocka_unit_test(messages_of_the_supervisor_are_exact),
	    cmocka_unit_test(messages_of_the_keeper_are_exact),
	    cmocka_unit_test(messages_of_the_recorder_are_exact),
	    cmocka_unit_test(text_with_a_zero_byte_is_refused),
	    cmocka_unit_test(a_field_over_its_limit_is_refused_when_decoded),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
