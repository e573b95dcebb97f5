/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and bodies of chunks; and that running out of memory at any point of
 * writing and reading is an error and nothing worse.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fail.h"
#include "recorder/codec.h"
#include "recorder/reader.h"
#include "tests/unit/nomem.h"

#include "rec_make.h"

static int
write_some(struct rec_make *m)
{
	struct rcd_writer_opts o = rec_make_opts(m);
	uint8_t hash[32], sig[64], text[9000];
	struct rcd_writer *w;
	struct buf state;
	uint64_t seq;
	int r;

	rec_make_text(text, sizeof(text), 4);
	buf_init_secret(&state, RCD_STATE_MAX);
	if ((r = rcd_writer_new(&w, &o)) != 0)
		return r;
	r = buf_put(&m->file, rcd_writer_header(w).p, rcd_writer_header(w).len);
	r = r ? r : rcd_writer_event(w, 1, RCD_EV_OUT, 0, SPAN(text, 9000));
	r = r ? r : rcd_writer_event(w, 2, RCD_EV_IN, 0, SPAN(text, 100));
	r = r ? r : rcd_writer_seal(w);
	r = r ? r : rcd_writer_export(w, &state);
	rcd_writer_free(w);
	w = NULL;
	r = r ? r : rcd_writer_import(&w, &o, buf_span(&state));
	r = r ? r : rcd_writer_event(w, 3, RCD_EV_OUT, 0, SPAN(text, 9000));
	r = r ? r : rcd_writer_end(w, 4, 5, 1, &seq, hash);
	if (r == 0) {
		rec_make_sign(m, seq, hash, sig);
		r = rcd_writer_trailer(w, sig);
	}
	rcd_writer_free(w);
	buf_fini(&state);
	return r;
}

static int
read_some(int fd, const struct secret *dek)
{
	struct rcd_event_view e;
	struct rcd_reader *r;
	struct fail f = {0};
	struct span json;
	int x = rcd_reader_open(&r, fd, RCD_KEY_DEK, dek, &f);

	if (x != 0)
		return x;
	x = rcd_reader_session(r, &json);
	x = x ? x : rcd_reader_seek(r, 3);
	while (x == 0)
		x = rcd_reader_event(r, &e);
	rcd_reader_free(r);
	return x == RCD_END ? 0 : x;
}

static void
any_allocation_may_fail_while_writing(void **state)
{
	struct rec_make m;
	unsigned n;
	bool hit;
	int r;

	(void)state;
	for (n = 1;; n++) {
		rec_make_init(&m);
		nomem_at(n);
		r = write_some(&m);
		hit = nomem_hit();
		rec_make_fini(&m);
		if (!hit)
			break;
		assert_int_equal(r, FAIL_NOMEM);
		assert_true(n < 500);
	}
	assert_int_equal(r, 0);
	assert_true(n > 8);
}

static void
any_allocation_may_fail_while_reading(void **state)
{
	struct rcd_verdict v;
	struct rec_make m;
	unsigned n;
	int fd, r;

	(void)state;
	rec_make_init(&m);
	assert_int_equal(write_some(&m), 0);
	fd = rec_make_fd(buf_span(&m.file));
	for (n = 1;; n++) {
		nomem_at(n);
		r = read_some(fd, m.dek);
		if (!nomem_hit())
			break;
		assert_int_equal(r, FAIL_NOMEM);
		assert_true(n < 500);
	}
	assert_int_equal(r, 0);
	assert_true(n > 8);
	for (n = 1;; n++) {
		nomem_at(n);
		r = rcd_verify(fd, NULL, &v);
		if (!nomem_hit())
			break;
		assert_int_equal(r, FAIL_NOMEM);
	}
	assert_int_equal(r, 0);
	(void)close(fd);
	rec_make_fini(&m);
}

static void
epoch_keys_differ_by_class_salt_and_recording(void **state)
{
	uint8_t dek[32] = {1}, id[16] = {2}, other[16] = {3};
	uint8_t salt[2][16] = {{4}, {5}};
	struct rcd_keys k[3];
	const uint8_t *p[3];
	size_t i, j;

	(void)state;
	for (i = 0; i < 3; i++) {
		const uint8_t *rec = i == 2 ? other : id;

		assert_int_equal(rcd_keys_init(&k[i], rec, SPAN(dek, 32)), 0);
		assert_int_equal(rcd_keys_epoch(&k[i], rec, salt[i % 2]), 0);
		p[i] = secret_show(k[i].mem).p;
	}
	for (i = 0; i < 3; i++)
		for (j = i; j < 3; j++) {
			/* Epoch keys: A at 64, B at 96. */
			assert_memory_not_equal(p[i] + 64, p[j] + 96, 32);
			if (i == j)
				continue;
			assert_memory_not_equal(p[i] + 64, p[j] + 64, 32);
			assert_memory_not_equal(p[i] + 96, p[j] + 96, 32);
		}
	for (i = 0; i < 3; i++)
		rcd_keys_fini(&k[i]);
}

static void
a_chunk_opens_only_in_its_place(void **state)
{
	uint8_t dek[32] = {1}, id[16] = {2}, salt[16] = {4};
	uint8_t prev[32] = {9}, before[32] = {9}, wrong[32] = {8}, mem[512];
	struct rcd_chunk ch = {.type = RCD_DATA_B, .seq = 7};
	struct rcd_codec *c = rcd_codec_new();
	struct rcd_keys k;
	struct rcd_seal s = {
	    .keys = &k, .raw = SPAN("secret", 6), .salt = salt};
	struct rcd_open o = {.keys = &k, .header = mem, .prev = before};
	struct span out;
	struct buf raw;

	(void)state;
	assert_non_null(c);
	assert_int_equal(rcd_keys_init(&k, id, SPAN(dek, 32)), 0);
	assert_int_equal(rcd_keys_epoch(&k, id, salt), 0);
	assert_int_equal(rcd_codec_seal(c, &ch, &s, prev, &out), 0);
	assert_true(out.len < sizeof(mem));
	memcpy(mem, out.p, out.len);
	o.body = SPAN(mem + RCD_CHUNK_HEADER, ch.body_len);
	buf_init(&raw, 100);
	assert_int_equal(rcd_codec_open(c, &ch, &o, &raw), 0);
	assert_true(span_eq(buf_span(&raw), "secret"));
	o.prev = wrong; /* another history */
	assert_int_equal(rcd_codec_open(c, &ch, &o, &raw), FAIL_MAC);
	o.prev = before;
	ch.seq = 8; /* another nonce */
	assert_int_equal(rcd_codec_open(c, &ch, &o, &raw), FAIL_MAC);
	ch.seq = 7;
	ch.type = RCD_DATA_A; /* another key */
	assert_int_equal(rcd_codec_open(c, &ch, &o, &raw), FAIL_MAC);
	ch.type = RCD_DATA_B;
	k.has_b = false;
	assert_int_equal(rcd_codec_open(c, &ch, &o, &raw), FAIL_DENIED);
	buf_fini(&raw);
	rcd_keys_fini(&k);
	rcd_codec_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_allocation_may_fail_while_writing),
	    cmocka_unit_test(any_allocation_may_fail_while_reading),
	    cmocka_unit_test(epoch_keys_differ_by_class_salt_and_recording),
	    cmocka_unit_test(a_chunk_opens_only_in_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
