/* SPDX-License-Identifier: Apache-2.0 */
/* Key agreement: both sides come to one secret, and what a peer sends is
 * checked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/bn.h>

#include "base/fail.h"
#include "ssh/transport/kex.h"

static const char *const names[] = {
#define KEX(list, name, ...) name,
#include "ssh/transport/kex_tbl.h"
#undef KEX
};

static struct span
text(const char *s)
{
	return SPAN(s, strlen(s));
}

struct both {
	struct kex client, server;
	struct buf offer, answer, secret[2];
};

/* False: this OpenSSL has not got it. */
static bool
start(struct both *b, const char *name)
{
	const struct kex_method *m = kex_find(text(name));

	if (m == NULL)
		return false;
	kex_init(&b->client, m);
	kex_init(&b->server, m);
	buf_init(&b->offer, KEX_PUBLIC_MAX);
	buf_init(&b->answer, KEX_PUBLIC_MAX);
	buf_init_secret(&b->secret[0], KEX_SECRET_MAX);
	buf_init_secret(&b->secret[1], KEX_SECRET_MAX);
	return true;
}

static void
stop(struct both *b)
{
	kex_fini(&b->client);
	kex_fini(&b->server);
	buf_fini(&b->offer);
	buf_fini(&b->answer);
	buf_fini(&b->secret[0]);
	buf_fini(&b->secret[1]);
}

/* One mpint off the front, without its sign byte. */
static struct span
take_number(struct span *s)
{
	struct span n;

	assert_int_equal(span_string(s, &n), 0);
	if (n.len > 0 && n.p[0] == 0) {
		n.p++;
		n.len--;
	}
	return n;
}

/* The server chooses, the client takes. */
static void
agree_group(struct both *b, uint32_t bits)
{
	struct buf out;
	struct span s, p, g;

	buf_init(&out, 4096);
	assert_int_equal(
	    kex_dh_give_group(&b->server, 2048, bits, 8192, &out), 0);
	s = buf_span(&out);
	p = take_number(&s);
	g = take_number(&s);
	assert_int_equal(s.len, 0);
	assert_int_equal(kex_dh_take_group(&b->client, p, g), 0);
	buf_fini(&out);
}

static void
each_method_gives_both_the_same_secret(void **state UNUSED)
{
	unsigned n = 0;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct both b;
		const struct kex_ops *ops;

		if (!start(&b, names[i]))
			continue;
		ops = b.client.method->ops;
		if (kex_wants_group(&b.client))
			agree_group(&b, 2048);
		assert_int_equal(ops->offer(&b.client, &b.offer), 0);
		assert_int_equal(ops->answer(&b.server, buf_span(&b.offer),
				     &b.answer, &b.secret[1]),
		    0);
		assert_int_equal(
		    ops->finish(&b.client, buf_span(&b.answer), &b.secret[0]),
		    0);
		assert_int_equal(buf_len(&b.secret[0]), buf_len(&b.secret[1]));
		assert_true(buf_len(&b.secret[0]) >= 4 + 32);
		assert_memory_equal(buf_head(&b.secret[0]),
		    buf_head(&b.secret[1]), buf_len(&b.secret[0]));
		/* Encoded whole: length and bytes. */
		assert_int_equal(be32_get(buf_head(&b.secret[0])),
		    buf_len(&b.secret[0]) - 4);
		stop(&b);
		n++;
	}
	assert_true(n >= ARRAY_LEN(names) - 1);
	assert_null(kex_find(text("curve25519")));
	assert_null(kex_find(text("")));
}

/* An offer to a server with a fresh key; its answer. */
static int
offered(const char *name, const uint8_t *p, size_t len)
{
	struct both b;
	int r;

	assert_true(start(&b, name));
	r = b.server.method->ops->answer(
	    &b.server, SPAN(p, len), &b.answer, &b.secret[1]);
	stop(&b);
	return r;
}

