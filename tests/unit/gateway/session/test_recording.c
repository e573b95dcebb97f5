/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of a session, its signatures, and its way to another process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "recorder/event.h"
#include "recorder/verify.h"
#include "tests/unit/gateway/session/recording_rig.h"

static void
what_was_pushed_is_in_the_file(void **state)
{
	static char all[65536];

	(void)state;
	rig_event(0, RCD_EV_CH_OPEN, "session");
	rig_event(0, RCD_EV_EXEC, "uname -a");
	assert_int_equal(
	    rig_push(0, CHUNK_DATA, 0, FLOW_TO_TARGET, "input", 5), 0);
	assert_int_equal(
	    rig_push(0, CHUNK_DATA, 0, FLOW_TO_USER, "Linux", 5), 0);
	assert_int_equal(rig_push(0, CHUNK_ERR, 0, FLOW_TO_USER, "oops", 4), 0);
	rig_event(0, RCD_EV_CH_CLOSE, "0123456789abcdef");
	rig_end();
	rig_read(all, sizeof(all));
	assert_non_null(strstr(all, "1d:session\n"));
	assert_non_null(strstr(all, "16:uname -a\n"));
	assert_non_null(strstr(all, "12:input\n"));
	assert_non_null(strstr(all, "10:Linux\n"));
	assert_non_null(strstr(all, "11:oops\n"));
	assert_string_equal(rig.lines, "0/1:uname -a\n");
}

static void
a_metadata_channel_keeps_only_how_much_it_was(void **state)
{
	static char all[65536], block[30000];

	(void)state;
	memset(block, 's', sizeof(block));
	rig_event(3, RCD_EV_CH_OPEN, "session");
	rig_event(3, RCD_EV_SUBSYSTEM, "sftp");
	assert_int_equal(
	    rig_push(3, CHUNK_DATA, 0, FLOW_TO_USER, block, sizeof(block)), 0);
	rig_event(3, RCD_EV_CH_CLOSE, "0123456789abcdef");
	rig_end();
	rig_read(all, sizeof(all));
	assert_null(strstr(all, "10:"));
	assert_null(strstr(all, "10["));
	assert_non_null(strstr(all, "24:"));
}

static void
bytes_of_an_unopened_channel_are_an_error(void **state)
{
	(void)state;
	assert_true(rig_push(9, CHUNK_DATA, 0, FLOW_TO_USER, "x", 1) < 0);
}

static void
a_checkpoint_that_is_late_does_not_sign_the_end(void **state)
{
	struct rcd_verdict v;
	int i;

	(void)state;
	rig.slow = true;
	rig_event(0, RCD_EV_CH_OPEN, "session");
	for (i = 0; i < 700 && rig.first_id == 0; i++) {
		assert_int_equal(rig_push_much(1), CHAIN_PASS);
		rig_spin(1);
	}
	assert_int_not_equal(rig.first_id, 0);
	rig_end();
	assert_int_equal(rig.first_id, 0);
	assert_int_equal(rcd_verify(fileno(rig.file), rig.pub, &v), 0);
	assert_true(v.complete);
	assert_false(v.unsigned_end);
	assert_int_equal(v.signatures, 1);
}

static void
another_process_goes_on_where_it_was(void **state)
{
	static char all[1 << 20];
	struct recording_opts o;
	struct recording *moved = NULL;
	struct buf b;

	(void)state;
	rig_event(0, RCD_EV_CH_OPEN, "session");
	assert_int_equal(
	    rig_push(0, CHUNK_DATA, 0, FLOW_TO_USER, "before", 6), 0);
	buf_init_secret(&b, 1 << 22);
	assert_int_equal(recording_export(rig.rec, &b), 0);
	rig_options(&o);
	o.dek = SPAN("", 0);
	assert_int_equal(recording_import(&o, buf_span(&b), &moved, NULL), 0);
	recording_free(rig.rec);
	rig.rec = moved;
	buf_fini(&b);
	recording_peer_up(rig.rec, PEER_RECORDER);
	rig_spin(10);
	assert_int_equal(
	    rig_push(0, CHUNK_DATA, 0, FLOW_TO_USER, "after", 5), 0);
	rig_end();
	rig_read(all, sizeof(all));
	assert_non_null(strstr(all, "10:before\n"));
	assert_non_null(strstr(all, "10:after\n"));
}

