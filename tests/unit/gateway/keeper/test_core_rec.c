/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recordings: who may have what signed, and until when.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypt.h"
#include "tests/unit/gateway/keeper/rig.h"
#include "tests/unit/nomem.h"
#include "vault/keygen.h"

/* Worker 1 holds recording 9; its wrapped key. */
static struct span
hold(struct rig *r, uint8_t wrapped[256])
{
	size_t len;

	rig_expect(r, rig_grant(r, 1, RIG_W1, 9, CRED_PASSWORD, SPAN("pw", 2)),
	    km_granted_type);
	rig_wrapped(r, wrapped, &len);
	rig_expect(r, rig_open(r, r->w1, 1), km_opened_type);
	return SPAN(wrapped, len);
}

static void
a_signature_is_over_tag_recording_sequence_and_hash(void **state)
{
	uint8_t w[256], msg[9 + 16 + 8 + 32] = "RCD1 ckpt";
	struct rig *r = *state;
	struct km_signature a;
	struct keygen_node n;

	(void)hold(r, w);
	rig_expect(
	    r, rig_checkpoint(r, r->w1, 9, 0x0102, 0), km_signature_type);
	assert_int_equal(km_signature_get(buf_span(&r->out), &a), 0);
	assert_int_equal(a.blob.len, ED25519_SIG_LEN);
	rig_id(msg + 9, 9);
	msg[25] = 2;
	msg[26] = 1;
	msg[33] = 1;
	msg[34] = 2;
	msg[35] = 3;
	assert_int_equal(keygen_node_get(rig_ring(), &n), 0);
	assert_int_equal(
	    ed25519_verify(n.pub, a.blob.p, SPAN(msg, sizeof(msg))), 0);
}

static void
a_worker_signs_only_what_it_holds(void **state)
{
	struct rig *r = *state;
	uint8_t w[256];

	rig_expect_error(
	    r, rig_checkpoint(r, r->w1, 9, 0, 0), CORE_CLOSE, FAIL_DENIED);
	(void)hold(r, w);
	rig_expect_error(
	    r, rig_checkpoint(r, r->w2, 9, 0, 0), CORE_CLOSE, FAIL_DENIED);
	rig_expect(r, rig_checkpoint(r, r->w1, 9, 0, 0), km_signature_type);
}

static void
a_granted_recording_that_was_not_opened_is_not_held(void **state)
{
	struct rig *r = *state;

	rig_expect(r, rig_grant(r, 1, RIG_W1, 9, CRED_PASSWORD, SPAN("pw", 2)),
	    km_granted_type);
	rig_expect_error(
	    r, rig_checkpoint(r, r->w1, 9, 0, 0), CORE_CLOSE, FAIL_DENIED);
}

static void
sequences_only_grow(void **state)
{
	struct rig *r = *state;
	uint8_t w[256];

	(void)hold(r, w);
	rig_expect(r, rig_checkpoint(r, r->w1, 9, 5, 0), km_signature_type);
	rig_expect_error(
	    r, rig_checkpoint(r, r->w1, 9, 5, 0), CORE_CLOSE, FAIL_STATE);
	rig_expect_error(
	    r, rig_checkpoint(r, r->w1, 9, 4, 0), CORE_CLOSE, FAIL_STATE);
	rig_expect(r, rig_checkpoint(r, r->w1, 9, 6, 0), km_signature_type);
}

static void
nothing_is_signed_after_the_final_one(void **state)
{
	struct rig *r = *state;
	uint8_t w[256];

	(void)hold(r, w);
	rig_expect(r, rig_checkpoint(r, r->w1, 9, 5, 1), km_signature_type);
	rig_expect_error(
	    r, rig_checkpoint(r, r->w1, 9, 6, 1), CORE_CLOSE, FAIL_STATE);
}

static void
a_finished_recording_is_nobodys(void **state)
{
	struct rig *r = *state;
	uint8_t w[256];
	struct span wrapped = hold(r, w);

	rig_expect(r, rig_finish(r, r->w1, 9, 1), 0);
	rig_expect_error(
	    r, rig_checkpoint(r, r->w1, 9, 9, 0), CORE_GO_ON, FAIL_STATE);
	rig_expect_error(
	    r, rig_resume(r, r->w1, 9, wrapped), CORE_GO_ON, FAIL_STATE);
	rig_expect_error(r,
	    rig_grant(r, 2, RIG_W2, 9, CRED_PASSWORD, SPAN("pw", 2)),
	    CORE_GO_ON, FAIL_EXISTS);
	/* Once more does no harm. */
	rig_expect(r, rig_finish(r, r->w1, 9, 1), 0);
}