static void
a_cut_or_long_offer_is_refused(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const uint8_t *p;
		struct both b;
		size_t n;

		if (!start(&b, names[i]))
			continue;
		/* Numbers may have any length. */
		if (!b.client.method->ops->numbers) {
			assert_int_equal(
			    b.client.method->ops->offer(&b.client, &b.offer),
			    0);
			n = buf_len(&b.offer);
			assert_int_equal(buf_put_u8(&b.offer, 0), 0);
			p = buf_head(&b.offer);
			assert_int_equal(offered(names[i], p, n), 0);
			assert_int_equal(
			    offered(names[i], p, n - 1), FAIL_PROTO);
			assert_int_equal(
			    offered(names[i], p, n + 1), FAIL_PROTO);
			assert_int_equal(offered(names[i], p, 0), FAIL_PROTO);
		}
		stop(&b);
	}
}

static void
points_that_are_none_are_refused(void **state UNUSED)
{
	/* Of small order: the secret would be known to all. */
	static const uint8_t zero[32], one[32] = {1};
	static const uint8_t order8[32] = {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41,
	    0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda,
	    0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16,
	    0x5f, 0x49, 0xb8, 0x00};
	uint8_t point[133] = {4, 1, 2, 3};
	struct both b;

	assert_int_equal(offered("curve25519-sha256", zero, 32), FAIL_PROTO);
	assert_int_equal(offered("curve25519-sha256", one, 32), FAIL_PROTO);
	assert_int_equal(offered("curve25519-sha256", order8, 32), FAIL_PROTO);
	/* Off the curve. */
	assert_int_equal(offered("ecdh-sha2-nistp256", point, 65), FAIL_PROTO);
	assert_int_equal(offered("ecdh-sha2-nistp384", point, 97), FAIL_PROTO);
	assert_int_equal(offered("ecdh-sha2-nistp521", point, 133), FAIL_PROTO);
	/* The point at infinity, and one off by a bit. */
	assert_int_equal(offered("ecdh-sha2-nistp256", zero, 1), FAIL_PROTO);
	assert_true(start(&b, "ecdh-sha2-nistp256"));
	assert_int_equal(b.client.method->ops->offer(&b.client, &b.offer), 0);
	assert_int_equal(buf_len(&b.offer), 65);
	buf_head(&b.offer)[64] ^= 1;
	assert_int_equal(
	    offered("ecdh-sha2-nistp256", buf_head(&b.offer), 65), FAIL_PROTO);
	/* Compressed points are not taken (RFC 5656 section 4 allows it). */
	buf_head(&b.offer)[0] = 2;
	assert_int_equal(
	    offered("ecdh-sha2-nistp256", buf_head(&b.offer), 33), FAIL_PROTO);
	stop(&b);
}

static void
numbers_outside_of_the_group_are_refused(void **state UNUSED)
{
	BIGNUM *p = BN_get_rfc3526_prime_2048(NULL);
	uint8_t num[257] = {0};

	assert_non_null(p);
	assert_int_equal(
	    offered("diffie-hellman-group14-sha256", num, 0), FAIL_PROTO);
	assert_int_equal(
	    offered("diffie-hellman-group14-sha256", num, 1), FAIL_PROTO);
	num[0] = 1;
	assert_int_equal(
	    offered("diffie-hellman-group14-sha256", num, 1), FAIL_PROTO);
	/* p - 1, p, p + 1 */
	for (int i = -1; i <= 1; i++) {
		BIGNUM *v = BN_dup(p);

		assert_non_null(v);
		assert_int_equal(
		    i < 0 ? BN_sub_word(v, 1) : BN_add_word(v, (BN_ULONG)i), 1);
		assert_int_equal(BN_bn2binpad(v, num, 256), 256);
		assert_int_equal(
		    offered("diffie-hellman-group14-sha256", num, 256),
		    FAIL_PROTO);
		BN_free(v);
	}
	/* p - 2 is in it. */
	assert_int_equal(BN_sub_word(p, 2), 1);
	assert_int_equal(BN_bn2binpad(p, num, 256), 256);
	assert_int_equal(offered("diffie-hellman-group14-sha256", num, 256), 0);
	BN_free(p);
}

