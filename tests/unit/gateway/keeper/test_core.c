/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of requests: every message on every kind of link, malformed bodies,
 * the budget of guesses, and a keyring that lacks something.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/gateway/keeper/rig.h"
#include "tests/unit/nomem.h"
#include "vault/keygen.h"

enum { W = 1, B = 2, R = 4, A = 8 };

/* What the design says, written down a second time. */
static const struct {
	uint16_t type;
	unsigned links;
} allowed[] = {
    {km_hostkeys_get_type, W},
    {km_hostkey_sign_type, W},
    {km_grant_type, B},
    {km_revoke_type, B},
    {km_open_type, W},
    {km_user_sign_type, W},
    {km_checkpoint_sign_type, W | R},
    {km_resume_type, W},
    {km_finish_type, W},
    {km_seal_type, A},
    {km_rec_key_get_type, A},
    {km_node_key_get_type, W | B | R | A},
};

static unsigned
links_of(uint16_t type)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(allowed); i++)
		if (allowed[i].type == type)
			return allowed[i].links;
	return 0;
}

static void
a_request_without_a_row_ends_the_link(void **state)
{
	struct rig *r = *state;
	struct core_link *links[] = {r->w1, r->broker, r->recorder, r->admin};
	enum core_next next;
	uint16_t type;
	size_t i;

	for (type = 0; type < 300; type++)
		for (i = 0; i < ARRAY_LEN(links); i++) {
			if ((links_of(type) & BIT(i)) != 0)
				continue;
			next = rig_ask(r, links[i], type, SPAN("", 0));
			rig_expect_error(r, next, CORE_CLOSE, FAIL_DENIED);
		}
}

static void
a_malformed_body_ends_the_link(void **state)
{
	static const uint8_t junk[300] = {0xff, 0xff, 0xff, 0xff};
	struct rig *r = *state;
	struct core_link *links[] = {r->w1, r->broker, r->recorder, r->admin};
	enum core_next next;
	size_t i, k, n;

	for (i = 0; i < ARRAY_LEN(allowed); i++)
		for (k = 0; k < ARRAY_LEN(links); k++) {
			if ((allowed[i].links & BIT(k)) == 0)
				continue;
			for (n = 1; n < sizeof(junk); n += 7) {
				/* Sixteen bytes are an id. */
				if (n == 16)
					continue;
				next = rig_ask(r, links[k], allowed[i].type,
				    SPAN(junk, n));
				rig_expect_error(
				    r, next, CORE_CLOSE, FAIL_FORMAT);
			}
		}
}

static void
guesses_are_answered_only_so_often(void **state)
{
	struct rig *r = *state;
	enum core_next next;
	int i;

	for (i = 0; i < 64; i++) {
		next = rig_open(r, r->w1, (uint8_t)i);
		rig_expect_error(r, next, CORE_GO_ON, FAIL_NOTFOUND);
	}
	next = rig_open(r, r->w1, 1);
	rig_expect_error(r, next, CORE_CLOSE, FAIL_NOTFOUND);
	/* Another link has its own budget, and a second gives some back. */
	next = rig_open(r, r->w2, 1);
	rig_expect_error(r, next, CORE_GO_ON, FAIL_NOTFOUND);
	r->now_ns += RIG_S;
	next = rig_open(r, r->w1, 1);
	rig_expect_error(r, next, CORE_GO_ON, FAIL_NOTFOUND);
}

static int
new_without(enum keyring_kind kind)
{
	const struct keyring_entry *e;
	struct keyring *k = keyring_new();
	struct fail f = {0};
	struct core *c;
	size_t i;
	int r;

	for (i = 0; (e = keyring_at(rig_ring(), i)) != NULL; i++)
		if (e->kind != kind)
			assert_int_equal(keyring_add(k, e->kind, e->name,
					     secret_from(secret_show(e->key).p,
						 secret_len(e->key))),
			    0);
	r = core_new(&c, k, &f);
	assert_true((r == 0) == (c != NULL));
	assert_int_equal(f.code, r);
	core_free(c);
	return r;
}

static void
a_keyring_that_lacks_a_key_is_refused(void **state)
{
	(void)state;
	assert_int_equal(new_without(KEYRING_KEK), FAIL_NOTFOUND);
	assert_int_equal(new_without(KEYRING_REC_KEK), FAIL_NOTFOUND);
	assert_int_equal(new_without(KEYRING_NODE), FAIL_NOTFOUND);
	assert_int_equal(new_without(KEYRING_HOSTKEY), FAIL_NOTFOUND);
	assert_int_equal(new_without((enum keyring_kind)0), 0);
}

static void
a_host_key_that_is_none_is_refused(void **state)
{
	struct keyring *k = rig_ring_copy();
	struct secret *junk = secret_random(100);
	struct fail f = {0};
	struct core *c;

	(void)state;
	assert_int_equal(keyring_add(k, KEYRING_HOSTKEY, "ed25519", junk), 0);
	assert_true(core_new(&c, k, &f) != 0);
	assert_null(c);
	assert_non_null(strstr(f.why, "ed25519"));
}

static void
an_ended_worker_leaves_nothing_but_a_memory(void **state)
{
	struct rig *r = *state;
	struct core_counts n;
	int i;

	for (i = 0; i < 10; i++)
		rig_expect(r,
		    rig_grant(r, (uint8_t)i, i % 2 == 0 ? RIG_W1 : RIG_W2,
			(uint8_t)(100 + i), CRED_PASSWORD, SPAN("pw", 2)),
		    km_granted_type);
	rig_expect(r, rig_open(r, r->w1, 0), km_opened_type);
	core_counts_get(r->core, &n);
	assert_int_equal(n.grants, 10);
	assert_int_equal(n.holds, 1);
	core_link_free(r->w1, r->now_ns);
	r->w1 = NULL;
	core_counts_get(r->core, &n);
	assert_int_equal(n.grants, 5);
	assert_int_equal(n.holds, 1);
	/* After a while the memory goes as well; so do the other's grants. */
	r->now_ns += UINT64_C(601) * RIG_S;
	core_tick(r->core, r->now_ns);
	core_counts_get(r->core, &n);
	assert_int_equal(n.grants, 0);
	assert_int_equal(n.holds, 0);
	assert_int_equal(n.sealed_bytes, 0);
}

static void
no_memory_is_an_error_and_leaks_nothing(void **state)
{
	struct keyring *k;
	struct core *c;
	unsigned n;
	int code;

	(void)state;
	for (n = 1;; n++) {
		k = rig_ring_copy();
		nomem_at(n);
		code = core_new(&c, k, NULL);
		if (!nomem_hit())
			break;
		assert_int_equal(code, FAIL_NOMEM);
		assert_null(c);
	}
	assert_int_equal(code, 0);
	core_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	    T(a_request_without_a_row_ends_the_link),
	    T(a_malformed_body_ends_the_link),
	    T(guesses_are_answered_only_so_often),
	    T(a_keyring_that_lacks_a_key_is_refused),
	    T(a_host_key_that_is_none_is_refused),
	    T(an_ended_worker_leaves_nothing_but_a_memory),
	    T(no_memory_is_an_error_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
