/* SPDX-License-Identifier: Apache-2.0 */
/* The filter chain: nothing twice, nothing past an error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session/chain.h"

struct probe {
	int answer;
	int seen;
	const struct chunk *last;
};

static int
push(void *priv, const struct chunk *c)
{
	struct probe *p = priv;

	p->seen++;
	p->last = c;
	return p->answer;
}

static const struct chain_filter filter = {.name = "probe", .push = push};
static struct probe p[3];
static struct chain *ch;
static const struct chunk chunk = {.channel = 1};

static int
setup(void **state UNUSED)
{
	ch = chain_new();
	for (int i = 0; i < 3; i++) {
		p[i] = (struct probe){0};
		if (chain_add(ch, &filter, &p[i]) != 0)
			return -1;
	}
	return 0;
}

static int
teardown(void **state UNUSED)
{
	chain_free(ch);
	return 0;
}

static void
a_chunk_passes_every_filter_once(void **state UNUSED)
{
	assert_int_equal(chain_push(ch, &chunk), CHAIN_PASS);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(p[i].seen, 1);
		assert_ptr_equal(p[i].last, &chunk);
	}
}

static void
a_dropped_chunk_goes_no_further_but_the_next_does(void **state UNUSED)
{
	p[1].answer = CHAIN_DROP;
	assert_int_equal(chain_push(ch, &chunk), CHAIN_DROP);
	assert_int_equal(p[2].seen, 0);
	p[1].answer = CHAIN_PASS;
	assert_int_equal(chain_push(ch, &chunk), CHAIN_PASS);
	assert_int_equal(p[0].seen, 2);
	assert_int_equal(p[2].seen, 1);
}

static void
held_chunk_resumes_where_it_stopped(void **state UNUSED)
{
	p[1].answer = CHAIN_HOLD;
	assert_int_equal(chain_push(ch, &chunk), CHAIN_HOLD);
	assert_int_equal(chain_push(ch, &chunk), CHAIN_HOLD);
	assert_int_equal(p[0].seen, 1);
	assert_int_equal(p[1].seen, 2);
	assert_int_equal(p[2].seen, 0);
	p[1].answer = CHAIN_PASS;
	assert_int_equal(chain_push(ch, &chunk), CHAIN_PASS);
	assert_int_equal(p[0].seen, 1);
	assert_int_equal(p[1].seen, 3);
	assert_int_equal(p[2].seen, 1);
	assert_int_equal(chain_push(ch, &chunk), CHAIN_PASS);
	assert_int_equal(p[0].seen, 2);
}

static void
a_chunk_dropped_after_a_hold_begins_anew(void **state UNUSED)
{
	p[2].answer = CHAIN_HOLD;
	assert_int_equal(chain_push(ch, &chunk), CHAIN_HOLD);
	p[2].answer = CHAIN_DROP;
	assert_int_equal(chain_push(ch, &chunk), CHAIN_DROP);
	p[2].answer = CHAIN_PASS;
	assert_int_equal(chain_push(ch, &chunk), CHAIN_PASS);
	assert_int_equal(p[0].seen, 2);
	assert_int_equal(p[1].seen, 2);
}

static void
an_error_is_final_and_no_filter_is_asked_again(void **state UNUSED)
{
	p[1].answer = FAIL_RECORDING;
	assert_int_equal(chain_push(ch, &chunk), FAIL_RECORDING);
	p[1].answer = CHAIN_PASS;
	assert_int_equal(chain_push(ch, &chunk), FAIL_RECORDING);
	assert_int_equal(p[0].seen, 1);
	assert_int_equal(p[1].seen, 1);
	assert_int_equal(p[2].seen, 0);
}

static void
an_answer_that_is_none_ends_the_session(void **state UNUSED)
{
	p[0].answer = 3;
	assert_int_equal(chain_push(ch, &chunk), FAIL_STATE);
	p[0].answer = CHAIN_PASS;
	assert_int_equal(chain_push(ch, &chunk), FAIL_STATE);
	assert_int_equal(p[1].seen, 0);
}

static void
the_number_of_filters_is_bounded(void **state UNUSED)
{
	int r = 0;

	for (int i = 0; i < 100 && r == 0; i++)
		r = chain_add(ch, &filter, &p[0]);
	assert_int_equal(r, FAIL_FULL);
	assert_int_equal(chain_push(ch, &chunk), CHAIN_PASS);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_chunk_passes_every_filter_once),
	    T(a_dropped_chunk_goes_no_further_but_the_next_does),
	    T(held_chunk_resumes_where_it_stopped),
	    T(a_chunk_dropped_after_a_hold_begins_anew),
	    T(an_error_is_final_and_no_filter_is_asked_again),
	    T(an_answer_that_is_none_ends_the_session),
	    T(the_number_of_filters_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
