/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed lines against transcripts of real programs, and against hostile
 * timing.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "session/typed.h"

enum { STORE = 65536, LINES = 64 };

static const uint64_t ms = 1000000;

/* What the callbacks stored. */
struct stored {
	char in[STORE];
	size_t in_len;
	char lines[LINES][TYPED_LINE_MAX + 64];
	uint64_t line_ns[LINES];
	size_t n_lines;
	unsigned noecho;
};

static void
on_in(void *ctx, uint64_t mono_ns, const uint8_t *p, size_t len)
{
	struct stored *s = ctx;

	(void)mono_ns;
	assert_true(s->in_len + len < STORE);
	memcpy(s->in + s->in_len, p, len);
	s->in_len += len;
	s->in[s->in_len] = '\0';
}

static void
on_noecho(void *ctx, uint64_t mono_ns, uint32_t count)
{
	struct stored *s = ctx;

	(void)mono_ns;
	/* Never how many there were. */
	assert_int_equal(count, 1);
	s->noecho++;
}

static void
on_line(void *ctx, uint64_t mono_ns, const char *text, size_t len)
{
	struct stored *s = ctx;

	assert_true(s->n_lines < LINES && len < sizeof(s->lines[0]));
	memcpy(s->lines[s->n_lines], text, len);
	s->lines[s->n_lines][len] = '\0';
	s->line_ns[s->n_lines++] = mono_ns;
}

static const struct typed_ops ops = {on_in, on_noecho, on_line};

static struct typed *
make(struct stored *s, uint32_t cols)
{
	const struct typed_opts o = {.cols = cols, .ops = &ops, .ctx = s};
	struct typed *t = typed_new(&o);

	memset(s, 0, sizeof(*s));
	assert_non_null(t);
	return t;
}

static void
input(struct typed *t, uint64_t at_ms, const char *text)
{
	typed_input(t, at_ms * ms, (const uint8_t *)text, strlen(text));
}

static void
output(struct typed *t, uint64_t at_ms, const char *text)
{
	typed_output(t, at_ms * ms, (const uint8_t *)text, strlen(text));
}

/* Let time pass as a loop does: ticks when they are due. */
static void
pass(struct typed *t, uint64_t until_ns)
{
	uint64_t due;
	unsigned n;

	for (n = 0; n < 10000; n++) {
		due = typed_due_ns(t);
		if (due == 0 || due > until_ns)
			return;
		typed_tick(t, due);
	}
	fail_msg("always due");
}

static void
expect_lines(const struct stored *s, const char *const *want, size_t n)
{
	size_t i;

	for (i = 0; i < n && i < s->n_lines; i++)
		assert_string_equal(s->lines[i], want[i]);
	assert_int_equal(s->n_lines, n);
}

/* ---- hostile timing */

static void
a_secret_is_not_given_out_by_text_shown_before_it(void **state)
{
	static struct stored s;
	struct typed *t = make(&s, 80);

	(void)state;
	/* The same letters stood there already, and do so afterwards. */
	output(t, 0, "hunter2 hunter2\r\n$ ");
	input(t, 100, "hunter2\r");
	pass(t, 5000 * ms);
	output(t, 6000, "\r\nhunter2\r\n$ ");
	pass(t, 12000 * ms);
	typed_flush(t);
	typed_free(t);
	assert_null(strstr(s.in, "hun"));
	expect_lines(&s, (const char *const[]){"****"}, 1);
}

static void
a_line_behind_a_password_prompt_is_masked_though_echoed(void **state)
{
	static struct stored s;
	struct typed *t = make(&s, 80);

	(void)state;
	output(t, 0, "Password: ");
	input(t, 100, "hunter2\r");
	output(t, 110, "hunter2\r\n$ ");
	pass(t, 5000 * ms);
	input(t, 6000, "id\r");
	output(t, 6010, "id\r\nroot\r\n$ ");
	pass(t, 12000 * ms);
	typed_flush(t);
	typed_free(t);
	assert_null(strstr(s.in, "hun"));
	expect_lines(&s, (const char *const[]){"****", "id"}, 2);
}

