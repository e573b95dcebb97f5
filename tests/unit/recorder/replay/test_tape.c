/* SPDX-License-Identifier: Apache-2.0 */
/* A recording that is wound to and fro. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "base/loop.h"
#include "recorder/replay/tape.h"

#include "rp_make.h"

static struct rec_make m;
static struct source *source;
static struct tape *t;
static char row[SCREEN_ROW_SIZE];

enum { S = 1000000 };

/* A shell that prints a numbered line each second, and much beside it. */
static void
begin(unsigned secs, size_t filler)
{
	char line[64];
	uint8_t *text = malloc(filler + 1);
	unsigned i;

	assert_non_null(text);
	rec_make_init(&m);
	assert_int_equal(rec_make_start(&m), 0);
	rp_shell(&m, 0, 0, 60, 10);
	for (i = 1; i <= secs; i++) {
		rec_make_text(text, filler, i);
		rp_bytes(&m, i * 1000, RCD_EV_OUT, 0, SPAN(text, filler));
		(void)snprintf(
		    line, sizeof(line), "\033[0m\r\nline %u of all\r\n", i);
		rp_event(&m, i * 1000, RCD_EV_OUT, 0, line);
		assert_int_equal(rcd_writer_seal(m.w), 0);
	}
	rec_make_end(&m, (uint64_t)secs * S);
	source = rp_source(&m);
	assert_int_equal(tape_new(&t, source, PICK_AUTO, 80, 24), 0);
	free(text);
}

static void
finish(void)
{
	tape_free(t);
	source_free(source);
	rec_make_fini(&m);
}

static int
wind(uint64_t t_us)
{
	int r;

	assert_int_equal(tape_wind(t, t_us), 0);
	while ((r = tape_run(t, t_us, mono_ns() + 1000000)) == TAPE_BUSY)
		;
	return r;
}

/* The text of all rows; to be freed. */
static char *
picture(void)
{
	struct screen *s = tape_stage(t)->screen;
	char *all = calloc(24, SCREEN_ROW_SIZE);
	unsigned cols, rows, i;
	size_t len = 0;

	assert_non_null(all);
	screen_size(s, &cols, &rows);
	for (i = 0; i < rows; i++) {
		len += screen_row(s, i, all + len);
		all[len++] = '\n';
	}
	return all;
}

static void
it_is_the_same_screen_whichever_way_one_came(void **state)
{
	static const uint64_t places[] = {80 * S, 30 * S, 79 * S, 1 * S, 55 * S,
	    54 * S, 30 * S, 100 * S, 2 * S + 5, 64 * S};
	char *there[ARRAY_LEN(places)], *here;
	size_t i;

	(void)state;
	begin(100, 40000);
	/* Each alone from the start, ... */
	for (i = 0; i < ARRAY_LEN(places); i++) {
		assert_int_equal(tape_channel(t, PICK_AUTO), 0);
		IGNORE(wind(places[i]));
		there[i] = picture();
	}
	/* ... and to and fro. */
	for (i = 0; i < ARRAY_LEN(places); i++) {
		int r = wind(places[i]);

		assert_true(r == 0 || r == RCD_END);
		here = picture();
		assert_string_equal(here, there[i]);
		free(here);
		free(there[i]);
	}
	finish();
}

static void
it_stands_where_it_was_told(void **state)
{
	uint64_t next;

	(void)state;
	begin(20, 10);
	assert_int_equal(wind(5 * S), 0);
	assert_int_equal(tape_at(t), 5 * S);
	assert_int_equal(tape_next(t, &next), 0);
	assert_int_equal(next, 6 * S);
	assert_int_equal(tape_step(t), 0);
	assert_int_equal(tape_at(t), 6 * S);
	assert_int_equal(wind(3 * S + 1), 0);
	assert_int_equal(tape_at(t), 3 * S);
	assert_int_equal(wind(UINT64_MAX), RCD_END);
	assert_int_equal(tape_at(t), 20 * S);
	assert_int_equal(wind(0), 0);
	assert_int_equal(tape_at(t), 0);
	finish();
}

static int
find_next(void)
{
	int r;

	while ((r = tape_search(t, mono_ns() + 1000000)) == TAPE_BUSY)
		;
	return r;
}

static void
searching_stops_where_the_text_appears(void **state)
{
	struct screen *s;

	(void)state;
	begin(50, 2000);
	assert_int_equal(tape_search_start(t, "line 3"), 0);
	assert_int_equal(find_next(), TAPE_FOUND);
	assert_int_equal(tape_at(t), 3 * S);
	s = tape_stage(t)->screen;
	(void)screen_row(s, 8, row);
	assert_string_equal(row, "line 3 of all");
	assert_int_equal(find_next(), TAPE_FOUND);
	assert_int_equal(tape_at(t), 30 * S);
	assert_int_equal(find_next(), TAPE_FOUND);
	assert_int_equal(tape_at(t), 31 * S);
	tape_search_cancel(t);
	assert_int_equal(tape_search_start(t, "LINE 3"), 0);
	assert_int_equal(find_next(), RCD_END);
	assert_int_equal(wind(10 * S), 0);
	assert_int_equal(tape_at(t), 10 * S);
	finish();
}

static void
a_growing_recording_goes_on_where_it_stopped(void **state)
{
	uint64_t next;
	size_t len;

	(void)state;
	begin(20, 100);
	tape_free(t);
	source_free(source);
	len = m.file.end;
	m.file.end = m.file.off + m.place[10];
	source = rp_source(&m);
	assert_int_equal(tape_new(&t, source, PICK_AUTO, 80, 24), 0);
	assert_int_equal(wind(UINT64_MAX), RCD_MORE);
	assert_int_equal(tape_at(t), 10 * S);
	assert_int_equal(tape_next(t, &next), RCD_MORE);
	m.file.end = len;
	finish();
}

static void
damage_ends_the_way_but_not_what_is_before(void **state)
{
	(void)state;
	begin(20, 100);
	tape_free(t);
	source_free(source);
	m.file.data[m.file.off + m.place[10] + 50] ^= 1;
	source = rp_source(&m);
	assert_int_equal(tape_new(&t, source, PICK_AUTO, 80, 24), 0);
	assert_int_equal(wind(UINT64_MAX), FAIL_CHAIN);
	assert_int_equal(tape_at(t), 10 * S);
	assert_int_equal(wind(4 * S), 0);
	assert_int_equal(tape_at(t), 4 * S);
	finish();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_is_the_same_screen_whichever_way_one_came),
	    cmocka_unit_test(it_stands_where_it_was_told),
	    cmocka_unit_test(searching_stops_where_the_text_appears),
	    cmocka_unit_test(a_growing_recording_goes_on_where_it_stopped),
	    cmocka_unit_test(damage_ends_the_way_but_not_what_is_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
