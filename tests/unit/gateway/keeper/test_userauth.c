/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data of a public key login, and everything that only looks like it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "keeper/userauth.h"

struct parts {
	size_t id_len;
	uint8_t number;
	const char *user, *service, *method;
	uint8_t yes;
	const char *alg, *blob;
};

static const struct parts good = {
    32, 50, "root", "ssh-connection", "publickey", 1, "ssh-ed25519", "blob"};

static void
build(struct buf *b, const struct parts *p)
{
	static const uint8_t id[128] = {4, 2};

	buf_init(b, 4096);
	assert_int_equal(buf_put_string(b, id, p->id_len), 0);
	assert_int_equal(buf_put_u8(b, p->number), 0);
	assert_int_equal(buf_put_cstring(b, p->user), 0);
	assert_int_equal(buf_put_cstring(b, p->service), 0);
	assert_int_equal(buf_put_cstring(b, p->method), 0);
	assert_int_equal(buf_put_u8(b, p->yes), 0);
	assert_int_equal(buf_put_cstring(b, p->alg), 0);
	assert_int_equal(buf_put_cstring(b, p->blob), 0);
}

static int
parse(const struct parts *p)
{
	struct userauth u;
	struct buf b;
	int r;

	build(&b, p);
	r = userauth_parse(buf_span(&b), &u);
	buf_fini(&b);
	return r;
}

static void
a_login_request_is_taken_apart(void **state)
{
	struct userauth u;
	struct buf b;

	(void)state;
	build(&b, &good);
	assert_int_equal(userauth_parse(buf_span(&b), &u), 0);
	assert_int_equal(u.session_id.len, 32);
	assert_true(span_eq(u.user, "root"));
	assert_true(span_eq(u.alg, "ssh-ed25519"));
	assert_true(span_eq(u.blob, "blob"));
	buf_fini(&b);
}

static void
every_fixed_field_must_be_as_it_is(void **state)
{
	struct parts p;

	(void)state;
#define BAD(field, value)                                                      \
	p = good;                                                              \
	p.field = (value);                                                     \
	assert_int_equal(parse(&p), FAIL_FORMAT)
	BAD(number, 51);
	BAD(number, 5);
	BAD(service, "ssh-userauth");
	BAD(service, "");
	BAD(method, "password");
	BAD(method, "publickey-hostbound-v00@openssh.com");
	BAD(yes, 0);
	BAD(yes, 2);
#undef BAD
}

static void
a_session_id_has_the_length_of_a_hash(void **state)
{
	struct parts p = good;

	(void)state;
	for (p.id_len = 0; p.id_len < 100; p.id_len++)
		assert_int_equal(parse(&p), p.id_len == 20 || p.id_len == 32 ||
						    p.id_len == 48 ||
						    p.id_len == 64
						? 0
						: FAIL_FORMAT);
}

static void
data_that_is_cut_or_longer_is_refused(void **state)
{
	struct userauth u;
	struct buf b;
	size_t n;

	(void)state;
	build(&b, &good);
	for (n = 0; n < buf_len(&b); n++)
		assert_int_equal(
		    userauth_parse(SPAN(buf_head(&b), n), &u), FAIL_FORMAT);
	assert_int_equal(buf_put_u8(&b, 0), 0);
	assert_int_equal(userauth_parse(buf_span(&b), &u), FAIL_FORMAT);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_login_request_is_taken_apart),
	    cmocka_unit_test(every_fixed_field_must_be_as_it_is),
	    cmocka_unit_test(a_session_id_has_the_length_of_a_hash),
	    cmocka_unit_test(data_that_is_cut_or_longer_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