static void
the_end_of_a_session_masks_what_is_in_doubt(void **state)
{
	static struct stored s;
	struct typed *t = make(&s, 80);

	(void)state;
	output(t, 0, "$ ");
	input(t, 100, "hunter2");
	typed_flush(t);
	assert_int_equal(typed_due_ns(t), 0);
	typed_free(t);
	assert_null(strstr(s.in, "hun"));
	assert_true(s.noecho > 0);
	expect_lines(&s, (const char *const[]){"****"}, 1);
}

static void
a_line_without_echo_does_not_hide_what_was_echoed_behind_it(void **state)
{
	static struct stored s;
	struct typed *t = make(&s, 80);

	(void)state;
	/* Typed ahead: it may still come, so that it is waited for. */
	output(t, 0, "$ ");
	input(t, 100, "sleep 1\rhidden\r");
	output(t, 101, "sleep 1\r\n");
	output(t, 1100, "$ ");
	input(t, 1200, "kept");
	output(t, 1201, "kept");
	input(t, 1300, "\r");
	output(t, 1301, "\r\n$ ");
	input(t, 1400, "dou");
	output(t, 1401, "dou");
	typed_flush(t);
	typed_free(t);
	assert_null(strstr(s.in, "hid"));
	/* The last was not ended: whether all of it is echoed is not known. */
	expect_lines(
	    &s, (const char *const[]){"sleep 1", "****", "kept", "****"}, 4);
}

/* A line typed at a prompt, and the echo of each character. */
static void
typed_slowly(struct typed *t, uint64_t at_ms, const char *line)
{
	char one[2] = "";

	for (; *line != '\0'; line++, at_ms += 30) {
		one[0] = *line;
		input(t, at_ms, one);
		output(t, at_ms + 1, one);
	}
	input(t, at_ms, "\r");
	output(t, at_ms + 1, "\r\n");
}

static void
an_echo_in_its_own_cell_is_not_that_of_a_hidden_line(void **state)
{
	static struct stored s;
	struct typed *t = make(&s, 80);

	(void)state;
	output(t, 0, "$ ");
	typed_slowly(t, 100, "read -s v");
	/* Its first character is in the next line as well. */
	input(t, 1000, "hidden\r");
	output(t, 1001, "$ ");
	typed_slowly(t, 1100, "echo after");
	typed_flush(t);
	expect_lines(
	    &s, (const char *const[]){"read -s v", "****", "echo after"}, 3);
	typed_free(t);

	t = make(&s, 80);
	output(t, 0, "$ ");
	typed_slowly(t, 100, "read -s v");
	/* All of it is. */
	input(t, 1000, "4\r");
	output(t, 1001, "$ ");
	typed_slowly(t, 1100, "echo 42");
	typed_flush(t);
	expect_lines(
	    &s, (const char *const[]){"read -s v", "****", "echo 42"}, 3);
	typed_free(t);
}

static void
what_the_terminal_answers_is_masked_in_the_middle_of_a_line(void **state)
{
	static struct stored s;
	struct typed *t = make(&s, 80);

	(void)state;
	output(t, 0, "$ ");
	input(t, 100, "ab\033]52;c;aHVudGVyMg==\033\\cd\r");
	output(t, 101, "abcd\r\n");
	pass(t, 5000 * ms);
	/* The same, with a line that waits for the end of the session. */
	input(t, 6000, "sleep 1\rhid\rab\033]52;c;aHVudGVyMg==\033\\cd\r");
	output(t, 6001, "sleep 1\r\n$ abcd\r\n");
	typed_flush(t);
	typed_free(t);
	assert_null(strstr(s.in, "aHVu"));
	assert_null(strstr(s.in, "52;c"));
}

static void
a_cell_is_the_echo_of_one_line_alone(void **state)
{
	static struct stored s;
	struct typed *t = make(&s, 80);
	unsigned shown = 0;

	(void)state;
	/* Of ".s" and "s.s", both typed ahead, only one can be on the screen. */
	input(t, 100, "\x03.s\x03");
	input(t, 200, "s.s\x03");
	output(t, 200, "s.s\x03");
	typed_flush(t);
	typed_free(t);
	for (const char *p = s.in; *p != '\0'; p++)
		shown += *p == 's';
	assert_in_range(shown, 1, 2);
	assert_true(s.noecho > 0);
}

