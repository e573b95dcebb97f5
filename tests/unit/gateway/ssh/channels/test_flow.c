/* SPDX-License-Identifier: Apache-2.0 */
/* Data, windows, EOF and CLOSE through the relay. */
#include "relay_rig.h"

#define DATA SSH_MSG_CHANNEL_DATA
#define ADJUST SSH_MSG_CHANNEL_WINDOW_ADJUST
#define CLOSE SSH_MSG_CHANNEL_CLOSE
#define ENDS SSH_MSG_CHANNEL_EOF

static void
data_is_recorded_then_sent_under_the_others_number(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	rig_channel_open(&g, 77, 99, 0);
	assert_int_equal(rig_data(&g, U, 0, "ls\n"), RELAY_DONE);
	rig_expect_chunk(&g, FLOW_TO_TARGET, CHUNK_DATA, 0, 0, SPAN("ls\n", 3));
	rig_expect(&g, T, "bus", DATA, 99, "ls\n");
	assert_int_equal(rig_data(&g, T, 0, "a b\n"), RELAY_DONE);
	rig_expect_chunk(&g, FLOW_TO_USER, CHUNK_DATA, 0, 0, SPAN("a b\n", 4));
	rig_expect(&g, U, "bus", DATA, 77, "a b\n");
	assert_int_equal(rig_feed(&g, T, "buus", SSH_MSG_CHANNEL_EXTENDED_DATA,
			     0, SSH_EXTENDED_DATA_STDERR, "oh"),
	    RELAY_DONE);
	rig_expect_chunk(&g, FLOW_TO_USER, CHUNK_ERR, 0, 0, SPAN("oh", 2));
	rig_expect(&g, U, "buus", SSH_MSG_CHANNEL_EXTENDED_DATA, 77,
	    SSH_EXTENDED_DATA_STDERR, "oh");
	rig_quiet(&g);
	assert_int_equal(ssh_relay_bytes_up(g.r), 3);
	assert_int_equal(ssh_relay_bytes_down(g.r), 6);
	rig_close(&g);
}

static void
what_is_not_recorded_is_not_sent(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	rig_channel_open(&g, 77, 99, 0);
	g.push_error = FAIL_RECORDING;
	assert_int_equal(rig_data(&g, U, 0, "ls\n"), FAIL_RECORDING);
	rig_quiet(&g);
	g.push_error = 0;
	assert_int_equal(rig_data(&g, U, 0, "ls\n"), FAIL_RECORDING);
	rig_quiet(&g);
	rig_close(&g);
}

static void
a_held_packet_goes_once_and_the_other_leg_waits_its_turn(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	rig_channel_open(&g, 77, 99, 0);
	g.hold = 1;
	assert_int_equal(rig_data(&g, U, 0, "ls\n"), RELAY_HOLD);
	/* The chain is in the middle of a chunk: no other may enter it. */
	assert_int_equal(rig_data(&g, T, 0, "x"), RELAY_HOLD);
	assert_int_equal(rig_feed(&g, T, "bu", CLOSE, 0), RELAY_HOLD);
	/* Credit does not enter the chain. */
	assert_int_equal(rig_feed(&g, T, "buu", ADJUST, 0, 5), RELAY_DONE);
	rig_expect(&g, U, "buu", ADJUST, 77, 5);
	rig_quiet(&g);
	assert_int_equal(rig_data(&g, U, 0, "ls\n"), RELAY_DONE);
	rig_expect(&g, T, "bus", DATA, 99, "ls\n");
	assert_int_equal(rig_data(&g, T, 0, "x"), RELAY_DONE);
	rig_expect(&g, U, "bus", DATA, 77, "x");
	rig_close(&g);
}

static void
another_packet_than_the_held_one_fails_closed(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	rig_channel_open(&g, 77, 99, 0);
	g.hold = 1;
	assert_int_equal(rig_data(&g, U, 0, "ls\n"), RELAY_HOLD);
	assert_int_equal(rig_feed(&g, U, "bu", ENDS, 0), FAIL_STATE);
	rig_quiet(&g);
	rig_close(&g);
}

