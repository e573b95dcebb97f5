/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CONF_ROW_H
#define BASE_CONF_ROW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cdefs.h"
#include "base/conf.h"

/*
 * One setting: the row of conf_tbl.h as data, and its value as text.  Only for
 * the parser and the printer of the configuration.
 */

enum conf_row_type {
	CONF_ROW_STR,
	CONF_ROW_LIST,
	CONF_ROW_UINT,
	CONF_ROW_SIZE,
	CONF_ROW_TIME,
	CONF_ROW_BOOL,
};

struct conf_row {
	const char *section;
	const char *key;
	enum conf_row_type type;
	const char *def;
	const char *text;
	size_t offset; /* of the member in struct conf */
};

/* All rows, those of a section together. */
const struct conf_row *conf_row_all(size_t *n);
bool conf_row_is_text(const struct conf_row *row);

/*
 * Set row's member of c from text.  FAIL_FORMAT or FAIL_RANGE: why says what
 * the value must be.
 */
int conf_row_set(struct conf *c, const struct conf_row *row, const char *text,
    char *why, size_t size) MUST_USE;
/* Free row's member, if it owns memory. */
void conf_row_fini(struct conf *c, const struct conf_row *row);

/* The text of a value as the file has it, quoted where needed.  Gives. */
char *conf_row_get(const struct conf *c, const struct conf_row *row) MUST_USE;
/* What a value must be within, in words; gives; empty: anything. */
char *conf_row_limit(const struct conf_row *row) MUST_USE;

#endif /* BASE_CONF_ROW_H */
