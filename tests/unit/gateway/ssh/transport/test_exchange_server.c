/* SPDX-License-Identifier: Apache-2.0 */
/* The server's half of a key exchange, against a client that misbehaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"

#include "raw.h"

static const char plain[] = "curve25519-sha256";
static const char strict[] = "curve25519-sha256,kex-strict-c-v00@openssh.com";
static const char wants_ext[] = "curve25519-sha256,ext-info-c";

struct scene {
	EVP_PKEY *key;
	struct pair pair;
	struct raw raw;
};

static int
set_up(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->key = pair_key("ED25519");
	pair_init(&s->pair, &ssh_algs_legacy, s->key);
	raw_init(&s->raw, &s->pair.server);
	*state = s;
	return 0;
}

static int
tear_down(void **state)
{
	struct scene *s = *state;

	raw_fini(&s->raw);
	pair_fini(&s->pair);
	EVP_PKEY_free(s->key);
	free(s);
	return 0;
}

static void
handshake(struct raw *w, const char *kex)
{
	raw_kexinit(w, kex, "ssh-ed25519", false);
	raw_offer(w);
	assert_int_equal(raw_run(w), SSH_NEXT_MORE);
	raw_finish(w);
	assert_int_equal(raw_run(w), SSH_NEXT_MORE);
	assert_int_equal(w->server->keys, 1);
}

static void
a_client_without_strict_keeps_its_sequence_numbers(void **state)
{
	struct scene *s = *state;
	struct ssh_packet pkt;

	/* Allowed before the keys when nobody is strict. */
	raw_send_msg(&s->raw, SSH_MSG_IGNORE);
	handshake(&s->raw, plain);
	raw_send_msg(&s->raw, 19);
	assert_int_equal(raw_run(&s->raw), SSH_NEXT_MORE);
	assert_int_equal(raw_recv(&s->raw, &pkt), SSH_MSG_UNIMPLEMENTED);
	/* IGNORE, KEXINIT, INIT and NEWKEYS came before it. */
	assert_int_equal(be32_get(pkt.p + 1), 4);
	assert_int_equal(pkt.seq, 3);
}

static void
a_strict_client_starts_from_zero_after_newkeys(void **state)
{
	struct scene *s = *state;
	struct ssh_packet pkt;

	handshake(&s->raw, strict);
	raw_send_msg(&s->raw, 19);
	assert_int_equal(raw_run(&s->raw), SSH_NEXT_MORE);
	assert_int_equal(raw_recv(&s->raw, &pkt), SSH_MSG_UNIMPLEMENTED);
	assert_int_equal(be32_get(pkt.p + 1), 0);
}

static void
strict_allows_no_packet_before_kexinit(void **state)
{
	struct scene *s = *state;

	raw_send_msg(&s->raw, SSH_MSG_IGNORE);
	raw_kexinit(&s->raw, strict, "ssh-ed25519", false);
	assert_int_equal(raw_run(&s->raw), FAIL_PROTO);
}

static void
strict_allows_only_key_exchange_before_the_keys(void **state)
{
	static const uint8_t msgs[] = {SSH_MSG_IGNORE, SSH_MSG_DEBUG,
	    SSH_MSG_UNIMPLEMENTED, SSH_MSG_SERVICE_REQUEST, SSH_MSG_EXT_INFO,
	    19, 25, 80};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(msgs); i++) {
		void *scene;
		struct scene *s;

		assert_int_equal(set_up(&scene), 0);
		s = scene;
		raw_kexinit(&s->raw, strict, "ssh-ed25519", false);
		raw_send_msg(&s->raw, msgs[i]);
		assert_int_equal(raw_run(&s->raw), FAIL_PROTO);
		assert_int_equal(tear_down(&scene), 0);
	}
}

static void
strict_lets_a_peer_say_goodbye(void **state)
{
	static const uint8_t bye[] = {
	    1, 0, 0, 0, 2, 0, 0, 0, 3, 'b', 0x1b, 'e', 0, 0, 0, 0};
	struct scene *s = *state;

	raw_kexinit(&s->raw, strict, "ssh-ed25519", false);
	raw_send(&s->raw, bye, sizeof(bye));
	assert_int_equal(raw_run(&s->raw), SSH_NEXT_DISCONNECT);
	assert_string_equal(ssh_transport_goodbye(s->raw.server->t), "b\\x1be");
	assert_int_equal(raw_run(&s->raw), FAIL_CLOSED);
}

