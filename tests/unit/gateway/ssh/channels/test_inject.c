/* SPDX-License-Identifier: Apache-2.0 */
/* Notices to the user, and the windows that they disturb. */
#include "relay_rig.h"

#define REQ SSH_MSG_CHANNEL_REQUEST
#define DATA SSH_MSG_CHANNEL_DATA
#define EXT SSH_MSG_CHANNEL_EXTENDED_DATA
#define ADJUST SSH_MSG_CHANNEL_WINDOW_ADJUST

static void
rig_start(struct rig *g, bool pty, const char *request)
{
	rig_open(g);
	rig_channel_open(g, 77, 99, 0);
	if (pty)
		(void)rig_feed(g, U, "busbsuuuus", REQ, 0, "pty-req", 0,
		    "xterm", 80, 24, 0, 0, "");
	if (request != NULL)
		(void)rig_feed(g, U, "busbs", REQ, 0, request, 0, "sftp");
	rig_forget(g);
}

static void
a_terminal_shows_it_between_line_ends(void **state UNUSED)
{
	struct rig g;

	rig_start(&g, true, "shell");
	assert_int_equal(ssh_relay_notice(g.r, "one\ntwo\x1b", 1), 1);
	rig_expect(&g, U, "bus", DATA, 77, "\r\none\r\ntwo?\r\n");
	rig_expect_event(&g, FLOW_TO_USER, RCD_EV_NOTE, 0, "one\ntwo?");
	rig_quiet(&g);
	rig_close(&g);
}

static void
stdout_of_a_command_or_subsystem_stays_clean(void **state UNUSED)
{
	static const char *const requests[] = {"exec", "subsystem", "shell"};
	struct rig g;

	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		rig_start(&g, false, requests[i]);
		assert_int_equal(ssh_relay_notice(g.r, "hello", 1), 1);
		rig_expect(&g, U, "buus", EXT, 77, SSH_EXTENDED_DATA_STDERR,
		    "hello\n");
		rig_close(&g);
	}
}

static void
a_channel_that_runs_nothing_shows_nothing(void **state UNUSED)
{
	struct rig g;

	rig_start(&g, true, NULL);
	assert_int_equal(ssh_relay_notice(g.r, "hello", 1), 0);
	assert_int_equal(buf_len(&g.sent.b), 0);
	rig_close(&g);
	rig_start(&g, true, "shell");
	(void)rig_feed(&g, T, "bu", SSH_MSG_CHANNEL_EOF, 0);
	rig_forget(&g);
	assert_int_equal(ssh_relay_notice(g.r, "hello", 1), 0);
	assert_int_equal(buf_len(&g.sent.b), 0);
	rig_close(&g);
}

static void
without_room_it_fails_softly(void **state UNUSED)
{
	static char all[WINDOW + 1];
	struct rig g;

	rig_start(&g, false, "exec");
	memset(all, 'x', WINDOW - 5);
	assert_int_equal(rig_data(&g, T, 0, all), RELAY_DONE);
	rig_forget(&g);
	assert_int_equal(ssh_relay_notice(g.r, "hello", 1), 0);
	assert_int_equal(buf_len(&g.sent.b), 0);
	/* It is on record that it was said. */
	rig_expect_event(&g, FLOW_TO_USER, RCD_EV_NOTE, 0, "hello");
	assert_int_equal(ssh_relay_notice(g.r, "hell", 1), 1);
	rig_close(&g);
}

static void
the_debt_is_paid_from_returned_credit(void **state UNUSED)
{
	struct rig g;

	rig_start(&g, false, "exec");
	assert_int_equal(ssh_relay_notice(g.r, "123456789", 1), 1);
	rig_forget(&g);
	assert_int_equal(rig_feed(&g, U, "buu", ADJUST, 0, 4), RELAY_DONE);
	rig_quiet(&g);
	assert_int_equal(rig_feed(&g, U, "buu", ADJUST, 0, 6), RELAY_DONE);
	rig_quiet(&g);
	assert_int_equal(rig_feed(&g, U, "buu", ADJUST, 0, 7), RELAY_DONE);
	rig_expect(&g, T, "buu", ADJUST, 99, 7);
	rig_close(&g);
}

