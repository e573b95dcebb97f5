/* SPDX-License-Identifier: Apache-2.0 */
/* Opening of channels through the relay. */
#include "relay_rig.h"

static int
ask(struct rig *g, enum leg from, const char *type, unsigned id)
{
	return rig_feed(g, from, "bsuuu", SSH_MSG_CHANNEL_OPEN, type, id,
	    WINDOW, MAXPACKET);
}

static void
a_session_is_opened_under_our_own_numbers(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	assert_int_equal(ask(&g, U, "session", 77), RELAY_DONE);
	rig_expect_event(&g, FLOW_TO_TARGET, RCD_EV_CH_OPEN, 0, "session");
	rig_expect(&g, T, "bsuuu", SSH_MSG_CHANNEL_OPEN, "session", 0, WINDOW,
	    MAXPACKET);
	assert_int_equal(g.opened, 0);
	assert_int_equal(
	    rig_feed(&g, T, "buuuus", SSH_MSG_CHANNEL_OPEN_CONFIRMATION, 0,
		4711, 5, 6, "extra"),
	    RELAY_DONE);
	rig_expect(&g, U, "buuuus", SSH_MSG_CHANNEL_OPEN_CONFIRMATION, 77, 0, 5,
	    6, "extra");
	rig_expect_audit(
	    &g, AUDIT_CHANNEL_OPEN, "{\"channel\":0,\"type\":\"session\"}");
	assert_int_equal(g.opened, 1);
	assert_int_equal(ssh_relay_count(g.r), 1);
	rig_quiet(&g);
	rig_close(&g);
}

static void
other_kinds_are_refused_with_a_sentence(void **state UNUSED)
{
	static const char *const types[] = {"direct-tcpip", "x11",
	    "direct-streamlocal@openssh.com", "tun@openssh.com", "strange"};
	struct rig g;

	rig_open(&g);
	for (unsigned i = 0; i < ARRAY_LEN(types); i++) {
		struct span s;

		assert_int_equal(ask(&g, U, types[i], 9 + i), RELAY_DONE);
		s = SPAN(wire_bytes(&g.sent.b), buf_len(&g.sent.b));
		assert_int_equal(s.p[0], U);
		assert_int_equal(s.p[5], SSH_MSG_CHANNEL_OPEN_FAILURE);
		assert_int_equal(be32_get(s.p + 6), 9 + i);
		assert_int_equal(
		    be32_get(s.p + 10), SSH_OPEN_ADMINISTRATIVELY_PROHIBITED);
		assert_non_null(memmem(s.p, s.len, "not permitted", 13));
		s = SPAN(wire_bytes(&g.pushed.b), buf_len(&g.pushed.b));
		assert_int_equal(s.p[6], RCD_EV_CH_REFUSE);
		assert_int_equal(be32_get(s.p + 7), i);
		assert_memory_equal(s.p + 11, types[i], strlen(types[i]) + 1);
		s = SPAN(wire_bytes(&g.audited.b), buf_len(&g.audited.b));
		assert_non_null(memmem(s.p, s.len, types[i], strlen(types[i])));
		rig_forget(&g);
	}
	assert_int_equal(ssh_relay_count(g.r), 0);
	rig_close(&g);
}

static void
the_target_may_open_nothing(void **state UNUSED)
{
	static const char *const types[] = {
	    "session", "forwarded-tcpip", "auth-agent@openssh.com", "x11"};
	struct rig g;

	rig_open(&g);
	for (unsigned i = 0; i < ARRAY_LEN(types); i++) {
		assert_int_equal(ask(&g, T, types[i], i), RELAY_DONE);
		assert_int_equal(wire_bytes(&g.sent.b)[0], T);
		assert_int_equal(
		    wire_bytes(&g.sent.b)[5], SSH_MSG_CHANNEL_OPEN_FAILURE);
		rig_forget(&g);
	}
	assert_int_equal(ssh_relay_count(g.r), 0);
	rig_close(&g);
}

static void
policy_refuses_with_its_own_words(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	g.deny = BIT(SSH_RIGHT_SESSION);
	g.why = "not at night";
	assert_int_equal(ask(&g, U, "session", 1), RELAY_DONE);
	rig_expect(&g, U, "buuss", SSH_MSG_CHANNEL_OPEN_FAILURE, 1,
	    SSH_OPEN_ADMINISTRATIVELY_PROHIBITED, "Sallyport: not at night",
	    "");
	rig_expect_audit(&g, AUDIT_CHANNEL_REFUSE,
	    "{\"type\":\"session\",\"detail\":\"Sallyport: not at night\"}");
	rig_close(&g);
}

