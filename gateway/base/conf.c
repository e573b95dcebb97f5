/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: reads the INI file against the rows of conf_tbl.h, and
 * writes it back as a file and as a manual page.  A value in double quotes may
 * begin or end in blanks; \" and \\ stand for themselves in it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/conf_row.h"

enum {
	CONF_LINE_MAX = 1023,
	CONF_FILE_MAX = 1 << 20,
#define CONF(section, key, type, def, text) CONF_ROW_OF_##section##_##key,
#include "base/conf_tbl.h"
#undef CONF
	CONF_ROWS, /* their number */
};

struct parse {
	struct conf *conf;
	const char *name;
	size_t line;
	const char *section; /* of a row; NULL before the first */
	bool seen[CONF_ROWS];
	struct fail *fail;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static char *
trim(char *s)
{
	size_t n;

	while (is_blank(*s))
		s++;
	for (n = strlen(s); n > 0 && is_blank(s[n - 1]); n--)
		s[n - 1] = '\0';
	return s;
}

/* Take the quotes off in place. */
static int
unquote(char *s)
{
	char *to = s;
	const char *from = s + 1;

	while (*from != '"') {
		if (*from == '\\' && (from[1] == '"' || from[1] == '\\'))
			from++;
		if (*from == '\0')
			return FAIL_FORMAT;
		*to++ = *from++;
	}
	*to = '\0';
	return from[1] == '\0' ? 0 : FAIL_FORMAT;
}

static int
parse_section(struct parse *p, char *s)
{
	const struct conf_row *rows;
	size_t n = strlen(s), i, n_rows;

	if (n < 2 || s[n - 1] != ']')
		return fail_set(p->fail, FAIL_CONF, "%s:%zu: ']' is missing",
		    p->name, p->line);
	s[n - 1] = '\0';
	s = trim(s + 1);
	rows = conf_row_all(&n_rows);
	for (i = 0; i < n_rows; i++)
		if (strcmp(rows[i].section, s) == 0) {
			p->section = rows[i].section;
			return 0;
		}
	return fail_set(p->fail, FAIL_CONF, "%s:%zu: unknown section [%s]",
	    p->name, p->line, s);
}

/* The row of key in the section that is being read; NULL: there is none. */
static const struct conf_row *
row_find(const struct parse *p, const char *key, size_t *at)
{
	const struct conf_row *rows;
	size_t n;

	rows = conf_row_all(&n);
	for (*at = 0; *at < n; (*at)++)
		if (strcmp(rows[*at].section, p->section) == 0 &&
		    strcmp(rows[*at].key, key) == 0)
			return &rows[*at];
	return NULL;
}

static int
parse_setting(struct parse *p, char *s)
{
	const struct conf_row *row;
	char why[96] = "";
	char *value = strchr(s, '=');
	size_t at;
	int r;

	if (value == NULL)
		return fail_set(p->fail, FAIL_CONF,
		    "%s:%zu: neither [section] nor key = value", p->name,
		    p->line);
	*value = '\0';
	s = trim(s);
	value = trim(value + 1);
	if (p->section == NULL)
		return fail_set(p->fail, FAIL_CONF,
		    "%s:%zu: '%s' stands before the first section", p->name,
		    p->line, s);
	if (value[0] == '"' && unquote(value) != 0)
		return fail_set(p->fail, FAIL_CONF,
		    "%s:%zu: quotes of '%s' are wrong", p->name, p->line, s);
	if ((row = row_find(p, s, &at)) == NULL)
		return fail_set(p->fail, FAIL_CONF,
		    "%s:%zu: unknown key '%s' in [%s]", p->name, p->line, s,
		    p->section);
	if (p->seen[at])
		return fail_set(p->fail, FAIL_CONF,
		    "%s:%zu: '%s' is set a second time", p->name, p->line, s);
	p->seen[at] = true;
	r = conf_row_set(p->conf, row, value, why, sizeof(why));
	if (r == FAIL_NOMEM)
		return fail_set(p->fail, r, "%s: out of memory", p->name);
	if (r != 0)
		return fail_set(p->fail, FAIL_CONF,
		    "%s:%zu: '%s' is '%s' but must be %s", p->name, p->line, s,
		    value, why);
	return 0;
}

static int
parse_line(struct parse *p, const char *text, size_t len)
{
	char line[CONF_LINE_MAX + 1];
	char *s;
	size_t i;

	if (len > CONF_LINE_MAX)
		return fail_set(p->fail, FAIL_CONF,
		    "%s:%zu: line of more than %d bytes", p->name, p->line,
		    CONF_LINE_MAX);
	for (i = 0; i < len; i++)
		if (((uint8_t)text[i] < 0x20 && !is_blank(text[i])) ||
		    text[i] == 0x7f)
			return fail_set(p->fail, FAIL_CONF,
			    "%s:%zu: control character in column %zu", p->name,
			    p->line, i + 1);
	memcpy(line, text, len);
	line[len] = '\0';
	s = trim(line);
	if (*s == '\0' || *s == '#' || *s == ';')
		return 0;
	return *s == '[' ? parse_section(p, s) : parse_setting(p, s);
}

/* What only shows when everything has been read. */
static int
check_whole(const struct parse *p)
{
	const struct conf *c = p->conf;

	if (strcmp(c->database_mode, "cluster") != 0)
		return 0;
	if (c->database_hosts[0] == '\0' || c->database_user[0] == '\0' ||
	    c->database_password_file[0] == '\0' ||
	    c->database_tls_ca[0] == '\0')
		return fail_set(p->fail, FAIL_CONF,
		    "%s: [database] mode cluster needs hosts, user, "
		    "password_file and tls_ca",
		    p->name);
	return 0;
}

void
conf_free(struct conf *c)
{
	const struct conf_row *rows;
	size_t n, i;

	if (c == NULL)
		return;
	rows = conf_row_all(&n);
	for (i = 0; i < n; i++)
		conf_row_fini(c, &rows[i]);
	free(c->file);
	free(c);
}

static struct conf *
conf_defaults(const char *name)
{
	struct conf *c = calloc(1, sizeof(*c));
	const struct conf_row *rows;
	char why[96];
	size_t n, i;
	int r;

	if (c == NULL)
		return NULL;
	if ((c->file = strdup(name)) == NULL) {
		free(c);
		return NULL;
	}
	rows = conf_row_all(&n);
	for (i = 0; i < n; i++) {
		r = conf_row_set(c, &rows[i], rows[i].def, why, sizeof(why));
		if (r != 0) {
			MUST(r == FAIL_NOMEM);
			conf_free(c);
			return NULL;
		}
	}
	return c;
}

int
conf_parse(struct conf **out, const char *name, const char *text, size_t len,
    struct fail *f)
{
	struct parse p = {.name = name, .fail = f};
	const char *nl;
	size_t n;
	int r = 0;