static void
swallowed_bytes_are_given_back_to_their_sender(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	rig_channel_open(&g, 77, 99, 0);
	for (int i = 0; i < 3; i++) {
		static char all[WINDOW + 1];

		memset(all, 'x', WINDOW);
		g.drop = 1;
		assert_int_equal(rig_data(&g, U, 0, all), RELAY_DONE);
		rig_expect(&g, U, "buu", ADJUST, 77, WINDOW);
		buf_reset(&g.pushed.b);
	}
	rig_quiet(&g);
	assert_int_equal(ssh_relay_bytes_up(g.r), 0);
	rig_close(&g);
}

static void
the_window_is_kept_to_the_byte(void **state UNUSED)
{
	static char all[WINDOW + 2];
	struct rig g;

	rig_open(&g);
	rig_channel_open(&g, 77, 99, 0);
	memset(all, 'x', WINDOW);
	assert_int_equal(rig_data(&g, U, 0, all), RELAY_DONE);
	rig_forget(&g);
	assert_int_equal(rig_feed(&g, T, "buu", ADJUST, 0, 10), RELAY_DONE);
	rig_expect(&g, U, "buu", ADJUST, 77, 10);
	assert_int_equal(rig_data(&g, U, 0, "0123456789"), RELAY_DONE);
	rig_forget(&g);
	assert_int_equal(rig_data(&g, U, 0, ""), RELAY_DONE);
	rig_expect(&g, T, "bus", DATA, 99, "");
	assert_int_equal(rig_data(&g, U, 0, "x"), FAIL_PROTO);
	rig_broken_by(&g, U);
	rig_quiet(&g);
	rig_close(&g);

	rig_open(&g);
	rig_channel_open(&g, 77, 99, 0);
	memset(all, 'x', WINDOW + 1);
	assert_int_equal(
	    rig_feed(&g, T, "buus", SSH_MSG_CHANNEL_EXTENDED_DATA, 0, 1, all),
	    FAIL_PROTO);
	rig_broken_by(&g, T);
	rig_close(&g);
}

static void
a_window_does_not_wrap(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	rig_channel_open(&g, 77, 99, 0);
	assert_int_equal(
	    rig_feed(&g, T, "buu", ADJUST, 0, UINT32_MAX - WINDOW), RELAY_DONE);
	rig_forget(&g);
	assert_int_equal(rig_feed(&g, T, "buu", ADJUST, 0, 1), FAIL_PROTO);
	rig_broken_by(&g, T);
	rig_close(&g);
}

static void
lengths_must_agree(void **state UNUSED)
{
	static const struct {
		const char *fmt;
		unsigned len;
	} bad[] = {{"buu", 1}, {"buu", 0xffffffff}, {"bub", 0}, {"b", 0}};
	struct rig g;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		rig_open(&g);
		rig_channel_open(&g, 77, 99, 0);
		assert_int_equal(
		    rig_feed(&g, U, bad[i].fmt, DATA, 0, bad[i].len),
		    FAIL_PROTO);
		rig_broken_by(&g, U);
		rig_close(&g);
	}
	rig_open(&g);
	rig_channel_open(&g, 77, 99, 0);
	assert_int_equal(
	    rig_feed(&g, T, "buuub", DATA, 0, 1, 1, 1), FAIL_PROTO);
	rig_broken_by(&g, T);
	rig_close(&g);
}

