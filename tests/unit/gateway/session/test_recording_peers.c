/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recorder that is slow, gone or has no room, and a keeper that is new:
 * nothing of the recording is lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "recorder/event.h"
#include "tests/unit/gateway/session/recording_rig.h"

/* Asked for its key by the keeper that was, the recording is opened on. */
static void
a_keeper_that_is_new_knows_it_before_it_signs(void **state)
{
	struct ipc *old = rig.keeper;

	(void)state;
	assert_int_equal(rig.resumed, 0);
	/* The old one serves its answers out meanwhile. */
	rig.keeper = rig_join(PEER_KEEPER);
	rig_end();
	assert_int_equal(rig.resumed, 1);
	assert_int_equal(rig.signs, 1);
	ipc_free(old);
}

/* Other sessions of the worker may have filled the link. */
static void
fill_link(void)
{
	static const uint8_t block[1024 * 1024], byte;
	struct span s = SPAN(block, sizeof(block));

	ipc_pause(rig.recorder);
	while (peers_tell(rig.peers, PEER_RECORDER, RIG_OTHER_SESSIONS, s) == 0)
		;
	while (peers_tell(rig.peers, PEER_RECORDER, RIG_OTHER_SESSIONS,
		   SPAN(&byte, 1)) == 0)
		;
}

static void
what_found_no_room_on_the_link_is_sent_later(void **state)
{
	static char all[65536];

	(void)state;
	rig_event(0, RCD_EV_CH_OPEN, "session");
	rig_event(0, RCD_EV_EXEC, "uname -a");
	fill_link();
	assert_int_equal(
	    rig_push(0, CHUNK_DATA, 0, FLOW_TO_USER, "Linux", 5), 0);
	rig_spin(100); /* longer than a chunk is kept open */
	ipc_resume(rig.recorder);
	rig_spin(300);
	assert_true(rig.next_seq > 0);
	rig_event(0, RCD_EV_CH_CLOSE, "0123456789abcdef");
	rig_end();
	rig_read(all, sizeof(all));
	assert_non_null(strstr(all, "10:Linux\n"));
}

static void
an_end_that_found_no_room_on_the_link_comes_later(void **state)
{
	static char all[65536];

	(void)state;
	rig_event(0, RCD_EV_CH_OPEN, "session");
	fill_link();
	recording_close(rig.rec, 1, "done");
	rig_spin(100);
	ipc_resume(rig.recorder);
	rig_end();
	rig_read(all, sizeof(all));
	assert_non_null(strstr(all, "1d:session\n"));
}

/* The message that it is handed over would be lost. */
static void
it_is_not_handed_over_while_the_link_is_full(void **state)
{
	struct buf b;

	(void)state;
	buf_init_secret(&b, 1024 * 1024);
	fill_link();
	assert_int_equal(recording_export(rig.rec, &b), FAIL_BUSY);
	ipc_resume(rig.recorder);
	rig_spin(200);
	assert_int_equal(recording_export(rig.rec, &b), 0);
	buf_fini(&b);
}

static void
it_holds_when_the_disk_is_a_mebibyte_behind(void **state)
{
	(void)state;
	rig_event(0, RCD_EV_CH_OPEN, "session");
	rig.mute = true;
	assert_int_equal(rig_push_much(100), CHAIN_HOLD);
	rig_spin(10);
	assert_int_equal(rig.resumes, 0);
	assert_int_equal(rig_push_much(1), CHAIN_HOLD);
	rig.mute = false;
	rig_commit();
	rig_spin(10);
	assert_true(rig.resumes >= 1);
	assert_int_equal(rig_push_much(1), CHAIN_PASS);
	rig_end();
}

/* A line is an event when it ends, with the time at which it began. */
static void
a_line_that_took_long_to_type_is_not_late(void **state)
{
	static const uint8_t pty[] = {80, 0, 24, 0, 0, 0, 0, 0, 0, 0};
	const struct chunk key = {
	    .mono_ns = mono_ns() - UINT64_C(3000000000),
	    .flow = FLOW_TO_TARGET,
	    .kind = CHUNK_DATA,
	    .data = (const uint8_t *)"l",
	    .len = 1,
	};

	(void)state;
	rig_event(0, RCD_EV_CH_OPEN, "session");
	assert_int_equal(rig_push(0, CHUNK_EVENT, RCD_EV_PTY_REQ,
			     FLOW_TO_TARGET, pty, sizeof(pty)),
	    0);
	rig_event(0, RCD_EV_SHELL, "");
	assert_int_equal(recording_filter.push(rig.rec, &key), CHAIN_PASS);
	assert_int_equal(rig_push(0, CHUNK_DATA, 0, FLOW_TO_USER, "l", 1), 0);
	rig_spin(50); /* all of that is on disk */
	rig.mute = true;
	assert_int_equal(
	    rig_push(0, CHUNK_DATA, 0, FLOW_TO_TARGET, "\r", 1), CHAIN_PASS);
	assert_int_equal(
	    rig_push(0, CHUNK_DATA, 0, FLOW_TO_USER, "\r\n", 2), CHAIN_PASS);
	assert_string_equal(rig.lines, "0/0:l\n");
	rig.mute = false;
	rig_commit();
	rig_end();
}

