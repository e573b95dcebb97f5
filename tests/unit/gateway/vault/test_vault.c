/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vault's files of a node, from nothing to an open keyring.
 */
#include <pwd.h>
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

#include "base/conf.h"
#include "vault/keyring_file.h"
#include "vault/master.h"
#include "vault/vault.h"

static char dir[64], folder[96], key_path[128], ring_path[128];
static struct conf *conf;

static int
make_conf(const char *user)
{
	char text[256];
	int n = snprintf(text, sizeof(text),
	    "[node]\nstate = %s/state\nuser = %s\n", dir, user);

	conf_free(conf);
	conf = NULL;
	return conf_parse(&conf, "test", text, (size_t)n, NULL);
}

static int
setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test_vault.XXXXXX");
	if (mkdtemp(dir) == NULL || make_conf("") != 0)
		return -1;
	(void)snprintf(folder, sizeof(folder), "%s/state/vault", dir);
	(void)snprintf(key_path, sizeof(key_path), "%s/master.key", folder);
	(void)snprintf(ring_path, sizeof(ring_path), "%s/keyring", folder);
	return 0;
}

static int
teardown(void **state)
{
	char path[96];

	(void)state;
	conf_free(conf);
	conf = NULL;
	(void)unlink(key_path);
	(void)unlink(ring_path);
	(void)rmdir(folder);
	(void)snprintf(path, sizeof(path), "%s/state", dir);
	(void)rmdir(path);
	return rmdir(dir);
}

static void
expect_file(const char *path, mode_t mode, uid_t uid)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	assert_int_equal(st.st_uid, uid);
}

static void
init_makes_what_open_opens(void **state)
{
	struct fail f = {0};
	struct keyring *k;

	(void)state;
	assert_int_equal(vault_init(conf, &f), 0);
	expect_file(folder, 0700, geteuid());
	expect_file(key_path, 0400, geteuid());
	expect_file(ring_path, 0600, geteuid());
	assert_int_equal(vault_open(conf, &k, &f), 0);
	assert_int_equal(keyring_count(k), 6);
	keyring_free(k);
}

static void
a_second_init_changes_nothing(void **state)
{
	struct fail f = {0};
	struct stat before, after;

	(void)state;
	assert_int_equal(vault_init(conf, NULL), 0);
	assert_int_equal(stat(ring_path, &before), 0);
	assert_int_equal(vault_init(conf, &f), FAIL_EXISTS);
	assert_non_null(strstr(f.why, ring_path));
	assert_int_equal(stat(ring_path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

static void
a_master_key_that_is_there_is_used(void **state)
{
	struct secret *key;
	struct keyring *k;

	(void)state;
	assert_int_equal(vault_init(conf, NULL), 0);
	assert_int_equal(unlink(ring_path), 0);
	assert_int_equal(vault_init(conf, NULL), 0);
	assert_int_equal(master_load(key_path, geteuid(), &key, NULL), 0);
	assert_int_equal(keyring_file_load(&k, ring_path, key, NULL), 0);
	keyring_free(k);
	secret_free(key);
}

static void
a_replaced_master_key_is_told(void **state)
{
	struct fail f = {0};
	struct secret *key;
	struct keyring *k;

	(void)state;
	assert_int_equal(vault_init(conf, NULL), 0);
	assert_int_equal(unlink(key_path), 0);
	assert_int_equal(vault_open(conf, &k, &f), FAIL_NOTFOUND);
	assert_null(k);
	assert_int_equal(master_create(key_path, &key, NULL), 0);
	secret_free(key);
	f = (struct fail){0};
	assert_int_equal(vault_open(conf, &k, &f), FAIL_DENIED);
	assert_non_null(strstr(f.why, "another master key"));
}

static void
root_gives_the_files_to_the_nodes_user(void **state)
{
	const struct passwd *pw = getpwnam("nobody");
	struct fail f = {0};

	(void)state;
	if (geteuid() != 0 || pw == NULL)
		skip();
	assert_int_equal(make_conf("nobody"), 0);
	assert_int_equal(vault_init(conf, &f), 0);
	expect_file(folder, 0700, pw->pw_uid);
	expect_file(key_path, 0400, pw->pw_uid);
	expect_file(ring_path, 0600, pw->pw_uid);
	assert_int_equal(unlink(ring_path), 0);
	assert_int_equal(vault_init(conf, &f), 0);
	expect_file(ring_path, 0600, pw->pw_uid);
}

static void
a_user_that_does_not_exist_is_named(void **state)
{
	struct fail f = {0};

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(make_conf("no-such-user-here"), 0);
	assert_int_equal(vault_init(conf, &f), FAIL_CONF);
	assert_non_null(strstr(f.why, "no-such-user-here"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	    T(init_makes_what_open_opens),
	    T(a_second_init_changes_nothing),
	    T(a_master_key_that_is_there_is_used),
	    T(a_replaced_master_key_is_told),
	    T(root_gives_the_files_to_the_nodes_user),
	    T(a_user_that_does_not_exist_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
