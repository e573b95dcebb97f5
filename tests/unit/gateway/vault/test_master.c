/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The master key file: what is made, and everything that is refused.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vault/master.h"

static char dir[64];
static char path[96];

static int
setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test_master.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/master.key", dir);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)rmdir(path);
	return rmdir(dir);
}

static void
put_file(const char *text, mode_t mode)
{
	int fd;

	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

static void
expect_refused(int code, const char *why)
{
	struct fail f = {0};
	struct secret *key;

	assert_int_equal(master_load(path, geteuid(), &key, &f), code);
	assert_null(key);
	assert_int_equal(f.code, code);
	if (strstr(f.why, why) == NULL)
		fail_msg("'%s' does not say '%s'", f.why, why);
}

static const char good[] =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";

static void
a_new_key_loads_to_the_same_bytes(void **state)
{
	struct secret *made, *read;
	struct stat st;
	mode_t old = umask(0);

	(void)state;
	assert_int_equal(master_create(path, &made, NULL), 0);
	(void)umask(old);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_int_equal(st.st_size, 65);
	assert_int_equal(master_load(path, geteuid(), &read, NULL), 0);
	assert_int_equal(secret_len(made), MASTER_KEY_LEN);
	assert_int_equal(secret_len(read), MASTER_KEY_LEN);
	assert_memory_equal(
	    secret_show(made).p, secret_show(read).p, MASTER_KEY_LEN);
	secret_free(made);
	secret_free(read);
}

static void
the_text_is_hexadecimal(void **state)
{
	struct secret *key;
	size_t i;

	(void)state;
	put_file(good, 0600);
	assert_int_equal(master_load(path, geteuid(), &key, NULL), 0);
	for (i = 0; i < MASTER_KEY_LEN; i++)
		assert_int_equal(secret_show(key).p[i], i);
	secret_free(key);
}

static void
two_new_keys_differ(void **state)
{
	struct secret *a, *b;

	(void)state;
	assert_int_equal(master_create(path, &a, NULL), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(master_create(path, &b, NULL), 0);
	assert_memory_not_equal(
	    secret_show(a).p, secret_show(b).p, MASTER_KEY_LEN);
	secret_free(a);
	secret_free(b);
}

static void
an_existing_file_is_never_overwritten(void **state)
{
	struct fail f = {0};
	struct secret *key;
	struct stat st;

	(void)state;
	put_file("x", 0600);
	assert_int_equal(master_create(path, &key, &f), FAIL_EXISTS);
	assert_null(key);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 1);
}

static void
only_modes_0400_and_0600_are_accepted(void **state)
{
	struct secret *key;
	mode_t mode;

	(void)state;
	put_file(good, 0600);
	for (mode = 0; mode <= 07777; mode++) {
		if (mode == 0400 || mode == 0600)
			continue;
		/* Unprivileged we could not even open it. */
		if (geteuid() != 0 && (mode & 0400) == 0)
			continue;
		assert_int_equal(chmod(path, mode), 0);
		expect_refused(FAIL_DENIED, "mode");
	}
	assert_int_equal(chmod(path, 0400), 0);
	assert_int_equal(master_load(path, geteuid(), &key, NULL), 0);
	secret_free(key);
}

static void
a_file_of_another_user_is_refused(void **state)
{
	struct fail f = {0};
	struct secret *key;

	(void)state;
	put_file(good, 0400);
	assert_int_equal(
	    master_load(path, geteuid() + 1, &key, &f), FAIL_DENIED);
	assert_null(key);
	assert_non_null(strstr(f.why, "belongs to"));
}

static void
what_is_no_regular_file_is_refused(void **state)
{
	char target[160];

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_refused(FAIL_DENIED, "regular");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	expect_refused(FAIL_DENIED, "regular");
	assert_int_equal(rmdir(path), 0);
	(void)snprintf(target, sizeof(target), "%s.real", path);
	put_file(good, 0600);
	assert_int_equal(rename(path, target), 0);
	assert_int_equal(symlink(target, path), 0);
	expect_refused(FAIL_SYS, "cannot open");
	assert_int_equal(unlink(target), 0);
}

static void
a_missing_file_is_named(void **state)
{
	(void)state;
	expect_refused(FAIL_NOTFOUND, path);
}

static void
text_that_is_not_a_key_is_refused(void **state)
{
	char text[80];

	(void)state;
	put_file("", 0600);
	expect_refused(FAIL_FORMAT, "64 hexadecimal digits");
	memcpy(text, good, sizeof(good));
	text[64] = 0; /* no newline */
	put_file(text, 0600);
	expect_refused(FAIL_FORMAT, "64 hexadecimal digits");
	memcpy(text, good, sizeof(good));
	text[64] = '0'; /* another character in its place */
	put_file(text, 0600);
	expect_refused(FAIL_FORMAT, "64 hexadecimal digits");
	memcpy(text, good, sizeof(good));
	text[7] = 'g';
	put_file(text, 0600);
	expect_refused(FAIL_FORMAT, "64 hexadecimal digits");
	(void)snprintf(text, sizeof(text), "%s\n", good); /* a line more */
	put_file(text, 0600);
	expect_refused(FAIL_FORMAT, "64 hexadecimal digits");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	    T(a_new_key_loads_to_the_same_bytes),
	    T(the_text_is_hexadecimal),
	    T(two_new_keys_differ),
	    T(an_existing_file_is_never_overwritten),
	    T(only_modes_0400_and_0600_are_accepted),
	    T(a_file_of_another_user_is_refused),
	    T(what_is_no_regular_file_is_refused),
	    T(a_missing_file_is_named),
	    T(text_that_is_not_a_key_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
