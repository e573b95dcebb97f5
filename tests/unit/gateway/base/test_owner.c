/* SPDX-License-Identifier: Apache-2.0 */
/* The node's user, and what is made for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/owner.h"

static char dir[64];

static int
setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/sallyport-owner.XXXXXX");
	return mkdtemp(dir) == NULL;
}

static int
teardown(void **state)
{
	static const char *const parts[] = {
	    "/a/b/c", "/a/b", "/a", "/file", ""};
	char path[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		snprintf(path, sizeof(path), "%s%s", dir, parts[i]);
		if (remove(path) != 0)
			return -1;
	}
	return 0;
}

static void
without_a_name_it_is_whoever_runs_this(void **state)
{
	struct fail f = {0};
	struct owner o;

	(void)state;
	assert_int_equal(owner_find(&o, "", &f), 0);
	assert_int_equal(o.uid, geteuid());
	assert_false(o.other);
	assert_int_not_equal(o.name[0], '\0');
}

static void
root_uses_the_named_user_and_nobody_else_does(void **state)
{
	struct fail f = {0};
	struct owner o;

	(void)state;
	assert_int_equal(owner_find(&o, "nobody", &f), 0);
	if (geteuid() == 0) {
		assert_string_equal(o.name, "nobody");
		assert_true(o.other);
		assert_int_equal(owner_find(&o, "no-such-user", &f), FAIL_CONF);
		assert_non_null(strstr(f.why, "no-such-user"));
	} else {
		assert_int_equal(o.uid, geteuid());
		assert_int_equal(owner_find(&o, "no-such-user", &f), 0);
	}
	assert_int_equal(owner_find(&o, "root", &f), 0);
	assert_false(o.other);
}

static void
expect(const char *name, mode_t mode, uid_t uid)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s%s", dir, name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	assert_int_equal(st.st_uid, uid);
}

static void
only_the_last_folder_is_given_away(void **state)
{
	struct fail f = {0};
	char path[128];
	struct owner o;

	(void)state;
	assert_int_equal(owner_find(&o, "nobody", &f), 0);
	snprintf(path, sizeof(path), "%s/a/b/c", dir);
	assert_int_equal(owner_folder(&o, path, 0700, &f), 0);
	expect("/a", 0755, geteuid());
	expect("/a/b", 0755, geteuid());
	expect("/a/b/c", 0700, o.uid);
	/* One that is there keeps its mode. */
	snprintf(path, sizeof(path), "%s/a/b", dir);
	assert_int_equal(owner_folder(&o, path, 0700, &f), 0);
	expect("/a/b", 0755, o.uid);
}

static void
a_file_in_the_way_is_named(void **state)
{
	struct fail f = {0};
	char path[128];
	struct owner o;
	FILE *file;

	(void)state;
	assert_int_equal(owner_find(&o, "nobody", &f), 0);
	snprintf(path, sizeof(path), "%s/file", dir);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	assert_true(owner_folder(&o, path, 0700, &f) < 0);
	assert_non_null(strstr(f.why, path));
	assert_int_equal(owner_give(&o, path, &f), 0);
	expect("/file", 0644, o.uid);
	f = (struct fail){0};
	assert_int_equal(owner_folder(&o, "", 0700, &f), FAIL_CONF);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_a_name_it_is_whoever_runs_this),
	    cmocka_unit_test(root_uses_the_named_user_and_nobody_else_does),
	    cmocka_unit_test(only_the_last_folder_is_given_away),
	    cmocka_unit_test(a_file_in_the_way_is_named),
	};

	umask(022);
	return cmocka_run_group_tests(tests, setup, teardown);
}
