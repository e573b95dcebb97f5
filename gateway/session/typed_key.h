/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SESSION_TYPED_KEY_H
#define GATEWAY_SESSION_TYPED_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"

/*
 * Takes what a terminal sends apart: characters, and keys, which are control
 * characters and escape sequences.
 */

enum typed_key {
	TYPED_KEY_NONE, /* a character */
#define KEY(name, text) TYPED_KEY_##name,
#include "session/typed_key_tbl.h"
#undef KEY
	TYPED_KEYS,
};

enum {
	TYPED_KEY_RAW = 32,    /* bytes of a sequence at most */
	TYPED_KEY_ESC_MS = 50, /* after which an ESC was the key itself */
};

/* One of them.  raw is lent for the call. */
struct typed_unit {
	enum typed_key key;
	uint32_t cp; /* the character; of META and CTRL the one it goes with */
	const uint8_t *raw;
	size_t len;
	/*
	 * An answer of the terminal that may carry text of any kind, such as
	 * the clipboard: not a key, to be masked.  raw is empty.
	 */
	bool opaque;
};

typedef void typed_unit_fn(void *ctx, const struct typed_unit *u);

struct typed_parse {
	uint8_t state;
	uint8_t n;
	uint8_t raw[TYPED_KEY_RAW];
	uint32_t skip; /* bytes of a mouse report or string still to come */
	uint64_t since_ns;
};

void typed_parse_init(struct typed_parse *p);
void typed_parse_input(struct typed_parse *p, uint64_t mono_ns, struct span in,
    typed_unit_fn *fn, void *ctx);
/* When an unfinished sequence is given up; 0: there is none. */
uint64_t typed_parse_due_ns(const struct typed_parse *p);
/* Give up an unfinished sequence: ESC was a key, the rest was typed. */
void typed_parse_give_up(struct typed_parse *p, typed_unit_fn *fn, void *ctx);

/* FAIL_FORMAT when p, filled in from elsewhere, cannot be. */
int typed_parse_check(const struct typed_parse *p) MUST_USE;

/* How a line shows the key; may be empty. */
const char *typed_key_text(enum typed_key key);

#endif /* GATEWAY_SESSION_TYPED_KEY_H */
