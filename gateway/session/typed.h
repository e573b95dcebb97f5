/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SESSION_TYPED_H
#define GATEWAY_SESSION_TYPED_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"

/*
 * What a user types in a terminal, as far as the target shows it: characters
 * that are not echoed are masked here, before anything is stored.
 *
 * On the main screen a line is all or nothing: it is given out when it has
 * been ended and every character of it has appeared where the cursor was, and
 * is masked otherwise, whatever else the target prints meanwhile.  A line typed
 * behind a password prompt is always masked.  On the alternate screen, where
 * editors do not show their commands, each character is judged by itself, and
 * three in a row must have appeared before the first is given out.  Control
 * characters and keys such as arrows are never secret, and keep their place
 * among the characters.
 */

struct typed;

enum {
	TYPED_PENDING_MAX = 4096, /* characters in doubt; beyond: masked */
	TYPED_LINE_MAX = 4096, /* bytes of a line; beyond: cut, with a mark */
	TYPED_STATE_MAX = 512 * 1024, /* bytes of an export */
	TYPED_WAIT_MS = 400,	      /* for the echo of a single character */
};

/* Times are those given with the input, and so may lie in the past. */
struct typed_ops {
	/* Input in plain: text that was echoed, control characters, keys. */
	void (*in)(void *ctx, uint64_t mono_ns, const uint8_t *p, size_t len);
	/* Masked input; count is always 1, since lengths tell as well. */
	void (*noecho)(void *ctx, uint64_t mono_ns, uint32_t count);
	/*
	 * A line that was ended, UTF-8, edited as its editing keys say;
	 * mono_ns is its first character's time.
	 */
	void (*line)(void *ctx, uint64_t mono_ns, const char *text, size_t len);
};

struct typed_opts {
	uint32_t cols;		     /* of the terminal; 0: 80 */
	const struct typed_ops *ops; /* kept a pointer to, as is ctx */
	void *ctx;
};

void typed_free(struct typed *t);
struct typed *typed_new(const struct typed_opts *o)
    OWNED_BY(typed_free) MUST_USE;

/* What the user sent, and what the target sent.  Call the callbacks. */
void typed_input(
    struct typed *t, uint64_t mono_ns, const uint8_t *p, size_t len);
void typed_output(
    struct typed *t, uint64_t mono_ns, const uint8_t *p, size_t len);
void typed_resize(struct typed *t, uint32_t cols);

/* When typed_tick() is to be called; 0: need not be. */
uint64_t typed_due_ns(const struct typed *t);
void typed_tick(struct typed *t, uint64_t now_ns);

/* The session ends: all that is in doubt is masked, the line given out. */
void typed_flush(struct typed *t);

/*
 * The whole state for another process.  It holds characters that may be
 * secret: out is to be a secret buffer.
 */
int typed_export(const struct typed *t, struct buf *out) MUST_USE;
int typed_import(
    struct typed **out, const struct typed_opts *o, struct span state) MUST_USE;

#endif /* GATEWAY_SESSION_TYPED_H */
