/* SPDX-License-Identifier: Apache-2.0 */
/* Global requests and their answers. */
#include "relay_rig.h"

#define GLOBAL SSH_MSG_GLOBAL_REQUEST
#define OK SSH_MSG_REQUEST_SUCCESS
#define NO SSH_MSG_REQUEST_FAILURE

static void
keepalives_are_answered_here_on_both_legs(void **state UNUSED)
{
	static const char *const names[] = {"keepalive@openssh.com",
	    "keepalive@golang.org", "keepalive@lag.net", "keep-alive@x.org"};
	struct rig g;

	rig_open(&g);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		enum leg l = i % 2 == 0 ? U : T;

		assert_int_equal(
		    rig_feed(&g, l, "bsb", GLOBAL, names[i], 1), RELAY_DONE);
		rig_expect(&g, l, "b", NO);
		assert_int_equal(
		    rig_feed(&g, l, "bsb", GLOBAL, names[i], 0), RELAY_DONE);
		rig_quiet(&g);
	}
	rig_close(&g);
}

static void
forwarding_is_refused_and_audited(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	assert_int_equal(rig_feed(&g, U, "bsbsu", GLOBAL, "tcpip-forward", 1,
			     "localhost", 8080),
	    RELAY_DONE);
	rig_expect(&g, U, "b", NO);
	rig_expect_chunk(&g, FLOW_TO_TARGET, CHUNK_EVENT, RCD_EV_CH_REFUSE, 0,
	    SPAN("tcpip-forward\0remote port forwarding is not permitted", 53));
	rig_expect_audit(&g, AUDIT_CHANNEL_REFUSE,
	    "{\"type\":\"tcpip-forward\",\"detail\":\"remote port forwarding "
	    "is not permitted\"}");
	assert_int_equal(rig_feed(&g, U, "bsb", GLOBAL,
			     "streamlocal-forward@openssh.com", 0),
	    RELAY_DONE);
	assert_int_equal(buf_len(&g.sent.b), 0);
	rig_forget(&g);
	assert_int_equal(
	    rig_feed(&g, U, "bsb", GLOBAL, "cancel-tcpip-forward", 1),
	    RELAY_DONE);
	rig_expect(&g, U, "b", NO);
	rig_quiet(&g);
	rig_close(&g);
}

static void
the_targets_host_keys_are_swallowed(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	assert_int_equal(rig_feed(&g, T, "bsbs", GLOBAL,
			     "hostkeys-00@openssh.com", 0, "key"),
	    RELAY_DONE);
	rig_quiet(&g);
	assert_int_equal(rig_feed(&g, U, "bsbs", GLOBAL,
			     "hostkeys-prove-00@openssh.com", 1, "key"),
	    RELAY_DONE);
	rig_expect(&g, U, "b", NO);
	rig_quiet(&g);
	rig_close(&g);
}

static void
unknown_ones_are_relayed_and_marked(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	assert_int_equal(
	    rig_feed(&g, U, "bsbs", GLOBAL, "new@x", 1, "body"), RELAY_DONE);
	rig_expect_event(
	    &g, FLOW_TO_TARGET, RCD_EV_MARK, 0, "global request new@x");
	rig_expect(&g, T, "bsbs", GLOBAL, "new@x", 1, "body");
	assert_int_equal(rig_feed(&g, T, "bu", OK, 4711), RELAY_DONE);
	rig_expect(&g, U, "bu", OK, 4711);
	assert_int_equal(
	    rig_feed(&g, T, "bsb", GLOBAL, "theirs@x", 1), RELAY_DONE);
	rig_expect(&g, U, "bsb", GLOBAL, "theirs@x", 1);
	assert_int_equal(rig_feed(&g, U, "b", NO), RELAY_DONE);
	rig_expect(&g, T, "b", NO);
	/* Nobody waits for these. */
	assert_int_equal(rig_feed(&g, U, "b", NO), RELAY_DONE);
	assert_int_equal(rig_feed(&g, T, "b", OK), RELAY_DONE);
	assert_int_equal(buf_len(&g.sent.b), 0);
	rig_close(&g);
}

