/* SPDX-License-Identifier: Apache-2.0 */
/* Channel requests and their answers. */
#include "relay_rig.h"

#define REQ SSH_MSG_CHANNEL_REQUEST
#define OK SSH_MSG_CHANNEL_SUCCESS
#define NO SSH_MSG_CHANNEL_FAILURE

static void
rig_start(struct rig *g)
{
	rig_open(g);
	rig_channel_open(g, 77, 99, 0);
}

static void
a_terminal_is_recorded_with_its_modes(void **state UNUSED)
{
	static const uint8_t want[] = {80, 0, 24, 0, 0x80, 2, 0xff, 0xff, 5, 0,
	    'x', 't', 'e', 'r', 'm', 1, 2, 3};
	struct span modes = SPAN("\1\2\3", 3);
	struct rig g;

	rig_start(&g);
	assert_int_equal(rig_feed(&g, U, "busbsuuuuS", REQ, 0, "pty-req", 1,
			     "xterm", 80, 24, 640, 70000, modes),
	    RELAY_DONE);
	rig_expect_chunk(&g, FLOW_TO_TARGET, CHUNK_EVENT, RCD_EV_PTY_REQ, 0,
	    SPAN(want, sizeof(want)));
	rig_expect(&g, T, "busbsuuuuS", REQ, 99, "pty-req", 1, "xterm", 80, 24,
	    640, 70000, modes);
	assert_int_equal(rig_feed(&g, T, "bu", OK, 0), RELAY_DONE);
	rig_expect(&g, U, "bu", OK, 77);
	assert_true(ssh_relay_channel(g.r, 0)->pty);
	assert_int_equal(ssh_relay_channel(g.r, 0)->cols, 80);
	assert_int_equal(rig_feed(&g, U, "busbuuuu", REQ, 0, "window-change", 0,
			     100, 50, 0, 0),
	    RELAY_DONE);
	rig_expect_chunk(&g, FLOW_TO_TARGET, CHUNK_EVENT, RCD_EV_RESIZE, 0,
	    SPAN("\x64\0\x32\0\0\0\0\0", 8));
	rig_expect(
	    &g, T, "busbuuuu", REQ, 99, "window-change", 0, 100, 50, 0, 0);
	assert_int_equal(ssh_relay_channel(g.r, 0)->rows, 50);
	rig_quiet(&g);
	rig_close(&g);
}

static void
a_refused_terminal_is_none(void **state UNUSED)
{
	struct rig g;

	rig_start(&g);
	assert_int_equal(rig_feed(&g, U, "busbsuuuus", REQ, 0, "pty-req", 1,
			     "vt100", 80, 24, 0, 0, ""),
	    RELAY_DONE);
	assert_int_equal(rig_feed(&g, T, "bu", NO, 0), RELAY_DONE);
	assert_false(ssh_relay_channel(g.r, 0)->pty);
	rig_close(&g);
}

static void
a_shell_is_recorded_and_known(void **state UNUSED)
{
	struct rig g;

	rig_start(&g);
	assert_int_equal(
	    rig_feed(&g, U, "busb", REQ, 0, "shell", 1), RELAY_DONE);
	rig_expect_event(&g, FLOW_TO_TARGET, RCD_EV_SHELL, 0, "");
	rig_expect(&g, T, "busb", REQ, 99, "shell", 1);
	assert_int_equal(g.started, 1);
	assert_int_equal(g.last.kind, SSH_RIGHT_SHELL);
	assert_int_equal(rig_feed(&g, T, "bu", OK, 0), RELAY_DONE);
	rig_expect(&g, U, "bu", OK, 77);
	rig_quiet(&g);
	rig_close(&g);
}