static void
data_beyond_the_real_room_is_split_and_held(void **state UNUSED)
{
	static char all[WINDOW + 1];
	uint8_t p[WINDOW + 9];
	struct rig g;

	rig_start(&g, false, "exec");
	assert_int_equal(ssh_relay_notice(g.r, "123456789", 1), 1);
	rig_forget(&g);
	for (size_t i = 0; i < WINDOW; i++)
		all[i] = (char)('a' + i % 26);
	p[0] = DATA;
	be32_put(p + 1, 0);
	be32_put(p + 5, WINDOW);
	memcpy(p + 9, all, WINDOW);
	assert_int_equal(ssh_relay_packet(g.r, T, p, sizeof(p), 1), RELAY_HOLD);
	rig_expect(&g, U, "buS", DATA, 77, SPAN(all, WINDOW - 10));
	rig_expect_chunk(
	    &g, FLOW_TO_USER, CHUNK_DATA, 0, 0, SPAN(all, WINDOW - 10));
	assert_int_equal(ssh_relay_packet(g.r, T, p, sizeof(p), 1), RELAY_HOLD);
	rig_quiet(&g);
	assert_int_equal(rig_feed(&g, U, "buu", ADJUST, 0, 3), RELAY_DONE);
	assert_int_equal(ssh_relay_packet(g.r, T, p, sizeof(p), 1), RELAY_HOLD);
	rig_expect(&g, U, "buS", DATA, 77, SPAN(all + WINDOW - 10, 3));
	/* The chain may hold in the middle of it, too. */
	assert_int_equal(rig_feed(&g, U, "buu", ADJUST, 0, 9), RELAY_DONE);
	rig_expect(&g, T, "buu", ADJUST, 99, 2);
	g.hold = 1;
	assert_int_equal(ssh_relay_packet(g.r, T, p, sizeof(p), 1), RELAY_HOLD);
	/* What it holds is promised its room: two bytes are left of nine. */
	assert_int_equal(ssh_relay_notice(g.r, "x", 1), 1);
	rig_expect(&g, U, "buus", EXT, 77, 1, "x\n");
	assert_int_equal(ssh_relay_packet(g.r, T, p, sizeof(p), 1), RELAY_DONE);
	rig_expect(&g, U, "buS", DATA, 77, SPAN(all + WINDOW - 7, 7));
	assert_int_equal(ssh_relay_bytes_down(g.r), WINDOW);
	rig_close(&g);
}

static void
the_rest_of_a_split_packet_dies_with_its_channel(void **state UNUSED)
{
	static char all[WINDOW + 1];
	struct rig g;

	rig_start(&g, false, "exec");
	assert_int_equal(ssh_relay_notice(g.r, "123456789", 1), 1);
	memset(all, 'x', WINDOW);
	assert_int_equal(rig_data(&g, T, 0, all), RELAY_HOLD);
	assert_int_equal(
	    rig_feed(&g, U, "bu", SSH_MSG_CHANNEL_CLOSE, 0), RELAY_DONE);
	rig_forget(&g);
	assert_int_equal(rig_data(&g, T, 0, all), RELAY_DONE);
	rig_quiet(&g);
	assert_int_equal(
	    rig_feed(&g, T, "bu", SSH_MSG_CHANNEL_CLOSE, 0), RELAY_DONE);
	assert_int_equal(ssh_relay_count(g.r), 0);
	rig_close(&g);
}