static void
policy_may_refuse_unknown_ones(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	g.deny = BIT(SSH_RIGHT_GLOBAL);
	assert_int_equal(
	    rig_feed(&g, U, "bsb", GLOBAL, "new@x", 1), RELAY_DONE);
	rig_expect(&g, U, "b", NO);
	assert_int_equal(wire_bytes(&g.pushed.b)[6], RCD_EV_CH_REFUSE);
	rig_close(&g);
}

static void
answers_come_in_the_order_asked(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	(void)rig_feed(&g, U, "bsb", GLOBAL, "one@x", 1);
	(void)rig_feed(&g, U, "bsb", GLOBAL, "keepalive@openssh.com", 1);
	(void)rig_feed(&g, U, "bsb", GLOBAL, "two@x", 1);
	(void)rig_feed(&g, U, "bsb", GLOBAL, "tcpip-forward", 1);
	rig_expect(&g, T, "bsb", GLOBAL, "one@x", 1);
	rig_expect(&g, T, "bsb", GLOBAL, "two@x", 1);
	assert_int_equal(buf_len(&g.sent.b), 0);
	(void)rig_feed(&g, T, "b", OK);
	rig_expect(&g, U, "b", OK);
	rig_expect(&g, U, "b", NO);
	assert_int_equal(buf_len(&g.sent.b), 0);
	(void)rig_feed(&g, T, "b", OK);
	rig_expect(&g, U, "b", OK);
	rig_expect(&g, U, "b", NO);
	assert_int_equal(buf_len(&g.sent.b), 0);
	rig_close(&g);
}

static void
unanswered_ones_are_bounded(void **state UNUSED)
{
	struct rig g;
	int v = 0, i;

	rig_open(&g);
	for (i = 0; i < 10000 && v == 0; i++)
		v = rig_feed(&g, T, "bsb", GLOBAL, "x@x", 1);
	assert_int_equal(v, FAIL_PROTO);
	assert_int_equal(i, PENDING_MAX + 1);
	rig_broken_by(&g, T);
	rig_close(&g);
}

static void
a_held_request_is_made_once(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	g.hold = 1;
	assert_int_equal(
	    rig_feed(&g, U, "bsb", GLOBAL, "tcpip-forward", 1), RELAY_HOLD);
	rig_quiet(&g);
	assert_int_equal(
	    rig_feed(&g, U, "bsb", GLOBAL, "tcpip-forward", 1), RELAY_DONE);
	rig_expect(&g, U, "b", NO);
	g.hold = 1;
	assert_int_equal(
	    rig_feed(&g, U, "bsb", GLOBAL, "new@x", 1), RELAY_HOLD);
	assert_int_equal(
	    rig_feed(&g, U, "bsb", GLOBAL, "new@x", 1), RELAY_DONE);
	rig_expect(&g, T, "bsb", GLOBAL, "new@x", 1);
	assert_int_equal(buf_len(&g.sent.b), 0);
	rig_close(&g);
}

static void
malformed_ones_break_the_protocol(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	assert_int_equal(rig_feed(&g, T, "bs", GLOBAL, "x"), FAIL_PROTO);
	rig_broken_by(&g, T);
	rig_close(&g);
	rig_open(&g);
	assert_int_equal(rig_feed(&g, U, "bu", GLOBAL, 0xffffffff), FAIL_PROTO);
	rig_broken_by(&g, U);
	rig_close(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keepalives_are_answered_here_on_both_legs),
	    cmocka_unit_test(forwarding_is_refused_and_audited),
	    cmocka_unit_test(the_targets_host_keys_are_swallowed),
	    cmocka_unit_test(unknown_ones_are_relayed_and_marked),
	    cmocka_unit_test(policy_may_refuse_unknown_ones),
	    cmocka_unit_test(answers_come_in_the_order_asked),
	    cmocka_unit_test(unanswered_ones_are_bounded),
	    cmocka_unit_test(a_held_request_is_made_once),
	    cmocka_unit_test(malformed_ones_break_the_protocol),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
