/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification: whatever is done to a recording, the first bad chunk is named;
 * whatever is cut off, the rest is a valid prefix.
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

enum { ROUNDS = 300 };

static uint32_t
below(uint32_t n)
{
	uint32_t x;

	random_bytes(&x, sizeof(x));
	return x % n;
}

/* The number of the chunk that the byte at off is in; -1: the header. */
static int
chunk_of(const struct rec_make *m, size_t off)
{
	int i = -1;

	while ((size_t)(i + 1) < m->chunks && m->place[i + 1] <= off)
		i++;
	return i;
}

static void
a_whole_recording_verifies_and_names_its_signer(void **state)
{
	struct rcd_verdict v;
	struct rec_make m;
	uint8_t other[32] = {1};
	int fd;

	(void)state;
	rec_make_init(&m);
	rec_make_typical(&m, 130, 40);
	assert_int_equal(rec_make_verify(&m, buf_span(&m.file), &v), 0);
	assert_int_equal(v.flaw, RCD_FLAW_NONE);
	assert_int_equal(v.chunks, m.chunks);
	assert_int_equal(v.bytes, buf_len(&m.file));
	assert_int_equal(v.signed_chunks, m.chunks);
	assert_int_equal(v.duration_us, 130000000);
	fd = rec_make_fd(buf_span(&m.file));
	assert_int_equal(rcd_verify(fd, NULL, &v), 0);
	assert_int_equal(rcd_verify(fd, other, &v), FAIL_SIGNATURE);
	assert_int_equal(v.flaw, RCD_FLAW_KEY);
	(void)close(fd);
	rec_make_fini(&m);
}

static void
every_truncation_leaves_a_valid_prefix(void **state)
{
	struct rcd_event_view e;
	struct rcd_verdict v;
	struct rcd_reader *r;
	struct fail f = {0};
	struct rec_make m;
	unsigned i;

	(void)state;
	rec_make_init(&m);
	rec_make_typical(&m, 130, 40);
	for (i = 0; i < ROUNDS; i++) {
		size_t n = below((uint32_t)buf_len(&m.file));
		struct span cut = SPAN(buf_head(&m.file), n);
		int in = n < m.place[0] ? -1 : chunk_of(&m, n), fd, x;

		assert_int_equal(rec_make_verify(&m, cut, &v), FAIL_TRUNCATED);
		assert_int_equal(v.flaw, RCD_FLAW_TRUNCATED);
		if (in < 0)
			continue;
		assert_int_equal(v.chunks, in);
		assert_int_equal(v.bad_seq, in);
		assert_int_equal(v.bad_off, m.place[in]);
		fd = rec_make_fd(cut);
		assert_int_equal(
		    rcd_reader_open(&r, fd, RCD_KEY_DEK, m.dek, &f), 0);
		while ((x = rcd_reader_event(r, &e)) == 0)
			;
		assert_int_equal(x, RCD_MORE);
		rcd_reader_free(r);
		(void)close(fd);
	}
	rec_make_fini(&m);
}

static void
every_flipped_bit_is_detected_in_its_chunk(void **state)
{
	struct rcd_verdict v;
	struct rec_make m;
	uint8_t *copy;
	unsigned i;
	size_t n;

	(void)state;
	rec_make_init(&m);
	rec_make_typical(&m, 130, 40);
	n = buf_len(&m.file);
	copy = malloc(n);
	assert_non_null(copy);
	for (i = 0; i < ROUNDS; i++) {
		size_t off =
		    i % 3 == 0 ? n - 1 - below(400) : below((uint32_t)n);
		int in = chunk_of(&m, off);

		memcpy(copy, buf_head(&m.file), n);
		copy[off] ^= (uint8_t)(1U << below(8));
		assert_true(rec_make_verify(&m, SPAN(copy, n), &v) < 0);
		assert_int_not_equal(v.flaw, RCD_FLAW_NONE);
		if (in >= 0) {
			assert_int_equal(v.bad_seq, in);
			assert_int_equal(v.bad_off, m.place[in]);
		} else {
			assert_int_equal(v.bad_seq, 0);
		}
	}
	free(copy);
	rec_make_fini(&m);
}

