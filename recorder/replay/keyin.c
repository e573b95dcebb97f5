/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a keyboard to what they ask for. */
#include <string.h>

#include "base/cdefs.h"
#include "base/utf8.h"

#include "recorder/replay/keyin.h"

static const struct {
	enum keyin key;
	const char *bytes;
} seqs[] = {
#define KEYIN(name, keys, text)
#define KEYIN_SEQ(name, bytes) {KEYIN_##name, (bytes)},
#include "recorder/replay/keyin_tbl.h"
#undef KEYIN
#undef KEYIN_SEQ
};

static const struct {
	const char *keys;
	const char *text;
} helps[] = {
#define KEYIN(name, keys, text) {(keys), (text)},
#define KEYIN_SEQ(name, bytes)
#include "recorder/replay/keyin_tbl.h"
#undef KEYIN
#undef KEYIN_SEQ
};

bool
keyin_help(size_t i, const char **keys, const char **text)
{
	if (i >= ARRAY_LEN(helps))
		return false;
	*keys = helps[i].keys;
	*text = helps[i].text;
	return true;
}

/* Length of the escape sequence that s begins with; 0: it is not whole. */
static size_t
sequence_len(struct span s)
{
	size_t i;

	if (s.len < 2)
		return 0;
	if (s.p[1] == 'O')
		return s.len < 3 ? 0 : 3;
	if (s.p[1] != '[')
		return 2; /* a key with meta */
	for (i = 2; i < s.len; i++)
		if (s.p[i] >= 0x40 && s.p[i] <= 0x7e)
			return i + 1;
	return s.len > 32 ? s.len : 0;
}

/* The bytes of one key; 0: not whole. */
static size_t
key_len(struct span s, bool flush)
{
	uint32_t cp;
	size_t n;

	if (s.len == 0)
		return 0;
	n = s.p[0] == 033 ? sequence_len(s) : utf8_get(s.p, s.len, &cp);
	return n == 0 && flush ? s.len : n;
}

bool
keyin_take(struct span *in, bool flush, enum keyin *key)
{
	size_t n = key_len(*in, flush), i;

	if (n == 0)
		return false;
	*key = KEYIN_NONE;
	for (i = 0; i < ARRAY_LEN(seqs); i++)
		if (strlen(seqs[i].bytes) == n &&
		    memcmp(seqs[i].bytes, in->p, n) == 0)
			*key = seqs[i].key;
	*in = SPAN(in->p + n, in->len - n);
	return true;
}

static void
erase(struct keyin_line *l)
{
	while (l->len > 0 && ((unsigned char)l->text[--l->len] & 0xc0) == 0x80)
		;
	l->text[l->len] = '\0';
}

static void
type(struct keyin_line *l, struct span c)
{
	uint32_t cp;

	if (utf8_get(c.p, c.len, &cp) != c.len || !utf8_printable(cp) ||
	    c.len >= sizeof(l->text) - l->len)
		return;
	memcpy(l->text + l->len, c.p, c.len);
	l->len += c.len;
	l->text[l->len] = '\0';
}

bool
keyin_line_take(
    struct keyin_line *l, struct span *in, bool flush, enum keyin_end *end)
{
	size_t n = key_len(*in, flush);

	*end = KEYIN_GOING;
	if (n == 0)
		return false;
	switch (in->p[0]) {
	case '\r':
	case '\n':
		*end = KEYIN_DONE;
		break;
	case 3: /* ^C */
	case 7: /* ^G */
		*end = KEYIN_LEFT;
		break;
	case 033:
		if (n == 1)
			*end = KEYIN_LEFT;
		break;
	case 8:
	case 0x7f:
		if (l->len == 0)
			*end = KEYIN_LEFT;
		erase(l);
		break;
	case 21: /* ^U */
		l->len = 0;
		l->text[0] = '\0';
		break;
	default:
		type(l, SPAN(in->p, n));
		break;
	}
	*in = SPAN(in->p + n, in->len - n);
	return true;
}