static void
a_command_is_recorded_and_audited(void **state UNUSED)
{
	struct rig g;

	rig_start(&g);
	assert_int_equal(
	    rig_feed(&g, U, "busbs", REQ, 0, "exec", 1, "cat \"x\"\n"),
	    RELAY_DONE);
	rig_expect_event(&g, FLOW_TO_TARGET, RCD_EV_EXEC, 0, "cat \"x\"\n");
	rig_expect(&g, T, "busbs", REQ, 99, "exec", 1, "cat \"x\"\n");
	rig_expect_audit(&g, AUDIT_CHANNEL_EXEC,
	    "{\"channel\":0,\"command\":\"cat \\\"x\\\"\\n\"}");
	assert_string_equal(ssh_relay_channel(g.r, 0)->text, "cat \"x\"?");
	assert_string_equal(g.asked, "cat \"x\"\n");
	rig_close(&g);
}

static void
a_long_command_is_recorded_in_full_and_audited_in_part(void **state UNUSED)
{
	static char big[100001];
	struct rig g;

	memset(big, 0x01, sizeof(big) - 1);
	rig_start(&g);
	assert_int_equal(
	    rig_feed(&g, U, "busbs", REQ, 0, "exec", 1, big), RELAY_DONE);
	rig_expect_event(&g, FLOW_TO_TARGET, RCD_EV_EXEC, 0, big);
	rig_expect(&g, T, "busbs", REQ, 99, "exec", 1, big);
	assert_true(buf_len(&g.audited.b) > 1000);
	assert_true(buf_len(&g.audited.b) < RELAY_JSON_MAX + 10);
	rig_close(&g);
}

static void
sftp_is_a_right_of_its_own(void **state UNUSED)
{
	struct rig g;

	rig_start(&g);
	g.deny = BIT(SSH_RIGHT_SUBSYSTEM);
	assert_int_equal(
	    rig_feed(&g, U, "busbs", REQ, 0, "subsystem", 1, "sftp"),
	    RELAY_DONE);
	rig_expect_event(&g, FLOW_TO_TARGET, RCD_EV_SUBSYSTEM, 0, "sftp");
	rig_expect(&g, T, "busbs", REQ, 99, "subsystem", 1, "sftp");
	rig_expect_audit(
	    &g, AUDIT_CHANNEL_SUBSYSTEM, "{\"channel\":0,\"name\":\"sftp\"}");
	assert_int_equal(g.last.kind, SSH_RIGHT_SFTP);
	rig_channel_open(&g, 1, 2, 1);
	assert_int_equal(
	    rig_feed(&g, U, "busbs", REQ, 1, "subsystem", 1, "netconf"),
	    RELAY_DONE);
	rig_expect_chunk(&g, FLOW_TO_TARGET, CHUNK_EVENT, RCD_EV_CH_REFUSE, 1,
	    SPAN("subsystem\0this subsystem is not permitted", 41));
	rig_close(&g);
}

static void
a_refused_command_says_why_and_fails(void **state UNUSED)
{
	struct rig g;

	rig_start(&g);
	g.deny = BIT(SSH_RIGHT_EXEC);
	g.why = "no commands on Sundays";
	assert_int_equal(
	    rig_feed(&g, U, "busbs", REQ, 0, "exec", 1, "id"), RELAY_DONE);
	rig_expect(&g, U, "buus", SSH_MSG_CHANNEL_EXTENDED_DATA, 77, 1,
	    "Sallyport: no commands on Sundays\n");
	rig_expect(&g, U, "bu", NO, 77);
	rig_expect_chunk(&g, FLOW_TO_TARGET, CHUNK_EVENT, RCD_EV_CH_REFUSE, 0,
	    SPAN("exec\0no commands on Sundays", 27));
	rig_expect_audit(&g, AUDIT_CHANNEL_REFUSE,
	    "{\"type\":\"exec\",\"detail\":\"no commands on Sundays\"}");
	rig_quiet(&g);
	assert_int_equal(g.started, 0);
	rig_close(&g);
}

static void
the_environment_is_recorded_as_it_is(void **state UNUSED)
{
	struct rig g;

	rig_start(&g);
	assert_int_equal(
	    rig_feed(&g, U, "busbss", REQ, 0, "env", 0, "LANG", "de_DE"),
	    RELAY_DONE);
	rig_expect_event(&g, FLOW_TO_TARGET, RCD_EV_ENV, 0, "LANG=de_DE");
	rig_expect(&g, T, "busbss", REQ, 99, "env", 0, "LANG", "de_DE");
	g.deny = BIT(SSH_RIGHT_ENV);
	assert_int_equal(
	    rig_feed(&g, U, "busbss", REQ, 0, "env", 0, "LD_PRELOAD", "x"),
	    RELAY_DONE);
	assert_string_equal(g.asked, "LD_PRELOAD=x");
	assert_int_equal(buf_len(&g.sent.b), 0);
	rig_close(&g);
}

