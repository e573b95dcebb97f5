/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_BASE_FILE_H
#define GATEWAY_BASE_FILE_H

#include "base/buf.h"
#include "base/cdefs.h"

/* Files that are small enough to be read as a whole. */

/* Read at a time; a buffer must have this much room behind the last byte. */
enum { FILE_STEP = 65536 };

/*
 * From where fd stands to its end, behind what b holds.  FAIL_SYS with errno
 * set; FAIL_FULL: it is longer than the max of b less FILE_STEP.
 */
int file_read(int fd, struct buf *b) MUST_USE;

#endif /* GATEWAY_BASE_FILE_H */