static void
a_filter_may_refuse_a_channel(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	g.drop = 1;
	assert_int_equal(ask(&g, U, "session", 1), RELAY_DONE);
	assert_int_equal(
	    wire_bytes(&g.sent.b)[5], SSH_MSG_CHANNEL_OPEN_FAILURE);
	assert_int_equal(ssh_relay_count(g.r), 0);
	rig_close(&g);
}

static void
too_many_channels_are_a_shortage(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	for (unsigned i = 0; i < 8; i++)
		rig_channel_open(&g, 100 + i, 200 + i, i);
	assert_int_equal(ask(&g, U, "session", 900), RELAY_DONE);
	rig_expect(&g, U, "buuss", SSH_MSG_CHANNEL_OPEN_FAILURE, 900,
	    SSH_OPEN_RESOURCE_SHORTAGE, "Sallyport: too many channels are open",
	    "");
	assert_int_equal(ssh_relay_count(g.r), 8);
	rig_close(&g);
}

static void
a_million_opens_cost_no_memory_and_a_hundred_audit_rows(void **state UNUSED)
{
	uint8_t p[64];
	struct buf b;
	struct rig g;

	rig_open(&g);
	buf_init(&b, sizeof(p));
	wire_put(&b, "bsuuu", SSH_MSG_CHANNEL_OPEN, "direct-tcpip", 3, 1, 1);
	for (int i = 0; i < 1000000; i++) {
		memcpy(p, buf_head(&b), buf_len(&b));
		if (ssh_relay_packet(g.r, U, p, buf_len(&b), 1) != RELAY_DONE)
			fail_msg("open %d", i);
		buf_reset(&g.sent.b);
		buf_reset(&g.pushed.b);
	}
	assert_int_equal(ssh_relay_count(g.r), 0);
	{
		struct span s = buf_span(&g.audited.b), one;
		unsigned n = 0;
		uint8_t tag;

		for (; s.len > 0; n++) {
			assert_int_equal(span_u8(&s, &tag), 0);
			assert_int_equal(span_string(&s, &one), 0);
		}
		assert_int_equal(n, RELAY_AUDIT_REFUSALS + 1);
		assert_non_null(memmem(one.p, one.len, "further refusals", 16));
	}
	buf_fini(&b);
	rig_close(&g);
}

static void
the_targets_refusal_reaches_the_user(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	assert_int_equal(ask(&g, U, "session", 77), RELAY_DONE);
	rig_forget(&g);
	assert_int_equal(rig_feed(&g, T, "buuss", SSH_MSG_CHANNEL_OPEN_FAILURE,
			     0, SSH_OPEN_RESOURCE_SHORTAGE, "no more\x1b", ""),
	    RELAY_DONE);
	rig_expect(&g, U, "buuss", SSH_MSG_CHANNEL_OPEN_FAILURE, 77,
	    SSH_OPEN_RESOURCE_SHORTAGE, "no more\x1b", "");
	rig_expect_chunk(&g, FLOW_TO_USER, CHUNK_EVENT, RCD_EV_CH_REFUSE, 0,
	    SPAN("session\0no more?", 16));
	assert_int_equal(ssh_relay_count(g.r), 0);
	/* The slot is free again. */
	rig_channel_open(&g, 77, 5, 0);
	rig_close(&g);
}

static void
an_open_that_the_chain_holds_is_made_once(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	g.hold = 2;
	assert_int_equal(ask(&g, U, "session", 7), RELAY_HOLD);
	assert_int_equal(ask(&g, U, "session", 7), RELAY_HOLD);
	rig_quiet(&g);
	assert_int_equal(ssh_relay_count(g.r), 0);
	assert_int_equal(ask(&g, U, "session", 7), RELAY_DONE);
	rig_expect_event(&g, FLOW_TO_TARGET, RCD_EV_CH_OPEN, 0, "session");
	assert_int_equal(ssh_relay_count(g.r), 1);
	rig_forget(&g);
	g.hold = 1;
	assert_int_equal(ask(&g, U, "x11", 8), RELAY_HOLD);
	rig_quiet(&g);
	assert_int_equal(buf_len(&g.audited.b), 0);
	assert_int_equal(ask(&g, U, "x11", 8), RELAY_DONE);
	assert_int_equal(
	    wire_bytes(&g.sent.b)[5], SSH_MSG_CHANNEL_OPEN_FAILURE);
	rig_close(&g);
}

