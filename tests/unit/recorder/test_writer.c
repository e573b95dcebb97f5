/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer and the reader against one another: every event type, both
 * classes, GOPs, epochs, hand-over, seeking, following.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fail.h"
#include "base/hash.h"
#include "recorder/reader.h"

#include "rec_make.h"

static struct rcd_reader *
open_dek(const struct rec_make *m, int *fd)
{
	struct rcd_reader *r;
	struct fail f = {0};

	*fd = rec_make_fd(buf_span(&m->file));
	assert_int_equal(rcd_reader_open(&r, *fd, RCD_KEY_DEK, m->dek, &f), 0);
	return r;
}

static void
shut(struct rcd_reader *r, int fd)
{
	rcd_reader_free(r);
	(void)close(fd);
}

struct row {
	uint8_t type;
	bool has_stream;
};

static const struct row rows[] = {
#define EVENT(name, num, class, stream, text, payload) {(num), (stream) != 0},
#include "recorder/event_tbl.h"
#undef EVENT
};

static void
every_event_type_comes_back_as_it_was(void **state)
{
	struct rec_make m;
	struct rcd_event_view e;
	struct rcd_reader *r;
	size_t i;
	int fd;

	(void)state;
	rec_make_init(&m);
	assert_int_equal(rec_make_start(&m), 0);
	for (i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(
		    rcd_writer_event(m.w, 1000 * i,
			(enum rcd_event)rows[i].type, (uint32_t)(i * 40000000),
			SPAN("payload of an event", i % 19)),
		    0);
	rec_make_end(&m, 5000000);
	r = open_dek(&m, &fd);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(rcd_reader_event(r, &e), 0);
		assert_int_equal(e.type, rows[i].type);
		assert_int_equal(e.t_us, 1000 * i);
		if (rows[i].has_stream)
			assert_int_equal(e.stream, (uint32_t)(i * 40000000));
		assert_int_equal(e.payload.len, i % 19);
		assert_memory_equal(e.payload.p, "payload of an event", i % 19);
	}
	assert_int_equal(rcd_reader_event(r, &e), RCD_END);
	shut(r, fd);
	rec_make_fini(&m);
}

/* Collect one stream's bytes of one type. */
static void
gather(struct rcd_reader *r, uint8_t type, struct buf *out)
{
	struct rcd_event_view e;
	uint64_t last = 0;
	int x;

	while ((x = rcd_reader_event(r, &e)) == 0) {
		assert_true(e.t_us >= last);
		last = e.t_us;
		if (e.type == type)
			assert_int_equal(
			    buf_put(out, e.payload.p, e.payload.len), 0);
	}
	assert_int_equal(x, RCD_END);
}

static void
payloads_of_any_length_are_split_and_joined(void **state)
{
	enum { BIG = 700001 };
	uint8_t *text = malloc(BIG);
	struct rcd_reader *r;
	struct rec_make m;
	struct buf got;
	int fd;

	(void)state;
	assert_non_null(text);
	random_bytes(text, BIG / 2);
	rec_make_text(text + BIG / 2, BIG - BIG / 2, 1);
	rec_make_init(&m);
	assert_int_equal(rec_make_start(&m), 0);
	assert_int_equal(
	    rcd_writer_event(m.w, 5, RCD_EV_OUT, 3, SPAN(text, BIG)), 0);
	assert_int_equal(
	    rcd_writer_event(m.w, 6, RCD_EV_IN, 3, SPAN(text, BIG)), 0);
	assert_int_equal(
	    rcd_writer_event(m.w, 7, RCD_EV_EXEC, 3, SPAN(text, 65530)),
	    FAIL_RANGE);
	assert_int_equal(
	    rcd_writer_event(m.w, 8, RCD_EV_EXEC, 3, SPAN(text, 65500)), 0);
	rec_make_end(&m, 9);
	buf_init(&got, 2 * BIG);
	r = open_dek(&m, &fd);
	gather(r, RCD_EV_OUT, &got);
	assert_int_equal(buf_len(&got), BIG);
	assert_memory_equal(buf_head(&got), text, BIG);
	buf_reset(&got);
	assert_int_equal(rcd_reader_seek(r, 0), 0);
	gather(r, RCD_EV_IN, &got);
	assert_int_equal(buf_len(&got), BIG);
	assert_memory_equal(buf_head(&got), text, BIG);
	buf_fini(&got);
	shut(r, fd);
	rec_make_fini(&m);
	free(text);
}

