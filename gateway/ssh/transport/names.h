/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_TRANSPORT_NAMES_H
#define GATEWAY_SSH_TRANSPORT_NAMES_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/cdefs.h"

/* Name-lists: names with commas in between (RFC 4251 section 5). */

/* Take the next name off the list; false when there is none. */
bool names_next(struct span *list, struct span *name);
bool names_has(struct span list, struct span name);
/* The first of wish that is also in have; false when there is none. */
bool names_match(struct span wish, struct span have, struct span *name);
/* Do both lists begin with the same name? */
bool names_same_first(struct span a, struct span b);
/* Append name to a list that is being built in b. */
int names_add(struct buf *b, struct span name) MUST_USE;

/* A zero-terminated list as a span. */
struct span names_span(const char *list);

#endif /* GATEWAY_SSH_TRANSPORT_NAMES_H */