static void
ext_info_is_first_after_newkeys_when_asked_for(void **state)
{
	struct scene *s = *state;
	struct ssh_packet pkt;
	struct span body, name, value;
	uint32_t n;

	handshake(&s->raw, wants_ext);
	assert_int_equal(raw_recv(&s->raw, &pkt), SSH_MSG_EXT_INFO);
	body = SPAN(pkt.p + 1, pkt.len - 1);
	assert_int_equal(span_u32(&body, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(span_string(&body, &name), 0);
	assert_int_equal(span_string(&body, &value), 0);
	assert_true(span_eq(name, "server-sig-algs"));
	assert_true(span_eq(value,
	    "ssh-ed25519,sk-ssh-ed25519@openssh.com,ecdsa-sha2-nistp256,"
	    "ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,"
	    "sk-ecdsa-sha2-nistp256@openssh.com,rsa-sha2-512,rsa-sha2-256"));
	assert_int_equal(body.len, 0);
}

static void
ext_info_is_not_sent_unasked(void **state)
{
	struct scene *s = *state;
	struct ssh_packet pkt;

	handshake(&s->raw, plain);
	assert_int_equal(raw_recv(&s->raw, &pkt), 0);
}

static void
a_wrong_guess_is_passed_over(void **state)
{
	struct scene *s = *state;

	/*
	 * The server prefers another method, so the guess does not hold even
	 * though it names what is agreed on.
	 */
	raw_kexinit(&s->raw, "ecdh-sha2-nistp521,curve25519-sha256",
	    "ssh-ed25519", true);
	raw_send_msg(&s->raw, SSH_MSG_KEX_FIRST);
	assert_int_equal(raw_run(&s->raw), SSH_NEXT_MORE);
	/* Only one is passed over. */
	raw_send_msg(&s->raw, SSH_MSG_KEX_FIRST);
	assert_int_equal(raw_run(&s->raw), FAIL_PROTO);
}

static void
a_wrong_guess_of_the_host_key_is_passed_over(void **state)
{
	struct scene *s = *state;
	struct ssh_packet pkt;

	raw_kexinit(&s->raw, "nonsense@example.org,curve25519-sha256",
	    "ssh-ed25519", true);
	raw_send_msg(&s->raw, SSH_MSG_KEX_FIRST);
	raw_offer(&s->raw);
	assert_int_equal(raw_run(&s->raw), SSH_NEXT_MORE);
	raw_finish(&s->raw);
	assert_int_equal(raw_run(&s->raw), SSH_NEXT_MORE);
	assert_int_equal(s->raw.server->keys, 1);
	assert_int_equal(raw_recv(&s->raw, &pkt), 0);
}

static void
messages_out_of_turn_end_the_exchange(void **state)
{
	static const uint8_t msgs[] = {SSH_MSG_NEWKEYS, 31, 32, 33, 34, 49,
	    SSH_MSG_SERVICE_REQUEST, 50, 94, 255};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(msgs); i++) {
		void *scene;
		struct scene *s;

		assert_int_equal(set_up(&scene), 0);
		s = scene;
		raw_kexinit(&s->raw, plain, "ssh-ed25519", false);
		raw_send_msg(&s->raw, msgs[i]);
		assert_int_equal(raw_run(&s->raw), FAIL_PROTO);
		assert_int_equal(tear_down(&scene), 0);
	}
}

static void
two_kexinits_in_a_row_are_refused(void **state)
{
	struct scene *s = *state;

	raw_kexinit(&s->raw, plain, "ssh-ed25519", false);
	raw_kexinit(&s->raw, plain, "ssh-ed25519", false);
	assert_int_equal(raw_run(&s->raw), FAIL_PROTO);
}

static void
no_common_method_is_told_with_both_lists(void **state)
{
	struct scene *s = *state;
	const struct fail *f;

	raw_kexinit(&s->raw, "sntrup761x25519-sha512", "ssh-ed25519", false);
	assert_int_equal(raw_run(&s->raw), FAIL_UNSUPPORTED);
	f = ssh_transport_fail(s->raw.server->t);
	assert_non_null(strstr(f->why, "sntrup761x25519-sha512"));
	assert_non_null(strstr(f->why, "curve25519-sha256"));
}

static void
bad_public_values_are_refused(void **state)
{
	static const uint8_t zero_point[1 + 4 + 32] = {30, 0, 0, 0, 32};
	static const uint8_t short_point[1 + 4 + 31] = {30, 0, 0, 0, 31, 9};
	static const uint8_t no_point[1 + 4] = {30};
	static const struct span values[] = {
	    {zero_point, sizeof(zero_point)},
	    {short_point, sizeof(short_point)},
	    {no_point, sizeof(no_point)},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		void *scene;
		struct scene *s;

		assert_int_equal(set_up(&scene), 0);
		s = scene;
		raw_kexinit(&s->raw, plain, "ssh-ed25519", false);
		raw_send(&s->raw, values[i].p, values[i].len);
		assert_int_equal(raw_run(&s->raw), FAIL_PROTO);
		assert_int_equal(tear_down(&scene), 0);
	}
}

static void
group_of(struct raw *w, uint32_t min, uint32_t n, uint32_t max)
{
	uint8_t p[13] = {34};

	be32_put(p + 1, min);
	be32_put(p + 5, n);
	be32_put(p + 9, max);
	raw_kexinit(
	    w, "diffie-hellman-group-exchange-sha256", "ssh-ed25519", false);
	raw_send(w, p, sizeof(p));
}

static void
a_group_is_chosen_by_what_was_asked(void **state)
{
	static const uint32_t want[][4] = {
	    {1024, 1024, 8192, 2048},
	    {2048, 3072, 8192, 4096},
	    {2048, 4097, 8192, 8192},
	    {2048, 8192, 8192, 8192},
	    {1024, 8192, 4096, 0}, /* n beyond max */
	    {2048, 3000, 3072, 2048},
	    {2048, 16384, 16384, 8192},
	    {512, 1024, 1536, 0},
	    {9000, 9000, 9000, 0},
	    {4096, 2048, 8192, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		struct ssh_packet pkt;
		void *scene;
		struct scene *s;
		int r;

		assert_int_equal(set_up(&scene), 0);
		s = scene;
		group_of(&s->raw, want[i][0], want[i][1], want[i][2]);
		r = raw_run(&s->raw);
		if (want[i][3] == 0) {
			assert_true(r < 0);
		} else {
			assert_int_equal(r, SSH_NEXT_MORE);
			assert_int_equal(raw_recv(&s->raw, &pkt), 31);
			assert_int_equal(
			    be32_get(pkt.p + 1), want[i][3] / 8 + 1);
		}
		assert_int_equal(tear_down(&scene), 0);
	}
}

static void
a_signature_of_another_algorithm_is_refused(void **state)
{
	struct scene *s = *state;
	struct span hash;
	struct buf sig;

	s->raw.server->hold_sign = true;
	raw_kexinit(&s->raw, plain, "ssh-ed25519", false);
	raw_offer(&s->raw);
	assert_int_equal(raw_run(&s->raw), SSH_NEXT_SIGN);
	/* Nothing goes on without it. */
	assert_int_equal(raw_run(&s->raw), SSH_NEXT_MORE);
	assert_string_equal(
	    ssh_transport_sign_request(s->raw.server->t, &hash), "ssh-ed25519");
	assert_int_equal(hash.len, 32);
	assert_true(ssh_transport_sign_key(s->raw.server->t).len > 0);
	buf_init(&sig, 256);
	assert_int_equal(buf_put_cstring(&sig, "rsa-sha2-256"), 0);
	assert_int_equal(buf_put_cstring(&sig, "xxxx"), 0);
	assert_int_equal(ssh_transport_signed(s->raw.server->t,
			     &s->raw.server->out, buf_span(&sig)),
	    FAIL_FORMAT);
	buf_fini(&sig);
}

int
main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(a_client_without_strict_keeps_its_sequence_numbers),
	    CASE(a_strict_client_starts_from_zero_after_newkeys),
	    CASE(strict_allows_no_packet_before_kexinit),
	    cmocka_unit_test(strict_allows_only_key_exchange_before_the_keys),
	    CASE(strict_lets_a_peer_say_goodbye),
	    CASE(ext_info_is_first_after_newkeys_when_asked_for),
	    CASE(ext_info_is_not_sent_unasked),
	    CASE(a_wrong_guess_is_passed_over),
	    CASE(a_wrong_guess_of_the_host_key_is_passed_over),
	    cmocka_unit_test(messages_out_of_turn_end_the_exchange),
	    CASE(two_kexinits_in_a_row_are_refused),
	    CASE(no_common_method_is_told_with_both_lists),
	    cmocka_unit_test(bad_public_values_are_refused),
	    cmocka_unit_test(a_group_is_chosen_by_what_was_asked),
	    CASE(a_signature_of_another_algorithm_is_refused),
	};
#undef CASE

	return cmocka_run_group_tests(tests, NULL, NULL);
}