	if ((p.conf = conf_defaults(name)) == NULL)
		return fail_set(f, FAIL_NOMEM, "%s: out of memory", name);
	while (len > 0 && r == 0) {
		p.line++;
		nl = memchr(text, '\n', len);
		n = nl == NULL ? len : (size_t)(nl - text);
		r = parse_line(&p, text, n);
		if (nl != NULL)
			n++;
		text += n;
		len -= n;
	}
	if (r == 0)
		r = check_whole(&p);
	if (r != 0) {
		conf_free(p.conf);
		return r;
	}
	*out = p.conf;
	return 0;
}

int
conf_load(struct conf **out, const char *file, struct fail *f)
{
	char *text;
	FILE *fp;
	size_t n;
	int r;

	if (file == NULL)
		return conf_parse(out, "defaults", "", 0, f);
	if ((fp = fopen(file, "re")) == NULL)
		return fail_sys(f, "%s", file);
	if ((text = malloc(CONF_FILE_MAX + 1)) == NULL) {
		(void)fclose(fp);
		return fail_set(f, FAIL_NOMEM, "%s: out of memory", file);
	}
	n = fread(text, 1, CONF_FILE_MAX + 1, fp);
	if (ferror(fp))
		r = fail_sys(f, "%s", file);
	else if (n > CONF_FILE_MAX)
		r = fail_set(f, FAIL_CONF, "%s: more than %d bytes", file,
		    CONF_FILE_MAX);
	else
		r = conf_parse(out, file, text, n, f);
	(void)fclose(fp);
	free(text);
	return r;
}

char *
conf_path(const struct conf *c, const char *path)
{
	char *full;

	if (path[0] == '/')
		return strdup(path);
	if (asprintf(&full, "%s/%s", c->node_state, path) < 0)
		return NULL;
	return full;
}
