/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings as rows: text to value, value to text, and the limits of
 * conf_limit_tbl.h.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf_row.h"

static const struct conf_row rows[] = {
#define CONF(section, key, type, def, text)                                    \
	{#section, #key, CONF_ROW_##type, def, text,                           \
	    offsetof(struct conf, section##_##key)},
#include "base/conf_tbl.h"
#undef CONF
};

struct limit {
	size_t offset;
	uint64_t least;
	uint64_t most;
	const char *words; /* NULL: a range */
};

static const struct limit limits[] = {
#define RANGE(section, key, least, most)                                       \
	{offsetof(struct conf, section##_##key), least, most, NULL},
#define WORDS(section, key, words)                                             \
	{offsetof(struct conf, section##_##key), 0, 0, words},
#include "base/conf_limit_tbl.h"
#undef RANGE
#undef WORDS
};

struct unit {
	const char *name;
	uint64_t factor;
};

/* Largest last. */
static const struct unit size_units[] = {
    {"", 1}, {"K", 1024}, {"M", 1ULL << 20}, {"G", 1ULL << 30}};
static const struct unit time_units[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
static const struct unit no_units[] = {{"", 1}};

/* What a value of the type is called in a complaint. */
static const char *const type_words[] = {
    [CONF_ROW_STR] = "a text",
    [CONF_ROW_LIST] = "a list",
    [CONF_ROW_UINT] = "a number",
    [CONF_ROW_SIZE] = "a size such as 512K or 64M",
    [CONF_ROW_TIME] = "a time such as 500ms or 10m",
    [CONF_ROW_BOOL] = "yes or no",
};

static char **
str_at(struct conf *c, size_t offset)
{
	return (char **)(void *)((char *)c + offset);
}

static uint64_t *
num_at(struct conf *c, size_t offset)
{
	return (uint64_t *)(void *)((char *)c + offset);
}

static bool *
bool_at(struct conf *c, size_t offset)
{
	return (bool *)(void *)((char *)c + offset);
}

static const void *
const_at(const struct conf *c, size_t offset)
{
	return (const char *)c + offset;
}

const struct conf_row *
conf_row_all(size_t *n)
{
	*n = ARRAY_LEN(rows);
	return rows;
}

bool
conf_row_is_text(const struct conf_row *row)
{
	return row->type == CONF_ROW_STR || row->type == CONF_ROW_LIST;
}

static const struct unit *
units_of(enum conf_row_type type, size_t *n)
{
	if (type == CONF_ROW_SIZE) {
		*n = ARRAY_LEN(size_units);
		return size_units;
	}
	if (type == CONF_ROW_TIME) {
		*n = ARRAY_LEN(time_units);
		return time_units;
	}
	*n = ARRAY_LEN(no_units);
	return no_units;
}

static int
number_parse(enum conf_row_type type, const char *text, uint64_t *out)
{
	const struct unit *units;
	uint64_t v = 0, d;
	size_t n, i;

	if (*text < '0' || *text > '9')
		return FAIL_FORMAT;
	for (; *text >= '0' && *text <= '9'; text++) {
		d = (uint64_t)(*text - '0');
		if (v > (UINT64_MAX - d) / 10)
			return FAIL_RANGE;
		v = v * 10 + d;
	}
	units = units_of(type, &n);
	for (i = 0; i < n; i++) {
		if (strcmp(text, units[i].name) != 0)
			continue;
		if (v > UINT64_MAX / units[i].factor)
			return FAIL_RANGE;
		*out = v * units[i].factor;
		return 0;
	}
	/* A time without its unit would be taken for seconds by most. */
	return FAIL_FORMAT;
}

/* The largest unit that says it exactly. */
static char *
number_text(enum conf_row_type type, uint64_t v)
{
	const struct unit *units;
	size_t n;
	char *text;

	units = units_of(type, &n);
	for (n--; n > 0; n--)
		if (v != 0 && v % units[n].factor == 0)
			break;
	if (asprintf(
		&text, "%" PRIu64 "%s", v / units[n].factor, units[n].name) < 0)
		return NULL;
	return text;
}

static int
bool_parse(const char *text, bool *out)
{
	static const char *const words[] = {
	    "no", "yes", "false", "true", "off", "on", "0", "1"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(text, words[i]) == 0) {
			*out = i % 2;
			return 0;
		}
	return FAIL_FORMAT;
}

static bool
word_among(const char *word, const char *words)
{
	size_t n = strlen(word);
	const char *at;

	for (at = words; at != NULL;) {
		if (strncmp(at, word, n) == 0 &&
		    (at[n] == '|' || at[n] == '\0'))
			return true;
		if ((at = strchr(at, '|')) != NULL)
			at++;
	}
	return false;
}

static const struct limit *
limit_of(const struct conf_row *row)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(limits); i++)
		if (limits[i].offset == row->offset)
			return &limits[i];
	return NULL;
}

char *
conf_row_limit(const struct conf_row *row)
{
	const struct limit *l = limit_of(row);
	char *least, *most, *text = NULL;

	if (l == NULL)
		return strdup("");
	if (l->words != NULL) {
		if (asprintf(&text, "one of %s", l->words) < 0)
			return NULL;
		return text;
	}
	least = number_text(row->type, l->least);
	most = number_text(row->type, l->most);
	if (least != NULL && most != NULL &&
	    asprintf(&text, "from %s to %s", least, most) < 0)
		text = NULL;
	free(least);
	free(most);
	return text;
}

static int
limit_check(struct conf *c, const struct conf_row *row, char *why, size_t size)
{
	const struct limit *l = limit_of(row);
	char *text;
	uint64_t v;

	if (l == NULL)
		return 0;
	if (l->words != NULL) {
		if (word_among(*str_at(c, row->offset), l->words))
			return 0;
	} else {
		v = *num_at(c, row->offset);
		if (v >= l->least && v <= l->most)
			return 0;
	}
	if ((text = conf_row_limit(row)) == NULL)
		return FAIL_NOMEM;
	(void)snprintf(why, size, "%s", text);
	free(text);
	return FAIL_RANGE;
}

int
conf_row_set(struct conf *c, const struct conf_row *row, const char *text,
    char *why, size_t size)
{
	char *copy;
	int r;

	(void)snprintf(why, size, "%s", type_words[row->type]);
	if (conf_row_is_text(row)) {
		if ((copy = strdup(text)) == NULL)
			return FAIL_NOMEM;
		free(*str_at(c, row->offset));
		*str_at(c, row->offset) = copy;
	} else {
		r = row->type == CONF_ROW_BOOL
			? bool_parse(text, bool_at(c, row->offset))
			: number_parse(row->type, text, num_at(c, row->offset));
		if (r != 0)
			return r;
	}
	return limit_check(c, row, why, size);
}

void
conf_row_fini(struct conf *c, const struct conf_row *row)
{
	if (!conf_row_is_text(row))
		return;
	free(*str_at(c, row->offset));
	*str_at(c, row->offset) = NULL;
}

static char *
text_quoted(const char *s)
{
	size_t n = strlen(s);
	char *out, *at;

	if (n == 0 || (strchr("\" \t\r", s[0]) == NULL &&
			  strchr(" \t\r", s[n - 1]) == NULL))
		return strdup(s);
	if ((at = out = malloc(2 * n + 3)) == NULL)
		return NULL;
	*at++ = '"';
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			*at++ = '\\';
		*at++ = *s;
	}
	*at++ = '"';
	*at = '\0';
	return out;
}

char *
conf_row_get(const struct conf *c, const struct conf_row *row)
{
	const void *at = const_at(c, row->offset);

	if (conf_row_is_text(row))
		return text_quoted(*(char *const *)at);
	if (row->type == CONF_ROW_BOOL)
		return strdup(*(const bool *)at ? "yes" : "no");
	return number_text(row->type, *(const uint64_t *)at);
}