/* Chunk i of from, as it stands. */
static void
put_chunk(struct buf *b, const struct rec_make *from, size_t i)
{
	size_t end =
	    i + 1 < from->chunks ? from->place[i + 1] : buf_len(&from->file);

	assert_int_equal(buf_put(b, buf_head(&from->file) + from->place[i],
			     end - from->place[i]),
	    0);
}

static void
dropped_swapped_and_doubled_chunks_are_detected(void **state)
{
	struct rcd_verdict v;
	struct rec_make m;
	struct buf b;
	size_t i, how;

	(void)state;
	rec_make_init(&m);
	rec_make_typical(&m, 70, 0);
	buf_init(&b, 2 * buf_len(&m.file));
	for (how = 0; how < 3; how++) {
		buf_reset(&b);
		assert_int_equal(buf_put(&b, buf_head(&m.file), m.place[0]), 0);
		for (i = 0; i < m.chunks; i++) {
			if (how == 0 && i == 20)
				continue;
			if (how == 1 && (i == 20 || i == 21)) {
				put_chunk(&b, &m, 41 - i);
				continue;
			}
			put_chunk(&b, &m, i);
			if (how == 2 && i == 19)
				put_chunk(&b, &m, i);
		}
		assert_int_equal(
		    rec_make_verify(&m, buf_span(&b), &v), FAIL_FORMAT);
		assert_int_equal(v.flaw, RCD_FLAW_SEQUENCE);
		assert_int_equal(v.bad_seq, 20);
	}
	buf_fini(&b);
	rec_make_fini(&m);
}

static void
a_chunk_of_another_recording_is_detected(void **state)
{
	struct rcd_verdict v;
	struct rec_make m, other;
	struct buf b;
	size_t i;

	(void)state;
	rec_make_init(&m);
	rec_make_typical(&m, 70, 0);
	rec_make_init(&other);
	rec_make_typical(&other, 70, 0);
	buf_init(&b, 2 * buf_len(&m.file));
	assert_int_equal(buf_put(&b, buf_head(&m.file), m.place[0]), 0);
	for (i = 0; i < m.chunks; i++)
		put_chunk(&b, i == 30 ? &other : &m, i);
	assert_true(rec_make_verify(&m, buf_span(&b), &v) < 0);
	assert_int_equal(v.bad_seq, 30);
	assert_int_equal(v.flaw, RCD_FLAW_CHAIN);
	buf_fini(&b);
	rec_make_fini(&other);
	rec_make_fini(&m);
}

/*
 * Somebody without the signing key changes a chunk and makes every link after
 * it fit again: the checkpoint gives it away.
 */
static void
a_change_with_all_links_mended_breaks_the_signature(void **state)
{
	uint8_t hash[RCD_HASH_LEN], parts[1] = {0};
	struct rcd_verdict v;
	struct rec_make m;
	uint8_t *p;
	size_t i, n;

	(void)state;
	rec_make_init(&m);
	rec_make_typical(&m, 70, 0);
	n = buf_len(&m.file);
	p = malloc(n);
	assert_non_null(p);
	memcpy(p, buf_head(&m.file), n);
	p[m.place[9] + 60] ^= 1;
	{
		struct span h[2] = {SPAN(parts, 1), SPAN(p, m.place[0])};

		assert_int_equal(sha256(hash, h, 2), 0);
	}
	for (i = 0; i < m.chunks; i++) {
		size_t end = i + 1 < m.chunks ? m.place[i + 1] : n;
		struct rcd_chunk ch;

		assert_int_equal(rcd_chunk_decode(p + m.place[i], &ch), 0);
		if (ch.type == RCD_CHECKPOINT && i > 9)
			break;
		if (ch.flags & RCD_F_GOP)
			memcpy(p + m.place[i] + 40, hash, RCD_HASH_LEN);
		assert_int_equal(
		    rcd_chain_hash(hash, hash,
			SPAN(p + m.place[i], end - m.place[i] - RCD_LINK_LEN)),
		    0);
		memcpy(p + end - RCD_LINK_LEN, hash, RCD_LINK_LEN);
	}
	assert_true(i < m.chunks);
	assert_int_equal(rec_make_verify(&m, SPAN(p, n), &v), FAIL_CHAIN);
	assert_int_equal(v.bad_seq, i);
	free(p);
	rec_make_fini(&m);
}

