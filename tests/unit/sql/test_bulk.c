/* SPDX-License-Identifier: Apache-2.0 */
/* Array-bound inserts against a real server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/loop.h"
#include "base/uuid.h"
#include "sql/bulk.h"

#include "server.h"

static const struct bulk_col cols[] = {
    {"session_id", DB_BYTES, 16},
    {"seq", DB_U64, 0},
    {"at_us", DB_U64, 0},
    {"channel", DB_U64, 0},
    {"kind", DB_U64, 0},
    {"line", DB_TEXT, 8192},
};

static struct bulk *
make(size_t rows)
{
	struct bulk *b = bulk_new("keystroke", cols, ARRAY_LEN(cols), rows);

	assert_non_null(b);
	return b;
}

static int
add(struct bulk *b, const uint8_t id[16], uint64_t seq, const char *line)
{
	const struct db_val row[] = {db_uuid(id), db_u64(seq),
	    db_u64(1700000000000000 + seq), db_u64(0), db_u64(0),
	    db_text(line)};

	return bulk_add(b, row);
}

static struct db *
open_db(void **state)
{
	struct server *s = *state;
	struct db *db = db_new(&s->opts);

	assert_non_null(db);
	return db;
}

static void
rows_are_stored_once_however_often_they_are_sent(void **state)
{
	struct db *db = open_db(state);
	struct bulk *b = make(200);
	struct fail f = {0};
	uint64_t n = 0;
	uint8_t id[16];
	char line[32];

	uuid_new(id);
	for (unsigned i = 0; i < 100; i++) {
		snprintf(line, sizeof(line), "command %u", i);
		assert_int_equal(add(b, id, i, line), 0);
	}
	assert_int_equal(bulk_run(b, db, &n, &f), 0);
	assert_int_equal(n, 100);
	assert_int_equal(bulk_run(b, db, &n, &f), 0);
	assert_int_equal(n, 0);
	/* Half known, half new. */
	bulk_clear(b);
	for (unsigned i = 50; i < 150; i++)
		assert_int_equal(add(b, id, i, "other text"), 0);
	assert_int_equal(bulk_run(b, db, &n, &f), 0);
	assert_int_equal(n, 50);
	assert_int_equal(
	    server_number(db, "SELECT COUNT(*) FROM keystroke"), 150);
	assert_int_equal(server_number(db, "SELECT COUNT(*) FROM keystroke "
					   "WHERE line LIKE 'command %'"),
	    100);
	assert_int_equal(
	    server_number(db, "SELECT COUNT(*) FROM keystroke "
			      "WHERE line='command 99' AND seq=99"),
	    1);
	bulk_free(b);
	db_free(db);
}

static void
a_row_that_cannot_be_stored_is_refused_alone(void **state UNUSED)
{
	struct bulk *b = make(2);
	char *huge = calloc(1, 9000);
	uint8_t id[16];

	assert_non_null(huge);
	memset(huge, 'x', 8193);
	uuid_new(id);
	assert_int_equal(add(b, id, 1, huge), FAIL_RANGE);
	assert_int_equal(add(b, id, 1, "\xff\xfe"), FAIL_FORMAT);
	assert_int_equal(add(b, id, 1, "cut \xc3"), FAIL_FORMAT);
	assert_int_equal(bulk_rows(b), 0);
	huge[8192] = '\0';
	assert_int_equal(add(b, id, 1, huge), 0);
	assert_int_equal(add(b, id, 2, "\xef\xbf\xbd stays"), 0);
	assert_int_equal(add(b, id, 3, "too many"), FAIL_FULL);
	assert_int_equal(bulk_rows(b), 2);
	bulk_free(b);
	free(huge);
}

static void
a_fault_in_one_row_stores_none(void **state)
{
	static const struct bulk_col node_cols[] = {
	    {"id", DB_BYTES, 16},
	    {"name", DB_TEXT, 4000},
	    {"created_us", DB_U64, 0},
	};
	struct bulk *b = bulk_new("node", node_cols, 3, 10);
	struct db *db = open_db(state);
	struct fail f = {0};
	uint8_t id[16];
	char name[300];

	assert_non_null(b);
	for (unsigned i = 0; i < 4; i++) {
		/* The third name is longer than its column. */
		memset(name, 'n', sizeof(name));
		name[i == 2 ? 290 : 10 + i] = '\0';
		uuid_new(id);
		assert_int_equal(
		    bulk_add(b, (const struct db_val[]){db_uuid(id),
				    db_text(name), db_u64(1)}),
		    0);
	}
	assert_int_equal(bulk_run(b, db, NULL, &f), FAIL_SQL);
	assert_int_equal(server_number(db, "SELECT COUNT(*) FROM node"), 0);
	bulk_free(b);
	db_free(db);
}