/* What readline shows of a line typed ahead, around its margin. */
static void
typed_ahead(struct stored *s, const char *shown)
{
	struct typed *t = make(s, 20);

	output(t, 0, "$ ");
	input(t, 100, "\recho one two three four\r");
	output(t, 101, "\r\n");
	output(t, 102, shown);
	pass(t, 200 * ms);
	typed_flush(t);
	typed_free(t);
}

static void
a_line_typed_ahead_is_found_where_it_wraps(void **state)
{
	static struct stored s;

	(void)state;
	/* The cell behind the margin is written, and then once more. */
	typed_ahead(&s, "$ echo one two three \r four\r\n$ ");
	expect_lines(&s, (const char *const[]){"echo one two three four"}, 1);
	/* Something else in that cell is not the line. */
	typed_ahead(&s, "$ echo one two threex\r four\r\n$ ");
	expect_lines(&s, (const char *const[]){"****"}, 1);
	/* Nor is the same character in the next one. */
	typed_ahead(&s, "$ echo one two three  four\r\n$ ");
	expect_lines(&s, (const char *const[]){"****"}, 1);
}

static void
a_line_has_the_time_of_its_first_character(void **state)
{
	static struct stored s;
	struct typed *t = make(&s, 80);

	(void)state;
	output(t, 0, "$ ");
	input(t, 1000, "i");
	output(t, 1010, "i");
	input(t, 2000, "d");
	output(t, 2010, "d");
	input(t, 3000, "\r");
	output(t, 3010, "\r\n$ ");
	pass(t, 9000 * ms);
	typed_flush(t);
	typed_free(t);
	expect_lines(&s, (const char *const[]){"id"}, 1);
	assert_int_equal(s.line_ns[0], 1000 * ms);
	assert_string_equal(s.in, "id\r");
}

/* ---- transcripts */

struct event {
	uint64_t at_ms;
	bool typed;
	uint8_t *data;
	size_t len;
	size_t number;
};

struct transcript {
	uint32_t cols;
	char secrets[8][64];
	size_t n_secrets;
	char *lines[LINES];
	size_t n_lines;
	bool any_lines;
	struct event *events;
	size_t n;
};

