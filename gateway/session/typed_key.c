/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser of terminal input.  In doubt a byte is a character, because
 * characters may be secret and keys are not.
 */
#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "session/screenline.h"
#include "session/typed_key.h"

enum {
	GROUND,
	TEXT, /* within a UTF-8 sequence */
	ESC,
	CSI,
	SS3,
	MOUSE, /* three bytes behind ESC [ M */
	STRING,
	STRING_ESC,
};

enum { STRING_MAX = 65536 };

static const char *const key_texts[] = {
    [TYPED_KEY_NONE] = "",
#define KEY(name, text) [TYPED_KEY_##name] = text,
#include "session/typed_key_tbl.h"
#undef KEY
};

struct csi_row {
	uint8_t final;
	uint8_t key;
	uint16_t param;
};

static const struct csi_row csi_rows[] = {
#define CSI(final, param, name) {final, TYPED_KEY_##name, param},
#include "session/typed_key_tbl.h"
#undef CSI
};

struct byte_row {
	uint8_t byte;
	uint8_t key;
};

static const struct byte_row ss3_rows[] = {
#define SS3(final, name) {final, TYPED_KEY_##name},
#include "session/typed_key_tbl.h"
#undef SS3
};

static const struct byte_row ctrl_rows[] = {
#define CTRL(byte, name) {byte, TYPED_KEY_##name},
#include "session/typed_key_tbl.h"
#undef CTRL
};

const char *
typed_key_text(enum typed_key key)
{
	return key < TYPED_KEYS ? key_texts[key] : "";
}

static void
give(struct typed_parse *p, enum typed_key key, uint32_t cp, typed_unit_fn *fn,
    void *ctx)
{
	const struct typed_unit u = {
	    .key = key, .cp = cp, .raw = p->raw, .len = p->n};

	p->state = GROUND;
	fn(ctx, &u);
	memset(p->raw, 0, sizeof(p->raw));
	p->n = 0;
}

static enum typed_key
find(const struct byte_row *rows, size_t n, uint8_t byte, enum typed_key none)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (rows[i].byte == byte)
			return (enum typed_key)rows[i].key;
	return none;
}

/* The sequence in raw is ESC [ ... final. */
static enum typed_key
csi_key(const struct typed_parse *p)
{
	uint8_t final = p->raw[p->n - 1];
	unsigned param = 0, mods = 0, *at = &param;
	size_t i;

	if (p->raw[2] == '<' || p->raw[2] == '?' || p->raw[2] == '>')
		return TYPED_KEY_REPORT;
	for (i = 2; i + 1U < p->n; i++) {
		if (p->raw[i] == ';')
			at = &mods;
		else if (p->raw[i] >= '0' && p->raw[i] <= '9')
			*at = (*at * 10 + p->raw[i] - '0') % 10000;
	}
	if (mods > 1 && final == 'C')
		return TYPED_KEY_WORD_RIGHT;
	if (mods > 1 && final == 'D')
		return TYPED_KEY_WORD_LEFT;
	for (i = 0; i < ARRAY_LEN(csi_rows); i++)
		if (csi_rows[i].final == final &&
		    (final != '~' || csi_rows[i].param == param))
			return (enum typed_key)csi_rows[i].key;
	return TYPED_KEY_OTHER;
}

void
typed_parse_init(struct typed_parse *p)
{
	memset(p, 0, sizeof(*p));
}

uint64_t
typed_parse_due_ns(const struct typed_parse *p)
{
	if (p->state == GROUND)
		return 0;
	return p->since_ns + TYPED_KEY_ESC_MS * 1000000ULL;
}

int
typed_parse_check(const struct typed_parse *p)
{
	bool skipping =
	    p->state == MOUSE || p->state == STRING || p->state == STRING_ESC;

	if (p->state > STRING_ESC || p->n >= TYPED_KEY_RAW)
		return FAIL_FORMAT;
	/* A sequence has begun, and only then. */
	if ((p->state == GROUND || skipping) != (p->n == 0))
		return FAIL_FORMAT;
	if (p->state == TEXT && p->n > UTF8_MAX - 1)
		return FAIL_FORMAT;
	if (skipping && (p->skip == 0 || p->skip > STRING_MAX))
		return FAIL_FORMAT;
	return 0;
}

/* All bytes in raw are characters. */
static void
give_bytes(struct typed_parse *p, typed_unit_fn *fn, void *ctx)
{
	uint8_t raw[TYPED_KEY_RAW];
	uint8_t n = p->n, i;

	memcpy(raw, p->raw, sizeof(raw));
	for (i = 0; i < n; i++) {
		p->raw[0] = raw[i];
		p->n = 1;
		give(p, TYPED_KEY_NONE,
		    raw[i] < 0x80 ? raw[i] : screenline_raw_byte(raw[i]), fn,
		    ctx);
	}
	explicit_bzero(raw, sizeof(raw));
	p->n = 0;
	p->state = GROUND;
}

