/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_BASE_FILE_H
#define GATEWAY_BASE_FILE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"

/* Files that are small enough to be read as a whole; files that are locks. */

/* Read at a time; a buffer must have this much room behind the last byte. */
enum { FILE_STEP = 65536 };

/*
 * From where fd stands to its end, behind what b holds.  FAIL_SYS with errno
 * set; FAIL_FULL: it is longer than the max of b less FILE_STEP.
 */
int file_read(int fd, struct buf *b) MUST_USE;

/*
 * Be the only one who has path open in this way, for as long as *fd is open;
 * the file is made when it is missing and never removed.  Waits at most wait_ms
 * for another process to let go of it: FAIL_BUSY.
 */
int file_lock(
    const char *path, uint32_t wait_ms, int *fd, struct fail *f) MUST_USE;

#endif /* GATEWAY_BASE_FILE_H */