static void
chunks_in_a_gop_refer_to_those_before(void **state)
{
	struct rcd_verdict v;
	uint8_t text[3000];
	struct rec_make m;
	size_t first, second;

	(void)state;
	rec_make_text(text, sizeof(text), 9);
	rec_make_init(&m);
	assert_int_equal(rec_make_start(&m), 0);
	assert_int_equal(
	    rcd_writer_event(m.w, 1, RCD_EV_OUT, 0, SPAN(text, 3000)), 0);
	assert_int_equal(rcd_writer_seal(m.w), 0);
	assert_int_equal(
	    rcd_writer_event(m.w, 2, RCD_EV_OUT, 0, SPAN(text, 3000)), 0);
	assert_int_equal(rcd_writer_seal(m.w), 0);
	rec_make_end(&m, 3);
	first = m.place[1] - m.place[0];
	second = m.place[2] - m.place[1];
	assert_true(second < 150 && first > 400);
	assert_int_equal(rec_make_verify(&m, buf_span(&m.file), &v), 0);
	rec_make_fini(&m);
}

static void
a_new_gop_begins_every_minute_and_every_mebibyte(void **state)
{
	struct rcd_chunk ch;
	struct rcd_reader *r;
	struct rec_make m;
	struct span body;
	uint8_t *text = malloc(300000);
	unsigned gops = 0, i;
	int fd;

	(void)state;
	assert_non_null(text);
	rec_make_text(text, 300000, 2);
	rec_make_init(&m);
	assert_int_equal(rec_make_start(&m), 0);
	for (i = 0; i < 8; i++) /* 2.3 MiB at once: 3 GOPs */
		assert_int_equal(rcd_writer_event(m.w, 10, RCD_EV_OUT, 0,
				     SPAN(text, 300000)),
		    0);
	assert_int_equal(rcd_writer_seal(m.w), 0);
	for (i = 1; i <= 3; i++) { /* and 3 minutes: 3 more */
		assert_int_equal(rcd_writer_event(m.w, i * 60000020ULL,
				     RCD_EV_OUT, 0, SPAN("x", 1)),
		    0);
		assert_int_equal(rcd_writer_seal(m.w), 0);
	}
	rec_make_end(&m, 200000000);
	r = open_dek(&m, &fd);
	while (rcd_reader_chunk(r, &ch, &body) == 0)
		if (ch.type == RCD_DATA_A && (ch.flags & RCD_F_GOP))
			gops++;
	assert_int_equal(rcd_reader_fail(r)->code, 0);
	assert_int_equal(gops, 6);
	shut(r, fd);
	rec_make_fini(&m);
	free(text);
}

static void
what_does_not_shrink_is_stored_and_not_tried_again_soon(void **state)
{
	uint8_t noise[8000];
	struct rcd_reader *r;
	struct rcd_chunk ch;
	struct rec_make m;
	struct span body;
	unsigned raw = 0, i;
	struct buf got;
	int fd;

	(void)state;
	rec_make_init(&m);
	assert_int_equal(rec_make_start(&m), 0);
	random_bytes(noise, sizeof(noise));
	for (i = 0; i < 20; i++) {
		/* Repeats, so that trying would have paid from the second on.
		 */
		assert_int_equal(rcd_writer_event(m.w, i, RCD_EV_OUT, 0,
				     SPAN(noise, sizeof(noise))),
		    0);
		assert_int_equal(rcd_writer_seal(m.w), 0);
	}
	rec_make_end(&m, 30);
	r = open_dek(&m, &fd);
	while (rcd_reader_chunk(r, &ch, &body) == 0)
		if (ch.type == RCD_DATA_A && (ch.flags & RCD_F_RAW))
			raw++;
	assert_int_equal(raw, 17);
	assert_int_equal(rcd_reader_seek(r, 0), 0);
	buf_init(&got, 20 * sizeof(noise));
	gather(r, RCD_EV_OUT, &got);
	assert_int_equal(buf_len(&got), 20 * sizeof(noise));
	assert_memory_equal(
	    buf_head(&got) + 19 * sizeof(noise), noise, sizeof(noise));
	buf_fini(&got);
	shut(r, fd);
	rec_make_fini(&m);
}