static void
resume_needs_the_wrapped_key(void **state)
{
	struct rig *r = *state;
	uint8_t w[256];
	struct span wrapped = hold(r, w);

	rig_expect_error(
	    r, rig_resume(r, r->w2, 10, wrapped), CORE_CLOSE, FAIL_MAC);
	w[50] ^= 1;
	rig_expect_error(
	    r, rig_resume(r, r->w2, 9, wrapped), CORE_CLOSE, FAIL_MAC);
	rig_expect_error(
	    r, rig_resume(r, r->w2, 9, SPAN("", 0)), CORE_CLOSE, FAIL_FORMAT);
	rig_expect(r, rig_checkpoint(r, r->w1, 9, 0, 0), km_signature_type);
}

static void
resume_takes_the_recording_from_the_one_before(void **state)
{
	struct rig *r = *state;
	uint8_t w[256];
	struct span wrapped = hold(r, w);

	rig_expect(r, rig_checkpoint(r, r->w1, 9, 5, 0), km_signature_type);
	rig_expect(r, rig_resume(r, r->w2, 9, wrapped), km_resumed_type);
	/* The old one may have asked before it knew: no reason to end it. */
	rig_expect_error(
	    r, rig_checkpoint(r, r->w1, 9, 6, 0), CORE_GO_ON, FAIL_STATE);
	rig_expect(r, rig_finish(r, r->w1, 9, 1), 0);
	/* The sequence goes on where it was. */
	rig_expect_error(
	    r, rig_checkpoint(r, r->w2, 9, 5, 0), CORE_CLOSE, FAIL_STATE);
	rig_expect(r, rig_checkpoint(r, r->w2, 9, 6, 0), km_signature_type);
	/* A second time changes nothing. */
	rig_expect(r, rig_resume(r, r->w2, 9, wrapped), km_resumed_type);
	rig_expect(r, rig_finish(r, r->w2, 9, 1), 0);
}

static void
a_recording_survives_its_workers_link(void **state)
{
	struct rig *r = *state;
	uint8_t w[256];
	struct span wrapped = hold(r, w);

	rig_expect(r, rig_checkpoint(r, r->w1, 9, 5, 0), km_signature_type);
	core_link_free(r->w1, r->now_ns);
	r->w1 = core_link_new(r->core, CORE_WORKER, RIG_W1, r->now_ns);
	/* Even the same worker has to prove it again. */
	rig_expect_error(
	    r, rig_checkpoint(r, r->w1, 9, 6, 0), CORE_CLOSE, FAIL_DENIED);
	rig_expect(r, rig_resume(r, r->w2, 9, wrapped), km_resumed_type);
	rig_expect_error(
	    r, rig_checkpoint(r, r->w2, 9, 5, 0), CORE_CLOSE, FAIL_STATE);
	rig_expect(r, rig_checkpoint(r, r->w2, 9, 6, 0), km_signature_type);
}

static void
a_new_keeper_resumes_what_it_never_saw(void **state)
{
	struct rig *r = *state, *s;
	uint8_t w[256];
	struct span wrapped = hold(r, w);

	assert_int_equal(rig_setup((void **)&s), 0);
	rig_expect(s, rig_resume(s, s->w2, 9, wrapped), km_resumed_type);
	rig_expect(s, rig_checkpoint(s, s->w2, 9, 77, 1), km_signature_type);
	assert_int_equal(rig_teardown((void **)&s), 0);
}

static void
the_recorder_closes_any_recording(void **state)
{
	struct rig *r = *state;
	uint8_t w[256];
	struct span wrapped = hold(r, w);

	rig_expect(
	    r, rig_checkpoint(r, r->recorder, 200, 3, 1), km_signature_type);
	rig_expect(r, rig_checkpoint(r, r->w1, 9, 5, 0), km_signature_type);
	rig_expect(
	    r, rig_checkpoint(r, r->recorder, 9, 6, 1), km_signature_type);
	/* Then the worker, if it lives, is too late. */
	rig_expect_error(
	    r, rig_checkpoint(r, r->w1, 9, 7, 0), CORE_GO_ON, FAIL_STATE);
	rig_expect_error(
	    r, rig_resume(r, r->w1, 9, wrapped), CORE_GO_ON, FAIL_STATE);
	rig_expect(r, rig_finish(r, r->w1, 9, 1), 0);
	/* The recorder may have crashed before it wrote: again. */
	rig_expect(
	    r, rig_checkpoint(r, r->recorder, 9, 6, 1), km_signature_type);
}

