/* SPDX-License-Identifier: Apache-2.0 */
/* The reasons of why_tbl.h in words. */
#include <stddef.h>

#include "base/cdefs.h"

#include "session/why.h"

struct row {
	const char *name;
	const char *text;
	bool error;
};

static const struct row rows[] = {
#define WHY(name, num, error, text) [num] = {#name, text, error},
#include "session/why_tbl.h"
#undef WHY
};

static const struct row *
row_of(int why)
{
	if (why <= 0 || (size_t)why >= ARRAY_LEN(rows) ||
	    rows[why].name == NULL)
		return NULL;
	return &rows[why];
}

const char *
why_name(int why)
{
	const struct row *r = row_of(why);

	return r == NULL ? "UNKNOWN" : r->name;
}

const char *
why_text(int why)
{
	const struct row *r = row_of(why);

	return r == NULL ? "unknown reason" : r->text;
}

bool
why_is_error(int why)
{
	const struct row *r = row_of(why);

	return r == NULL || r->error;
}
