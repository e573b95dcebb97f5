/* SPDX-License-Identifier: Apache-2.0 */
/* KEXINIT: what two lists come to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "ssh/transport/negotiate.h"

struct init {
	const char *kex, *hostkey, *cipher, *mac, *compression;
	bool follows;
	int extra; /* bytes more, or fewer, at the end */
};

static struct buf
make(const struct init *i)
{
	const char *lists[10] = {i->kex, i->hostkey, i->cipher, i->cipher,
	    i->mac, i->mac, i->compression ? i->compression : "none",
	    i->compression ? i->compression : "none", "", ""};
	struct buf b;

	buf_init(&b, 100000);
	assert_int_equal(buf_put_u8(&b, SSH_MSG_KEXINIT), 0);
	assert_int_equal(buf_put(&b, "0123456789abcdef", 16), 0);
	for (size_t k = 0; k < ARRAY_LEN(lists); k++)
		assert_int_equal(buf_put_cstring(&b, lists[k]), 0);
	assert_int_equal(buf_put_u8(&b, i->follows), 0);
	assert_int_equal(buf_put_u32(&b, 0), 0);
	if (i->extra > 0)
		assert_int_equal(buf_put_u8(&b, 0), 0);
	if (i->extra < 0)
		b.end -= (size_t)-i->extra;
	return b;
}

static int
choose(enum ssh_role role, const struct init *ours, const struct init *theirs,
    struct negotiated *n, struct fail *f)
{
	struct buf a = make(ours), b = make(theirs);
	int r;

	*f = (struct fail){0};
	r = negotiate_choose(role, buf_span(&a), buf_span(&b), n, f);
	buf_fini(&a);
	buf_fini(&b);
	return r;
}

static const struct init plain = {.kex = "curve25519-sha256",
    .hostkey = "ssh-ed25519",
    .cipher = "aes128-ctr",
    .mac = "hmac-sha2-256"};

static void
the_clients_order_decides(void **state UNUSED)
{
	struct init client = {
	    .kex = "nonsense,ecdh-sha2-nistp256,curve25519-sha256",
	    .hostkey = "rsa-sha2-256,ssh-ed25519",
	    .cipher = "aes256-ctr,aes128-ctr",
	    .mac = "hmac-sha2-512,hmac-sha2-256"};
	struct init server = {.kex = "curve25519-sha256,ecdh-sha2-nistp256",
	    .hostkey = "ssh-ed25519,rsa-sha2-256",
	    .cipher = "aes128-ctr,aes256-ctr",
	    .mac = "hmac-sha2-256,hmac-sha2-512"};

	for (int side = 0; side < 2; side++) {
		struct negotiated n;
		struct fail f;

		assert_int_equal(
		    side == 0
			? choose(SSH_ROLE_SERVER, &server, &client, &n, &f)
			: choose(SSH_ROLE_CLIENT, &client, &server, &n, &f),
		    0);
		assert_string_equal(n.choice.kex->name, "ecdh-sha2-nistp256");
		assert_string_equal(n.choice.hostkey, "rsa-sha2-256");
		for (int d = 0; d < 2; d++) {
			assert_string_equal(
			    n.choice.cipher[d]->name, "aes256-ctr");
			assert_string_equal(
			    n.choice.mac[d]->name, "hmac-sha2-512");
		}
		assert_false(n.strict || n.wrong_guess || n.peer_ext_info);
	}
}

static void
an_aead_needs_no_mac_in_common(void **state UNUSED)
{
	struct init a = plain, b = plain;
	struct negotiated n;
	struct fail f;

	a.cipher = b.cipher = "aes128-gcm@openssh.com";
	b.mac = "hmac-md5";
	assert_int_equal(choose(SSH_ROLE_SERVER, &a, &b, &n, &f), 0);
	assert_null(n.choice.mac[0]);
	a.cipher = b.cipher = "aes128-ctr";
	assert_int_equal(
	    choose(SSH_ROLE_SERVER, &a, &b, &n, &f), FAIL_UNSUPPORTED);
	assert_non_null(strstr(f.why, "no MAC in common"));
	assert_non_null(strstr(f.why, "hmac-md5"));
}

static void
nothing_in_common_is_told_apart(void **state UNUSED)
{
	static const char *const what[] = {
	    "key exchange", "host key algorithm", "cipher", "compression"};

	for (size_t i = 0; i < ARRAY_LEN(what); i++) {
		struct init b = plain;
		struct negotiated n;
		struct fail f;
		char want[64];

		*(i == 0     ? &b.kex
		    : i == 1 ? &b.hostkey
		    : i == 2 ? &b.cipher
			     : &b.compression) = "zlib";
		assert_int_equal(choose(SSH_ROLE_CLIENT, &plain, &b, &n, &f),
		    FAIL_UNSUPPORTED);
		(void)snprintf(want, sizeof(want), "no %s in common", what[i]);
		assert_non_null(strstr(f.why, want));
	}
}

