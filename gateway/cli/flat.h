/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_FLAT_H
#define CLI_FLAT_H

#include "base/buf.h"
#include "base/cdefs.h"

/* A JSON object as flat members: {"a":{"b":1}} is "a.b" with "1". */

enum { FLAT_PATH_SIZE = 256, FLAT_DEPTH = 16 };

/* value: text without quotes (escapes as they stand), numbers, true, null. */
typedef void flat_fn(const char *path, struct span value, void *ctx);

/* FAIL_FORMAT: not an object, or nested too deep. */
int flat_walk(struct span json, flat_fn *fn, void *ctx) MUST_USE;

#endif /* CLI_FLAT_H */
