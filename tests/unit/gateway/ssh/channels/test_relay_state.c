/* SPDX-License-Identifier: Apache-2.0 */
/* The relay as bytes for another process. */
#include "relay_rig.h"

static struct ssh_relay *
import(struct rig *g, struct span s, int *v)
{
	struct ssh_relay_opts o = rig_opts(g);
	struct ssh_relay *r = NULL;

	*v = ssh_relay_import(&r, &o, &s, NULL);
	return r;
}

/* A relay with something in every field. */
static void
rig_busy(struct rig *g)
{
	rig_open(g);
	rig_channel_open(g, 70, 90, 0);
	rig_channel_open(g, 71, 91, 1);
	rig_channel_open(g, 72, 92, 2);
	(void)rig_feed(g, U, "busbsuuuus", SSH_MSG_CHANNEL_REQUEST, 1,
	    "pty-req", 1, "xterm", 80, 24, 0, 0, "");
	(void)rig_feed(g, U, "busb", SSH_MSG_CHANNEL_REQUEST, 1, "x11-req", 1);
	(void)rig_feed(
	    g, U, "busbs", SSH_MSG_CHANNEL_REQUEST, 2, "exec", 0, "id");
	(void)rig_feed(g, U, "bsb", SSH_MSG_GLOBAL_REQUEST, "a@x", 1);
	(void)rig_feed(g, U, "bsb", SSH_MSG_GLOBAL_REQUEST, "tcpip-forward", 1);
	(void)rig_feed(g, U, "bsb", SSH_MSG_GLOBAL_REQUEST,
	    "no-more-sessions@openssh.com", 0);
	(void)rig_feed(g, U, "bu", SSH_MSG_CHANNEL_CLOSE, 0);
	(void)rig_feed(g, T, "bu", SSH_MSG_CHANNEL_CLOSE, 0);
	(void)rig_feed(g, U, "bu", SSH_MSG_CHANNEL_EOF, 1);
	(void)rig_data(g, T, 2, "hello");
	assert_int_equal(ssh_relay_notice(g->r, "note", 1), 1);
	rig_forget(g);
}

static void
hand_over(struct rig *g)
{
	struct ssh_relay *r;
	struct buf b;
	int v;

	buf_init(&b, 100000);
	assert_int_equal(ssh_relay_export(g->r, &b), 0);
	r = import(g, buf_span(&b), &v);
	assert_int_equal(v, 0);
	ssh_relay_free(g->r);
	g->r = r;
	buf_fini(&b);
}

static void
everything_goes_on_in_the_other_process(void **state UNUSED)
{
	static char rest[WINDOW];
	struct rig g;

	rig_busy(&g);
	hand_over(&g);
	hand_over(&g);
	assert_int_equal(ssh_relay_count(g.r), 2);
	assert_int_equal(ssh_relay_bytes_down(g.r), 5);
	/* Answers owed, in their order. */
	(void)rig_feed(&g, T, "bu", SSH_MSG_CHANNEL_FAILURE, 1);
	rig_expect(&g, U, "bu", SSH_MSG_CHANNEL_FAILURE, 71);
	rig_expect(&g, U, "bu", SSH_MSG_CHANNEL_FAILURE, 71);
	assert_false(ssh_relay_channel(g.r, 1)->pty);
	assert_int_equal(ssh_relay_channel(g.r, 1)->cols, 80);
	(void)rig_feed(&g, T, "b", SSH_MSG_REQUEST_SUCCESS);
	rig_expect(&g, U, "b", SSH_MSG_REQUEST_SUCCESS);
	rig_expect(&g, U, "b", SSH_MSG_REQUEST_FAILURE);
	/* EOF was sent; the window has its debt of five ("note\n"). */
	assert_int_equal(rig_data(&g, U, 1, "x"), RELAY_DONE);
	rig_quiet(&g);
	(void)rig_feed(&g, U, "buu", SSH_MSG_CHANNEL_WINDOW_ADJUST, 2, 10);
	rig_expect(&g, T, "buu", SSH_MSG_CHANNEL_WINDOW_ADJUST, 92, 5);
	memset(rest, 'x', WINDOW - 1);
	rest[WINDOW - 1] = '\0';
	assert_int_equal(rig_data(&g, T, 2, rest), RELAY_DONE);
	rig_expect(&g, U, "bus", SSH_MSG_CHANNEL_DATA, 72, rest);
	assert_int_equal(rig_data(&g, T, 2, "xx"), FAIL_PROTO);
	rig_close(&g);
}

static void
numbers_and_promises_go_on(void **state UNUSED)
{
	struct rig g;

	rig_busy(&g);
	hand_over(&g);
	assert_int_equal(ssh_relay_channel(g.r, 0)->number, 1);
	assert_string_equal(ssh_relay_channel(g.r, 2)->text, "id");
	(void)rig_feed(
	    &g, U, "bsuuu", SSH_MSG_CHANNEL_OPEN, "session", 5, 1, 1);
	/* No more sessions; and the refusal has the next number. */
	assert_int_equal(
	    wire_bytes(&g.sent.b)[5], SSH_MSG_CHANNEL_OPEN_FAILURE);
	assert_int_equal(be32_get(wire_bytes(&g.pushed.b) + 7), 4);
	rig_close(&g);
}

static void
what_the_chain_holds_cannot_be_exported(void **state UNUSED)
{
	struct rig g;
	struct buf b;

	rig_open(&g);
	rig_channel_open(&g, 1, 2, 0);
	buf_init(&b, 100000);
	g.hold = 1;
	assert_int_equal(rig_data(&g, U, 0, "x"), RELAY_HOLD);
	assert_int_equal(ssh_relay_export(g.r, &b), FAIL_BUSY);
	assert_int_equal(rig_data(&g, U, 0, "x"), RELAY_DONE);
	assert_int_equal(ssh_relay_export(g.r, &b), 0);
	buf_fini(&b);
	rig_close(&g);
}

static void
every_cut_and_every_changed_byte_is_survived(void **state UNUSED)
{
	uint8_t *copy;
	struct rig g;
	struct buf b;
	int v;

	rig_busy(&g);
	buf_init(&b, 100000);
	assert_int_equal(ssh_relay_export(g.r, &b), 0);
	copy = malloc(buf_len(&b));
	assert_non_null(copy);
	for (size_t i = 0; i < buf_len(&b); i++) {
		struct ssh_relay *r = import(&g, SPAN(buf_head(&b), i), &v);

		assert_null(r);
		assert_true(v < 0);
		for (int x = 1; x < 256; x += 85) {
			memcpy(copy, buf_head(&b), buf_len(&b));
			copy[i] ^= (uint8_t)x;
			r = import(&g, SPAN(copy, buf_len(&b)), &v);
			ssh_relay_free(r);
		}
	}
	free(copy);
	buf_fini(&b);
	rig_close(&g);
}

static void
another_version_is_not_guessed_at(void **state UNUSED)
{
	struct rig g;
	struct buf b;
	int v;

	rig_busy(&g);
	buf_init(&b, 100000);
	assert_int_equal(ssh_relay_export(g.r, &b), 0);
	wire_poke(&b, 4, 2);
	assert_null(import(&g, buf_span(&b), &v));
	assert_int_equal(v, FAIL_UNSUPPORTED);
	buf_fini(&b);
	rig_close(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(everything_goes_on_in_the_other_process),
	    cmocka_unit_test(numbers_and_promises_go_on),
	    cmocka_unit_test(what_the_chain_holds_cannot_be_exported),
	    cmocka_unit_test(every_cut_and_every_changed_byte_is_survived),
	    cmocka_unit_test(another_version_is_not_guessed_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