static void
a_note_that_cannot_be_recorded_at_once_comes_first_later(void **state UNUSED)
{
	struct rig g;

	rig_start(&g, false, "exec");
	g.hold = 1;
	assert_int_equal(ssh_relay_notice(g.r, "hello", 1), 1);
	rig_expect(&g, U, "buus", EXT, 77, 1, "hello\n");
	rig_quiet(&g);
	g.hold = 1;
	assert_int_equal(ssh_relay_notice(g.r, "again", 1), FAIL_BUSY);
	rig_quiet(&g);
	assert_int_equal(rig_data(&g, U, 0, "x"), RELAY_DONE);
	rig_expect_event(&g, FLOW_TO_USER, RCD_EV_NOTE, 0, "hello");
	rig_expect_chunk(&g, FLOW_TO_TARGET, CHUNK_DATA, 0, 0, SPAN("x", 1));
	/* While the chain holds a packet, a note waits behind it. */
	g.hold = 1;
	assert_int_equal(rig_data(&g, U, 0, "y"), RELAY_HOLD);
	assert_int_equal(ssh_relay_notice(g.r, "wait", 1), 1);
	assert_int_equal(buf_len(&g.pushed.b), 0);
	assert_int_equal(rig_data(&g, U, 0, "y"), RELAY_DONE);
	rig_expect_chunk(&g, FLOW_TO_TARGET, CHUNK_DATA, 0, 0, SPAN("y", 1));
	assert_int_equal(rig_data(&g, U, 0, "z"), RELAY_DONE);
	rig_expect_event(&g, FLOW_TO_USER, RCD_EV_NOTE, 0, "wait");
	rig_close(&g);
}

/*
 * A bulk flow from the target to a user that returns credit now and then, with
 * notices, a chain that holds, and hand-overs to another relay thrown in.  Each
 * side checks that its window is never exceeded; the bytes are numbered.
 */
struct sim {
	struct rig g;
	uint64_t rnd;
	uint32_t user_room; /* what the user still takes */
	uint32_t consumed;  /* credit that the user has not returned */
	uint32_t credit;    /* what the target may send */
	uint64_t sent, got; /* numbered bytes */
	uint64_t notes;
	uint8_t *packet; /* under way to the relay; NULL: none */
	size_t packet_len;
};

static uint32_t
sim_random(struct sim *s, uint32_t below)
{
	s->rnd ^= s->rnd << 13;
	s->rnd ^= s->rnd >> 7;
	s->rnd ^= s->rnd << 17;
	return (uint32_t)(s->rnd >> 20) % below;
}

static uint8_t
sim_byte(uint64_t at)
{
	return (uint8_t)(at * 7 + (at >> 8) * 13);
}

static void
sim_make_packet(struct sim *s)
{
	uint32_t n = 1 + sim_random(s, 3000);

	if (n > s->credit)
		n = s->credit;
	if (n == 0)
		return;
	s->packet_len = 9 + n;
	s->packet = malloc(s->packet_len);
	assert_non_null(s->packet);
	s->packet[0] = DATA;
	be32_put(s->packet + 1, 0);
	be32_put(s->packet + 5, n);
	for (uint32_t i = 0; i < n; i++)
		s->packet[9 + i] = sim_byte(s->sent++);
	s->credit -= n;
}

static void
sim_feed_target(struct sim *s)
{
	int v;

	if (s->packet == NULL)
		sim_make_packet(s);
	if (s->packet == NULL)
		return;
	s->g.hold = sim_random(s, 5) == 0;
	v = ssh_relay_packet(s->g.r, T, s->packet, s->packet_len, 1);
	s->g.hold = 0;
	if (v == RELAY_DONE) {
		free(s->packet);
		s->packet = NULL;
	} else if (v != RELAY_HOLD) {
		fail_msg("%s", ssh_relay_fail(s->g.r)->why);
	}
}

