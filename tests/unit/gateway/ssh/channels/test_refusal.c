/* SPDX-License-Identifier: Apache-2.0 */
/* The target of one sentence. */
#include "../script.h"
#include "ssh/channels/refusal.h"
#include "ssh/transport/numbers.h"

#define REQ SSH_MSG_CHANNEL_REQUEST
#define OK SSH_MSG_CHANNEL_SUCCESS
#define SENTENCE "the target cannot be reached"

struct rig {
	struct script script;
	struct refusal *r;
};

static int
on_packet(void *rig, uint8_t *p, size_t len)
{
	struct rig *g = rig;

	return refusal_packet(g->r, p, len);
}

static void
rig_open(struct rig *g)
{
	const struct refusal_opts o = {
	    .send = script_send, .ctx = g, .sentence = SENTENCE};

	memset(g, 0, sizeof(*g));
	script_init(&g->script, on_packet);
	g->r = refusal_new(&o);
	assert_non_null(g->r);
}

static void
rig_close(struct rig *g)
{
	refusal_free(g->r);
	script_fini(&g->script);
}

static void
open_session(struct rig *g, unsigned id, unsigned slot, unsigned window)
{
	assert_int_equal(feed(g, "bsuuu", SSH_MSG_CHANNEL_OPEN, "session", id,
			     window, 32768),
	    REFUSAL_MORE);
	expect(
	    g, "buuuu", SSH_MSG_CHANNEL_OPEN_CONFIRMATION, id, slot, 0, 4096);
}

static void
expect_end(struct rig *g, unsigned id, const char *text)
{
	if (text != NULL)
		expect(g, "buus", SSH_MSG_CHANNEL_EXTENDED_DATA, id, 1, text);
	expect(g, "busbu", REQ, id, "exit-status", 0, 255);
	expect(g, "bu", SSH_MSG_CHANNEL_EOF, id);
	expect(g, "bu", SSH_MSG_CHANNEL_CLOSE, id);
	script_quiet(&g->script);
}

static void
a_command_ends_with_the_sentence(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	open_session(&g, 42, 0, 100000);
	assert_int_equal(
	    feed(&g, "busbss", REQ, 0, "env", 0, "A", "B"), REFUSAL_MORE);
	assert_int_equal(
	    feed(&g, "busbs", REQ, 0, "exec", 1, "id"), REFUSAL_MORE);
	expect(&g, "bu", OK, 42);
	expect_end(&g, 42, SENTENCE "\n");
	/* What crosses our CLOSE is ignored. */
	assert_int_equal(feed(&g, "busb", REQ, 0, "shell", 1), REFUSAL_MORE);
	assert_int_equal(feed(&g, "bu", SSH_MSG_CHANNEL_EOF, 0), REFUSAL_MORE);
	script_quiet(&g.script);
	assert_int_equal(
	    feed(&g, "bu", SSH_MSG_CHANNEL_CLOSE, 0), REFUSAL_SHOWN);
	script_quiet(&g.script);
	rig_close(&g);
}

static void
a_terminal_gets_its_line_end(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	open_session(&g, 42, 0, 100000);
	assert_int_equal(feed(&g, "busbsuuuus", REQ, 0, "pty-req", 1, "xterm",
			     80, 24, 0, 0, ""),
	    REFUSAL_MORE);
	expect(&g, "bu", OK, 42);
	assert_int_equal(feed(&g, "busb", REQ, 0, "shell", 0), REFUSAL_MORE);
	expect_end(&g, 42, SENTENCE "\r\n");
	rig_close(&g);
}

static void
without_a_window_there_is_only_the_status(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	open_session(&g, 42, 0, 10);
	(void)feed(&g, "busbs", REQ, 0, "subsystem", 1, "sftp");
	expect(&g, "bu", OK, 42);
	expect_end(&g, 42, NULL);
	open_session(&g, 43, 1, 10);
	(void)feed(&g, "buu", SSH_MSG_CHANNEL_WINDOW_ADJUST, 1, 0xffffffff);
	(void)feed(&g, "buu", SSH_MSG_CHANNEL_WINDOW_ADJUST, 1, 0xffffffff);
	(void)feed(&g, "busb", REQ, 1, "shell", 0);
	expect_end(&g, 43, SENTENCE "\n");
	rig_close(&g);
}