/* Change the end reason in the trailer and mend its link. */
static void
the_signature_covers_what_the_trailer_says(void **state)
{
	uint8_t hash[RCD_HASH_LEN];
	struct rcd_verdict v;
	struct rec_make m;
	uint8_t *p;
	size_t n, at;

	(void)state;
	rec_make_init(&m);
	rec_make_typical(&m, 10, 0);
	n = buf_len(&m.file);
	at = m.place[m.chunks - 1];
	assert_int_equal(rec_make_verify(&m, SPAN(buf_head(&m.file), at), &v),
	    FAIL_TRUNCATED);
	p = malloc(n);
	assert_non_null(p);
	memcpy(p, buf_head(&m.file), n);
	p[at + 40 + 48]++; /* why */
	assert_int_equal(
	    rcd_chain_hash(hash, v.hash, SPAN(p + at, n - at - 8)), 0);
	memcpy(p + n - 8, hash, 8);
	assert_int_equal(rec_make_verify(&m, SPAN(p, n), &v), FAIL_SIGNATURE);
	assert_int_equal(v.flaw, RCD_FLAW_SIGNATURE);
	assert_int_equal(v.bad_seq, m.chunks - 1);
	free(p);
	rec_make_fini(&m);
}

static void
bytes_behind_the_trailer_are_detected(void **state)
{
	struct rcd_verdict v;
	struct rec_make m;

	(void)state;
	rec_make_init(&m);
	rec_make_typical(&m, 5, 0);
	assert_int_equal(buf_put(&m.file, "x", 1), 0);
	assert_int_equal(
	    rec_make_verify(&m, buf_span(&m.file), &v), FAIL_FORMAT);
	assert_int_equal(v.flaw, RCD_FLAW_EXTRA);
	rec_make_fini(&m);
}

static void
an_unsigned_end_is_valid_and_said_to_be_unsigned(void **state)
{
	uint8_t hash[32];
	struct rcd_verdict v;
	struct rec_make m;
	uint64_t seq;

	(void)state;
	rec_make_init(&m);
	assert_int_equal(rec_make_start(&m), 0);
	assert_int_equal(
	    rcd_writer_event(m.w, 1, RCD_EV_OUT, 0, SPAN("a", 1)), 0);
	assert_int_equal(rcd_writer_end(m.w, 2, 3, 24, &seq, hash), 0);
	assert_int_equal(
	    rcd_writer_event(m.w, 1, RCD_EV_OUT, 0, SPAN("a", 1)), FAIL_STATE);
	assert_int_equal(rcd_writer_trailer(m.w, NULL), 0);
	assert_int_equal(rcd_writer_trailer(m.w, NULL), FAIL_STATE);
	assert_int_equal(rec_make_verify(&m, buf_span(&m.file), &v), 0);
	assert_true(v.complete && v.unsigned_end);
	assert_int_equal(v.signed_chunks, 0);
	rec_make_fini(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_whole_recording_verifies_and_names_its_signer),
	    cmocka_unit_test(every_truncation_leaves_a_valid_prefix),
	    cmocka_unit_test(every_flipped_bit_is_detected_in_its_chunk),
	    cmocka_unit_test(dropped_swapped_and_doubled_chunks_are_detected),
	    cmocka_unit_test(a_chunk_of_another_recording_is_detected),
	    cmocka_unit_test(
		a_change_with_all_links_mended_breaks_the_signature),
	    cmocka_unit_test(the_signature_covers_what_the_trailer_says),
	    cmocka_unit_test(bytes_behind_the_trailer_are_detected),
	    cmocka_unit_test(an_unsigned_end_is_valid_and_said_to_be_unsigned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
