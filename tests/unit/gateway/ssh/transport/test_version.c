/* SPDX-License-Identifier: Apache-2.0 */
/* The version exchange, RFC 4253 section 4.2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ssh/transport/version.h"

static int
feed(struct versions *v, enum ssh_role role, const char *text, size_t len,
    struct buf *in)
{
	struct fail f = {0};
	int r;

	*v = (struct versions){0};
	buf_init(in, 1024 * 1024);
	assert_int_equal(buf_put(in, text, len), 0);
	r = version_read(v, role, in, &f);
	assert_true((r < 0) == (f.code != 0));
	return r;
}

/* Without what is left of the input. */
static int
read_text(struct versions *v, enum ssh_role role, const char *text)
{
	struct buf in;
	int r = feed(v, role, text, strlen(text), &in);

	buf_fini(&in);
	return r;
}

static void
a_line_ends_with_crlf_or_lf_and_the_rest_stays(void **state UNUSED)
{
	static const char *const good[] = {
	    "SSH-2.0-x y\r\nrest", "SSH-2.0-x y\nrest"};
	struct versions v;
	struct buf in;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(
		    feed(&v, SSH_ROLE_SERVER, good[i], strlen(good[i]), &in),
		    1);
		assert_string_equal(v.theirs, "SSH-2.0-x y");
		assert_true(span_eq(buf_span(&in), "rest"));
		buf_fini(&in);
	}
	assert_int_equal(read_text(&v, SSH_ROLE_CLIENT, "SSH-1.99-old\r\n"), 1);
}

static void
byte_by_byte_it_is_the_same(void **state UNUSED)
{
	static const char text[] = "SSH-2.0-x\r\n";
	struct versions v = {0};
	struct fail f = {0};
	struct buf in;

	buf_init(&in, 100);
	for (size_t i = 0; i + 2 < sizeof(text); i++) {
		assert_int_equal(buf_put(&in, text + i, 1), 0);
		assert_int_equal(version_read(&v, SSH_ROLE_SERVER, &in, &f), 0);
	}
	assert_int_equal(buf_put(&in, "\n", 1), 0);
	assert_int_equal(version_read(&v, SSH_ROLE_SERVER, &in, &f), 1);
	assert_string_equal(v.theirs, "SSH-2.0-x");
	assert_int_equal(buf_len(&in), 0);
	buf_fini(&in);
}

static void
only_a_server_may_speak_before_its_version(void **state UNUSED)
{
	struct versions v;

	assert_int_equal(read_text(&v, SSH_ROLE_CLIENT,
			     "welcome\r\n\nSSH no\r\nSSH-2.0-x\r\n"),
	    1);
	assert_string_equal(v.theirs, "SSH-2.0-x");
	assert_int_equal(
	    read_text(&v, SSH_ROLE_SERVER, "welcome\r\nSSH-2.0-x\r\n"),
	    FAIL_PROTO);
	assert_int_equal(
	    read_text(&v, SSH_ROLE_SERVER, "GET / HTTP/1.1\r\n"), FAIL_PROTO);
	assert_int_equal(read_text(&v, SSH_ROLE_SERVER, "\r\n"), FAIL_PROTO);
}

static void
what_comes_before_is_bounded(void **state UNUSED)
{
	char *text = malloc(1000000);
	struct versions v;
	size_t n = 0;
	int r;

	assert_non_null(text);
	memset(text, 'x', 1000000);
	text[999999] = '\0';
	assert_int_equal(read_text(&v, SSH_ROLE_CLIENT, text), FAIL_PROTO);
	for (n = 0; n < 999998; n += 2)
		memcpy(text + n, "x\n", 2);
	text[n] = '\0';
	r = read_text(&v, SSH_ROLE_CLIENT, text);
	assert_int_equal(r, FAIL_PROTO);
	free(text);
}

/* 255 bytes with CR LF is the longest. */
static void
the_length_of_the_line_is_bounded(void **state UNUSED)
{
	struct versions v;
	char text[300];

	memset(text, 'x', sizeof(text));
	memcpy(text, "SSH-2.0-", 8);
	memcpy(text + 253, "\r\n", 3);
	assert_int_equal(read_text(&v, SSH_ROLE_SERVER, text), 1);
	assert_int_equal(strlen(v.theirs), 253);
	text[253] = 'x';
	memcpy(text + 254, "\r\n", 3);
	assert_int_equal(read_text(&v, SSH_ROLE_SERVER, text), FAIL_PROTO);
	text[254] = text[255] = 'x';
	text[280] = '\0';
	assert_int_equal(read_text(&v, SSH_ROLE_SERVER, text), FAIL_PROTO);
}

static void
other_versions_and_odd_bytes_are_refused(void **state UNUSED)
{
	struct versions v;
	struct buf in;

	assert_int_equal(
	    read_text(&v, SSH_ROLE_SERVER, "SSH-1.5-x\r\n"), FAIL_PROTO);
	assert_int_equal(
	    read_text(&v, SSH_ROLE_SERVER, "SSH-3.0-x\r\n"), FAIL_PROTO);
	assert_int_equal(
	    read_text(&v, SSH_ROLE_SERVER, "SSH-2.0-a\rb\r\n"), FAIL_PROTO);
	assert_int_equal(
	    feed(&v, SSH_ROLE_SERVER, "SSH-2.0-a\0b\r\n", 13, &in), FAIL_PROTO);
	buf_fini(&in);
	/* What is shown to people is printable. */
	assert_int_equal(
	    read_text(&v, SSH_ROLE_SERVER, "SSH-2.0-\x1b[2J\xff\n"), 1);
	assert_null(strchr(v.shown, 0x1b));
	assert_non_null(strstr(v.shown, "\\x1b[2J\\xff"));
}

static void
our_own_line_is_printable_and_fits(void **state UNUSED)
{
	char long_name[300] = "";
	struct versions v = {0};

	assert_true(version_set(&v, "Sallyport_0.1"));
	assert_string_equal(v.ours, "SSH-2.0-Sallyport_0.1");
	assert_false(version_set(&v, ""));
	assert_false(version_set(&v, "a\nb"));
	assert_false(version_set(&v, "\xc3\xbc"));
	memset(long_name, 'x', sizeof(long_name) - 1);
	assert_false(version_set(&v, long_name));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_ends_with_crlf_or_lf_and_the_rest_stays),
	    cmocka_unit_test(byte_by_byte_it_is_the_same),
	    cmocka_unit_test(only_a_server_may_speak_before_its_version),
	    cmocka_unit_test(what_comes_before_is_bounded),
	    cmocka_unit_test(the_length_of_the_line_is_bounded),
	    cmocka_unit_test(other_versions_and_odd_bytes_are_refused),
	    cmocka_unit_test(our_own_line_is_printable_and_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
