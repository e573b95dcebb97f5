/* SPDX-License-Identifier: Apache-2.0 */
/* What the relay does as a whole. */
#include "relay_rig.h"

static void
empty_and_unknown_messages_are_told_apart(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	assert_int_equal(rig_feed(&g, U, "b", 101), RELAY_UNIMPLEMENTED);
	assert_int_equal(rig_feed(&g, T, "bu", 255, 1), RELAY_UNIMPLEMENTED);
	assert_int_equal(rig_feed(&g, T, "b", SSH_MSG_USERAUTH_REQUEST),
	    RELAY_UNIMPLEMENTED);
	rig_quiet(&g);
	assert_int_equal(ssh_relay_packet(g.r, U, NULL, 0, 1), FAIL_PROTO);
	rig_broken_by(&g, U);
	rig_close(&g);
}

static void
the_first_cause_stays(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	assert_int_equal(rig_data(&g, T, 5, "x"), FAIL_PROTO);
	assert_int_equal(rig_data(&g, U, 5, "x"), FAIL_PROTO);
	rig_broken_by(&g, T);
	assert_int_equal(ssh_relay_notice(g.r, "x", 1), FAIL_PROTO);
	rig_close(&g);
}

static void
a_leg_that_cannot_send_ends_it(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	rig_channel_open(&g, 77, 99, 0);
	g.send_error = FAIL_FULL;
	assert_int_equal(rig_data(&g, U, 0, "x"), FAIL_FULL);
	rig_why_has(&g, "sending to the target");
	rig_close(&g);
}

static void
a_ping_is_answered_on_its_own_leg(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	assert_int_equal(rig_feed(&g, U, "bs", MSG_PING, "tick"), RELAY_DONE);
	rig_expect(&g, U, "bs", MSG_PONG, "tick");
	rig_quiet(&g);
	assert_int_equal(rig_feed(&g, T, "bu", MSG_PING, 9), FAIL_PROTO);
	rig_close(&g);
}

static void
a_paused_relay_answers_keepalives_and_holds_the_rest(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	rig_channel_open(&g, 77, 99, 0);
	ssh_relay_pause(g.r, true);
	assert_int_equal(rig_data(&g, U, 0, "x"), RELAY_HOLD);
	assert_int_equal(rig_data(&g, T, 0, "x"), RELAY_HOLD);
	assert_int_equal(
	    rig_feed(&g, T, "bu", SSH_MSG_CHANNEL_EOF, 0), RELAY_HOLD);
	assert_int_equal(
	    rig_feed(&g, U, "bsuuu", SSH_MSG_CHANNEL_OPEN, "session", 5, 1, 1),
	    RELAY_HOLD);
	assert_int_equal(
	    rig_feed(&g, U, "bsb", SSH_MSG_GLOBAL_REQUEST, "x@x", 1),
	    RELAY_HOLD);
	rig_quiet(&g);
	assert_int_equal(rig_feed(&g, U, "bsb", SSH_MSG_GLOBAL_REQUEST,
			     "keepalive@openssh.com", 1),
	    RELAY_DONE);
	rig_expect(&g, U, "b", SSH_MSG_REQUEST_FAILURE);
	assert_int_equal(rig_feed(&g, T, "busb", SSH_MSG_CHANNEL_REQUEST, 0,
			     "keepalive@openssh.com", 1),
	    RELAY_DONE);
	rig_expect(&g, T, "bu", SSH_MSG_CHANNEL_FAILURE, 99);
	assert_int_equal(
	    rig_feed(&g, U, "buu", SSH_MSG_CHANNEL_WINDOW_ADJUST, 0, 5),
	    RELAY_DONE);
	rig_expect(&g, T, "buu", SSH_MSG_CHANNEL_WINDOW_ADJUST, 99, 5);
	ssh_relay_pause(g.r, false);
	assert_int_equal(rig_data(&g, U, 0, "x"), RELAY_DONE);
	rig_expect(&g, T, "bus", SSH_MSG_CHANNEL_DATA, 99, "x");
	rig_close(&g);
}