static void
unknown_channels_break_the_protocol_but_late_credit_does_not(
    void **state UNUSED)
{
	static const int types[] = {DATA, ENDS, CLOSE, SSH_MSG_CHANNEL_REQUEST};
	struct rig g;

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		rig_open(&g);
		rig_channel_open(&g, 77, 99, 0);
		assert_int_equal(
		    types[i] == DATA ? rig_data(&g, T, 1, "x")
		    : types[i] == SSH_MSG_CHANNEL_REQUEST
			? rig_feed(&g, T, "busb", types[i], 0x10000000, "x", 0)
			: rig_feed(&g, T, "bu", types[i], 1),
		    FAIL_PROTO);
		rig_broken_by(&g, T);
		rig_close(&g);
	}
	rig_open(&g);
	assert_int_equal(rig_feed(&g, T, "buu", ADJUST, 5, 5), RELAY_DONE);
	assert_int_equal(
	    rig_feed(&g, T, "bu", SSH_MSG_CHANNEL_SUCCESS, 5), RELAY_DONE);
	rig_quiet(&g);
	rig_close(&g);
}

static void
a_channel_is_unknown_until_it_is_confirmed(void **state UNUSED)
{
	struct rig g;

	for (int i = 0; i < 4; i++) {
		enum leg who = i < 2 ? U : T;

		rig_open(&g);
		assert_int_equal(rig_feed(&g, U, "bsuuu", SSH_MSG_CHANNEL_OPEN,
				     "session", 7, WINDOW, MAXPACKET),
		    RELAY_DONE);
		rig_forget(&g);
		assert_int_equal(
		    i % 2 == 0 ? rig_data(&g, who, 0, "x")
			       : rig_feed(&g, who, "busb",
				     SSH_MSG_CHANNEL_REQUEST, 0, "shell", 1),
		    FAIL_PROTO);
		rig_broken_by(&g, who);
		rig_quiet(&g);
		rig_close(&g);
	}
}

static void
each_half_closes_on_its_own(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	rig_channel_open(&g, 77, 99, 0);
	assert_int_equal(rig_feed(&g, U, "bu", ENDS, 0), RELAY_DONE);
	rig_expect_event(&g, FLOW_TO_TARGET, RCD_EV_EOF_UP, 0, "");
	rig_expect(&g, T, "bu", ENDS, 99);
	/* The other half goes on. */
	assert_int_equal(rig_data(&g, T, 0, "still"), RELAY_DONE);
	rig_expect(&g, U, "bus", DATA, 77, "still");
	rig_forget(&g);
	/* Data after EOF reaches nobody; a second EOF is one too many. */
	assert_int_equal(rig_data(&g, U, 0, "x"), RELAY_DONE);
	assert_int_equal(rig_feed(&g, U, "bu", ENDS, 0), RELAY_DONE);
	rig_quiet(&g);
	assert_int_equal(rig_feed(&g, T, "bu", ENDS, 0), RELAY_DONE);
	rig_expect_event(&g, FLOW_TO_USER, RCD_EV_EOF_DOWN, 0, "");
	rig_expect(&g, U, "bu", ENDS, 77);
	rig_close(&g);
}