static void
signals_and_ends_are_recorded(void **state UNUSED)
{
	struct rig g;

	rig_start(&g);
	assert_int_equal(
	    rig_feed(&g, U, "busbs", REQ, 0, "signal", 0, "INT"), RELAY_DONE);
	rig_expect_event(&g, FLOW_TO_TARGET, RCD_EV_SIGNAL, 0, "INT");
	rig_expect(&g, T, "busbs", REQ, 99, "signal", 0, "INT");
	assert_int_equal(
	    rig_feed(&g, U, "busbu", REQ, 0, "break", 1, 500), RELAY_DONE);
	rig_expect_event(&g, FLOW_TO_TARGET, RCD_EV_REQUEST, 0, "break");
	rig_expect(&g, T, "busbu", REQ, 99, "break", 1, 500);
	assert_int_equal(
	    rig_feed(&g, T, "busbu", REQ, 0, "exit-status", 0, 7), RELAY_DONE);
	rig_expect_chunk(
	    &g, FLOW_TO_USER, CHUNK_EVENT, RCD_EV_EXIT, 0, SPAN("\7\0\0\0", 4));
	rig_expect(&g, U, "busbu", REQ, 77, "exit-status", 0, 7);
	assert_int_equal(rig_feed(&g, T, "busbsbss", REQ, 0, "exit-signal", 0,
			     "TERM", 1, "killed", "en"),
	    RELAY_DONE);
	rig_expect_event(&g, FLOW_TO_USER, RCD_EV_EXIT_SIGNAL, 0, "TERM");
	rig_expect(&g, U, "busbsbss", REQ, 77, "exit-signal", 0, "TERM", 1,
	    "killed", "en");
	rig_quiet(&g);
	rig_close(&g);
}

static void
unknown_requests_pass_both_ways_as_they_are(void **state UNUSED)
{
	struct rig g;

	rig_start(&g);
	assert_int_equal(
	    rig_feed(&g, U, "busbss", REQ, 0, "new@x", 1, "a", "b"),
	    RELAY_DONE);
	rig_expect_event(&g, FLOW_TO_TARGET, RCD_EV_REQUEST, 0, "new@x");
	rig_expect(&g, T, "busbss", REQ, 99, "new@x", 1, "a", "b");
	assert_int_equal(
	    rig_feed(&g, T, "busb", REQ, 0, "eow@openssh.com", 0), RELAY_DONE);
	rig_expect_event(
	    &g, FLOW_TO_USER, RCD_EV_REQUEST, 0, "eow@openssh.com");
	rig_expect(&g, U, "busb", REQ, 77, "eow@openssh.com", 0);
	/* What only users may ask means nothing when the target says it. */
	assert_int_equal(
	    rig_feed(&g, T, "busbs", REQ, 0, "exec", 1, "id"), RELAY_DONE);
	rig_expect_event(&g, FLOW_TO_USER, RCD_EV_REQUEST, 0, "exec");
	rig_expect(&g, U, "busbs", REQ, 77, "exec", 1, "id");
	assert_int_equal(g.started, 0);
	assert_int_equal(rig_feed(&g, U, "bu", NO, 0), RELAY_DONE);
	rig_expect(&g, T, "bu", NO, 99);
	g.deny = BIT(SSH_RIGHT_REQUEST);
	assert_int_equal(
	    rig_feed(&g, U, "busb", REQ, 0, "other@x", 0), RELAY_DONE);
	assert_int_equal(buf_len(&g.sent.b), 0);
	rig_close(&g);
}

