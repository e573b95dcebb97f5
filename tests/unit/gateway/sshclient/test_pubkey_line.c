/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public key lines: those of ssh-keygen, and everything that is wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sshclient/b64.h"
#include "sshclient/pubkey_line.h"
#include "tests/unit/gateway/sshclient/pubkey_samples.h"
#include "tests/unit/nomem.h"

static int
parse(struct pubkey_line *p, const char *fmt, size_t i)
{
	char line[4096];
	int n;

	n = snprintf(line, sizeof(line), "%s %s%s", samples[i].type,
	    samples[i].b64, fmt);
	return pubkey_line_parse(p, SPAN(line, (size_t)n), NULL);
}

static void
lines_of_ssh_keygen_parse(void **state)
{
	struct pubkey_line p;
	struct buf b;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(samples); i++) {
		assert_int_equal(parse(&p, " ana@desk\n", i), 0);
		assert_string_equal(p.type, samples[i].type);
		assert_string_equal(p.fingerprint, samples[i].fingerprint);
		assert_int_equal(p.bits, samples[i].bits);
		assert_string_equal(p.comment, "ana@desk");
		buf_init(&b, 4096);
		assert_int_equal(
		    pubkey_line_print(SPAN(p.blob, p.blob_len), &b), 0);
		assert_memory_equal(
		    buf_head(&b), samples[i].type, strlen(samples[i].type));
		assert_memory_equal(buf_head(&b) + strlen(samples[i].type) + 1,
		    samples[i].b64, strlen(samples[i].b64));
		buf_fini(&b);
		pubkey_line_fini(&p);
	}
}

static void
blanks_and_line_ends_do_not_matter(void **state)
{
	struct pubkey_line p;
	char line[512];
	int n;

	(void)state;
	assert_int_equal(parse(&p, "", 0), 0);
	assert_string_equal(p.comment, "");
	pubkey_line_fini(&p);
	assert_int_equal(parse(&p, " \t two words \r\n", 0), 0);
	assert_string_equal(p.comment, "two words");
	pubkey_line_fini(&p);
	n = snprintf(
	    line, sizeof(line), " \t%s \t %s", samples[0].type, samples[0].b64);
	assert_int_equal(pubkey_line_parse(&p, SPAN(line, (size_t)n), NULL), 0);
	pubkey_line_fini(&p);
}

static void
a_comment_is_made_printable_and_cut(void **state)
{
	struct pubkey_line p;
	char comment[400];

	(void)state;
	assert_int_equal(parse(&p, " a\033[31mb\x7f", 0), 0);
	assert_string_equal(p.comment, "a?[31mb?");
	pubkey_line_fini(&p);
	memset(comment, 'c', sizeof(comment));
	comment[0] = ' ';
	comment[sizeof(comment) - 1] = 0;
	assert_int_equal(parse(&p, comment, 0), 0);
	assert_int_equal(strlen(p.comment), 255);
	pubkey_line_fini(&p);
}

static void
expect_refused(const char *line, int code)
{
	struct pubkey_line p;
	struct fail f = {0};

	assert_int_equal(
	    pubkey_line_parse(&p, SPAN(line, strlen(line)), &f), code);
	assert_null(p.blob);
	assert_int_equal(f.code, code);
}

static void
what_is_no_key_line_is_refused(void **state)
{
	char line[4096];

	(void)state;
	expect_refused("", FAIL_FORMAT);
	expect_refused("  \n", FAIL_FORMAT);
	expect_refused("# comment", FAIL_UNSUPPORTED);
	expect_refused("ssh-ed25519", FAIL_FORMAT);
	expect_refused("ssh-ed25519 !!!!", FAIL_FORMAT);
	expect_refused("ssh-ed25519 AAAA", FAIL_FORMAT);
	expect_refused("ssh-dss AAAAB3NzaC1kc3M=", FAIL_UNSUPPORTED);
	(void)snprintf(
	    line, sizeof(line), "%s %s", "ecdsa-sha2-nistp256", samples[0].b64);
	expect_refused(line, FAIL_FORMAT);
	(void)snprintf(line, sizeof(line), "no-pty %s %s", samples[0].type,
	    samples[0].b64);
	expect_refused(line, FAIL_UNSUPPORTED);
	(void)snprintf(line, sizeof(line), "%s %s\n%s %s", samples[0].type,
	    samples[0].b64, samples[0].type, samples[0].b64);
	expect_refused(line, FAIL_FORMAT);
}

/* One field of a blob. */
static void
put(struct buf *b, const void *p, size_t n)
{
	assert_int_equal(buf_put_string(b, p, n), 0);
}

static int
check(const struct buf *b)
{
	struct pubkey_line p;
	int r = pubkey_line_from_blob(&p, buf_span(b), NULL);

	pubkey_line_fini(&p);
	return r;
}

