/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration written out: as a file for --print-config, and as the
 * settings part of its manual page.
 */
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/conf_row.h"

void
conf_print(const struct conf *c, FILE *to)
{
	const struct conf_row *rows;
	const char *section = "";
	char *value;
	size_t n, i;

	rows = conf_row_all(&n);
	for (i = 0; i < n; i++) {
		if (strcmp(section, rows[i].section) != 0) {
			section = rows[i].section;
			(void)fprintf(
			    to, "%s[%s]\n", i == 0 ? "" : "\n", section);
		}
		if ((value = conf_row_get(c, &rows[i])) == NULL)
			continue;
		(void)fprintf(to, "# %s\n%s =%s%s\n", rows[i].text, rows[i].key,
		    value[0] == '\0' ? "" : " ", value);
		free(value);
	}
}

/*
 * Sentences in lines of less than 80 bytes, a new one for each sentence.  No
 * line may begin as a request does.
 */
static void
man_text(const char *s, FILE *to)
{
	size_t col = 0, n;

	for (; *s != '\0'; s += n + (s[n] == ' ')) {
		n = strcspn(s, " ");
		if (col > 0 && col + n > 76) {
			(void)fputc('\n', to);
			col = 0;
		}
		if (col == 0 && (*s == '.' || *s == '\''))
			(void)fputs("\\&", to);
		(void)fprintf(to, "%s%.*s", col == 0 ? "" : " ", (int)n, s);
		col += n + 1;
		if (n > 0 && s[n - 1] == '.') {
			(void)fputc('\n', to);
			col = 0;
		}
	}
	if (col > 0)
		(void)fputc('\n', to);
}

static void
man_row(const struct conf_row *row, FILE *to)
{
	static const char *const kinds[] = {
	    [CONF_ROW_STR] = "text",
	    [CONF_ROW_LIST] = "list",
	    [CONF_ROW_UINT] = "number",
	    [CONF_ROW_SIZE] = "size",
	    [CONF_ROW_TIME] = "time",
	    [CONF_ROW_BOOL] = "yes | no",
	};
	char *limit = conf_row_limit(row);

	(void)fprintf(to, ".It Cm %s No = Ar %s\n", row->key, kinds[row->type]);
	man_text(row->text, to);
	if (limit != NULL && limit[0] != '\0') {
		(void)fputs("The value is ", to);
		(void)fprintf(to, "%s.\n", limit);
	}
	if (row->def[0] == '\0')
		(void)fputs("Empty by default.\n", to);
	else
		(void)fprintf(to, "The default is\n.Li %s .\n", row->def);
	free(limit);
}

void
conf_print_man(FILE *to)
{
	const struct conf_row *rows;
	const char *section = "";
	size_t n, i;

	rows = conf_row_all(&n);
	for (i = 0; i < n; i++) {
		if (strcmp(section, rows[i].section) != 0) {
			if (i > 0)
				(void)fputs(".El\n", to);
			section = rows[i].section;
			(void)fprintf(to,
			    ".Ss Section %s\n.Bl -tag -width Ds\n", section);
		}
		man_row(&rows[i], to);
	}
	(void)fputs(".El\n", to);
}
