/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SQL_FAULT_H
#define SQL_FAULT_H

#include "base/cdefs.h"

/* What a database error number means for the one who made the statement. */

enum fault {
	FAULT_NONE = 0,
	FAULT_FINAL, /* the same again would fail the same way */
	FAULT_AGAIN, /* rolled back: the whole transaction again */
	FAULT_MOVE,  /* nothing was done: this server cannot serve now */
	FAULT_LOST,  /* the connection is gone; it may have committed */
};

enum fault fault_kind(unsigned no);
/* The FAIL_* code that no is reported as. */
int fault_code(unsigned no);
/* Words of our own: those of the server may repeat values. */
const char *fault_text(unsigned no);

#endif /* SQL_FAULT_H */