static void
a_state_that_was_cut_does_not_come_in(void **state)
{
	struct recording_opts o;
	struct recording *moved;
	struct buf b;
	size_t len;

	(void)state;
	rig_event(0, RCD_EV_CH_OPEN, "session");
	buf_init_secret(&b, 1 << 22);
	assert_int_equal(recording_export(rig.rec, &b), 0);
	rig_options(&o);
	for (len = 0; len < buf_len(&b); len += 7) {
		moved = NULL;
		assert_true(recording_import(
				&o, SPAN(buf_head(&b), len), &moved, NULL) < 0);
		assert_null(moved);
	}
	buf_fini(&b);
}

/* On in another struct, with the state that was exported. */
static int
move(const struct buf *b)
{
	struct recording_opts o;
	struct recording *moved;
	int r;

	rig_options(&o);
	o.dek = SPAN("", 0);
	if ((r = recording_import(&o, buf_span(b), &moved, NULL)) == 0) {
		recording_free(rig.rec);
		rig.rec = moved;
	}
	return r;
}

static void
what_has_moved_moves_on_the_same(void **state)
{
	static const uint8_t pty[] = {80, 0, 24, 0, 0, 0, 0, 0, 0, 0};
	struct buf first, second;

	(void)state;
	rig_event(5, RCD_EV_CH_OPEN, "session");
	rig_event(3, RCD_EV_CH_OPEN, "session");
	rig_event(4, RCD_EV_CH_OPEN, "session");
	rig_event(4, RCD_EV_SUBSYSTEM, "sftp");
	assert_int_equal(rig_push(3, CHUNK_EVENT, RCD_EV_PTY_REQ,
			     FLOW_TO_TARGET, pty, sizeof(pty)),
	    0);
	assert_int_equal(rig_push(3, CHUNK_DATA, 0, FLOW_TO_USER, "$ ", 2), 0);
	assert_int_equal(
	    rig_push(3, CHUNK_DATA, 0, FLOW_TO_TARGET, "ls", 2), 0);
	assert_int_equal(
	    rig_push(4, CHUNK_DATA, 0, FLOW_TO_USER, "bulk", 4), 0);
	buf_init_secret(&first, 1 << 22);
	buf_init_secret(&second, 1 << 22);
	assert_int_equal(recording_export(rig.rec, &first), 0);
	assert_int_equal(move(&first), 0);
	assert_int_equal(recording_chunks(rig.rec), 1);
	assert_int_equal(recording_export(rig.rec, &second), 0);
	assert_int_equal(buf_len(&first), buf_len(&second));
	assert_memory_equal(
	    buf_head(&first), buf_head(&second), buf_len(&first));
	buf_fini(&first);
	buf_fini(&second);
}

static void
a_state_that_no_recording_has_does_not_come_in(void **state)
{
	struct buf b;

	(void)state;
	rig_event(0, RCD_EV_CH_OPEN, "session");
	rig_event(1, RCD_EV_CH_OPEN, "session");
	buf_init_secret(&b, 1 << 22);
	assert_int_equal(recording_export(rig.rec, &b), 0);
	/* The second channel's number: the same channel twice. */
	assert_int_equal(be32_get(buf_head(&b) + 4 + 28), 1);
	be32_put(buf_head(&b) + 4 + 28, 0);
	assert_int_equal(move(&b), FAIL_FORMAT);
	be32_put(buf_head(&b) + 4 + 28, 1);
	assert_int_equal(buf_put_u8(&b, 0), 0);
	assert_int_equal(move(&b), FAIL_FORMAT);
	buf_fini(&b);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
	    T(what_was_pushed_is_in_the_file),
	    T(a_metadata_channel_keeps_only_how_much_it_was),
	    T(bytes_of_an_unopened_channel_are_an_error),
	    T(a_checkpoint_that_is_late_does_not_sign_the_end),
	    T(another_process_goes_on_where_it_was),
	    T(a_state_that_was_cut_does_not_come_in),
	    T(what_has_moved_moves_on_the_same),
	    T(a_state_that_no_recording_has_does_not_come_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