static void
a_channel_is_gone_when_both_have_closed(void **state UNUSED)
{
	uint8_t counts[16];
	struct rig g;

	rig_open(&g);
	rig_channel_open(&g, 77, 99, 0);
	assert_int_equal(rig_data(&g, U, 0, "abc"), RELAY_DONE);
	rig_forget(&g);
	assert_int_equal(rig_feed(&g, T, "bu", CLOSE, 0), RELAY_DONE);
	rig_expect(&g, U, "bu", CLOSE, 77);
	/* What crosses the CLOSE is swallowed, whoever sent it. */
	assert_int_equal(rig_data(&g, U, 0, "late"), RELAY_DONE);
	assert_int_equal(rig_data(&g, T, 0, "late"), RELAY_DONE);
	assert_int_equal(rig_feed(&g, U, "buu", ADJUST, 0, 5), RELAY_DONE);
	assert_int_equal(rig_feed(&g, U, "bu", ENDS, 0), RELAY_DONE);
	assert_int_equal(rig_feed(&g, T, "bu", CLOSE, 0), RELAY_DONE);
	assert_int_equal(rig_feed(&g, U, "busb", SSH_MSG_CHANNEL_REQUEST, 0,
			     "window-change", 0),
	    RELAY_DONE);
	rig_quiet(&g);
	assert_int_equal(ssh_relay_count(g.r), 1);
	assert_int_equal(rig_feed(&g, U, "bu", CLOSE, 0), RELAY_DONE);
	rig_expect(&g, T, "bu", CLOSE, 99);
	le64_put(counts, 3);
	le64_put(counts + 8, 0);
	rig_expect_chunk(&g, FLOW_TO_USER, CHUNK_EVENT, RCD_EV_CH_CLOSE, 0,
	    SPAN(counts, 16));
	assert_int_equal(ssh_relay_count(g.r), 0);
	assert_int_equal(g.closed, 1);
	assert_int_equal(g.last.bytes_up, 3);
	/* The connection stays; the slot is used again, the number is not. */
	rig_channel_open(&g, 77, 99, 0);
	assert_int_equal(ssh_relay_channel(g.r, 0)->number, 1);
	rig_close(&g);
}

static void
a_close_that_the_chain_holds_is_made_once(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	rig_channel_open(&g, 77, 99, 0);
	assert_int_equal(rig_feed(&g, T, "bu", CLOSE, 0), RELAY_DONE);
	rig_forget(&g);
	g.hold = 1;
	assert_int_equal(rig_feed(&g, U, "bu", CLOSE, 0), RELAY_HOLD);
	rig_quiet(&g);
	assert_int_equal(ssh_relay_count(g.r), 1);
	assert_int_equal(rig_feed(&g, U, "bu", CLOSE, 0), RELAY_DONE);
	rig_expect(&g, T, "bu", CLOSE, 99);
	rig_close(&g);
}

static void
channels_do_not_mix(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	for (unsigned i = 0; i < 8; i++)
		rig_channel_open(&g, 70 + i, 90 - i, i);
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(rig_data(&g, U, i, "up"), RELAY_DONE);
		rig_expect(&g, T, "bus", DATA, 90 - i, "up");
		assert_int_equal(rig_data(&g, T, i, "down"), RELAY_DONE);
		rig_expect(&g, U, "bus", DATA, 70 + i, "down");
	}
	rig_forget(&g);
	/* The middle one goes, and its slot is the next to be used. */
	assert_int_equal(rig_feed(&g, U, "bu", CLOSE, 3), RELAY_DONE);
	assert_int_equal(rig_feed(&g, T, "bu", CLOSE, 3), RELAY_DONE);
	rig_forget(&g);
	rig_channel_open(&g, 300, 400, 3);
	assert_int_equal(rig_data(&g, U, 3, "x"), RELAY_DONE);
	rig_expect(&g, T, "bus", DATA, 400, "x");
	rig_close(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		data_is_recorded_then_sent_under_the_others_number),
	    cmocka_unit_test(what_is_not_recorded_is_not_sent),
	    cmocka_unit_test(
		a_held_packet_goes_once_and_the_other_leg_waits_its_turn),
	    cmocka_unit_test(another_packet_than_the_held_one_fails_closed),
	    cmocka_unit_test(swallowed_bytes_are_given_back_to_their_sender),
	    cmocka_unit_test(the_window_is_kept_to_the_byte),
	    cmocka_unit_test(a_window_does_not_wrap),
	    cmocka_unit_test(lengths_must_agree),
	    cmocka_unit_test(
		unknown_channels_break_the_protocol_but_late_credit_does_not),
	    cmocka_unit_test(a_channel_is_unknown_until_it_is_confirmed),
	    cmocka_unit_test(each_half_closes_on_its_own),
	    cmocka_unit_test(a_channel_is_gone_when_both_have_closed),
	    cmocka_unit_test(a_close_that_the_chain_holds_is_made_once),
	    cmocka_unit_test(channels_do_not_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