static void
answers_that_were_not_asked_break_the_protocol(void **state UNUSED)
{
	struct rig g;

	for (int i = 0; i < 6; i++) {
		enum leg who = i == 3 || i == 4 ? U : T;
		int v = 0;

		rig_open(&g);
		rig_channel_open(&g, 7, 9, 0);
		if (i >= 3)
			(void)ask(&g, U, "session", 8);
		switch (i) {
		case 0: /* a second confirmation */
			v = rig_feed(&g, T, "buuuu",
			    SSH_MSG_CHANNEL_OPEN_CONFIRMATION, 0, 10, 1, 1);
			break;
		case 1: /* a number that we never gave */
			v = rig_feed(&g, T, "buuuu",
			    SSH_MSG_CHANNEL_OPEN_CONFIRMATION, 99, 1, 1, 1);
			break;
		case 2: /* a failure after the confirmation */
			v = rig_feed(&g, T, "buuss",
			    SSH_MSG_CHANNEL_OPEN_FAILURE, 0, 1, "", "");
			break;
		case 3: /* the user confirms what it asked itself */
			v = rig_feed(&g, U, "buuuu",
			    SSH_MSG_CHANNEL_OPEN_CONFIRMATION, 1, 1, 1, 1);
			break;
		case 4: /* a number in use by the user */
			v = ask(&g, U, "session", 7);
			break;
		default: /* a number in use by the target */
			v = rig_feed(&g, T, "buuuu",
			    SSH_MSG_CHANNEL_OPEN_CONFIRMATION, 1, 9, 1, 1);
			break;
		}
		assert_int_equal(v, FAIL_PROTO);
		rig_broken_by(&g, who);
		rig_close(&g);
	}
}

static void
malformed_opens_break_the_protocol(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	assert_int_equal(
	    rig_feed(&g, U, "bu", SSH_MSG_CHANNEL_OPEN, 0xffffffff),
	    FAIL_PROTO);
	rig_broken_by(&g, U);
	rig_close(&g);
	rig_open(&g);
	assert_int_equal(
	    rig_feed(&g, U, "bsuu", SSH_MSG_CHANNEL_OPEN, "session", 1, 1),
	    FAIL_PROTO);
	rig_close(&g);
	rig_open(&g);
	assert_int_equal(
	    rig_feed(&g, T, "bu", SSH_MSG_CHANNEL_OPEN_CONFIRMATION, 0),
	    FAIL_PROTO);
	rig_broken_by(&g, T);
	rig_close(&g);
}

static void
no_more_sessions_is_held_to(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	rig_channel_open(&g, 1, 2, 0);
	assert_int_equal(rig_feed(&g, U, "bsb", SSH_MSG_GLOBAL_REQUEST,
			     "no-more-sessions@openssh.com", 0),
	    RELAY_DONE);
	rig_expect(&g, T, "bsb", SSH_MSG_GLOBAL_REQUEST,
	    "no-more-sessions@openssh.com", 0);
	assert_int_equal(ask(&g, U, "session", 5), RELAY_DONE);
	assert_int_equal(wire_bytes(&g.sent.b)[0], U);
	assert_int_equal(
	    wire_bytes(&g.sent.b)[5], SSH_MSG_CHANNEL_OPEN_FAILURE);
	rig_close(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_session_is_opened_under_our_own_numbers),
	    cmocka_unit_test(other_kinds_are_refused_with_a_sentence),
	    cmocka_unit_test(the_target_may_open_nothing),
	    cmocka_unit_test(policy_refuses_with_its_own_words),
	    cmocka_unit_test(a_filter_may_refuse_a_channel),
	    cmocka_unit_test(too_many_channels_are_a_shortage),
	    cmocka_unit_test(
		a_million_opens_cost_no_memory_and_a_hundred_audit_rows),
	    cmocka_unit_test(the_targets_refusal_reaches_the_user),
	    cmocka_unit_test(an_open_that_the_chain_holds_is_made_once),
	    cmocka_unit_test(answers_that_were_not_asked_break_the_protocol),
	    cmocka_unit_test(malformed_opens_break_the_protocol),
	    cmocka_unit_test(no_more_sessions_is_held_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