static void
other_channels_are_refused_with_the_sentence(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	(void)feed(&g, "bsuuu", SSH_MSG_CHANNEL_OPEN, "direct-tcpip", 9, 1, 1);
	expect(&g, "buuss", SSH_MSG_CHANNEL_OPEN_FAILURE, 9,
	    SSH_OPEN_ADMINISTRATIVELY_PROHIBITED, SENTENCE, "");
	for (unsigned i = 0; i < 10; i++)
		open_session(&g, i, i, 1);
	(void)feed(&g, "bsuuu", SSH_MSG_CHANNEL_OPEN, "session", 99, 1, 1);
	expect(&g, "buuss", SSH_MSG_CHANNEL_OPEN_FAILURE, 99,
	    SSH_OPEN_ADMINISTRATIVELY_PROHIBITED, SENTENCE, "");
	rig_close(&g);
}

static void
other_requests_fail_and_global_ones_too(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	open_session(&g, 42, 0, 100000);
	(void)feed(&g, "busb", REQ, 0, "x11-req", 1);
	expect(&g, "bu", SSH_MSG_CHANNEL_FAILURE, 42);
	(void)feed(&g, "bsb", SSH_MSG_GLOBAL_REQUEST, "tcpip-forward", 1);
	expect(&g, "b", SSH_MSG_REQUEST_FAILURE);
	(void)feed(&g, "bsb", SSH_MSG_GLOBAL_REQUEST, "x", 0);
	script_quiet(&g.script);
	/* A channel that ran nothing is closed without having shown it. */
	assert_int_equal(
	    feed(&g, "bu", SSH_MSG_CHANNEL_CLOSE, 0), REFUSAL_MORE);
	expect(&g, "bu", SSH_MSG_CHANNEL_CLOSE, 42);
	assert_int_equal(feed(&g, "b", 192), REFUSAL_UNIMPLEMENTED);
	rig_close(&g);
}

static void
hostile_packets_end_it(void **state UNUSED)
{
	struct rig g;
	int v = 0, i;

	rig_open(&g);
	assert_int_equal(
	    feed(&g, "bus", SSH_MSG_CHANNEL_DATA, 0, "x"), FAIL_PROTO);
	rig_close(&g);
	rig_open(&g);
	open_session(&g, 1, 0, 1);
	assert_int_equal(
	    feed(&g, "bus", SSH_MSG_CHANNEL_DATA, 0, "0123456"), FAIL_PROTO);
	assert_int_equal(refusal_fail(g.r)->code, FAIL_PROTO);
	assert_int_equal(
	    feed(&g, "bsb", SSH_MSG_GLOBAL_REQUEST, "x", 1), FAIL_PROTO);
	rig_close(&g);
	rig_open(&g);
	assert_int_equal(
	    feed(&g, "bu", SSH_MSG_CHANNEL_OPEN, 0xffffffff), FAIL_PROTO);
	rig_close(&g);
	rig_open(&g);
	assert_int_equal(refusal_packet(g.r, NULL, 0), FAIL_PROTO);
	rig_close(&g);
	rig_open(&g);
	for (i = 0; i < 100000 && v == 0; i++)
		v = feed(&g, "bsb", SSH_MSG_GLOBAL_REQUEST, "x", 1);
	assert_int_equal(v, FAIL_PROTO);
	rig_close(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_command_ends_with_the_sentence),
	    cmocka_unit_test(a_terminal_gets_its_line_end),
	    cmocka_unit_test(without_a_window_there_is_only_the_status),
	    cmocka_unit_test(other_channels_are_refused_with_the_sentence),
	    cmocka_unit_test(other_requests_fail_and_global_ones_too),
	    cmocka_unit_test(hostile_packets_end_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