static void
agent_and_x11_are_refused(void **state UNUSED)
{
	static const char *const names[] = {
	    "auth-agent-req@openssh.com", "x11-req"};
	struct rig g;

	rig_start(&g);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_int_equal(
		    rig_feed(&g, U, "busb", REQ, 0, names[i], 1), RELAY_DONE);
		rig_expect(&g, U, "bu", NO, 77);
		assert_int_equal(
		    rig_feed(&g, U, "busb", REQ, 0, names[i], 0), RELAY_DONE);
		assert_int_equal(buf_len(&g.sent.b), 0);
		assert_int_equal(wire_bytes(&g.pushed.b)[6], RCD_EV_CH_REFUSE);
		rig_forget(&g);
	}
	rig_close(&g);
}

static void
answers_come_in_the_order_asked(void **state UNUSED)
{
	struct rig g;

	rig_start(&g);
	/* Ours would be first, but the target owes two answers before it. */
	(void)rig_feed(&g, U, "busb", REQ, 0, "a@x", 1);
	(void)rig_feed(&g, U, "busb", REQ, 0, "x11-req", 1);
	(void)rig_feed(&g, U, "busb", REQ, 0, "keepalive@openssh.com", 1);
	(void)rig_feed(&g, U, "busb", REQ, 0, "b@x", 1);
	(void)rig_feed(&g, U, "busb", REQ, 0, "x11-req", 1);
	rig_expect(&g, T, "busb", REQ, 99, "a@x", 1);
	rig_expect(&g, T, "busb", REQ, 99, "b@x", 1);
	assert_int_equal(buf_len(&g.sent.b), 0);
	assert_int_equal(rig_feed(&g, T, "bu", OK, 0), RELAY_DONE);
	rig_expect(&g, U, "bu", OK, 77);
	rig_expect(&g, U, "bu", NO, 77);
	rig_expect(&g, U, "bu", NO, 77);
	assert_int_equal(buf_len(&g.sent.b), 0);
	assert_int_equal(rig_feed(&g, T, "bu", OK, 0), RELAY_DONE);
	rig_expect(&g, U, "bu", OK, 77);
	rig_expect(&g, U, "bu", NO, 77);
	assert_int_equal(buf_len(&g.sent.b), 0);
	/* Nobody waits for this one. */
	assert_int_equal(rig_feed(&g, T, "bu", OK, 0), RELAY_DONE);
	assert_int_equal(buf_len(&g.sent.b), 0);
	rig_close(&g);
}

static void
no_answer_follows_a_close(void **state UNUSED)
{
	struct rig g;

	rig_start(&g);
	(void)rig_feed(&g, U, "busb", REQ, 0, "a@x", 1);
	(void)rig_feed(&g, T, "bu", SSH_MSG_CHANNEL_CLOSE, 0);
	rig_forget(&g);
	assert_int_equal(rig_feed(&g, T, "bu", OK, 0), RELAY_DONE);
	rig_quiet(&g);
	rig_close(&g);
}

/* A fast client closes at the EOF, before it knows the status. */
static void
how_a_command_ended_passes_the_close_of_the_user(void **state UNUSED)
{
	struct rig g;

	rig_start(&g);
	(void)rig_feed(&g, U, "bu", SSH_MSG_CHANNEL_CLOSE, 0);
	rig_forget(&g);
	assert_int_equal(
	    rig_feed(&g, T, "busbu", REQ, 0, "exit-status", 0, 7), RELAY_DONE);
	rig_expect_chunk(
	    &g, FLOW_TO_USER, CHUNK_EVENT, RCD_EV_EXIT, 0, SPAN("\7\0\0\0", 4));
	rig_expect(&g, U, "busbu", REQ, 77, "exit-status", 0, 7);
	/* Nobody is left who could answer. */
	assert_int_equal(rig_feed(&g, T, "busb", REQ, 0, "a@x", 1), RELAY_DONE);
	rig_quiet(&g);
	rig_close(&g);
}