static void
finish_closes_what_is_open_in_the_recording(void **state UNUSED)
{
	uint8_t none[16] = {0};
	struct rig g;

	rig_open(&g);
	rig_channel_open(&g, 1, 2, 0);
	rig_channel_open(&g, 3, 4, 1);
	assert_int_equal(ssh_relay_finish(g.r, 1), RELAY_DONE);
	for (unsigned i = 0; i < 2; i++)
		rig_expect_chunk(&g, FLOW_TO_USER, CHUNK_EVENT, RCD_EV_CH_CLOSE,
		    i, SPAN(none, 16));
	rig_quiet(&g);
	assert_int_equal(g.closed, 2);
	assert_int_equal(ssh_relay_count(g.r), 0);
	assert_int_equal(ssh_relay_finish(g.r, 1), RELAY_DONE);
	rig_quiet(&g);
	rig_close(&g);
}

static void
finish_waits_for_the_chain_and_gives_up_held_packets(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	rig_channel_open(&g, 1, 2, 0);
	rig_channel_open(&g, 3, 4, 1);
	g.hold = 1;
	assert_int_equal(rig_data(&g, U, 0, "x"), RELAY_HOLD);
	assert_int_equal(ssh_relay_notice(g.r, "bye", 1), 0);
	g.hold = 1;
	assert_int_equal(ssh_relay_finish(g.r, 1), RELAY_HOLD);
	assert_int_equal(ssh_relay_count(g.r), 2);
	assert_int_equal(ssh_relay_finish(g.r, 1), RELAY_DONE);
	assert_int_equal(ssh_relay_count(g.r), 0);
	rig_expect_event(&g, FLOW_TO_USER, RCD_EV_NOTE, 0, "bye");
	assert_int_equal(g.closed, 2);
	assert_int_equal(buf_len(&g.sent.b), 0);
	rig_close(&g);
}

static void
finish_works_after_a_broken_protocol(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	rig_channel_open(&g, 1, 2, 0);
	assert_int_equal(rig_data(&g, T, 5, "x"), FAIL_PROTO);
	assert_int_equal(ssh_relay_finish(g.r, 1), RELAY_DONE);
	assert_int_equal(g.closed, 1);
	g.push_error = FAIL_RECORDING;
	rig_close(&g);

	rig_open(&g);
	rig_channel_open(&g, 1, 2, 0);
	g.push_error = FAIL_RECORDING;
	assert_int_equal(ssh_relay_finish(g.r, 1), FAIL_RECORDING);
	rig_close(&g);
}

static void
the_default_is_512_channels(void **state UNUSED)
{
	struct ssh_relay_opts o = {.ops = &rig_ops};
	struct rig g;

	rig_open(&g);
	ssh_relay_free(g.r);
	o.ctx = &g;
	g.r = ssh_relay_new(&o);
	assert_non_null(g.r);
	for (unsigned i = 0; i < 512; i++)
		rig_channel_open(&g, i, i, i);
	assert_int_equal(rig_feed(&g, U, "bsuuu", SSH_MSG_CHANNEL_OPEN,
			     "session", 600, 1, 1),
	    RELAY_DONE);
	assert_int_equal(
	    wire_bytes(&g.sent.b)[5], SSH_MSG_CHANNEL_OPEN_FAILURE);
	rig_close(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(empty_and_unknown_messages_are_told_apart),
	    cmocka_unit_test(the_first_cause_stays),
	    cmocka_unit_test(a_leg_that_cannot_send_ends_it),
	    cmocka_unit_test(a_ping_is_answered_on_its_own_leg),
	    cmocka_unit_test(
		a_paused_relay_answers_keepalives_and_holds_the_rest),
	    cmocka_unit_test(finish_closes_what_is_open_in_the_recording),
	    cmocka_unit_test(
		finish_waits_for_the_chain_and_gives_up_held_packets),
	    cmocka_unit_test(finish_works_after_a_broken_protocol),
	    cmocka_unit_test(the_default_is_512_channels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
