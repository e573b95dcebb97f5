/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a transport in another process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "pair.h"

static struct span export(struct ssh_transport *t, struct buf *b)
{
	buf_init_secret(b, 65536);
	assert_int_equal(ssh_transport_export(t, b), 0);
	return buf_span(b);
}

/* One end goes on in another transport; what it has read and written stays. */
static void
move(struct pair *p, enum ssh_role role)
{
	struct end *e = role == SSH_ROLE_SERVER ? &p->server : &p->client;
	struct ssh_transport_opts o = pair_opts(p, role);
	struct ssh_transport *t;
	struct buf b;

	assert_int_equal(
	    ssh_transport_import(&t, &o, export(e->t, &b), NULL), 0);
	buf_fini(&b);
	assert_string_equal(
	    ssh_transport_algs_text(t), ssh_transport_algs_text(e->t));
	assert_string_equal(ssh_transport_peer(t), ssh_transport_peer(e->t));
	assert_int_equal(
	    ssh_transport_kex_count(t), ssh_transport_kex_count(e->t));
	ssh_transport_free(e->t);
	e->t = t;
}

static void
each_cipher_goes_on_in_another_transport(void **state UNUSED)
{
	static const char *const ciphers[] = {
#define CIPHER(list, name, ...) name,
#include "ssh/transport/cipher_tbl.h"
#undef CIPHER
	};
	EVP_PKEY *key = pair_key("ED25519");

	for (size_t i = 0; i < ARRAY_LEN(ciphers); i++) {
		struct ssh_algs algs = ssh_algs_default;
		struct pair p;

		algs.cipher = ciphers[i];
		pair_init(&p, &algs, key);
		pair_handshake(&p);
		for (unsigned n = 1; n <= 12; n++) {
			pair_send(&p.client, 1000 * n, (uint8_t)n);
			pair_send(&p.server, 777 * n, (uint8_t)n);
			if (n % 2 == 0)
				move(&p, SSH_ROLE_SERVER);
			if (n % 3 == 0)
				move(&p, SSH_ROLE_CLIENT);
			pair_run(&p, 1000);
			assert_int_equal(p.server.packets, n);
			assert_int_equal(p.client.packets, n);
		}
		/* New keys, and on. */
		assert_int_equal(
		    ssh_transport_rekey(p.client.t, &p.client.out), 0);
		pair_run(&p, 1000);
		assert_int_equal(ssh_transport_kex_count(p.server.t), 2);
		move(&p, SSH_ROLE_SERVER);
		move(&p, SSH_ROLE_CLIENT);
		pair_send(&p.client, 500, 1);
		pair_run(&p, 1000);
		assert_int_equal(p.server.packets, 13);
		pair_fini(&p);
	}
	EVP_PKEY_free(key);
}

/* Half a packet is in the input, its length decrypted already. */
static void
a_move_in_the_middle_of_a_packet_loses_nothing(void **state UNUSED)
{
	static const char *const ciphers[] = {"aes128-gcm@openssh.com",
	    "chacha20-poly1305@openssh.com", "aes256-ctr"};
	EVP_PKEY *key = pair_key("ED25519");

	for (size_t i = 0; i < ARRAY_LEN(ciphers); i++) {
		struct ssh_algs algs = ssh_algs_default;
		struct pair p;
		size_t n;

		algs.cipher = ciphers[i];
		algs.mac = "hmac-sha2-256";
		pair_init(&p, &algs, key);
		pair_handshake(&p);
		pair_send(&p.client, 100, 3);
		n = buf_len(&p.client.out);
		for (size_t k = 0; k < n; k++) {
			assert_int_equal(p.server.packets, 0);
			assert_int_equal(
			    buf_put(&p.server.in, buf_head(&p.client.out), 1),
			    0);
			buf_consume(&p.client.out, 1);
			(void)pair_take(&p.server);
			if (k + 1 < n)
				move(&p, SSH_ROLE_SERVER);
		}
		assert_int_equal(p.server.packets, 1);
		assert_int_equal(p.server.bytes, 100);
		pair_fini(&p);
	}
	EVP_PKEY_free(key);
}

static void
there_is_no_state_during_a_key_exchange(void **state UNUSED)
{
	EVP_PKEY *key = pair_key("ED25519");
	struct pair p;
	struct buf b;

	pair_init(&p, NULL, key);
	buf_init_secret(&b, 65536);
	assert_int_equal(ssh_transport_export(p.client.t, &b), FAIL_BUSY);
	pair_handshake(&p);
	assert_int_equal(ssh_transport_rekey(p.client.t, &p.client.out), 0);
	assert_int_equal(ssh_transport_export(p.client.t, &b), FAIL_BUSY);
	pair_run(&p, 1000);
	assert_int_equal(ssh_transport_export(p.client.t, &b), 0);
	buf_fini(&b);
	/* Keys are not written to memory that is not wiped. */
	buf_init(&b, 65536);
	assert_int_equal(ssh_transport_export(p.client.t, &b), FAIL_STATE);
	assert_int_equal(buf_len(&b), 0);
	buf_fini(&b);
	/* Nor is there one after the end. */
	buf_init_secret(&b, 65536);
	assert_int_equal(
	    ssh_transport_disconnect(p.client.t, &p.client.out, 11, "bye"), 0);
	assert_int_equal(ssh_transport_export(p.client.t, &b), FAIL_STATE);
	buf_fini(&b);
	pair_fini(&p);
	EVP_PKEY_free(key);
}

static void
a_state_cut_anywhere_or_with_more_is_refused(void **state UNUSED)
{
	EVP_PKEY *key = pair_key("ED25519");
	struct ssh_transport_opts o;
	struct ssh_transport *t;
	struct buf b;
	struct span s;
	struct pair p;

	pair_init(&p, NULL, key);
	pair_handshake(&p);
	o = pair_opts(&p, SSH_ROLE_CLIENT);
	s = export(p.client.t, &b);
	for (size_t n = 0; n < s.len; n++) {
		struct fail f = {0};
		uint8_t *part = malloc(n + 1);

		assert_non_null(part);
		memcpy(part, s.p, n);
		assert_true(
		    ssh_transport_import(&t, &o, SPAN(part, n), &f) < 0);
		assert_null(t);
		assert_true(f.code < 0);
		free(part);
	}
	assert_int_equal(buf_put_u8(&b, 0), 0);
	assert_true(ssh_transport_import(&t, &o, buf_span(&b), NULL) < 0);
	/* The state of the other role. */
	b.end--;
	o = pair_opts(&p, SSH_ROLE_SERVER);
	assert_true(ssh_transport_import(&t, &o, buf_span(&b), NULL) < 0);
	/* Another version. */
	o = pair_opts(&p, SSH_ROLE_CLIENT);
	buf_head(&b)[7]++;
	assert_int_equal(
	    ssh_transport_import(&t, &o, buf_span(&b), NULL), FAIL_UNSUPPORTED);
	buf_fini(&b);
	pair_fini(&p);
	EVP_PKEY_free(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_cipher_goes_on_in_another_transport),
	    cmocka_unit_test(a_move_in_the_middle_of_a_packet_loses_nothing),
	    cmocka_unit_test(there_is_no_state_during_a_key_exchange),
	    cmocka_unit_test(a_state_cut_anywhere_or_with_more_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