static void
no_request_follows_a_close(void **state UNUSED)
{
	struct rig g;

	rig_start(&g);
	(void)rig_feed(&g, T, "bu", SSH_MSG_CHANNEL_CLOSE, 0);
	rig_forget(&g);
	assert_int_equal(
	    rig_feed(&g, T, "busbu", REQ, 0, "exit-status", 0, 7), RELAY_DONE);
	assert_int_equal(
	    rig_feed(&g, U, "busbs", REQ, 0, "signal", 0, "INT"), RELAY_DONE);
	assert_int_equal(
	    rig_feed(&g, U, "busb", REQ, 0, "keepalive@openssh.com", 1),
	    RELAY_DONE);
	rig_quiet(&g);
	rig_close(&g);
}

static void
a_keepalive_in_a_channel_is_answered_here(void **state UNUSED)
{
	struct rig g;

	rig_start(&g);
	assert_int_equal(
	    rig_feed(&g, T, "busb", REQ, 0, "keepalive@openssh.com", 1),
	    RELAY_DONE);
	rig_expect(&g, T, "bu", NO, 99);
	rig_quiet(&g);
	rig_close(&g);
}

static void
unanswered_requests_are_bounded(void **state UNUSED)
{
	struct rig g;
	int i, v = 0;

	rig_start(&g);
	for (i = 0; i < 10000 && v == 0; i++)
		v = rig_feed(&g, U, "busb", REQ, 0, "a@x", 1);
	assert_int_equal(v, FAIL_PROTO);
	assert_int_equal(i, PENDING_MAX + 1);
	rig_broken_by(&g, U);
	rig_close(&g);
}

static void
a_failed_start_leaves_the_channel_free(void **state UNUSED)
{
	struct rig g;

	rig_start(&g);
	(void)rig_feed(&g, U, "busbs", REQ, 0, "subsystem", 1, "sftp");
	assert_int_equal(ssh_relay_channel(g.r, 0)->kind, SSH_RIGHT_SFTP);
	(void)rig_feed(&g, T, "bu", NO, 0);
	assert_int_equal(ssh_relay_channel(g.r, 0)->kind, SSH_RIGHT_SESSION);
	(void)rig_feed(&g, U, "busb", REQ, 0, "shell", 1);
	(void)rig_feed(&g, T, "bu", OK, 0);
	/* A second start fails at the target; the first goes on. */
	(void)rig_feed(&g, U, "busb", REQ, 0, "shell", 1);
	(void)rig_feed(&g, T, "bu", NO, 0);
	assert_int_equal(ssh_relay_channel(g.r, 0)->kind, SSH_RIGHT_SHELL);
	rig_close(&g);
}

static void
a_request_that_the_chain_holds_is_made_once(void **state UNUSED)
{
	struct rig g;

	rig_start(&g);
	g.hold = 2;
	assert_int_equal(
	    rig_feed(&g, U, "busbs", REQ, 0, "exec", 1, "id"), RELAY_HOLD);
	assert_int_equal(
	    rig_feed(&g, U, "busbs", REQ, 0, "exec", 1, "id"), RELAY_HOLD);
	rig_quiet(&g);
	assert_int_equal(buf_len(&g.audited.b), 0);
	assert_int_equal(g.started, 0);
	assert_int_equal(
	    rig_feed(&g, U, "busbs", REQ, 0, "exec", 1, "id"), RELAY_DONE);
	rig_expect(&g, T, "busbs", REQ, 99, "exec", 1, "id");
	rig_expect_event(&g, FLOW_TO_TARGET, RCD_EV_EXEC, 0, "id");
	assert_int_equal(g.started, 1);
	rig_quiet(&g);
	rig_close(&g);
}

static void
a_filter_may_refuse_a_command(void **state UNUSED)
{
	struct rig g;

	rig_start(&g);
	g.drop = 1;
	assert_int_equal(
	    rig_feed(&g, U, "busbs", REQ, 0, "exec", 1, "id"), RELAY_DONE);
	rig_expect(&g, U, "bu", NO, 77);
	assert_int_equal(buf_len(&g.sent.b), 0);
	rig_close(&g);
}