static void
another_workers_recording_cannot_be_finished(void **state)
{
	struct rig *r = *state;
	uint8_t w[256];

	(void)hold(r, w);
	rig_expect_error(
	    r, rig_finish(r, r->w2, 9, 1), CORE_CLOSE, FAIL_DENIED);
	rig_expect(r, rig_checkpoint(r, r->w1, 9, 5, 0), km_signature_type);
	rig_expect_error(
	    r, rig_finish(r, r->w2, 99, 99), CORE_GO_ON, FAIL_NOTFOUND);
}

static void
a_hash_has_32_bytes_and_final_is_a_flag(void **state)
{
	static const uint8_t hash[32] = {0};
	struct rig *r = *state;
	struct km_checkpoint_sign x = {.seq = 1};
	struct buf b;
	size_t n;

	for (n = 0; n <= 33; n++) {
		x.hash = SPAN(hash, n == 33 ? 32 : n);
		x.final = n == 33 ? 2 : 0;
		if (n == 32)
			continue;
		buf_init(&b, 256);
		assert_int_equal(km_checkpoint_sign_put(&b, &x), 0);
		rig_expect_error(r,
		    rig_ask(
			r, r->recorder, km_checkpoint_sign_type, buf_span(&b)),
		    CORE_CLOSE, FAIL_FORMAT);
		buf_fini(&b);
	}
}

static void
the_memory_of_finished_recordings_is_bounded(void **state)
{
	static const uint8_t hash[32] = {0};
	struct rig *r = *state;
	struct km_checkpoint_sign x = {
	    .hash = SPAN(hash, sizeof(hash)), .final = 1};
	struct buf b;
	uint32_t i;

	for (i = 0; i < CORE_DONE_MAX + 100; i++) {
		rig_id(x.rec_id, 0);
		be32_put(x.rec_id, i);
		buf_init(&b, 256);
		assert_int_equal(km_checkpoint_sign_put(&b, &x), 0);
		rig_expect(r,
		    rig_ask(
			r, r->recorder, km_checkpoint_sign_type, buf_span(&b)),
		    km_signature_type);
		buf_fini(&b);
	}
}

static void
no_memory_is_an_error_and_leaks_nothing(void **state)
{
	struct rig *r = *state, *s;
	uint8_t w[256];
	struct span wrapped = hold(r, w);
	enum core_next next = CORE_GO_ON;
	unsigned n;

	for (n = 1;; n++) {
		assert_int_equal(rig_setup((void **)&s), 0);
		assert_int_equal(buf_put(&s->out, w, 200), 0);
		nomem_at(n + 1); /* the first is the test's own message */
		next = rig_resume(s, s->w2, 9, wrapped);
		if (!nomem_hit())
			break;
		assert_int_equal(s->fail.code, FAIL_NOMEM);
		assert_int_equal(next, CORE_GO_ON);
		assert_int_equal(rig_teardown((void **)&s), 0);
	}
	rig_expect(s, next, km_resumed_type);
	assert_int_equal(rig_teardown((void **)&s), 0);
	assert_true(n > 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	    T(a_signature_is_over_tag_recording_sequence_and_hash),
	    T(a_worker_signs_only_what_it_holds),
	    T(a_granted_recording_that_was_not_opened_is_not_held),
	    T(sequences_only_grow),
	    T(nothing_is_signed_after_the_final_one),
	    T(a_finished_recording_is_nobodys),
	    T(resume_needs_the_wrapped_key),
	    T(resume_takes_the_recording_from_the_one_before),
	    T(a_recording_survives_its_workers_link),
	    T(a_new_keeper_resumes_what_it_never_saw),
	    T(the_recorder_closes_any_recording),
	    T(another_workers_recording_cannot_be_finished),
	    T(a_hash_has_32_bytes_and_final_is_a_flag),
	    T(the_memory_of_finished_recordings_is_bounded),
	    T(no_memory_is_an_error_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
