/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error numbers of MariaDB and of its client library: whether to try again,
 * which of our codes they are, and words that hold no values.  All of it is
 * the table in fault_tbl.h.
 */
#include <stddef.h>

#include "base/fail.h"

#include "sql/fault.h"

static const struct row {
	unsigned no;
	enum fault kind;
	int code;
	const char *text;
} rows[] = {
#define FAULT(no, kind, code, text) {no, FAULT_##kind, FAIL_##code, text},
#include "sql/fault_tbl.h"
#undef FAULT
};

static const struct row *
find(unsigned no)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].no == no)
			return &rows[i];
	}
	return NULL;
}

enum fault
fault_kind(unsigned no)
{
	const struct row *row = find(no);

	if (no == 0)
		return FAULT_NONE;
	return row ? row->kind : FAULT_FINAL;
}

int
fault_code(unsigned no)
{
	const struct row *row = find(no);

	return row ? row->code : FAIL_SQL;
}

const char *
fault_text(unsigned no)
{
	const struct row *row = find(no);

	return row ? row->text : "see the MariaDB error list";
}