static void
malformed_requests_break_the_protocol(void **state UNUSED)
{
	static const char *const names[] = {"exec", "subsystem", "env",
	    "window-change", "pty-req", "signal", "break"};
	struct rig g;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		rig_start(&g);
		assert_int_equal(
		    rig_feed(&g, U, "busbb", REQ, 0, names[i], 1, 9),
		    FAIL_PROTO);
		rig_broken_by(&g, U);
		rig_why_has(&g, names[i]);
		assert_int_equal(buf_len(&g.sent.b), 0);
		rig_close(&g);
	}
	rig_start(&g);
	assert_int_equal(
	    rig_feed(&g, T, "busbb", REQ, 0, "exit-status", 0, 9), FAIL_PROTO);
	rig_broken_by(&g, T);
	rig_close(&g);
	rig_start(&g);
	assert_int_equal(
	    rig_feed(&g, U, "buu", REQ, 0, 0xffffffff), FAIL_PROTO);
	rig_close(&g);
	rig_start(&g);
	assert_int_equal(rig_feed(&g, T, "bub", OK, 0, 1), FAIL_PROTO);
	rig_broken_by(&g, T);
	rig_close(&g);
}

static void
huge_names_are_cut_in_events_and_huge_values_refused(void **state UNUSED)
{
	static char big[200001];
	struct rig g;

	memset(big, 'n', sizeof(big) - 1);
	rig_start(&g);
	assert_int_equal(rig_feed(&g, U, "busb", REQ, 0, big, 0), RELAY_DONE);
	rig_expect_chunk(&g, FLOW_TO_TARGET, CHUNK_EVENT, RCD_EV_REQUEST, 0,
	    SPAN(big, RELAY_NAME_MAX));
	assert_int_equal(
	    rig_feed(&g, U, "busbss", REQ, 0, "env", 0, "A", big), FAIL_PROTO);
	rig_close(&g);
	rig_start(&g);
	big[1000] = '\0';
	assert_int_equal(rig_feed(&g, U, "busbsuuuus", REQ, 0, "pty-req", 1,
			     big, 80, 24, 0, 0, ""),
	    FAIL_PROTO);
	rig_close(&g);
}

static void
an_audit_event_that_cannot_be_kept_ends_the_session(void **state UNUSED)
{
	struct rig g;

	rig_start(&g);
	g.audit_error = FAIL_FULL;
	assert_int_equal(
	    rig_feed(&g, U, "busbs", REQ, 0, "exec", 1, "id"), FAIL_FULL);
	assert_int_equal(buf_len(&g.sent.b), 0);
	assert_int_equal(rig_data(&g, U, 0, "x"), FAIL_FULL);
	rig_close(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_terminal_is_recorded_with_its_modes),
	    cmocka_unit_test(a_refused_terminal_is_none),
	    cmocka_unit_test(a_shell_is_recorded_and_known),
	    cmocka_unit_test(a_command_is_recorded_and_audited),
	    cmocka_unit_test(
		a_long_command_is_recorded_in_full_and_audited_in_part),
	    cmocka_unit_test(sftp_is_a_right_of_its_own),
	    cmocka_unit_test(a_refused_command_says_why_and_fails),
	    cmocka_unit_test(the_environment_is_recorded_as_it_is),
	    cmocka_unit_test(signals_and_ends_are_recorded),
	    cmocka_unit_test(unknown_requests_pass_both_ways_as_they_are),
	    cmocka_unit_test(agent_and_x11_are_refused),
	    cmocka_unit_test(answers_come_in_the_order_asked),
	    cmocka_unit_test(no_answer_follows_a_close),
	    cmocka_unit_test(how_a_command_ended_passes_the_close_of_the_user),
	    cmocka_unit_test(no_request_follows_a_close),
	    cmocka_unit_test(a_keepalive_in_a_channel_is_answered_here),
	    cmocka_unit_test(unanswered_requests_are_bounded),
	    cmocka_unit_test(a_failed_start_leaves_the_channel_free),
	    cmocka_unit_test(a_request_that_the_chain_holds_is_made_once),
	    cmocka_unit_test(a_filter_may_refuse_a_command),
	    cmocka_unit_test(malformed_requests_break_the_protocol),
	    cmocka_unit_test(
		huge_names_are_cut_in_events_and_huge_values_refused),
	    cmocka_unit_test(
		an_audit_event_that_cannot_be_kept_ends_the_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