static void
a_handed_over_writer_goes_on_in_a_new_epoch(void **state)
{
	struct rcd_verdict v;
	struct rcd_reader *r;
	struct rcd_event_view e;
	struct rec_make m;
	unsigned n = 0;
	int fd;

	(void)state;
	rec_make_init(&m);
	rec_make_typical(&m, 200, 33);
	assert_int_equal(rec_make_verify(&m, buf_span(&m.file), &v), 0);
	assert_int_equal(v.epochs, 1);
	assert_true(v.complete && v.signatures >= 3);
	assert_int_equal(v.signed_chunks, v.chunks);
	r = open_dek(&m, &fd);
	while (rcd_reader_event(r, &e) == 0)
		n++;
	assert_int_equal(rcd_reader_fail(r)->code, 0);
	assert_int_equal(n, 400);
	shut(r, fd);
	rec_make_fini(&m);
}

static void
an_old_writer_cannot_write_after_it_was_handed_over(void **state)
{
	struct rec_make m;
	struct buf out;

	(void)state;
	rec_make_init(&m);
	assert_int_equal(rec_make_start(&m), 0);
	buf_init_secret(&out, RCD_STATE_MAX);
	assert_int_equal(rcd_writer_export(m.w, &out), 0);
	assert_int_equal(
	    rcd_writer_event(m.w, 1, RCD_EV_OUT, 0, SPAN("a", 1)), FAIL_STATE);
	assert_int_equal(rcd_writer_seal(m.w), FAIL_STATE);
	buf_fini(&out);
	rec_make_fini(&m);
}

static void
a_cut_or_changed_state_is_refused(void **state)
{
	struct rcd_writer_opts o;
	struct rcd_writer *w;
	uint8_t copy[1024];
	struct rec_make m;
	struct buf out;
	size_t n;

	(void)state;
	rec_make_init(&m);
	assert_int_equal(rec_make_start(&m), 0);
	o = rec_make_opts(&m);
	buf_init_secret(&out, RCD_STATE_MAX);
	assert_int_equal(rcd_writer_export(m.w, &out), 0);
	for (n = 0; n < buf_len(&out); n++)
		assert_true(
		    rcd_writer_import(&w, &o, SPAN(buf_head(&out), n)) < 0);
	n = buf_len(&out);
	assert_true(n < sizeof(copy));
	memcpy(copy, buf_head(&out), n);
	copy[3]++; /* version */
	assert_int_equal(
	    rcd_writer_import(&w, &o, SPAN(copy, n)), FAIL_UNSUPPORTED);
	buf_fini(&out);
	rec_make_fini(&m);
}

static void
the_class_a_key_opens_everything_but_class_b(void **state)
{
	struct secret *key_a, *wrong = secret_random(RCD_KEY_LEN);
	struct rcd_event_view e;
	struct rcd_reader *r;
	struct fail f = {0};
	struct rec_make m;
	struct span json;
	unsigned n = 0;
	int fd, x;

	(void)state;
	rec_make_init(&m);
	rec_make_typical(&m, 100, 50);
	fd = rec_make_fd(buf_span(&m.file));
	assert_int_equal(rcd_reader_key_a(&key_a, m.rec_id, m.dek), 0);
	assert_int_equal(
	    rcd_reader_open(&r, fd, RCD_KEY_CLASS_A, key_a, &f), 0);
	while ((x = rcd_reader_event(r, &e)) == 0) {
		assert_int_equal(e.type, RCD_EV_OUT);
		n++;
	}
	assert_int_equal(x, RCD_END);
	assert_int_equal(n, 100);
	assert_int_equal(rcd_reader_skipped(r), 100);
	assert_int_equal(rcd_reader_session(r, &json), 0);
	assert_memory_equal(json.p, "{\"user\":\"ana\"", 13);
	rcd_reader_free(r);
	/* Not as a data key, and no other key at all. */
	assert_int_equal(
	    rcd_reader_open(&r, fd, RCD_KEY_DEK, key_a, &f), FAIL_DENIED);
	assert_int_equal(
	    rcd_reader_open(&r, fd, RCD_KEY_DEK, wrong, &f), FAIL_DENIED);
	assert_int_equal(
	    rcd_reader_open(&r, fd, RCD_KEY_CLASS_A, m.dek, &f), FAIL_DENIED);
	secret_free(wrong);
	secret_free(key_a);
	(void)close(fd);
	rec_make_fini(&m);
}