static size_t
unescape(char *s)
{
	char *from = s, *to = s;
	unsigned v;

	while (*from != '\0' && *from != '\n') {
		if (from[0] == '\\' && from[1] == 'x' &&
		    sscanf(from + 2, "%2x", &v) == 1) {
			*to++ = (char)v;
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
	return (size_t)(to - s);
}

static void
transcript_line(struct transcript *tr, char *line)
{
	struct event *e;
	char *at;

	if (strncmp(line, "cols ", 5) == 0) {
		tr->cols = (uint32_t)strtoul(line + 5, NULL, 10);
	} else if (strncmp(line, "secret ", 7) == 0) {
		(void)unescape(line + 7);
		(void)snprintf(tr->secrets[tr->n_secrets++],
		    sizeof(tr->secrets[0]), "%.60s", line + 7);
	} else if (strncmp(line, "line*", 5) == 0) {
		tr->any_lines = true;
	} else if (strncmp(line, "line ", 5) == 0) {
		(void)unescape(line + 5);
		tr->lines[tr->n_lines++] = strdup(line + 5);
	} else {
		tr->events =
		    realloc(tr->events, (tr->n + 1) * sizeof(*tr->events));
		assert_non_null(tr->events);
		e = &tr->events[tr->n];
		e->number = tr->n++;
		e->at_ms = strtoul(line, &at, 10);
		assert_true(at != line && at[0] == ' ' && at[2] == ' ');
		e->typed = at[1] == '>';
		e->len = unescape(at + 3);
		e->data = malloc(e->len + 1);
		assert_non_null(e->data);
		memcpy(e->data, at + 3, e->len);
	}
}

static void
transcript_read(struct transcript *tr, const char *name)
{
	char path[512];
	char *line = NULL;
	size_t size = 0;
	FILE *fp;

	memset(tr, 0, sizeof(*tr));
	(void)snprintf(path, sizeof(path),
	    SRCDIR "/tests/unit/gateway/session/transcripts/%s", name);
	assert_non_null(fp = fopen(path, "re"));
	while (getline(&line, &size, fp) > 0)
		transcript_line(tr, line);
	free(line);
	(void)fclose(fp);
	assert_true(tr->n > 0);
}

static void
transcript_free(struct transcript *tr)
{
	size_t i;

	for (i = 0; i < tr->n; i++)
		free(tr->events[i].data);
	for (i = 0; i < tr->n_lines; i++)
		free(tr->lines[i]);
	free(tr->events);
}

static int
by_time(const void *pa, const void *pb)
{
	const struct event *a = pa, *b = pb;

	if (a->at_ms != b->at_ms)
		return a->at_ms < b->at_ms ? -1 : 1;
	return a->number < b->number ? -1 : 1;
}

/*
 * Play a transcript with what was shown arriving so much later, in pieces of at
 * most so many bytes, and through an export and import before every event.
 */
static void
play(struct transcript *tr, struct stored *s, uint64_t delay, size_t piece,
    bool hand_over)
{
	const struct typed_opts o = {.cols = tr->cols, .ops = &ops, .ctx = s};
	struct typed *t = make(s, tr->cols), *next;
	struct event *events = calloc(tr->n, sizeof(*events)), *e;
	struct buf state;
	size_t i, from, n;

	assert_non_null(events);
	memcpy(events, tr->events, tr->n * sizeof(*events));
	for (i = 0; i < tr->n; i++)
		if (!events[i].typed)
			events[i].at_ms += delay;
	qsort(events, tr->n, sizeof(*events), by_time);
	for (i = 0; i < tr->n; i++) {
		e = &events[i];
		pass(t, e->at_ms * ms);
		if (hand_over) {
			buf_init_secret(&state, TYPED_STATE_MAX);
			assert_int_equal(typed_export(t, &state), 0);
			assert_int_equal(
			    typed_import(&next, &o, buf_span(&state)), 0);
			buf_fini(&state);
			typed_free(t);
			t = next;
		}
		for (from = 0; from < e->len; from += n) {
			n = e->len - from < piece ? e->len - from : piece;
			if (e->typed)
				typed_input(
				    t, e->at_ms * ms, e->data + from, n);
			else
				typed_output(
				    t, e->at_ms * ms, e->data + from, n);
		}
	}
	pass(t, (tr->events[tr->n - 1].at_ms + 60000) * ms);
	typed_flush(t);
	typed_free(t);
	free(events);
}

/* Any three characters of the secret in a row are a leak. */
static void
expect_no_secret(
    const struct transcript *tr, const struct stored *s, const char *name)
{
	char part[4] = "";
	size_t i, j, k;

	for (i = 0; i < tr->n_secrets; i++)
		for (j = 0; j + 3 <= strlen(tr->secrets[i]); j++) {
			memcpy(part, tr->secrets[i] + j, 3);
			if (strstr(s->in, part) != NULL)
				fail_msg("%s: '%s' in the input", name, part);
			for (k = 0; k < s->n_lines; k++)
				if (strstr(s->lines[k], part) != NULL)
					fail_msg("%s: '%s' in line %zu: %s",
					    name, part, k, s->lines[k]);
		}
}

static bool
is_transcript(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && strcmp(name + n - 4, ".txt") == 0;
}

/* Call fn with every transcript. */
static void
each_transcript(void (*fn)(struct transcript *, const char *))
{
	struct transcript tr;
	struct dirent *e;
	DIR *dir = opendir(SRCDIR "/tests/unit/gateway/session/transcripts");
	unsigned n = 0;

	assert_non_null(dir);
	while ((e = readdir(dir)) != NULL) {
		if (!is_transcript(e->d_name))
			continue;
		transcript_read(&tr, e->d_name);
		fn(&tr, e->d_name);
		transcript_free(&tr);
		n++;
	}
	(void)closedir(dir);
	assert_true(n >= 15);
}

static void
check_lines(struct transcript *tr, const char *name, const struct stored *s,
    const char *how)
{
	size_t i;

	if (tr->any_lines)
		return;
	for (i = 0; i < tr->n_lines && i < s->n_lines; i++)
		if (strcmp(s->lines[i], tr->lines[i]) != 0)
			fail_msg("%s, %s, line %zu: '%s', not '%s'", name, how,
			    i + 1, s->lines[i], tr->lines[i]);
	if (s->n_lines != tr->n_lines)
		fail_msg("%s, %s: %zu lines, not %zu", name, how, s->n_lines,
		    tr->n_lines);
}

static void
check_as_recorded(struct transcript *tr, const char *name)
{
	static struct stored s;

	play(tr, &s, 0, SIZE_MAX / 2, false);
	expect_no_secret(tr, &s, name);
	check_lines(tr, name, &s, "as recorded");
	if (getenv("TYPED_SHOW") != NULL)
		for (size_t i = 0; i < s.n_lines; i++)
			print_message("%s: %s\n", name, s.lines[i]);
	play(tr, &s, 0, 1, false);
	expect_no_secret(tr, &s, name);
	check_lines(tr, name, &s, "byte by byte");
}

static void
real_programs_give_their_lines_and_no_secret(void **state)
{
	(void)state;
	each_transcript(check_as_recorded);
}

static void
check_far_away(struct transcript *tr, const char *name)
{
	static const uint64_t delays[] = {20, 60, 150};
	static struct stored s;
	char how[32];
	size_t i;

	for (i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
		play(tr, &s, delays[i], SIZE_MAX / 2, false);
		expect_no_secret(tr, &s, name);
		(void)snprintf(how, sizeof(how), "%d ms away", (int)delays[i]);
		check_lines(tr, name, &s, how);
	}
}

static void
a_target_far_away_changes_nothing(void **state)
{
	(void)state;
	each_transcript(check_far_away);
}

static void
check_never_late(struct transcript *tr, const char *name)
{
	static struct stored s;

	play(tr, &s, 300, SIZE_MAX / 2, false);
	expect_no_secret(tr, &s, name);
	play(tr, &s, 900, 3, false);
	expect_no_secret(tr, &s, name);
	play(tr, &s, 5000, SIZE_MAX / 2, false);
	expect_no_secret(tr, &s, name);
}

static void
no_delay_gives_a_secret_away(void **state)
{
	(void)state;
	each_transcript(check_never_late);
}

static void
check_handed_over(struct transcript *tr, const char *name)
{
	static struct stored a, b;

	play(tr, &a, 60, 7, false);
	play(tr, &b, 60, 7, true);
	if (strcmp(a.in, b.in) != 0 || a.noecho != b.noecho ||
	    a.n_lines != b.n_lines)
		fail_msg("%s: differs when handed over", name);
	assert_memory_equal(a.lines, b.lines, sizeof(a.lines));
}

static void
a_hand_over_at_any_time_changes_nothing(void **state)
{
	(void)state;
	each_transcript(check_handed_over);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_secret_is_not_given_out_by_text_shown_before_it),
	    cmocka_unit_test(
		a_line_behind_a_password_prompt_is_masked_though_echoed),
	    cmocka_unit_test(the_end_of_a_session_masks_what_is_in_doubt),
	    cmocka_unit_test(
		a_line_without_echo_does_not_hide_what_was_echoed_behind_it),
	    cmocka_unit_test(
		an_echo_in_its_own_cell_is_not_that_of_a_hidden_line),
	    cmocka_unit_test(
		what_the_terminal_answers_is_masked_in_the_middle_of_a_line),
	    cmocka_unit_test(a_cell_is_the_echo_of_one_line_alone),
	    cmocka_unit_test(a_line_typed_ahead_is_found_where_it_wraps),
	    cmocka_unit_test(a_line_has_the_time_of_its_first_character),
	    cmocka_unit_test(real_programs_give_their_lines_and_no_secret),
	    cmocka_unit_test(a_target_far_away_changes_nothing),
	    cmocka_unit_test(no_delay_gives_a_secret_away),
	    cmocka_unit_test(a_hand_over_at_any_time_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
