/* SPDX-License-Identifier: Apache-2.0 */
/* A recorder that comes again finds what it had: open, closed and damaged. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/uuid.h"
#include "tests/unit/nomem.h"

#include "scene.h"

static void
a_restarted_recorder_goes_on_where_it_was(void **state)
{
	struct rcd_verdict v;
	struct scene s;
	struct peer *w = &s.worker[0];

	(void)state;
	scene_begin(&s, "");
	scene_record(&s, w, 60, 40);
	recorder_free(s.recorder);
	scene_recorder(&s);
	assert_int_equal(recorder_count(s.recorder), 1);
	(void)scene_run(&s, NULL, 0, 50);
	scene_join(&s, w, ROLE_WORKER);
	scene_join(&s, &s.broker, ROLE_BROKER);
	scene_say(&s, w, rm_resume_type);
	assert_true(scene_run(&s, &w->states, 1, SECOND));
	assert_int_equal(w->state.code, 0);
	assert_int_equal(w->state.next_seq, 40);
	assert_int_equal(w->committed, 40);
	scene_chunks(&s, w, 38, s.make.chunks); /* two of them again */
	scene_say(&s, w, rm_close_type);
	assert_true(scene_run(&s, &w->closed, 1, 5 * SECOND));
	assert_true(scene_run(&s, &s.finished, 1, SECOND));
	scene_check_file(&s, &v);
	assert_int_equal(v.bytes, buf_len(&s.make.file));
	scene_end(&s);
}

/* 30 chunks are on disk, and there is no recorder. */
static void
record_and_stop(struct scene *s)
{
	scene_begin(s, "");
	scene_record(s, &s->worker[0], 30, 30);
	recorder_free(s->recorder);
	(void)scene_run(s, NULL, 0, 20);
}

static void
after_a_restart_what_nobody_resumes_is_closed(void **state)
{
	struct rcd_verdict v;
	struct scene s;

	(void)state;
	record_and_stop(&s);
	scene_recorder(&s);
	scene_join(&s, &s.keeper, ROLE_KEEPER);
	assert_false(scene_run(&s, &s.finished, 1, 2 * SECOND));
	assert_true(scene_run(&s, &s.asked, 1, 3 * SECOND));
	(void)scene_run(&s, NULL, 0, 500);
	/* The file is made; the broker hears of it when it is there. */
	scene_join(&s, &s.broker, ROLE_BROKER);
	assert_true(scene_run(&s, &s.finished, 1, SECOND));
	assert_int_equal(s.last.truncated, 1);
	scene_check_file(&s, &v);
	assert_int_equal(recorder_count(s.recorder), 0);
	scene_end(&s);
}

static void
what_nobody_can_resume_is_closed_at_once(void **state)
{
	struct rcd_verdict v;
	struct scene s;

	(void)state;
	record_and_stop(&s);
	scene_recorder(&s);
	recorder_alone(s.recorder);
	scene_join(&s, &s.keeper, ROLE_KEEPER);
	scene_join(&s, &s.broker, ROLE_BROKER);
	assert_true(scene_run(&s, &s.finished, 1, SECOND));
	assert_int_equal(s.last.truncated, 1);
	scene_check_file(&s, &v);
	scene_end(&s);
}

/* For each allocation of a start with something to recover: it fails. */
static void
without_memory_nothing_is_started_and_nothing_lost(void **state)
{
	struct rcd_verdict v;
	struct fail f;
	struct scene s;
	unsigned n = 0;
	int r;

	(void)state;
	record_and_stop(&s);
	for (;;) {
		nomem_at(++n);
		r = recorder_new(&s.recorder, s.loop, s.conf, &f);
		if (!nomem_hit())
			break;
		if (r != 0) {
			assert_int_equal(r, FAIL_NOMEM);
			continue;
		}
		/* It was for a line of the log: all is there. */
		assert_int_equal(recorder_count(s.recorder), 1);
		recorder_free(s.recorder);
	}
	assert_int_equal(r, 0);
	assert_true(n > 10);
	recorder_alone(s.recorder);
	scene_join(&s, &s.keeper, ROLE_KEEPER);
	scene_join(&s, &s.broker, ROLE_BROKER);
	assert_true(scene_run(&s, &s.finished, 1, SECOND));
	scene_check_file(&s, &v);
	scene_end(&s);
}

/* Two of them would write to the same segments. */
static void
a_spool_is_of_one_process_at_a_time(void **state)
{
	struct scene s;
	pid_t pid;
	int gate[2];
	char c;

	(void)state;
	scene_begin(&s, "");
	scene_record(&s, &s.worker[0], 30, 30);
	assert_int_equal(pipe(gate), 0);
	if ((pid = fork()) == 0) {
		/* The one that had it, and ends a while later. */
		(void)!write(gate[1], "", 1);
		(void)usleep(300000);
		_exit(0);
	}
	assert_int_equal(read(gate[0], &c, 1), 1);
	recorder_free(s.recorder);
	scene_recorder(&s);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), pid);
	assert_int_equal(recorder_count(s.recorder), 1);
	(void)close(gate[0]);
	(void)close(gate[1]);
	scene_end(&s);
}