void
typed_parse_give_up(struct typed_parse *p, typed_unit_fn *fn, void *ctx)
{
	uint8_t rest[TYPED_KEY_RAW];
	uint8_t n = p->n;

	if (p->state == GROUND)
		return;
	if (p->state == STRING || p->state == STRING_ESC || p->state == MOUSE) {
		/* The start was given; what comes now is typed. */
		p->state = GROUND;
		p->n = 0;
		return;
	}
	if (p->state == TEXT || n == 0 || p->raw[0] != 0x1b) {
		give_bytes(p, fn, ctx);
		return;
	}
	memcpy(rest, p->raw, sizeof(rest));
	p->n = 1;
	give(p, TYPED_KEY_ESC, 0, fn, ctx);
	if (n > 1) {
		memcpy(p->raw, rest + 1, n - 1U);
		p->n = (uint8_t)(n - 1);
		give_bytes(p, fn, ctx);
	}
	explicit_bzero(rest, sizeof(rest));
}

static void
ground_byte(struct typed_parse *p, uint8_t c, typed_unit_fn *fn, void *ctx)
{
	if (c == 0x1b)
		p->state = ESC;
	else if (c < 0x20 || c == 0x7f)
		give(p,
		    find(ctrl_rows, ARRAY_LEN(ctrl_rows), c, TYPED_KEY_CTRL),
		    c ^ 0x40U, fn, ctx);
	else if (c < 0x80)
		give(p, TYPED_KEY_NONE, c, fn, ctx);
	else
		p->state = TEXT;
}

static void
esc_byte(struct typed_parse *p, uint8_t c, typed_unit_fn *fn, void *ctx)
{
	static const struct typed_unit opaque = {.opaque = true};

	if (c == '[') {
		p->state = CSI;
	} else if (c == 'O') {
		p->state = SS3;
	} else if (c == ']' || c == 'P' || c == '_' || c == '^') {
		fn(ctx, &opaque);
		p->state = STRING;
		p->skip = STRING_MAX;
		p->n = 0;
	} else if (c >= 0x20 && c < 0x7f) {
		give(p, TYPED_KEY_META, c, fn, ctx);
	} else if (c == 0x7f || c == '\b') {
		give(p, TYPED_KEY_META, '?', fn, ctx);
	} else {
		/* ESC was a key; the byte begins something else. */
		p->n = 1;
		give(p, TYPED_KEY_ESC, 0, fn, ctx);
		p->raw[p->n++] = c;
		ground_byte(p, c, fn, ctx);
	}
}

static void
csi_byte(struct typed_parse *p, uint8_t c, typed_unit_fn *fn, void *ctx)
{
	if (c >= 0x40 && c <= 0x7e) {
		if (c == 'M' && p->n == 3) {
			give(p, TYPED_KEY_REPORT, 0, fn, ctx);
			p->state = MOUSE;
			p->skip = 3;
		} else {
			give(p, csi_key(p), 0, fn, ctx);
		}
	} else if (c < 0x20 || c > 0x7e || p->n == TYPED_KEY_RAW) {
		typed_parse_give_up(p, fn, ctx);
	}
}

static void
text_byte(struct typed_parse *p, typed_unit_fn *fn, void *ctx)
{
	uint32_t cp;
	size_t n;

	n = utf8_get(p->raw, p->n, &cp);
	if (n == 0)
		return;
	if (n == p->n && cp != UTF8_BAD)
		give(p, TYPED_KEY_NONE, cp, fn, ctx);
	else
		give_bytes(p, fn, ctx);
}

static void
skipped_byte(struct typed_parse *p, uint8_t c)
{
	if (p->state == MOUSE) {
		if (--p->skip == 0)
			p->state = GROUND;
		return;
	}
	if (c == 0x07 || (p->state == STRING_ESC && c == '\\') ||
	    --p->skip == 0)
		p->state = GROUND;
	else
		p->state = c == 0x1b ? STRING_ESC : STRING;
}

static void
byte(struct typed_parse *p, uint8_t c, typed_unit_fn *fn, void *ctx)
{
	enum typed_key key;

	if (p->state == MOUSE || p->state == STRING || p->state == STRING_ESC) {
		skipped_byte(p, c);
		return;
	}
	/* A control character within a sequence or character ends it. */
	if (p->state != GROUND && p->state != ESC && c < 0x20)
		typed_parse_give_up(p, fn, ctx);
	p->raw[p->n++] = c;
	switch (p->state) {
	case TEXT:
		text_byte(p, fn, ctx);
		break;
	case ESC:
		esc_byte(p, c, fn, ctx);
		break;
	case CSI:
		csi_byte(p, c, fn, ctx);
		break;
	case SS3:
		key = find(ss3_rows, ARRAY_LEN(ss3_rows), c, TYPED_KEY_NONE);
		if (key == TYPED_KEY_NONE)
			typed_parse_give_up(p, fn, ctx);
		else
			give(p, key, 0, fn, ctx);
		break;
	default:
		ground_byte(p, c, fn, ctx);
		break;
	}
}

void
typed_parse_input(struct typed_parse *p, uint64_t mono_ns, struct span in,
    typed_unit_fn *fn, void *ctx)
{
	size_t i;

	if (p->state != GROUND && mono_ns >= typed_parse_due_ns(p))
		typed_parse_give_up(p, fn, ctx);
	for (i = 0; i < in.len; i++)
		byte(p, in.p[i], fn, ctx);
	p->since_ns = mono_ns;
}
