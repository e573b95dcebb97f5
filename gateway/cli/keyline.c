/* SPDX-License-Identifier: Apache-2.0 */
/* Reads public key files and prints public keys. */
#include <stdio.h>
#include <string.h>

#include "cli/answer.h"

#include "cli/keyline.h"

#define LINE_SIZE 16384

static int
parse_file(struct pubkey_line *k, FILE *from, const char *path, struct fail *f)
{
	char line[LINE_SIZE];
	const char *p;

	while (fgets(line, sizeof(line), from)) {
		line[strcspn(line, "\r\n")] = '\0';
		p = line + strspn(line, " \t");
		if (*p && *p != '#')
			return pubkey_line_parse(k, SPAN(p, strlen(p)), f);
	}
	if (ferror(from))
		return fail_sys(f, "cannot read %s", path);
	return fail_set(f, FAIL_FORMAT, "%s holds no public key", path);
}

int
keyline_read(struct pubkey_line *k, const char *path, struct fail *f)
{
	FILE *from = stdin;
	int r;

	memset(k, 0, sizeof(*k));
	if (strcmp(path, "-") != 0)
		from = fopen(path, "re");
	if (from == NULL)
		return fail_sys(f, "cannot open %s", path);
	r = parse_file(k, from, path, f);
	if (from != stdin)
		fclose(from);
	return r;
}

void
keyline_out(struct out *o, const struct pubkey_line *k)
{
	out_text(o, "type", k->type);
	out_text(o, "fingerprint", k->fingerprint);
	out_text(o, "comment", k->comment);
}

static int
on_key(const struct db_row *row, void *ctx, struct fail *f)
{
	struct out *o = ctx;

	(void)f;
	out_row(o);
	out_text(o, "type", db_row_text(row, 0));
	out_text(o, "fingerprint", db_row_text(row, 1));
	out_text(o, "comment", db_row_text(row, 2));
	out_time(o, "created", db_row_u64(row, 3));
	out_row_end(o);
	return 0;
}

int
keyline_list(struct cli *c, const struct db_stmt *s)
{
	return answer_list(c, s, on_key);
}