/* What the relay sent arrives at once. */
static void
sim_receive(struct sim *s)
{
	static uint8_t p[8192];
	int leg;

	while (buf_len(&s->g.sent.b) > 0) {
		size_t len = wire_log_take(&s->g.sent, &leg, p, sizeof(p));

		if (leg == T) {
			assert_int_equal(p[0], ADJUST);
			s->credit += be32_get(p + 5);
			continue;
		}
		assert_int_equal(be32_get(p + 1), 77);
		if (p[0] == EXT) {
			len -= 13;
			s->notes++;
		} else {
			assert_int_equal(p[0], DATA);
			len -= 9;
			for (size_t i = 0; i < len; i++)
				assert_int_equal(p[9 + i], sim_byte(s->got++));
		}
		assert_true(len <= s->user_room);
		s->user_room -= (uint32_t)len;
		s->consumed += (uint32_t)len;
	}
	buf_reset(&s->g.pushed.b);
}

static void
sim_return_credit(struct sim *s)
{
	uint32_t n = s->consumed;

	if (n < WINDOW / 3)
		return;
	s->consumed = 0;
	s->user_room += n;
	assert_int_equal(rig_feed(&s->g, U, "buu", ADJUST, 0, n), RELAY_DONE);
}

static void
sim_hand_over(struct sim *s)
{
	struct ssh_relay_opts o = rig_opts(&s->g);
	struct ssh_relay *r = NULL;
	struct span bytes;
	struct buf b;
	int v;

	buf_init_secret(&b, 100000);
	v = ssh_relay_export(s->g.r, &b);
	if (v != FAIL_BUSY) {
		assert_int_equal(v, 0);
		bytes = buf_span(&b);
		assert_int_equal(ssh_relay_import(&r, &o, &bytes, NULL), 0);
		assert_int_equal(bytes.len, 0);
		ssh_relay_free(s->g.r);
		s->g.r = r;
	}
	buf_fini(&b);
}

static void
neither_window_is_exceeded_and_no_byte_is_lost(void **state UNUSED)
{
	char text[200];
	struct sim s = {
	    .rnd = 88172645463325252ULL, .user_room = WINDOW, .credit = WINDOW};
	uint64_t steps = 0;
	int v;

	rig_start(&s.g, false, "exec");
	while (s.sent < 3000000 && ++steps < 10000000) {
		switch (sim_random(&s, 12)) {
		case 0:
			memset(text, 'n', sizeof(text));
			text[sim_random(&s, sizeof(text))] = '\0';
			text[sizeof(text) - 1] = '\0';
			v = ssh_relay_notice(s.g.r, text, 1);
			assert_true(v >= 0 || v == FAIL_BUSY);
			break;
		case 1:
			sim_hand_over(&s);
			break;
		case 2:
		case 3:
		case 4:
		case 5:
			sim_return_credit(&s);
			break;
		default:
			sim_feed_target(&s);
		}
		sim_receive(&s);
	}
	/* Drain what is under way. */
	for (int i = 0; i < 100 && s.packet != NULL; i++) {
		sim_return_credit(&s);
		sim_feed_target(&s);
		sim_receive(&s);
	}
	assert_null(s.packet);
	assert_int_equal(s.got, s.sent);
	assert_true(s.sent >= 3000000);
	assert_true(s.notes > 300);
	/* With all credit returned, the two windows are one again. */
	s.user_room += s.consumed;
	if (s.consumed > 0)
		(void)rig_feed(&s.g, U, "buu", ADJUST, 0, s.consumed);
	s.consumed = 0;
	sim_receive(&s);
	assert_int_equal(s.user_room, WINDOW);
	assert_int_equal(s.credit, WINDOW);
	rig_close(&s.g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_terminal_shows_it_between_line_ends),
	    cmocka_unit_test(stdout_of_a_command_or_subsystem_stays_clean),
	    cmocka_unit_test(a_channel_that_runs_nothing_shows_nothing),
	    cmocka_unit_test(without_room_it_fails_softly),
	    cmocka_unit_test(the_debt_is_paid_from_returned_credit),
	    cmocka_unit_test(data_beyond_the_real_room_is_split_and_held),
	    cmocka_unit_test(the_rest_of_a_split_packet_dies_with_its_channel),
	    cmocka_unit_test(
		a_note_that_cannot_be_recorded_at_once_comes_first_later),
	    cmocka_unit_test(neither_window_is_exceeded_and_no_byte_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