static void
it_holds_when_the_disk_is_a_second_behind(void **state)
{
	(void)state;
	rig_event(0, RCD_EV_CH_OPEN, "session");
	rig.mute = true;
	assert_int_equal(rig_push(0, CHUNK_DATA, 0, FLOW_TO_USER, "x", 1), 0);
	usleep(1100 * 1000);
	rig_spin(5);
	assert_int_equal(
	    rig_push(0, CHUNK_DATA, 0, FLOW_TO_USER, "y", 1), CHAIN_HOLD);
	rig.mute = false;
	rig_commit();
	rig_spin(10);
	assert_int_equal(rig.resumes, 1);
	assert_int_equal(rig_push(0, CHUNK_DATA, 0, FLOW_TO_USER, "y", 1), 0);
	rig_end();
}

static void
a_restarted_recorder_gets_what_it_lacks(void **state)
{
	static char all[1 << 20];
	long kept;
	uint64_t seq;

	(void)state;
	rig_event(0, RCD_EV_CH_OPEN, "session");
	assert_int_equal(
	    rig_push(0, CHUNK_DATA, 0, FLOW_TO_USER, "first", 5), 0);
	usleep(30000);
	rig_spin(10);
	/* What comes now was sent, but the recorder dies before its disk. */
	rig.mute = true;
	kept = ftell(rig.file);
	seq = rig.next_seq;
	assert_int_equal(
	    rig_push(0, CHUNK_DATA, 0, FLOW_TO_USER, "second", 6), 0);
	usleep(30000);
	rig_spin(10);
	assert_true(rig.next_seq > seq);
	assert_int_equal(fseek(rig.file, kept, SEEK_SET), 0);
	rig.next_seq = seq;
	rig.mute = false;
	ipc_free(rig.recorder);
	rig_spin(5);
	rig.recorder = rig_join(PEER_RECORDER);
	recording_peer_up(rig.rec, PEER_RECORDER);
	rig_spin(10);
	assert_int_equal(
	    rig_push(0, CHUNK_DATA, 0, FLOW_TO_USER, "third", 5), 0);
	rig_end();
	rig_read(all, sizeof(all));
	assert_non_null(strstr(all, "10:first\n10:second\n10:third\n"));
}

static void
the_end_waits_until_the_recorder_has_all(void **state)
{
	static char all[1 << 20];

	(void)state;
	rig_event(0, RCD_EV_CH_OPEN, "session");
	assert_int_equal(
	    rig_push(0, CHUNK_DATA, 0, FLOW_TO_USER, "first", 5), 0);
	ipc_free(rig.recorder);
	rig_spin(5);
	rig.thinks = true;
	rig.recorder = rig_join(PEER_RECORDER);
	recording_peer_up(rig.rec, PEER_RECORDER);
	recording_close(rig.rec, 1, "done");
	rig_spin(20);
	assert_int_equal(rig.signs, 1);
	assert_int_equal(rig.closed, 0);
	rig_recorder_state();
	rig_spin(20);
	assert_int_equal(rig.closed, 1);
	assert_int_equal(fflush(rig.file), 0);
	rig_read(all, sizeof(all));
	assert_non_null(strstr(all, "10:first\n"));
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
	    T(what_found_no_room_on_the_link_is_sent_later),
	    T(an_end_that_found_no_room_on_the_link_comes_later),
	    T(it_is_not_handed_over_while_the_link_is_full),
	    T(a_keeper_that_is_new_knows_it_before_it_signs),
	    T(it_holds_when_the_disk_is_a_mebibyte_behind),
	    T(a_line_that_took_long_to_type_is_not_late),
	    T(it_holds_when_the_disk_is_a_second_behind),
	    T(a_restarted_recorder_gets_what_it_lacks),
	    T(the_end_waits_until_the_recorder_has_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
