/* SPDX-License-Identifier: Apache-2.0 */
/* Recognises password prompts by the words of prompt_tbl.h. */
#include <string.h>

#include "base/cdefs.h"
#include "base/utf8.h"
#include "session/prompt.h"
#include "session/screenline.h"

static const char *const words[] = {
#define WORD(text) text,
#include "session/prompt_tbl.h"
#undef WORD
};

/* Lower case of the letters that the table's languages use. */
static uint32_t
lower(uint32_t cp)
{
	if ((cp >= 'A' && cp <= 'Z') ||
	    (cp >= 0xc0 && cp <= 0xde && cp != 0xd7) ||
	    (cp >= 0x410 && cp <= 0x42f))
		return cp + 0x20;
	if (cp == 0x141)
		return 0x142;
	return cp;
}

static bool
is_letter(uint32_t cp)
{
	cp = lower(cp);
	return (cp >= 'a' && cp <= 'z') || (cp >= 0xdf && cp < 0x2000);
}

/* word stands at cells[at ..] and ends before n. */
static bool
word_at(const uint16_t *cells, size_t n, size_t at, const char *word)
{
	const uint8_t *w = (const uint8_t *)word;
	size_t len = strlen(word), took;
	uint32_t cp = 0;

	if (at > 0 && is_letter(cells[at - 1]) && is_letter(cells[at]))
		return false;
	while (len > 0) {
		took = utf8_get(w, len, &cp);
		if (at >= n || took == 0)
			return false;
		if (lower(cells[at] == 0 ? ' ' : cells[at]) != cp)
			return false;
		w += took;
		len -= took;
		/* The second cell of a wide character is blank. */
		at += utf8_width(cp) == 2 ? 2 : 1;
	}
	return at >= n || !is_letter(cp) || !is_letter(cells[at]);
}

bool
prompt_is_secret(const uint16_t *cells, size_t n)
{
	size_t i, w;
	uint16_t last;

	if (n > SCREENLINE_CELLS)
		n = SCREENLINE_CELLS;
	while (n > 0 && (cells[n - 1] == 0 || cells[n - 1] == ' '))
		n--;
	if (n == 0)
		return false;
	last = cells[n - 1];
	/* The full-width forms as well. */
	if (last != ':' && last != '?' && last != 0xff1a && last != 0xff1f)
		return false;
	for (i = 0; i < n; i++)
		for (w = 0; w < ARRAY_LEN(words); w++)
			if (word_at(cells, n, i, words[w]))
				return true;
	return false;
}
