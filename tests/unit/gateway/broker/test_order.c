/* SPDX-License-Identifier: Apache-2.0 */
/* The order of messages: what is allowed is listed here, the rest is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/fail.h"
#include "broker/order.h"

static void
a_connection_logs_in_before_it_wants(void **state UNUSED)
{
	enum conn_state s = CONN_NEW;

	assert_int_equal(order_conn(&s, CONN_EV_WANT), FAIL_STATE);
	assert_int_equal(order_conn(&s, CONN_EV_YES), FAIL_STATE);
	assert_int_equal(order_conn(&s, CONN_EV_AUTH), 0);
	assert_int_equal(order_conn(&s, CONN_EV_AUTH), FAIL_STATE);
	assert_int_equal(order_conn(&s, CONN_EV_WANT), FAIL_STATE);
	assert_int_equal(order_conn(&s, CONN_EV_NO), 0);
	assert_int_equal(order_conn(&s, CONN_EV_WANT), FAIL_STATE);
	assert_int_equal(order_conn(&s, CONN_EV_AUTH), 0);
	assert_int_equal(order_conn(&s, CONN_EV_YES), 0);
	assert_int_equal(order_conn(&s, CONN_EV_AUTH), FAIL_STATE);
	assert_int_equal(order_conn(&s, CONN_EV_WANT), 0);
	assert_int_equal(order_conn(&s, CONN_EV_WANT), FAIL_STATE);
	assert_int_equal(order_conn(&s, CONN_EV_NO), 0);
	assert_int_equal(order_conn(&s, CONN_EV_WANT), 0);
	assert_int_equal(order_conn(&s, CONN_EV_YES), 0);
	assert_int_equal(order_conn(&s, CONN_EV_WANT), FAIL_STATE);
	assert_int_equal(s, CONN_GRANTED);
}

static void
a_session_starts_once_and_ends_once(void **state UNUSED)
{
	enum sess_state s = SESS_GRANTED;

	assert_int_equal(order_sess(&s, SESS_EV_KEYS), FAIL_STATE);
	assert_int_equal(order_sess(&s, SESS_EV_AUDIT), 0);
	assert_int_equal(order_sess(&s, SESS_EV_START), 0);
	assert_int_equal(order_sess(&s, SESS_EV_START), FAIL_STATE);
	assert_int_equal(order_sess(&s, SESS_EV_KEYS), 0);
	assert_int_equal(order_sess(&s, SESS_EV_END), 0);
	assert_int_equal(order_sess(&s, SESS_EV_END), FAIL_STATE);
	assert_int_equal(order_sess(&s, SESS_EV_KEYS), FAIL_STATE);
	assert_int_equal(order_sess(&s, SESS_EV_START), FAIL_STATE);
	assert_int_equal(order_sess(&s, SESS_EV_AUDIT), 0);
	assert_int_equal(s, SESS_ENDED);
}

static void
a_session_that_never_started_can_end(void **state UNUSED)
{
	enum sess_state s = SESS_GRANTED;

	assert_int_equal(order_sess(&s, SESS_EV_END), 0);
	assert_int_equal(s, SESS_ENDED);
}

static void
a_claimed_session_may_send_its_rows_again(void **state UNUSED)
{
	enum sess_state s = SESS_CLAIMED;

	assert_int_equal(order_sess(&s, SESS_EV_KEYS), 0);
	assert_int_equal(order_sess(&s, SESS_EV_START), 0);
	assert_int_equal(order_sess(&s, SESS_EV_KEYS), 0);
	assert_int_equal(order_sess(&s, SESS_EV_START), FAIL_STATE);
	s = SESS_CLAIMED;
	assert_int_equal(order_sess(&s, SESS_EV_END), 0);
	assert_int_equal(order_sess(&s, SESS_EV_KEYS), FAIL_STATE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_connection_logs_in_before_it_wants),
	    cmocka_unit_test(a_session_starts_once_and_ends_once),
	    cmocka_unit_test(a_session_that_never_started_can_end),
	    cmocka_unit_test(a_claimed_session_may_send_its_rows_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
