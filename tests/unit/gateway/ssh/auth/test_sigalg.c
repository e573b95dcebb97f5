/* SPDX-License-Identifier: Apache-2.0 */
/* Which signature algorithm goes with which key. */
#include "../wire.h"
#include "ssh/auth/sigalg.h"

static struct span
text(const char *s)
{
	return SPAN(s, strlen(s));
}

static struct span
blob(const char *type)
{
	static uint8_t p[100];
	struct buf b;
	struct span s;

	buf_init(&b, sizeof(p));
	wire_put(&b, "ss", type, "key bytes");
	memcpy(p, buf_head(&b), buf_len(&b));
	s = SPAN(p, buf_len(&b));
	buf_fini(&b);
	return s;
}

static void
an_algorithm_needs_its_own_type_of_key(void **state UNUSED)
{
	assert_string_equal(
	    sigalg_accept(text("rsa-sha2-256"), blob("ssh-rsa")),
	    "rsa-sha2-256");
	assert_string_equal(
	    sigalg_accept(text("ssh-ed25519"), blob("ssh-ed25519")),
	    "ssh-ed25519");
	assert_null(sigalg_accept(text("ssh-ed25519"), blob("ssh-rsa")));
	assert_null(sigalg_accept(text("rsa-sha2-512"), blob("rsa-sha2-512")));
	assert_null(sigalg_accept(text("ssh-ed25519"), SPAN("\0\0\0", 3)));
}

static void
sha1_and_the_unknown_are_refused(void **state UNUSED)
{
	assert_null(sigalg_accept(text("ssh-rsa"), blob("ssh-rsa")));
	assert_null(sigalg_accept(text("ssh-dss"), blob("ssh-dss")));
	assert_null(sigalg_accept(text(""), blob("")));
}

static void
a_signature_says_by_what_it_was_made(void **state UNUSED)
{
	assert_true(sigalg_made_by(blob("rsa-sha2-512"), "rsa-sha2-512"));
	assert_false(sigalg_made_by(blob("rsa-sha2-256"), "rsa-sha2-512"));
	assert_false(sigalg_made_by(SPAN(NULL, 0), "rsa-sha2-512"));
}

static void
the_servers_list_decides_for_rsa(void **state UNUSED)
{
	assert_string_equal(
	    sigalg_choose(blob("ssh-rsa"), "ssh-rsa,rsa-sha2-256", false),
	    "rsa-sha2-256");
	assert_string_equal(
	    sigalg_choose(blob("ssh-rsa"), "rsa-sha2-256,rsa-sha2-512", false),
	    "rsa-sha2-512");
	assert_string_equal(
	    sigalg_choose(blob("ssh-rsa"), "", false), "rsa-sha2-512");
	assert_string_equal(
	    sigalg_choose(blob("ssh-rsa"), "", true), "ssh-rsa");
	assert_null(sigalg_choose(blob("ssh-rsa"), "ssh-ed25519", true));
	assert_null(sigalg_choose(blob("ssh-rsa"), "rsa-sha2-2567", false));
}

static void
other_keys_have_one_algorithm(void **state UNUSED)
{
	assert_string_equal(
	    sigalg_choose(blob("ssh-ed25519"), "", false), "ssh-ed25519");
	assert_string_equal(
	    sigalg_choose(blob("ecdsa-sha2-nistp384"), "rsa-sha2-256", false),
	    "ecdsa-sha2-nistp384");
	assert_null(sigalg_choose(blob("ssh-dss"), "", true));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_algorithm_needs_its_own_type_of_key),
	    cmocka_unit_test(sha1_and_the_unknown_are_refused),
	    cmocka_unit_test(a_signature_says_by_what_it_was_made),
	    cmocka_unit_test(the_servers_list_decides_for_rsa),
	    cmocka_unit_test(other_keys_have_one_algorithm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