static int
group(const char *name, uint32_t min, uint32_t n, uint32_t max, size_t *bytes)
{
	struct both b;
	struct buf out;
	struct span s;
	int r;

	assert_true(start(&b, name));
	buf_init(&out, 4096);
	r = kex_dh_give_group(&b.server, min, n, max, &out);
	s = buf_span(&out);
	*bytes = r == 0 ? take_number(&s).len : 0;
	buf_fini(&out);
	stop(&b);
	return r;
}

static void
a_group_fits_what_was_asked_for(void **state UNUSED)
{
	static const char gex[] = "diffie-hellman-group-exchange-sha256";
	size_t n;

	assert_int_equal(group(gex, 1024, 2048, 8192, &n), 0);
	assert_int_equal(n, 256);
	assert_int_equal(group(gex, 2048, 3072, 8192, &n), 0);
	assert_int_equal(n, 512);
	assert_int_equal(group(gex, 2048, 8192, 8192, &n), 0);
	assert_int_equal(n, 1024);
	/* What is wished for is not allowed: the largest that is. */
	assert_int_equal(group(gex, 1024, 3072, 3072, &n), 0);
	assert_int_equal(n, 256);
	assert_int_equal(group(gex, 2048, 1024, 8192, &n), FAIL_PROTO);
	assert_int_equal(group(gex, 1024, 4096, 2048, &n), FAIL_PROTO);
	assert_int_equal(group(gex, 512, 1024, 1536, &n), FAIL_UNSUPPORTED);
	assert_int_equal(group(gex, 10000, 16384, 20000, &n), FAIL_UNSUPPORTED);
}

/* Does a client take a group with a prime of so many bits, and with g? */
static int
taken(const char *name, int bits, BN_ULONG g, bool even)
{
	uint8_t num[2048], gen[8];
	BIGNUM *p = BN_new(), *v = BN_new();
	struct both b;
	int r;

	assert_true(start(&b, name));
	assert_true(p != NULL && v != NULL && BN_set_bit(p, bits - 1) == 1 &&
		    BN_add_word(p, even ? 2 : 1) == 1 &&
		    BN_set_word(v, g) == 1);
	r = kex_dh_take_group(&b.client, SPAN(num, (size_t)BN_bn2bin(p, num)),
	    SPAN(gen, (size_t)BN_bn2bin(v, gen)));
	BN_free(p);
	BN_free(v);
	stop(&b);
	return r;
}

static void
a_client_takes_groups_within_bounds_only(void **state UNUSED)
{
	static const char gex[] = "diffie-hellman-group-exchange-sha256";
	static const char old[] = "diffie-hellman-group-exchange-sha1";

	assert_int_equal(taken(gex, 2048, 2, false), 0);
	assert_int_equal(taken(gex, 8192, 5, false), 0);
	assert_int_equal(taken(gex, 2047, 2, false), FAIL_PROTO);
	assert_int_equal(taken(gex, 8193, 2, false), FAIL_PROTO);
	assert_int_equal(taken(gex, 16000, 2, false), FAIL_PROTO);
	assert_int_equal(taken(gex, 2048, 2, true), FAIL_PROTO);
	assert_int_equal(taken(gex, 2048, 0, false), FAIL_PROTO);
	assert_int_equal(taken(gex, 2048, 1, false), FAIL_PROTO);
	/* Old devices, where they are allowed at all. */
	assert_int_equal(taken(old, 1024, 2, false), 0);
	assert_int_equal(taken(old, 1023, 2, false), FAIL_PROTO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_method_gives_both_the_same_secret),
	    cmocka_unit_test(a_cut_or_long_offer_is_refused),
	    cmocka_unit_test(points_that_are_none_are_refused),
	    cmocka_unit_test(numbers_outside_of_the_group_are_refused),
	    cmocka_unit_test(a_group_fits_what_was_asked_for),
	    cmocka_unit_test(a_client_takes_groups_within_bounds_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
