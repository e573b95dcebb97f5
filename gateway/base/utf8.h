/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

#include "base/cdefs.h"

/* UTF-8 (RFC 3629), strictly: no overlong forms, no surrogates. */

enum { UTF8_MAX = 4, UTF8_BAD = 0xfffd };

/*
 * Take one code point from p.  Returns the bytes it took; 0 when p ends in the
 * middle of one (or is empty).  A byte that cannot be is one byte long and
 * gives UTF8_BAD.
 */
size_t utf8_get(const uint8_t *p, size_t len, uint32_t *cp) MUST_USE;
/* Returns the number of bytes; a value that is none gives UTF8_BAD's. */
size_t utf8_put(uint8_t out[UTF8_MAX], uint32_t cp);
/* Columns in a terminal: 0 combining, 2 wide, else 1. */
unsigned utf8_width(uint32_t cp);
/* Safe to show: no control, no direction override, no private use. */
int utf8_printable(uint32_t cp);

#endif /* BASE_UTF8_H */
