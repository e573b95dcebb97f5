/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include <stdint.h>

#include "base/cdefs.h"

/* UUID version 7 (RFC 9562 section 5.7): time-ordered, the key of all rows. */

enum { UUID_LEN = 16, UUID_TEXT_SIZE = 37 };

/* Monotonic within a process. */
void uuid_new(uint8_t id[UUID_LEN]);
/* The millisecond of its making, Unix time. */
uint64_t uuid_unix_ms(const uint8_t id[UUID_LEN]);
/* 8-4-4-4-12 in lower case; returns dst. */
char *uuid_text(char dst[UUID_TEXT_SIZE], const uint8_t id[UUID_LEN]);
int uuid_parse(uint8_t id[UUID_LEN], const char *text) MUST_USE;

#endif /* BASE_UUID_H */
