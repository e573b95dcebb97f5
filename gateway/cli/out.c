/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collects what a verb answers and prints it as JSON or for people.  Knows
 * nothing of what the values mean.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "cli/when.h"

#include "cli/out.h"

void
out_init(struct out *o, FILE *to, bool json)
{
	memset(o, 0, sizeof(*o));
	o->to = to;
	o->json = json;
	buf_init(&o->text, OUT_BYTES_MAX);
	json_init(&o->js, &o->text);
}

void
out_fini(struct out *o)
{
	buf_fini(&o->text);
}

void
out_one(struct out *o)
{
	if (o->json)
		json_object(&o->js, NULL);
}

void
out_list(struct out *o)
{
	o->list = true;
	if (o->json)
		json_array(&o->js, NULL);
}

void
out_row(struct out *o)
{
	o->col = 0;
	if (o->json)
		json_object(&o->js, NULL);
}

void
out_row_end(struct out *o)
{
	if (o->json)
		json_close(&o->js, '}');
}

static void
put(struct out *o, const void *p, size_t len)
{
	if (o->err == 0)
		o->err = buf_put(&o->text, p, len);
}

/* A cell of the table, or a line; its head is the key. */
static void
cell(struct out *o, const char *key, struct span val)
{
	if (o->col >= OUT_COLS_MAX) {
		o->err = o->err ? o->err : FAIL_RANGE;
		return;
	}
	if (o->col == o->n_heads) {
		char *head = o->heads[o->n_heads++];

		snprintf(head, sizeof(o->heads[0]), "%s", key);
		for (; *head; head++) {
			if (*head == '_')
				*head = ' ';
		}
	}
	/* A zero byte would end the cell. */
	for (size_t i = 0; i < val.len; i++)
		put(o, val.p[i] ? val.p + i : (const uint8_t *)"?", 1);
	put(o, "", 1);
	o->col++;
	o->n_cells++;
}

void
out_span(struct out *o, const char *key, struct span val)
{
	if (o->json)
		json_bytes(&o->js, key, val);
	else
		cell(o, key, val);
}

void
out_text(struct out *o, const char *key, const char *val)
{
	if (val)
		out_span(o, key, SPAN(val, strlen(val)));
	else if (o->json)
		json_null(&o->js, key);
	else
		cell(o, key, SPAN("-", 1));
}

void
out_uint(struct out *o, const char *key, uint64_t val)
{
	char text[24];
	int n;

	if (o->json) {
		json_uint(&o->js, key, val);
		return;
	}
	n = snprintf(text, sizeof(text), "%" PRIu64, val);
	cell(o, key, SPAN(text, (size_t)n));
}

void
out_int(struct out *o, const char *key, int64_t val)
{
	char text[24];
	int n;

	if (o->json) {
		json_int(&o->js, key, val);
		return;
	}
	n = snprintf(text, sizeof(text), "%" PRId64, val);
	cell(o, key, SPAN(text, (size_t)n));
}

void
out_bool(struct out *o, const char *key, bool val)
{
	if (o->json)
		json_bool(&o->js, key, val);
	else
		out_text(o, key, val ? "yes" : "no");
}

void
out_uuid(struct out *o, const char *key, const uint8_t id[16])
{
	char text[UUID_TEXT_SIZE];

	out_text(o, key, uuid_text(text, id));
}

void
out_time(struct out *o, const char *key, uint64_t us)
{
	char text[WHEN_SIZE];

	out_text(o, key, us ? when_text(text, us) : NULL);
}

void
out_raw(struct out *o, const char *key, struct span json)
{
	if (o->json)
		json_raw(&o->js, key, json);
	else
		cell(o, key, json);
}

void
out_words(struct out *o, const char *key)
{
	if (o->json) {
		json_array(&o->js, key);
		return;
	}
	cell(o, key, SPAN("", 0));
	/* The cell stays open: its zero byte comes at the end. */
	if (o->err == 0)
		o->text.end--;
	o->first_word = true;
}

