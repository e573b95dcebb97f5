/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_WHEN_H
#define CLI_WHEN_H

#include <stdint.h>

#include "base/cdefs.h"

/* Times as people write them; all are UTC. */

enum { WHEN_SIZE = 80 };

/* RFC 3339 with milliseconds and Z; returns dst. */
char *when_text(char dst[WHEN_SIZE], uint64_t us);
/*
 * "2026-01-31", "2026-01-31T12:00", "2026-01-31T12:00:00[.5][Z]", or so long
 * before now: "90s", "15m", "2h", "31d".  FAIL_FORMAT.
 */
int when_parse(const char *text, uint64_t now_us, uint64_t *us) MUST_USE;
/* A length of time: "90", "90s", "15m", "8h", "2d".  FAIL_FORMAT. */
int when_span(const char *text, uint64_t *seconds) MUST_USE;

#endif /* CLI_WHEN_H */
