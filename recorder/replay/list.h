/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_LIST_H
#define REPLAY_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/json.h"

/*
 * A JSON array of objects, or one object, printed row by row, so that it may
 * be of any length: one object a line.
 */

struct list {
	FILE *to; /* kept a pointer to */
	struct buf text;
	struct json js; /* of the row: members are written here */
	size_t rows;
	int err;
};

void list_init(struct list *l, FILE *to);
void list_fini(struct list *l);

/* Around each row. */
struct json *list_row(struct list *l);
void list_row_end(struct list *l);
/* Behind the last one.  FAIL_NOMEM, FAIL_SYS: it could not be written. */
int list_end(struct list *l) MUST_USE;

/* One object alone: list_row(), then this. */
int list_one(struct list *l) MUST_USE;

/* Has everything been written?  0, or FAIL_SYS. */
int list_flush(FILE *to) MUST_USE;

#endif /* REPLAY_LIST_H */
