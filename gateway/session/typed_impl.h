/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SESSION_TYPED_IMPL_H
#define GATEWAY_SESSION_TYPED_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/utf8.h"
#include "session/screenline.h"
#include "session/typed.h"
#include "session/typed_key.h"
#include "session/typed_line.h"

/*
 * Inside of struct typed, shared by its parts: typed.c takes input and output,
 * typed_echo.c matches the one with the other, typed_pump.c decides and gives
 * out, typed_state.c carries all of it to another process.
 */

enum token_state {
	TOKEN_WAITING, /* a character, not seen yet */
	TOKEN_ECHOED,
	TOKEN_MISSED, /* it can no longer appear */
};

enum token_flag {
	TOKEN_CELLWISE = 1, /* judged by itself: editors */
	TOKEN_SUSPECT = 2,  /* typed behind a password prompt: masked */
	TOKEN_AHEAD = 4,    /* typed before the last line was dealt with */
	TOKEN_ANYWHERE = 8, /* behind a key that moved the cursor somewhere */
	TOKEN_NEXT = 16,    /* its cell is the one behind its predecessor's */
	TOKEN_FED = 32,	    /* a line's end that the target answered */
	TOKEN_OPAQUE = 64,  /* an answer of the terminal: masked */
	TOKEN_END = 128,    /* ends the line */
};

/* A character or key that has not been given out. */
struct token {
	uint64_t ns;
	uint64_t line; /* where its echo must appear */
	uint32_t off;
	uint32_t cp;
	uint8_t key; /* enum typed_key; NONE: a character */
	uint8_t len; /* of its bytes in raw */
	uint8_t state;
	uint8_t flags;
};

/* The line that is being typed, as far as its last character. */
struct typed_tail {
	bool open;    /* it has a character */
	bool suspect; /* behind a password prompt */
	bool editor;  /* ESC was typed: characters may be commands */
	bool ahead;
	bool search; /* ^R: the echo is somewhere else */
	bool after_key;
	uint64_t line; /* where the cursor was at the last character */
	uint64_t erased;
};

struct typed {
	const struct typed_ops *ops;
	void *ctx;
	struct screenline screen;
	struct typed_parse parse;
	struct typed_line line;
	struct token *tokens; /* [head .. head + n) */
	size_t head;
	size_t n;
	size_t cap;
	size_t wait;	/* the first waiting character, from head; n: none */
	size_t ends;	/* tokens that end a line */
	struct buf raw; /* the bytes of all tokens */
	struct typed_tail tail;
	struct screenline_at hint; /* the cursor after the last output */
	bool taint;		   /* the rest of this line is masked */
	bool quiet;		   /* no output since the last line's end */
	bool fed;		   /* a line feed in this output */
	bool masking;		   /* the last thing given out was a mask */
	uint8_t streak; /* characters in a row that were judged by themselves */
	uint64_t taint_line;
	uint64_t taint_erased;
	/* a line typed ahead, found as a whole: cells matched so far */
	uint64_t seq_run;
	uint32_t seq_n;
	struct screenline_at seq_next;
	uint64_t popped;
	uint64_t now;
	/* plain bytes of one time, to be given out together */
	uint64_t out_ns;
	uint32_t out_len;
	uint8_t out[128];
};

static inline struct token *
typed_token(const struct typed *t, size_t i)
{
	return &t->tokens[t->head + i];
}

static inline bool
token_is_char(const struct token *k)
{
	return k->key == TYPED_KEY_NONE;
}

/* Cells that a character takes. */
static inline uint32_t
typed_width(uint32_t cp)
{
	return cp > 0x10ffff ? 1 : utf8_width(cp);
}

/* The target wrote a character: it may be an echo.  ctx: struct typed. */
extern screenline_put_fn typed_echo_put;
/* A line was ended: if it was typed ahead, its echo may be there already. */
void typed_echo_end(struct typed *t);
/* Let wait point to the first waiting character at or behind it. */
void typed_wait_settle(struct typed *t);

/* Give out what has been decided by now. */
void typed_pump(struct typed *t, uint64_t now);
/* Mask every character that has not been given out. */
void typed_mask_all(struct typed *t);
/* Give out everything: in plain the lines that were ended and echoed whole. */
void typed_give_all(struct typed *t);
/* Write out what was gathered for ops->in. */
void typed_out_flush(struct typed *t);
/* The line so far, if there is any, to ops->line. */
void typed_line_out(struct typed *t);
/* When the pump will decide something by time alone; 0: never. */
uint64_t typed_pump_due(const struct typed *t);

#endif /* GATEWAY_SESSION_TYPED_IMPL_H */