static void
keys_of_fido_devices_parse(void **state)
{
	static const uint8_t zero[65] = {4};
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	put(&b, "sk-ssh-ed25519@openssh.com", 26);
	put(&b, zero, 32);
	put(&b, "ssh:", 4);
	assert_int_equal(check(&b), 0);
	buf_reset(&b);
	put(&b, "sk-ecdsa-sha2-nistp256@openssh.com", 34);
	put(&b, "nistp256", 8);
	put(&b, zero, 65);
	assert_int_equal(check(&b), FAIL_FORMAT); /* no application */
	put(&b, "ssh:", 4);
	assert_int_equal(check(&b), 0);
	assert_int_equal(buf_put_u8(&b, 0), 0);
	assert_int_equal(check(&b), FAIL_FORMAT);
	buf_fini(&b);
}

static void
rsa(struct buf *b, const char *e, size_t e_len, size_t n_len, uint8_t top)
{
	uint8_t n[4096] = {0};

	buf_reset(b);
	put(b, "ssh-rsa", 7);
	put(b, e, e_len);
	n[1] = top;
	put(b, n, n_len);
}

static void
an_rsa_number_is_positive_and_shortest(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 8192);
	rsa(&b, "\1\0\1", 3, 257, 0x80);
	assert_int_equal(check(&b), 0);
	rsa(&b, "\1\0\1", 3, 257, 0x7f); /* a zero too many */
	assert_int_equal(check(&b), FAIL_FORMAT);
	rsa(&b, "\x81\0\1", 3, 257, 0x80); /* negative */
	assert_int_equal(check(&b), FAIL_FORMAT);
	rsa(&b, "\1", 1, 257, 0x80);
	assert_int_equal(check(&b), FAIL_FORMAT);
	rsa(&b, "", 0, 257, 0x80);
	assert_int_equal(check(&b), FAIL_FORMAT);
	rsa(&b, "\1\0\1\0\1\0\1\0\1", 9, 257, 0x80);
	assert_int_equal(check(&b), FAIL_FORMAT);
	rsa(&b, "\1\0\1", 3, 128, 0x80); /* 1016 bits */
	assert_int_equal(check(&b), FAIL_UNSUPPORTED);
	rsa(&b, "\1\0\1", 3, 128, 0);
	assert_int_equal(check(&b), FAIL_FORMAT);
	rsa(&b, "\1\0\1", 3, 2050, 0x80); /* more than 16384 bits */
	assert_int_equal(check(&b), FAIL_UNSUPPORTED);
	buf_fini(&b);
}

static void
a_short_rsa_key_is_for_old_hosts_only(void **state)
{
	struct pubkey_line p;
	struct buf b, line;

	(void)state;
	buf_init(&b, 4096);
	buf_init(&line, 4096);
	rsa(&b, "\1\0\1", 3, 129, 0x80);
	assert_int_equal(pubkey_line_from_blob(&p, buf_span(&b), NULL), 0);
	assert_int_equal(p.bits, 1024);
	pubkey_line_fini(&p);
	assert_int_equal(pubkey_line_print(buf_span(&b), &line), 0);
	assert_int_equal(
	    pubkey_line_parse(&p, buf_span(&line), NULL), FAIL_UNSUPPORTED);
	rsa(&b, "\1\0\1", 3, 128, 0xff);
	assert_true(check(&b) != 0);
	buf_fini(&b);
	buf_fini(&line);
}

static void
a_blob_that_is_cut_or_changed_in_shape_is_refused(void **state)
{
	struct pubkey_line p, q;
	uint8_t copy[1024];
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_LEN(samples); i++) {
		assert_int_equal(parse(&p, "", i), 0);
		for (n = 0; n < p.blob_len; n++)
			assert_true(pubkey_line_from_blob(
					&q, SPAN(p.blob, n), NULL) != 0);
		memcpy(copy, p.blob, p.blob_len);
		copy[p.blob_len] = 0;
		assert_int_equal(
		    pubkey_line_from_blob(&q, SPAN(copy, p.blob_len + 1), NULL),
		    FAIL_FORMAT);
		/* The first four bytes: the length of the type. */
		copy[3] ^= 1;
		assert_true(pubkey_line_from_blob(
				&q, SPAN(copy, p.blob_len), NULL) != 0);
		pubkey_line_fini(&p);
	}
}

static void
no_memory_is_an_error_and_leaks_nothing(void **state)
{
	struct pubkey_line p;
	unsigned n;
	int r;

	(void)state;
	for (n = 1;; n++) {
		nomem_at(n);
		r = parse(&p, "", 0);
		if (!nomem_hit())
			break;
		assert_int_equal(r, FAIL_NOMEM);
		assert_null(p.blob);
	}
	assert_int_equal(r, 0);
	assert_true(n > 2);
	pubkey_line_fini(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_of_ssh_keygen_parse),
	    cmocka_unit_test(blanks_and_line_ends_do_not_matter),
	    cmocka_unit_test(a_comment_is_made_printable_and_cut),
	    cmocka_unit_test(what_is_no_key_line_is_refused),
	    cmocka_unit_test(keys_of_fido_devices_parse),
	    cmocka_unit_test(an_rsa_number_is_positive_and_shortest),
	    cmocka_unit_test(a_short_rsa_key_is_for_old_hosts_only),
	    cmocka_unit_test(a_blob_that_is_cut_or_changed_in_shape_is_refused),
	    cmocka_unit_test(no_memory_is_an_error_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