/* Seeking lands at the last GOP start that is not later than t. */
static void
seek_check(struct rcd_reader *r, uint64_t t_us)
{
	struct rcd_event_view e;

	assert_int_equal(rcd_reader_seek(r, t_us), 0);
	assert_int_equal(rcd_reader_event(r, &e), 0);
	assert_true(e.t_us <= t_us);
	assert_true(t_us - e.t_us <= 62000000);
	while (e.t_us < t_us)
		assert_int_equal(rcd_reader_event(r, &e), 0);
	assert_true(e.t_us - t_us < 1000001);
}

static void
seeking_works_with_and_without_index_and_key(void **state)
{
	static const uint64_t times[] = {
	    0, 1, 59000000, 61000000, 300500000, 100, 599000000, 122000000};
	struct rcd_chunk ch;
	struct rcd_reader *r;
	struct fail f = {0};
	struct rec_make m;
	struct span body;
	size_t i, cut;
	int fd;

	(void)state;
	rec_make_init(&m);
	rec_make_typical(&m, 600, 250);
	r = open_dek(&m, &fd);
	for (i = 0; i < ARRAY_LEN(times); i++)
		seek_check(r, times[i]);
	shut(r, fd);
	/* Without trailer and index. */
	cut = m.place[m.chunks - 2];
	fd = rec_make_fd(SPAN(buf_head(&m.file), cut));
	assert_int_equal(rcd_reader_open(&r, fd, RCD_KEY_DEK, m.dek, &f), 0);
	for (i = 0; i < ARRAY_LEN(times); i++)
		seek_check(r, times[i]);
	rcd_reader_free(r);
	assert_int_equal(rcd_reader_open(&r, fd, RCD_KEY_NONE, NULL, &f), 0);
	assert_int_equal(rcd_reader_seek(r, 300500000), 0);
	assert_int_equal(rcd_reader_chunk(r, &ch, &body), 0);
	assert_true(ch.flags & RCD_F_GOP && ch.t_us <= 300500000);
	while (rcd_reader_chunk(r, &ch, &body) == 0)
		;
	assert_int_equal(rcd_reader_fail(r)->code, 0);
	shut(r, fd);
	rec_make_fini(&m);
}

static void
reading_from_the_middle_to_the_end_meets_the_trailer(void **state)
{
	struct rcd_event_view e;
	struct rcd_reader *r;
	struct rec_make m;
	int fd, x;

	(void)state;
	rec_make_init(&m);
	rec_make_typical(&m, 300, 0);
	r = open_dek(&m, &fd);
	assert_int_equal(rcd_reader_seek(r, 200000000), 0);
	while ((x = rcd_reader_event(r, &e)) == 0)
		;
	assert_int_equal(x, RCD_END);
	shut(r, fd);
	rec_make_fini(&m);
}

static void
a_growing_file_is_followed(void **state)
{
	struct rcd_event_view e;
	struct rcd_reader *r;
	struct fail f = {0};
	struct rec_make m;
	struct span all;
	size_t n;
	unsigned got = 0;
	int fd, x;

	(void)state;
	rec_make_init(&m);
	rec_make_typical(&m, 20, 7);
	all = buf_span(&m.file);
	n = m.place[0] + 13;
	fd = rec_make_fd(SPAN(all.p, n));
	assert_int_equal(rcd_reader_open(&r, fd, RCD_KEY_DEK, m.dek, &f), 0);
	for (;;) {
		while ((x = rcd_reader_event(r, &e)) == 0)
			got++;
		if (x == RCD_END)
			break;
		assert_int_equal(x, RCD_MORE);
		assert_true(n < all.len);
		assert_int_equal(pwrite(fd, all.p + n, 1, (off_t)n), 1);
		n++;
	}
	assert_int_equal(got, 40);
	assert_int_equal(n, all.len);
	shut(r, fd);
	rec_make_fini(&m);
}