static void
a_guess_is_wrong_unless_both_first_names_agree(void **state UNUSED)
{
	struct init a = plain, b = plain;
	struct negotiated n;
	struct fail f;

	b.follows = true;
	assert_int_equal(choose(SSH_ROLE_SERVER, &a, &b, &n, &f), 0);
	assert_false(n.wrong_guess);
	/* The same choice, but not by the first names. */
	b.kex = "nonsense,curve25519-sha256";
	assert_int_equal(choose(SSH_ROLE_SERVER, &a, &b, &n, &f), 0);
	assert_true(n.wrong_guess);
	b.kex = plain.kex;
	b.hostkey = "rsa-sha2-256,ssh-ed25519";
	assert_int_equal(choose(SSH_ROLE_SERVER, &a, &b, &n, &f), 0);
	assert_true(n.wrong_guess);
	/* Without a packet that follows there is no guess. */
	b.follows = false;
	assert_int_equal(choose(SSH_ROLE_SERVER, &a, &b, &n, &f), 0);
	assert_false(n.wrong_guess);
}

static void
strict_needs_the_right_marker_of_each(void **state UNUSED)
{
	struct init client = plain, server = plain;
	struct negotiated n;
	struct fail f;

	client.kex = "curve25519-sha256,ext-info-c,"
		     "kex-strict-c-v00@openssh.com";
	server.kex = "curve25519-sha256,kex-strict-s-v00@openssh.com";
	assert_int_equal(choose(SSH_ROLE_SERVER, &server, &client, &n, &f), 0);
	assert_true(n.strict && n.peer_ext_info);
	assert_int_equal(choose(SSH_ROLE_CLIENT, &client, &server, &n, &f), 0);
	assert_true(n.strict && !n.peer_ext_info);
	/* The client's own marker sent back to it. */
	server.kex = "curve25519-sha256,kex-strict-c-v00@openssh.com";
	assert_int_equal(choose(SSH_ROLE_CLIENT, &client, &server, &n, &f), 0);
	assert_false(n.strict);
}

/* A marker is no method, even when both name it. */
static void
markers_are_never_chosen(void **state UNUSED)
{
	struct init a = plain, b = plain;
	struct negotiated n;
	struct fail f;

	a.kex = b.kex = "ext-info-c,kex-strict-c-v00@openssh.com";
	assert_int_equal(
	    choose(SSH_ROLE_SERVER, &a, &b, &n, &f), FAIL_UNSUPPORTED);
}

static void
a_malformed_kexinit_is_refused_at_every_length(void **state UNUSED)
{
	struct init b = plain;
	struct negotiated n;
	struct fail f;
	struct buf whole = make(&plain);
	int len = (int)buf_len(&whole);

	buf_fini(&whole);
	for (int cut = 1; cut < len; cut++) {
		b.extra = -cut;
		assert_int_equal(
		    choose(SSH_ROLE_SERVER, &plain, &b, &n, &f), FAIL_PROTO);
	}
	b.extra = 1;
	assert_int_equal(
	    choose(SSH_ROLE_SERVER, &plain, &b, &n, &f), FAIL_PROTO);
}

static void
markers_stand_in_the_first_kexinit_only(void **state UNUSED)
{
	const struct ssh_transport_opts o = {.role = SSH_ROLE_CLIENT};
	struct algs a;

	assert_int_equal(algs_init(&a, &o), 0);
	for (int first = 0; first < 2; first++) {
		struct buf b;

		buf_init(&b, NEGOTIATE_INIT_MAX);
		assert_int_equal(
		    negotiate_init(&a, SSH_ROLE_CLIENT, first, &b), 0);
		assert_true((memmem(buf_head(&b), buf_len(&b), "kex-strict-c",
				 12) != NULL) == (first == 1));
		assert_true((memmem(buf_head(&b), buf_len(&b), "ext-info-c",
				 10) != NULL) == (first == 1));
		buf_fini(&b);
	}
	algs_fini(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_clients_order_decides),
	    cmocka_unit_test(an_aead_needs_no_mac_in_common),
	    cmocka_unit_test(nothing_in_common_is_told_apart),
	    cmocka_unit_test(a_guess_is_wrong_unless_both_first_names_agree),
	    cmocka_unit_test(strict_needs_the_right_marker_of_each),
	    cmocka_unit_test(markers_are_never_chosen),
	    cmocka_unit_test(a_malformed_kexinit_is_refused_at_every_length),
	    cmocka_unit_test(markers_stand_in_the_first_kexinit_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
