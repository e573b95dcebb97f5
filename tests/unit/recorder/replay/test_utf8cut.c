/* SPDX-License-Identifier: Apache-2.0 */
/* Characters that were cut between two runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/hash.h"
#include "recorder/replay/utf8cut.h"

static size_t
cut(const char *text)
{
	return utf8cut_len(SPAN(text, strlen(text)));
}

static void
an_unfinished_character_at_the_end_is_seen(void **state)
{
	(void)state;
	assert_int_equal(cut(""), 0);
	assert_int_equal(cut("abc"), 0);
	assert_int_equal(cut("a\303"), 1);
	assert_int_equal(cut("a\303\274"), 0);
	assert_int_equal(cut("\344\270"), 2);
	assert_int_equal(cut("a\360\237\230"), 3);
	assert_int_equal(cut("\360\237\230\200"), 0);
	assert_int_equal(cut("\377"), 0);
	assert_int_equal(cut("\300"), 0);
	assert_int_equal(cut("\200\200\200\200"), 0);
}

/* The characters of p but those that are none; *n of them. */
static uint32_t *
characters(const uint8_t *p, size_t len, size_t *n)
{
	uint32_t *out = calloc(len + 1, sizeof(*out)), cp;
	size_t i, k;

	assert_non_null(out);
	for (*n = i = 0; i < len; i += k) {
		k = utf8_get(p + i, len - i, &cp);
		if (k > 0 && cp != UTF8_BAD)
			out[(*n)++] = cp;
		k = k > 0 ? k : 1;
	}
	return out;
}

/* All of p, cut at random places, one piece at a time through c. */
static void
in_pieces(const uint8_t *p, size_t len)
{
	struct utf8cut c = {.len = 0};
	uint32_t *want, *have;
	struct span head, body;
	uint8_t mem[UTF8_MAX];
	size_t i, n, n_want, n_have;
	struct buf got;

	buf_init(&got, 1 << 20);
	for (i = 0; i < len; i += n) {
		n = 1 + p[i] % 5;
		n = n < len - i ? n : len - i;
		utf8cut_take(&c, SPAN(p + i, n), mem, &head, &body);
		assert_int_equal(utf8cut_len(head), 0);
		assert_int_equal(buf_put(&got, head.p, head.len), 0);
		assert_int_equal(buf_put(&got, body.p, body.len), 0);
	}
	want = characters(p, len, &n_want);
	have = characters(buf_head(&got), buf_len(&got), &n_have);
	assert_int_equal(n_want, n_have);
	assert_memory_equal(want, have, n_want * sizeof(*want));
	free(want);
	free(have);
	buf_fini(&got);
}

static void
whatever_the_bytes_none_is_lost_and_none_is_cut(void **state)
{
	static const uint8_t lead[] = {
	    0xc3, 0xe4, 0xf0, 0x80, 0xbc, 0xff, 'a', 0x9f};
	uint8_t p[3000];
	unsigned round;
	size_t i;

	(void)state;
	for (round = 0; round < 200; round++) {
		random_bytes(p, sizeof(p));
		if (round % 2)
			for (i = 0; i < sizeof(p); i++)
				p[i] = lead[p[i] % ARRAY_LEN(lead)];
		in_pieces(p, sizeof(p));
	}
	memset(p, 0xc3, sizeof(p));
	in_pieces(p, sizeof(p));
	for (i = 0; i + 2 < sizeof(p); i += 3)
		memcpy(p + i, "\344\270\255", 3);
	in_pieces(p, sizeof(p) / 3 * 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_unfinished_character_at_the_end_is_seen),
	    cmocka_unit_test(whatever_the_bytes_none_is_lost_and_none_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
