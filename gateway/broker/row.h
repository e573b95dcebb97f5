/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_ROW_H
#define BROKER_ROW_H

#include <stdint.h>

/* The rows of row_tbl.h as structs jr_NAME: see base/msg.h. */

#define MSG_PREFIX jr
#define MSG_TABLE "broker/row_tbl.h"
#include "base/msg_struct.h"
#undef MSG_PREFIX
#undef MSG_TABLE

/* One row of any kind, taken from a record; spans are lent from it. */
struct row {
	uint8_t kind; /* jr_NAME_type */
	union {
		struct jr_start start;
		struct jr_end end;
		struct jr_keys keys;
		struct jr_audit audit;
		struct jr_rec rec;
		struct jr_pause pause;
	};
};

/* FAIL_FORMAT: not a row that this version knows. */
int row_get(struct row *r, struct span record) MUST_USE;
/* Append the record of r to b. */
int row_put(struct buf *b, const struct row *r) MUST_USE;

#endif /* BROKER_ROW_H */