static void
what_the_broker_did_not_hear_is_said_after_a_restart(void **state)
{
	struct rcd_verdict v;
	struct scene s;
	struct peer *w = &s.worker[0];

	(void)state;
	scene_begin(&s, "");
	scene_leave(&s.broker);
	rec_make_typical(&s.make, 30, 0);
	scene_open(&s, w);
	scene_chunks(&s, w, 0, s.make.chunks);
	scene_say(&s, w, rm_close_type);
	assert_true(scene_run(&s, &w->closed, 1, 5 * SECOND));
	recorder_free(s.recorder);
	(void)scene_run(&s, NULL, 0, 20);
	scene_recorder(&s);
	scene_join(&s, &s.broker, ROLE_BROKER);
	assert_true(scene_run(&s, &s.finished, 1, SECOND));
	assert_int_equal(s.last.truncated, 0);
	scene_check_file(&s, &v);
	(void)scene_run(&s, NULL, 0, 100);
	recorder_free(s.recorder);
	/* And not once more. */
	(void)scene_run(&s, NULL, 0, 20);
	scene_recorder(&s);
	assert_int_equal(recorder_count(s.recorder), 0);
	scene_end(&s);
}

/* About 12 MB of noise, in chunks of 64 KiB. */
static void
make_big(struct scene *s)
{
	uint8_t *noise = malloc(1024 * 1024);
	unsigned i;

	assert_non_null(noise);
	random_bytes(noise, 1024 * 1024);
	assert_int_equal(rec_make_start(&s->make), 0);
	for (i = 0; i < 12; i++)
		assert_int_equal(rcd_writer_event(s->make.w, i, RCD_EV_OUT, 0,
				     SPAN(noise, 1024 * 1024)),
		    0);
	rec_make_end(&s->make, 100);
	free(noise);
}

static void
segments_go_while_a_long_session_runs(void **state)
{
	struct rcd_verdict v;
	struct scene s;
	struct peer *w = &s.worker[0];
	unsigned i;

	(void)state;
	scene_begin(&s, "segment = 2M\n");
	make_big(&s);
	scene_open(&s, w);
	for (i = 0; i < 11; i++) {
		size_t from = s.make.chunks * i / 12;
		size_t to = s.make.chunks * (i + 1) / 12;

		scene_chunks(&s, w, from, to);
		scene_run_committed(&s, w, to);
	}
	for (i = 0; i < 100 && scene_count_files(&s, "spool") > 2; i++)
		(void)scene_run(&s, NULL, 0, 50);
	assert_true(scene_count_files(&s, "spool") <= 2);
	assert_int_equal(scene_count_files(&s, "spool/open"), 1);
	/* A restart in the middle: state file, .part and the last segment. */
	recorder_free(s.recorder);
	(void)scene_run(&s, NULL, 0, 20);
	scene_recorder(&s);
	scene_join(&s, w, ROLE_WORKER);
	scene_join(&s, &s.broker, ROLE_BROKER);
	scene_say(&s, w, rm_resume_type);
	assert_true(scene_run(&s, &w->states, 1, SECOND));
	assert_int_equal(w->state.next_seq, s.make.chunks * 11 / 12);
	scene_chunks(&s, w, s.make.chunks * 11 / 12, s.make.chunks);
	scene_say(&s, w, rm_close_type);
	assert_true(scene_run(&s, &w->closed, 1, 5 * SECOND));
	assert_true(scene_run(&s, &s.finished, 1, SECOND));
	scene_check_file(&s, &v);
	assert_int_equal(v.bytes, buf_len(&s.make.file));
	(void)scene_run(&s, NULL, 0, 300);
	assert_int_equal(scene_count_files(&s, "spool/open"), 0);
	scene_end(&s);
}

static void
a_damaged_state_is_made_again_from_the_file(void **state)
{
	struct rcd_verdict v;
	char path[256], id[UUID_TEXT_SIZE];
	struct scene s;
	struct peer *w = &s.worker[0];
	unsigned i;
	int fd;

	(void)state;
	scene_begin(&s, "segment = 2M\n");
	make_big(&s);
	scene_open(&s, w);
	scene_chunks(&s, w, 0, s.make.chunks / 2);
	scene_run_committed(&s, w, s.make.chunks / 2);
	for (i = 0; i < 100 && scene_count_files(&s, "spool") > 2; i++)
		(void)scene_run(&s, NULL, 0, 50);
	recorder_free(s.recorder);
	(void)scene_run(&s, NULL, 0, 20);
	(void)snprintf(path, sizeof(path), "%s/spool/open/%s", s.dir,
	    uuid_text(id, s.make.rec_id));
	fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, "x", 1, 80), 1);
	(void)close(fd);
	scene_recorder(&s);
	scene_join(&s, w, ROLE_WORKER);
	scene_join(&s, &s.broker, ROLE_BROKER);
	scene_say(&s, w, rm_resume_type);
	assert_true(scene_run(&s, &w->states, 1, SECOND));
	assert_int_equal(w->state.next_seq, s.make.chunks / 2);
	scene_chunks(&s, w, s.make.chunks / 2, s.make.chunks);
	scene_say(&s, w, rm_close_type);
	assert_true(scene_run(&s, &s.finished, 1, 5 * SECOND));
	scene_check_file(&s, &v);
	assert_int_equal(v.bytes, buf_len(&s.make.file));
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_restarted_recorder_goes_on_where_it_was),
	    cmocka_unit_test(after_a_restart_what_nobody_resumes_is_closed),
	    cmocka_unit_test(what_nobody_can_resume_is_closed_at_once),
	    cmocka_unit_test(
		without_memory_nothing_is_started_and_nothing_lost),
	    cmocka_unit_test(a_spool_is_of_one_process_at_a_time),
	    cmocka_unit_test(
		what_the_broker_did_not_hear_is_said_after_a_restart),
	    cmocka_unit_test(segments_go_while_a_long_session_runs),
	    cmocka_unit_test(a_damaged_state_is_made_again_from_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