static void
info_tells_a_whole_file_from_a_cut_one(void **state)
{
	struct rcd_info info;
	struct rcd_reader *r;
	struct fail f = {0};
	struct rec_make m;
	int fd;

	(void)state;
	rec_make_init(&m);
	rec_make_typical(&m, 90, 0);
	r = open_dek(&m, &fd);
	assert_int_equal(rcd_reader_info(r, &info), 0);
	assert_true(info.complete && !info.truncated && !info.unsigned_end);
	assert_int_equal(info.chunks, m.chunks);
	assert_int_equal(info.duration_us, 90000000);
	assert_int_equal(info.summary.why, 1);
	shut(r, fd);
	fd = rec_make_fd(SPAN(buf_head(&m.file), m.place[50] + 20));
	assert_int_equal(rcd_reader_open(&r, fd, RCD_KEY_NONE, NULL, &f), 0);
	assert_int_equal(rcd_reader_info(r, &info), 0);
	assert_false(info.complete);
	assert_int_equal(info.chunks, 50);
	assert_int_equal(info.valid_bytes, m.place[50]);
	shut(r, fd);
	rec_make_fini(&m);
}

static void
an_idle_writer_gives_its_memory_back_and_goes_on(void **state)
{
	struct rcd_reader *r;
	struct rec_make m;
	uint8_t text[5000];
	struct buf got;
	int fd;

	(void)state;
	rec_make_text(text, sizeof(text), 5);
	rec_make_init(&m);
	assert_int_equal(rec_make_start(&m), 0);
	assert_int_equal(
	    rcd_writer_event(m.w, 1, RCD_EV_OUT, 0, SPAN(text, 5000)), 0);
	assert_int_equal(rcd_writer_seal(m.w), 0);
	/* An event waits while the prefix is dropped. */
	assert_int_equal(
	    rcd_writer_event(m.w, 59999999, RCD_EV_OUT, 0, SPAN(text, 500)), 0);
	rcd_writer_idle(m.w, 60000002);
	assert_int_equal(rcd_writer_seal(m.w), 0);
	assert_int_equal(
	    rcd_writer_event(m.w, 60000003, RCD_EV_OUT, 0, SPAN(text, 500)), 0);
	rec_make_end(&m, 60000004);
	r = open_dek(&m, &fd);
	buf_init(&got, 10000);
	gather(r, RCD_EV_OUT, &got);
	assert_int_equal(buf_len(&got), 6000);
	assert_memory_equal(buf_head(&got) + 5500, text, 500);
	buf_fini(&got);
	shut(r, fd);
	rec_make_fini(&m);
}

static void
a_checkpoint_may_lie_far_behind_but_not_too_far(void **state)
{
	uint8_t hash[32], sig[64];
	struct rcd_verdict v;
	struct rec_make m;
	uint64_t seq;
	unsigned i;

	(void)state;
	rec_make_init(&m);
	assert_int_equal(rec_make_start(&m), 0);
	for (i = 0; i < 20; i++) {
		assert_int_equal(
		    rcd_writer_event(m.w, i, RCD_EV_OUT, 0, SPAN("abc", 3)), 0);
		assert_int_equal(rcd_writer_seal(m.w), 0);
		if (i == 4)
			assert_int_equal(
			    rcd_writer_checkpoint_hash(m.w, &seq, hash), 0);
	}
	rec_make_sign(&m, seq, hash, sig);
	assert_int_equal(rcd_writer_checkpoint(m.w, seq + 1, sig), FAIL_STATE);
	assert_int_equal(rcd_writer_checkpoint(m.w, seq, sig), 0);
	assert_int_equal(rcd_writer_checkpoint(m.w, seq, sig), FAIL_STATE);
	assert_int_equal(
	    rec_make_verify(&m, buf_span(&m.file), &v), FAIL_TRUNCATED);
	assert_int_equal(v.signatures, 1);
	assert_int_equal(v.signed_chunks, 5);
	/* Too late: nothing is written, and one is due again. */
	assert_int_equal(rcd_writer_checkpoint_hash(m.w, &seq, hash), 0);
	m.chunks = 0; /* the sink only counts on */
	rec_make_fini(&m);
}

