/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdint.h>

#include "base/cdefs.h"
#include "base/fail.h"

/*
 * The log for the operator: one line per fact, at the level that decides.
 * Never traffic, never secrets; strings that came from a peer are escaped.
 * The sink (stderr, as text or JSON lines) is the one global of the program.
 */

enum log_level { LOG_LEVEL_ERR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Embedded in an object, prints its own prefix, e.g. "s=7f3a u=ana". */
struct log_ctx {
	char prefix[96];
};

struct log_opts {
	const char *program; /* role name, e.g. "broker" */
	enum log_level level;
	int json; /* 1 = a JSON object per line */
	int fd;	  /* where to write; the log does not close it */
};

void log_init(const struct log_opts *o);
int log_level_parse(const char *name, enum log_level *out) MUST_USE;

/* ctx may be NULL.  Rate limited per call site: 20 lines a second. */
void log_err(const struct log_ctx *ctx, const char *fmt, ...)
    PRINTF_LIKE(2, 3);
void log_warn(const struct log_ctx *ctx, const char *fmt, ...)
    PRINTF_LIKE(2, 3);
void log_info(const struct log_ctx *ctx, const char *fmt, ...)
    PRINTF_LIKE(2, 3);
void log_debug(const struct log_ctx *ctx, const char *fmt, ...)
    PRINTF_LIKE(2, 3);

#endif /* BASE_LOG_H */
