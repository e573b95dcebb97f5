/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of files, and the state of a recording on disk.
 */
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fail.h"
#include "base/hash.h"
#include "recorder/place.h"

static void
a_recording_lies_under_the_day_of_its_id(void **state)
{
	char name[PLACE_NAME];
	uint8_t id[UUID_LEN];

	(void)state;
	assert_int_equal(
	    uuid_parse(id, "01936b2c-9e00-7c44-a3d1-5f1e0c0ffee1"), 0);
	assert_int_equal(place_name(name, id), 0);
	assert_string_equal(
	    name, "2024/11/27/01936b2c-9e00-7c44-a3d1-5f1e0c0ffee1.rcd");
	memset(id, 0, sizeof(id)); /* 1970 */
	assert_int_equal(place_name(name, id), FAIL_RANGE);
	memset(id, 0xff, sizeof(id)); /* the year 10889 */
	assert_int_equal(place_name(name, id), FAIL_RANGE);
}

static void
a_state_comes_back_and_a_damaged_one_does_not(void **state)
{
	struct rcd_chain c = {.next_seq = 1ULL << 40,
	    .off = 1ULL << 50,
	    .last_us = 3,
	    .raw_a = 4,
	    .raw_b = 5,
	    .max_chunk = 65536,
	    .epoch = 7,
	    .gop = true};
	uint8_t p[PLACE_STATE];
	struct rcd_chain got;
	size_t i;

	(void)state;
	memset(c.rec_id, 1, sizeof(c.rec_id));
	memset(c.hash, 2, sizeof(c.hash));
	memset(c.salt, 3, sizeof(c.salt));
	place_state_encode(p, &c);
	assert_int_equal(place_state_decode(p, &got), 0);
	assert_memory_equal(got.rec_id, c.rec_id, sizeof(c.rec_id));
	assert_memory_equal(got.hash, c.hash, sizeof(c.hash));
	assert_memory_equal(got.salt, c.salt, sizeof(c.salt));
	assert_int_equal(got.next_seq, c.next_seq);
	assert_int_equal(got.off, c.off);
	assert_int_equal(got.last_us, c.last_us);
	assert_int_equal(got.raw_a, c.raw_a);
	assert_int_equal(got.raw_b, c.raw_b);
	assert_int_equal(got.max_chunk, c.max_chunk);
	assert_int_equal(got.epoch, c.epoch);
	assert_true(got.gop && !got.ended);
	for (i = 0; i < sizeof(p); i++) {
		p[i] ^= 0x10;
		assert_int_equal(place_state_decode(p, &got), FAIL_FORMAT);
		p[i] ^= 0x10;
	}
}

static void
a_state_that_this_version_does_not_write_is_refused(void **state)
{
	struct rcd_chain c = {.gop = true, .ended = true};
	uint8_t p[PLACE_STATE];
	size_t i;

	(void)state;
	for (i = 116; i < sizeof(p) - 4; i++) {
		place_state_encode(p, &c);
		p[i] ^= 2;
		le32_put(p + sizeof(p) - 4, crc32c(0, p, sizeof(p) - 4));
		assert_int_equal(place_state_decode(p, &c), FAIL_FORMAT);
		p[i] ^= 2;
		le32_put(p + sizeof(p) - 4, crc32c(0, p, sizeof(p) - 4));
		assert_int_equal(place_state_decode(p, &c), 0);
		assert_true(c.gop && c.ended);
	}
}

static void
folders_are_made_below_the_root_only(void **state)
{
	char root[] = "/tmp/test_place.XXXXXX", path[128];
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(root));
	(void)snprintf(path, sizeof(path), "%s/2024/11/27/x.rcd", root);
	assert_int_equal(place_mkdirs(root, path), 0);
	assert_int_equal(place_mkdirs(root, path), 0);
	assert_int_equal(place_sync_folder(path), 0);
	assert_int_not_equal(stat(path, &st), 0);
	(void)snprintf(path, sizeof(path), "%s/2024/11/27", root);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(place_mkdirs("/nonexistent/folder",
			     "/nonexistent/folder/2024/x.rcd"),
	    FAIL_SYS);
	(void)snprintf(path, sizeof(path), "%s/2024/11", root);
	(void)rmdir(path);
	(void)snprintf(path, sizeof(path), "%s/2024", root);
	(void)rmdir(path);
	(void)rmdir(root);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_recording_lies_under_the_day_of_its_id),
	    cmocka_unit_test(a_state_comes_back_and_a_damaged_one_does_not),
	    cmocka_unit_test(
		a_state_that_this_version_does_not_write_is_refused),
	    cmocka_unit_test(folders_are_made_below_the_root_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