void
out_word(struct out *o, const char *val)
{
	if (o->json) {
		json_str(&o->js, NULL, val);
		return;
	}
	if (!o->first_word)
		put(o, ", ", 2);
	put(o, val, strlen(val));
	o->first_word = false;
}

void
out_words_end(struct out *o)
{
	if (o->json) {
		json_close(&o->js, ']');
		return;
	}
	if (o->first_word)
		put(o, "-", 1);
	put(o, "", 1);
}

/* With to NULL only counts. */
static unsigned
escape(FILE *to, struct span s)
{
	unsigned cols = 0;
	uint32_t cp;
	size_t n;

	for (size_t i = 0; i < s.len; i += n) {
		n = utf8_get(s.p + i, s.len - i, &cp);
		if (n == 0 || (n == 1 && cp == UTF8_BAD) ||
		    !utf8_printable(cp)) {
			n = n ? n : s.len - i;
			for (size_t k = 0; to && k < n; k++)
				fprintf(to, "\\x%02x", s.p[i + k]);
			cols += 4 * (unsigned)n;
			continue;
		}
		if (to)
			fwrite(s.p + i, 1, n, to);
		cols += utf8_width(cp);
	}
	return cols;
}

unsigned
out_escape(FILE *to, struct span s)
{
	return escape(to, s);
}

static void
pad(FILE *to, unsigned have, unsigned want)
{
	for (; have < want; have++)
		fputc(' ', to);
}

/* The cells one after the other; next is moved on. */
static struct span
next_cell(const char **next)
{
	struct span s = SPAN(*next, strlen(*next));

	*next += s.len + 1;
	return s;
}

static void
print_lines(struct out *o)
{
	const char *next = (const char *)buf_head(&o->text);
	unsigned width = 0;

	for (size_t i = 0; i < o->n_heads; i++) {
		unsigned w = (unsigned)strlen(o->heads[i]);

		width = w > width ? w : width;
	}
	for (size_t i = 0; i < o->n_cells; i++) {
		int n = fprintf(o->to, "%s:", o->heads[i]);

		pad(o->to, n > 0 ? (unsigned)n : 0, width + 2);
		out_escape(o->to, next_cell(&next));
		fputc('\n', o->to);
	}
}

static void
print_table(struct out *o)
{
	unsigned width[OUT_COLS_MAX] = {0}, w;
	const char *next = (const char *)buf_head(&o->text);

	for (size_t i = 0; i < o->n_heads; i++)
		width[i] = (unsigned)strlen(o->heads[i]);
	for (size_t i = 0; i < o->n_cells; i++) {
		w = escape(NULL, next_cell(&next));
		if (w > width[i % o->n_heads])
			width[i % o->n_heads] = w;
	}
	for (size_t i = 0; i < o->n_heads; i++) {
		for (const char *p = o->heads[i]; *p; p++)
			fputc(toupper((unsigned char)*p), o->to);
		if (i + 1 < o->n_heads)
			pad(o->to, (unsigned)strlen(o->heads[i]), width[i] + 2);
	}
	fputc('\n', o->to);
	next = (const char *)buf_head(&o->text);
	for (size_t i = 0; i < o->n_cells; i++) {
		size_t col = i % o->n_heads;

		w = out_escape(o->to, next_cell(&next));
		if (col + 1 < o->n_heads)
			pad(o->to, w, width[col] + 2);
		else
			fputc('\n', o->to);
	}
}

int
out_end(struct out *o)
{
	if (o->json) {
		json_close(&o->js, o->list ? ']' : '}');
		o->err = json_end(&o->js);
		if (o->err)
			return o->err;
		fwrite(buf_head(&o->text), 1, buf_len(&o->text), o->to);
		fputc('\n', o->to);
	} else if (o->err) {
		return o->err;
	} else if (o->list && o->n_cells) {
		print_table(o);
	} else if (!o->list && o->n_cells) {
		print_lines(o);
	}
	return fflush(o->to) || ferror(o->to) ? FAIL_SYS : 0;
}
