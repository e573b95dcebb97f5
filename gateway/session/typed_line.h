/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SESSION_TYPED_LINE_H
#define GATEWAY_SESSION_TYPED_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "session/typed_key.h"

/*
 * The line that is being typed: characters, edited as the common editing keys
 * say, and marks for keys whose effect is not known here.
 */

struct typed_line {
	uint32_t *units;
	size_t n;
	size_t cap;
	size_t cursor;
	uint64_t first_ns;
	bool cut;     /* there was more than fits */
	bool unknown; /* history or completion: there is text nobody typed */
};

void typed_line_init(struct typed_line *l);
void typed_line_fini(struct typed_line *l);
void typed_line_reset(struct typed_line *l);

void typed_line_char(struct typed_line *l, uint64_t ns, uint32_t cp);
/* Characters that are not to be known: always the same mark. */
void typed_line_mask(struct typed_line *l, uint64_t ns);
/* cp: of META and CTRL. */
void typed_line_key(
    struct typed_line *l, uint64_t ns, enum typed_key key, uint32_t cp);

/* The text, at most max bytes and a mark where it was cut. */
int typed_line_text(
    const struct typed_line *l, size_t max, struct buf *out) MUST_USE;

int typed_line_export(const struct typed_line *l, struct buf *out) MUST_USE;
int typed_line_import(struct typed_line *l, struct span *in) MUST_USE;

#endif /* GATEWAY_SESSION_TYPED_LINE_H */