static void
bulk_asks_for_a_checkpoint_every_16_mib(void **state)
{
	enum { PIECE = 65000 };
	static uint8_t zeros[PIECE];
	uint64_t seq, bytes = 0;
	uint8_t hash[32];
	struct rec_make m;

	(void)state;
	rec_make_init(&m);
	assert_int_equal(rec_make_start(&m), 0);
	do {
		assert_int_equal(
		    rcd_writer_event(m.w, 0, RCD_EV_OUT, 0, SPAN(zeros, PIECE)),
		    0);
		bytes += PIECE;
	} while (!rcd_writer_checkpoint_due(m.w, 0));
	assert_in_range(bytes, RCD_CKPT_BYTES, RCD_CKPT_BYTES + 2 * PIECE);
	assert_int_equal(rcd_writer_checkpoint_hash(m.w, &seq, hash), 0);
	assert_false(rcd_writer_checkpoint_due(m.w, 0));
	rec_make_fini(&m);
}

static void
a_failing_sink_ends_the_writer(void **state)
{
	struct rec_make m;

	(void)state;
	rec_make_init(&m);
	assert_int_equal(rec_make_start(&m), 0);
	assert_int_equal(
	    rcd_writer_event(m.w, 1, RCD_EV_OUT, 0, SPAN("a", 1)), 0);
	m.sink_answer = FAIL_FULL;
	assert_int_equal(rcd_writer_seal(m.w), FAIL_FULL);
	m.sink_answer = 0;
	assert_int_equal(rcd_writer_seal(m.w), FAIL_FULL);
	assert_int_equal(
	    rcd_writer_event(m.w, 2, RCD_EV_OUT, 0, SPAN("a", 1)), FAIL_FULL);
	assert_int_equal(m.chunks, 0);
	rec_make_fini(&m);
}

static void
a_very_long_recording_keeps_a_bounded_index(void **state)
{
	struct rcd_info info;
	struct rcd_reader *r;
	struct rec_make m;
	unsigned i;
	int fd;

	(void)state;
	rec_make_init(&m);
	assert_int_equal(rec_make_start(&m), 0);
	for (i = 0; i < 2000; i++) {
		assert_int_equal(rcd_writer_event(m.w, i * 61000000ULL,
				     RCD_EV_OUT, 0, SPAN("tick", 4)),
		    0);
		assert_int_equal(rcd_writer_seal(m.w), 0);
	}
	rec_make_end(&m, 2001 * 61000000ULL);
	r = open_dek(&m, &fd);
	assert_int_equal(rcd_reader_info(r, &info), 0);
	assert_true(info.summary.index_off > 0);
	assert_true(m.place[m.chunks - 1] - m.place[m.chunks - 2] < 13000);
	for (i = 1; i < 2000; i += 97) {
		struct rcd_event_view e;

		assert_int_equal(rcd_reader_seek(r, i * 61000000ULL + 5), 0);
		assert_int_equal(rcd_reader_event(r, &e), 0);
		assert_int_equal(e.t_us, i * 61000000ULL);
	}
	shut(r, fd);
	rec_make_fini(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_event_type_comes_back_as_it_was),
	    cmocka_unit_test(payloads_of_any_length_are_split_and_joined),
	    cmocka_unit_test(chunks_in_a_gop_refer_to_those_before),
	    cmocka_unit_test(a_new_gop_begins_every_minute_and_every_mebibyte),
	    cmocka_unit_test(
		what_does_not_shrink_is_stored_and_not_tried_again_soon),
	    cmocka_unit_test(a_handed_over_writer_goes_on_in_a_new_epoch),
	    cmocka_unit_test(
		an_old_writer_cannot_write_after_it_was_handed_over),
	    cmocka_unit_test(a_cut_or_changed_state_is_refused),
	    cmocka_unit_test(the_class_a_key_opens_everything_but_class_b),
	    cmocka_unit_test(seeking_works_with_and_without_index_and_key),
	    cmocka_unit_test(
		reading_from_the_middle_to_the_end_meets_the_trailer),
	    cmocka_unit_test(a_growing_file_is_followed),
	    cmocka_unit_test(info_tells_a_whole_file_from_a_cut_one),
	    cmocka_unit_test(an_idle_writer_gives_its_memory_back_and_goes_on),
	    cmocka_unit_test(a_checkpoint_may_lie_far_behind_but_not_too_far),
	    cmocka_unit_test(bulk_asks_for_a_checkpoint_every_16_mib),
	    cmocka_unit_test(a_failing_sink_ends_the_writer),
	    cmocka_unit_test(a_very_long_recording_keeps_a_bounded_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
