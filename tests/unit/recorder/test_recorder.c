/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorder and its peers: recordings end in order or because their writer
 * is gone, change hands, and are kept from who breaks a rule.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/uuid.h"
#include "recorder/reader.h"

#include "scene.h"

static void
a_closed_recording_becomes_one_file(void **state)
{
	struct rcd_verdict v;
	struct scene s;
	struct peer *w = &s.worker[0];

	(void)state;
	scene_begin(&s, "");
	rec_make_typical(&s.make, 90, 30);
	assert_true(scene_run(&s, &w->spaces, 1, SECOND));
	assert_int_equal(w->space.writable, 1);
	scene_open(&s, w);
	assert_int_equal(w->state.code, 0);
	scene_chunks(&s, w, 0, s.make.chunks);
	scene_run_committed(&s, w, s.make.chunks);
	scene_say(&s, w, rm_close_type);
	assert_true(scene_run(&s, &w->closed, 1, 5 * SECOND));
	assert_int_equal(w->closing.code, 0);
	assert_true(scene_run(&s, &s.finished, 1, SECOND));
	assert_int_equal(s.last.truncated, 0);
	scene_check_file(&s, &v);
	assert_int_equal(v.bytes, buf_len(&s.make.file));
	assert_int_equal(s.asked, 0);
	assert_int_equal(recorder_count(s.recorder), 0);
	/* Said again, as a worker does whose link was new in between. */
	w->states = 0;
	scene_say(&s, w, rm_resume_type);
	assert_true(scene_run(&s, &w->states, 1, SECOND));
	assert_int_equal(w->state.code, 0);
	assert_int_equal(w->state.next_seq, s.make.chunks);
	scene_say(&s, w, rm_close_type);
	assert_true(scene_run(&s, &w->closed, 2, SECOND));
	assert_int_equal(w->closing.code, 0);
	scene_end(&s);
}

static void
a_dead_writers_recording_is_closed_signed_and_marked(void **state)
{
	struct rcd_verdict v;
	struct scene s;
	uint64_t t0;

	(void)state;
	scene_begin(&s, "");
	scene_record(&s, &s.worker[0], 90, 50);
	t0 = mono_ns();
	scene_leave(&s.worker[0]);
	assert_true(scene_run(&s, &s.finished, 1, 4 * SECOND));
	assert_true(mono_ns() - t0 < 2500000000);
	assert_int_equal(s.last.truncated, 1);
	scene_check_file(&s, &v);
	assert_int_equal(v.chunks, 52); /* and gap and trailer */
	assert_true(v.truncated && !v.unsigned_end);
	assert_int_equal(v.gaps, 1);
	assert_int_equal(v.signed_chunks, 52);
	/* Whoever comes too late is told. */
	scene_say(&s, &s.worker[1], rm_resume_type);
	assert_true(scene_run(&s, &s.worker[1].states, 1, SECOND));
	assert_int_equal(s.worker[1].state.code, -FAIL_CLOSED);
	scene_end(&s);
}

static void
a_truncated_recording_plays(void **state)
{
	struct rcd_event_view e;
	struct rcd_reader *r;
	struct fail f = {0};
	struct scene s;
	unsigned n = 0;
	int fd, x;

	(void)state;
	scene_begin(&s, "");
	scene_record(&s, &s.worker[0], 20, 20);
	scene_leave(&s.worker[0]);
	assert_true(scene_run(&s, &s.finished, 1, 4 * SECOND));
	fd = open(s.path, O_RDONLY);
	assert_int_equal(
	    rcd_reader_open(&r, fd, RCD_KEY_DEK, s.make.dek, &f), 0);
	while ((x = rcd_reader_event(r, &e)) == 0)
		n++;
	assert_int_equal(x, RCD_END);
	assert_int_equal(n, 20);
	rcd_reader_free(r);
	(void)close(fd);
	scene_end(&s);
}

static void
without_a_keeper_the_end_is_unsigned_and_says_so(void **state)
{
	struct rcd_verdict v;
	struct scene s;

	(void)state;
	scene_begin(&s, "");
	s.mute = true;
	scene_record(&s, &s.worker[0], 10, 10);
	scene_leave(&s.worker[0]);
	assert_false(scene_run(&s, &s.finished, 1, 5 * SECOND));
	assert_int_equal(s.asked, 1);
	assert_true(scene_run(&s, &s.finished, 1, 4 * SECOND));
	scene_check_file(&s, &v);
	assert_true(v.truncated && v.unsigned_end);
	scene_end(&s);
}

static void
a_new_keeper_is_asked_again(void **state)
{
	struct rcd_verdict v;
	struct scene s;

	(void)state;
	scene_begin(&s, "");
	s.mute = true;
	scene_record(&s, &s.worker[0], 10, 10);
	scene_leave(&s.worker[0]);
	assert_true(scene_run(&s, &s.asked, 1, 4 * SECOND));
	s.mute = false;
	scene_leave(&s.keeper);
	scene_join(&s, &s.keeper, ROLE_KEEPER);
	assert_true(scene_run(&s, &s.finished, 1, 2 * SECOND));
	scene_check_file(&s, &v);
	assert_false(v.unsigned_end);
	scene_end(&s);
}