static void
null_can_stand_anywhere(void **state)
{
	static const struct bulk_col c[] = {
	    {"id", DB_BYTES, 16},
	    {"name", DB_TEXT, 255},
	    {"created_us", DB_U64, 0},
	    {"pubkey", DB_BYTES, 64},
	};
	struct bulk *b = bulk_new("node", c, 4, 3);
	struct db *db = open_db(state);
	struct fail f = {0};
	uint8_t id[16];

	assert_non_null(b);
	uuid_new(id);
	assert_int_equal(bulk_add(b, (const struct db_val[]){db_uuid(id),
					 db_text("a"), db_u64(1), db_null()}),
	    0);
	uuid_new(id);
	assert_int_equal(
	    bulk_add(b, (const struct db_val[]){db_uuid(id), db_text("b"),
			    db_u64(1), db_bytes(SPAN("", 0))}),
	    0);
	assert_int_equal(bulk_run(b, db, NULL, &f), 0);
	assert_int_equal(server_number(db, "SELECT COUNT(*) FROM node WHERE "
					   "name='a' AND pubkey IS NULL"),
	    1);
	assert_int_equal(server_number(db, "SELECT COUNT(*) FROM node WHERE "
					   "name='b' AND LENGTH(pubkey)=0"),
	    1);
	bulk_free(b);
	db_free(db);
}

static void
a_crash_of_the_server_is_bridged(void **state)
{
	struct server *s = *state;
	struct db *db = open_db(state);
	struct bulk *b = make(1000);
	struct fail f = {0};
	uint8_t id[16];

	uuid_new(id);
	assert_int_equal(db_connect(db, &f), 0);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(add(b, id, i, "across the crash"), 0);
	server_crash(s);
	server_again(s);
	assert_int_equal(bulk_run(b, db, NULL, &f), 0);
	assert_int_equal(server_number(db, "SELECT COUNT(*) FROM keystroke "
					   "WHERE line='across the crash'"),
	    1000);
	bulk_free(b);
	db_free(db);
}

static void
thousands_of_rows_take_a_second_at_most(void **state)
{
	struct db *db = open_db(state);
	struct bulk *b = make(1000);
	struct fail f = {0};
	uint64_t begin = mono_ns(), ms;
	uint8_t id[16];

	for (unsigned k = 0; k < 10; k++) {
		uuid_new(id);
		bulk_clear(b);
		for (unsigned i = 0; i < 1000; i++)
			assert_int_equal(
			    add(b, id, i, "sudo systemctl restart x"), 0);
		assert_int_equal(bulk_run(b, db, NULL, &f), 0);
	}
	ms = (mono_ns() - begin) / 1000000;
	print_message("10,000 keystroke rows in %u ms\n", (unsigned)ms);
	/* Ten times what it takes on a small busy machine. */
	assert_true(ms < 10000);
	bulk_free(b);
	db_free(db);
}

static void
bytes_that_are_not_text_become_marks(void **state UNUSED)
{
	char dst[16];

	assert_int_equal(bulk_utf8(dst, sizeof(dst),
			     SPAN("a\xff"
				  "b",
				 3)),
	    5);
	assert_string_equal(dst, "a\xef\xbf\xbd"
				 "b");
	assert_int_equal(bulk_utf8(dst, sizeof(dst), SPAN("x\xe2\x82", 3)), 4);
	assert_string_equal(dst, "x\xef\xbf\xbd");
	/* Never half a character. */
	assert_int_equal(bulk_utf8(dst, 4, SPAN("ab\xc3\xa9", 4)), 2);
	assert_string_equal(dst, "ab");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_are_stored_once_however_often_they_are_sent),
	    cmocka_unit_test(a_row_that_cannot_be_stored_is_refused_alone),
	    cmocka_unit_test(a_fault_in_one_row_stores_none),
	    cmocka_unit_test(null_can_stand_anywhere),
	    cmocka_unit_test(a_crash_of_the_server_is_bridged),
	    cmocka_unit_test(thousands_of_rows_take_a_second_at_most),
	    cmocka_unit_test(bytes_that_are_not_text_become_marks),
	};

	return cmocka_run_group_tests(
	    tests, server_setup_schema, server_teardown);
}
