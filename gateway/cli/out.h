/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_OUT_H
#define CLI_OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/json.h"

/*
 * What a verb answers: one object, or a list of objects with the same members.
 * As JSON, or for people: an aligned table, or "name: value" lines.  Text is
 * escaped for the terminal.  Nothing is printed before out_end().
 */

enum { OUT_COLS_MAX = 32, OUT_BYTES_MAX = 64 * 1024 * 1024 };

struct out {
	FILE *to; /* kept a pointer to */
	bool json;
	bool list;
	struct buf text; /* JSON text; else cells, each with a zero behind */
	struct json js;
	char heads[OUT_COLS_MAX][24];
	size_t n_heads; /* columns of the first row */
	size_t n_cells;
	size_t col; /* in this row */
	bool words; /* within out_words() */
	bool first_word;
	int err;
};

void out_init(struct out *o, FILE *to, bool json);
void out_fini(struct out *o);

/* Begin: one object, or a list. */
void out_one(struct out *o);
void out_list(struct out *o);
/* Around each object of a list. */
void out_row(struct out *o);
void out_row_end(struct out *o);

void out_text(struct out *o, const char *key, const char *val); /* NULL: none */
void out_span(struct out *o, const char *key, struct span val);
void out_uint(struct out *o, const char *key, uint64_t val);
void out_int(struct out *o, const char *key, int64_t val);
void out_bool(struct out *o, const char *key, bool val);
void out_uuid(struct out *o, const char *key, const uint8_t id[16]);
/* Unix time in us as RFC 3339; 0: none. */
void out_time(struct out *o, const char *key, uint64_t us);
/* Already JSON. */
void out_raw(struct out *o, const char *key, struct span json);
/* A list of words: begin, each, end. */
void out_words(struct out *o, const char *key);
void out_word(struct out *o, const char *val);
void out_words_end(struct out *o);

/* Print all.  FAIL_NOMEM, FAIL_FULL: too much; FAIL_SYS: cannot write. */
int out_end(struct out *o) MUST_USE;

/* Text for a terminal: control characters as \xNN.  Returns columns used. */
unsigned out_escape(FILE *to, struct span s);

#endif /* CLI_OUT_H */