static void
a_handed_over_recording_waits_for_its_heir(void **state)
{
	struct rcd_verdict v;
	struct scene s;
	struct peer *old = &s.worker[0], *heir = &s.worker[1];

	(void)state;
	scene_begin(&s, "");
	rec_make_typical(&s.make, 60, 20);
	scene_open(&s, old);
	scene_chunks(&s, old, 0, 25);
	/* The heir may be faster than what the old one still has to say. */
	scene_say(&s, heir, rm_resume_type);
	assert_false(scene_run(&s, &heir->states, 1, SECOND / 5));
	scene_say(&s, old, rm_handover_type);
	assert_true(scene_run(&s, &heir->states, 1, SECOND));
	assert_int_equal(heir->state.code, 0);
	assert_int_equal(heir->state.next_seq, 25);
	scene_leave(old);
	assert_false(scene_run(&s, &s.finished, 1, 3 * SECOND));
	scene_chunks(&s, heir, 25, s.make.chunks);
	scene_say(&s, heir, rm_close_type);
	assert_true(scene_run(&s, &heir->closed, 1, 5 * SECOND));
	assert_true(scene_run(&s, &s.finished, 1, SECOND));
	scene_check_file(&s, &v);
	assert_false(v.truncated);
	scene_end(&s);
}

static void
a_worker_that_breaks_a_rule_loses_its_link(void **state)
{
	struct scene s;
	struct peer *w = &s.worker[1];
	uint8_t bad[4096];
	struct rm_chunk m = {.seq = 0};
	unsigned how;

	(void)state;
	scene_begin(&s, "");
	scene_record(&s, &s.worker[0], 30, 5);
	memcpy(m.rec_id, s.make.rec_id, 16);
	/* Somebody else's recording; nothing can be said about it. */
	m.seq = 5;
	m.data = scene_chunk(&s, 5);
	assert_int_equal(rm_chunk_send(w->ipc, 0, &m), 0);
	(void)scene_run(&s, NULL, 0, 100);
	assert_null(w->ipc);
	scene_join(&s, w, ROLE_WORKER);
	scene_say(&s, w, rm_handover_type);
	(void)scene_run(&s, NULL, 0, 100);
	assert_null(w->ipc);
	/* Nor can it be opened again. */
	scene_join(&s, w, ROLE_WORKER);
	scene_open(&s, w);
	assert_int_equal(w->state.code, -FAIL_EXISTS);
	/* A gap, a changed byte, a wrong number, a chunk in pieces. */
	for (how = 0; how < 4; how++) {
		struct peer *v = &s.worker[2];

		scene_leave(&s.worker[0]);
		scene_join(&s, &s.worker[0], ROLE_WORKER);
		scene_join(&s, v, ROLE_WORKER);
		(void)scene_run(&s, NULL, 0, 50);
		scene_say(&s, v, rm_resume_type);
		assert_true(scene_run(&s, &v->states, 1, SECOND));
		assert_int_equal(v->state.next_seq, 5);
		m.seq = how == 0 ? 6 : 5;
		m.data = scene_chunk(&s, how == 0 ? 6 : 5);
		assert_true(m.data.len <= sizeof(bad));
		memcpy(bad, m.data.p, m.data.len);
		if (how == 1)
			bad[m.data.len / 2] ^= 1;
		if (how == 2)
			m.data = scene_chunk(&s, 6);
		if (how == 3)
			m.data.len--;
		if (how == 1)
			m.data.p = bad;
		assert_int_equal(rm_chunk_send(v->ipc, 0, &m), 0);
		(void)scene_run(&s, NULL, 0, 100);
		assert_null(v->ipc);
	}
	/* What was good is still good. */
	assert_true(scene_run(&s, &s.finished, 1, 4 * SECOND));
	assert_int_equal(s.last.chunks, 7);
	scene_end(&s);
}

static void
a_header_that_does_not_fit_is_refused(void **state)
{
	struct scene s;
	struct peer *w = &s.worker[0];
	struct rm_open m;

	(void)state;
	scene_begin(&s, "");
	assert_int_equal(rec_make_start(&s.make), 0);
	m.header = rcd_writer_header(s.make.w);
	uuid_new(m.rec_id); /* another id than the header's */
	assert_int_equal(rm_open_send(w->ipc, 0, &m), 0);
	assert_true(scene_run(&s, &w->states, 1, SECOND));
	assert_int_equal(w->state.code, -FAIL_FORMAT);
	/* Not a header at all. */
	m.header = SPAN("RCD1", 4);
	assert_int_equal(rm_open_send(w->ipc, 0, &m), 0);
	(void)scene_run(&s, NULL, 0, 100);
	assert_null(w->ipc);
	assert_int_equal(recorder_count(s.recorder), 0);
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_closed_recording_becomes_one_file),
	    cmocka_unit_test(
		a_dead_writers_recording_is_closed_signed_and_marked),
	    cmocka_unit_test(a_truncated_recording_plays),
	    cmocka_unit_test(without_a_keeper_the_end_is_unsigned_and_says_so),
	    cmocka_unit_test(a_new_keeper_is_asked_again),
	    cmocka_unit_test(a_handed_over_recording_waits_for_its_heir),
	    cmocka_unit_test(a_worker_that_breaks_a_rule_loses_its_link),
	    cmocka_unit_test(a_header_that_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
