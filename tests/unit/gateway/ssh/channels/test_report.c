/* SPDX-License-Identifier: Apache-2.0 */
/* What the relay tells about itself. */
#include "relay_rig.h"

static void
coverage_is(struct rig *g, const char *want)
{
	struct json j;
	struct buf b;

	buf_init(&b, 10000);
	json_init(&j, &b);
	json_object(&j, NULL);
	ssh_relay_coverage(g->r, &j);
	json_close(&j, '}');
	assert_int_equal(json_end(&j), 0);
	assert_int_equal(buf_put_u8(&b, 0), 0);
	assert_string_equal((char *)buf_head(&b), want);
	buf_fini(&b);
}

static void
coverage_counts_by_kind_open_or_closed(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	coverage_is(&g, "{}");
	rig_channel_open(&g, 1, 2, 0);
	(void)rig_feed(&g, U, "busb", SSH_MSG_CHANNEL_REQUEST, 0, "shell", 0);
	(void)rig_data(&g, U, 0, "abc");
	(void)rig_feed(&g, U, "bu", SSH_MSG_CHANNEL_CLOSE, 0);
	(void)rig_feed(&g, T, "bu", SSH_MSG_CHANNEL_CLOSE, 0);
	rig_forget(&g);
	rig_channel_open(&g, 1, 2, 0);
	(void)rig_feed(
	    &g, U, "busbs", SSH_MSG_CHANNEL_REQUEST, 0, "subsystem", 0, "sftp");
	(void)rig_data(&g, T, 0, "wxyz");
	(void)rig_feed(
	    &g, U, "bsuuu", SSH_MSG_CHANNEL_OPEN, "direct-tcpip", 9, 1, 1);
	coverage_is(&g,
	    "{\"shell\":{\"opened\":1,\"recorded\":1,\"metadata\":0,"
	    "\"refused\":0,\"bytes_up\":3,\"bytes_down\":0},"
	    "\"sftp\":{\"opened\":1,\"recorded\":0,\"metadata\":1,"
	    "\"refused\":0,\"bytes_up\":0,\"bytes_down\":4},"
	    "\"local-forward\":{\"opened\":0,\"recorded\":0,\"metadata\":0,"
	    "\"refused\":1,\"bytes_up\":0,\"bytes_down\":0}}");
	rig_close(&g);
}

static void
channels_are_listed_by_number(void **state UNUSED)
{
	const struct ssh_relay_channel *ch;
	struct rig g;
	uint32_t seen = 0;

	rig_open(&g);
	for (unsigned i = 0; i < 4; i++)
		rig_channel_open(&g, 10 + i, 20 + i, i);
	(void)rig_feed(&g, U, "bu", SSH_MSG_CHANNEL_CLOSE, 1);
	(void)rig_feed(&g, T, "bu", SSH_MSG_CHANNEL_CLOSE, 1);
	rig_forget(&g);
	rig_channel_open(&g, 10 + 1, 20 + 1, 1);
	(void)rig_data(&g, U, 3, "abc");
	for (uint32_t from = 0; (ch = ssh_relay_channel(g.r, from)) != NULL;
	     from = ch->number + 1) {
		seen |= BIT(ch->number);
		if (ch->number == 3)
			assert_int_equal(ch->bytes_up, 3);
	}
	assert_int_equal(seen, BIT(0) | BIT(2) | BIT(3) | BIT(4));
	rig_close(&g);
}

static void
texts_are_made_printable_and_cut_between_characters(void **state UNUSED)
{
	char dst[8];
	struct span s = SPAN("a\x1b\n\xff\xc3\xbc", 6);

	relay_printable(dst, sizeof(dst), s, false);
	assert_string_equal(dst, "a???\xc3\xbc");
	relay_printable(dst, sizeof(dst), s, true);
	assert_string_equal(dst, "a?\n?\xc3\xbc");
	relay_printable(dst, 6, s, true);
	assert_string_equal(dst, "a?\n?");
	relay_printable(dst, 1, s, true);
	assert_string_equal(dst, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(coverage_counts_by_kind_open_or_closed),
	    cmocka_unit_test(channels_are_listed_by_number),
	    cmocka_unit_test(
		texts_are_made_printable_and_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
