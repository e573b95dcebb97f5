/* SPDX-License-Identifier: Apache-2.0 */
/* The data that is signed: nothing but a login of this user with this key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/authsig.h"

#define TEXT(s) SPAN(s, sizeof(s) - 1)

struct form {
	size_t id_len;
	uint8_t type;
	const char *user, *service, *method;
	uint8_t flag;
	const char *alg, *key;
	const char *tail;
};

static const struct form good = {
    32, 50, "ana", "ssh-connection", "publickey", 1, "alg", "key", ""};

static int
check(const struct form *x)
{
	static const uint8_t id[128];
	struct buf b;
	int r;

	buf_init(&b, 4096);
	assert_int_equal(buf_put_string(&b, id, x->id_len), 0);
	assert_int_equal(buf_put_u8(&b, x->type), 0);
	assert_int_equal(buf_put_cstring(&b, x->user), 0);
	assert_int_equal(buf_put_cstring(&b, x->service), 0);
	assert_int_equal(buf_put_cstring(&b, x->method), 0);
	assert_int_equal(buf_put_u8(&b, x->flag), 0);
	assert_int_equal(buf_put_cstring(&b, x->alg), 0);
	assert_int_equal(buf_put_cstring(&b, x->key), 0);
	assert_int_equal(buf_put(&b, x->tail, strlen(x->tail)), 0);
	r = authsig_check(buf_span(&b), TEXT("ana"), TEXT("alg"), TEXT("key"));
	/* No shorter one is it. */
	for (size_t n = 0; n < buf_len(&b) && r == 0; n++)
		assert_int_equal(authsig_check(SPAN(buf_head(&b), n),
				     TEXT("ana"), TEXT("alg"), TEXT("key")),
		    FAIL_AUTH);
	buf_fini(&b);
	return r;
}

static void
the_right_form_passes_with_the_target_in_the_name_too(void **state UNUSED)
{
	struct form x = good;

	assert_int_equal(check(&x), 0);
	x.user = "ana@root@db1";
	assert_int_equal(check(&x), 0);
	x.user = "ana%root%db1";
	assert_int_equal(check(&x), 0);
	x.id_len = 20;
	assert_int_equal(check(&x), 0);
}

static void
everything_else_is_refused(void **state UNUSED)
{
	struct form x;

#define WRONG(field, value)                                                    \
	x = good;                                                              \
	x.field = (value);                                                     \
	assert_int_equal(check(&x), FAIL_AUTH)
	WRONG(id_len, 0);
	WRONG(id_len, 19);
	WRONG(id_len, 65);
	WRONG(type, 51);
	WRONG(user, "bob");
	WRONG(user, "");
	WRONG(user, "an");
	WRONG(user, "anab@root@db1");
	WRONG(user, "@ana");
	WRONG(service, "ssh-userauth");
	WRONG(method, "hostbased");
	WRONG(flag, 0);
	WRONG(flag, 2);
	WRONG(alg, "alh");
	WRONG(key, "kez");
	WRONG(tail, "x");
#undef WRONG
	assert_int_equal(
	    authsig_check(SPAN(NULL, 0), TEXT("ana"), TEXT("alg"), TEXT("key")),
	    FAIL_AUTH);
}

static void
the_user_is_what_stands_before_the_separator(void **state UNUSED)
{
	assert_true(span_eq(authsig_login(TEXT("ana")), "ana"));
	assert_true(span_eq(authsig_login(TEXT("ana@x@y")), "ana"));
	assert_true(span_eq(authsig_login(TEXT("ana+x@y")), "ana"));
	assert_true(span_eq(authsig_login(TEXT("#x")), ""));
	assert_int_equal(authsig_login(SPAN(NULL, 0)).len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		the_right_form_passes_with_the_target_in_the_name_too),
	    cmocka_unit_test(everything_else_is_refused),
	    cmocka_unit_test(the_user_is_what_stands_before_the_separator),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
