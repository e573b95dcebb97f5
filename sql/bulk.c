/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Array-bound inserts.  Rows are copied into one arena, column by column the
 * library gets arrays of pointers and lengths, and the server runs all of it
 * as one statement.  A row whose key exists is left alone by a no-op update
 * and not by INSERT IGNORE, which would swallow every other fault too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mysql.h>

#include "base/utf8.h"
#include "sql/conn.h"
#include "sql/db_int.h"

#include "sql/bulk.h"

enum { COLS_MAX = 24, ROWS_MAX = 10000, SQL_SIZE = 2048 };
enum { ARENA_MAX = 64 * 1024 * 1024 };

/* The values of one column, as the library wants them. */
struct column {
	uint64_t *nums;
	const void **ptrs;
	size_t *offs; /* where in the arena; pointers are made at the end */
	unsigned long *lens;
	char *marks; /* STMT_INDICATOR_NULL or _NONE */
};

struct bulk {
	const struct bulk_col *cols;
	size_t n_cols;
	size_t max_rows;
	size_t n_rows;
	char sql[SQL_SIZE];
	struct column data[COLS_MAX];
	struct buf arena;
};

static void
release(struct bulk *b)
{
	for (size_t i = 0; i < b->n_cols; i++) {
		free(b->data[i].nums);
		free(b->data[i].ptrs);
		free(b->data[i].offs);
		free(b->data[i].lens);
		free(b->data[i].marks);
	}
	buf_fini(&b->arena);
	free(b);
}

void
bulk_free(struct bulk *b)
{
	if (b)
		release(b);
}

static bool
is_text(enum db_type t)
{
	return t == DB_TEXT || t == DB_BYTES;
}

/* INSERT INTO t (a,b) VALUES (?,?) ON DUPLICATE KEY UPDATE a=a */
static int
make_sql(struct bulk *b, const char *table)
{
	FILE *to = fmemopen(b->sql, sizeof(b->sql), "w");
	long end;

	if (to == NULL)
		return FAIL_NOMEM;
	fprintf(to, "INSERT INTO %s (", table);
	for (size_t i = 0; i < b->n_cols; i++)
		fprintf(to, "%s%s", i ? "," : "", b->cols[i].name);
	fprintf(to, ") VALUES (");
	for (size_t i = 0; i < b->n_cols; i++)
		fprintf(to, "%s", i ? ",?" : "?");
	fprintf(to, ") ON DUPLICATE KEY UPDATE %s=%s.%s", b->cols[0].name,
	    table, b->cols[0].name);
	end = ftell(to);
	if (fclose(to) || end < 0 || (size_t)end >= sizeof(b->sql) - 1)
		return FAIL_RANGE;
	return 0;
}

static int
make_column(struct column *c, enum db_type type, size_t rows)
{
	c->marks = calloc(rows, sizeof(*c->marks));
	if (!is_text(type)) {
		c->nums = calloc(rows, sizeof(*c->nums));
		return c->marks && c->nums ? 0 : FAIL_NOMEM;
	}
	c->ptrs = calloc(rows, sizeof(*c->ptrs));
	c->offs = calloc(rows, sizeof(*c->offs));
	c->lens = calloc(rows, sizeof(*c->lens));
	return c->marks && c->ptrs && c->offs && c->lens ? 0 : FAIL_NOMEM;
}

struct bulk *
bulk_new(const char *table, const struct bulk_col *cols, size_t n_cols,
    size_t max_rows)
{
	struct bulk *b;

	if (n_cols == 0 || n_cols > COLS_MAX || max_rows == 0 ||
	    max_rows > ROWS_MAX)
		return NULL;
	b = calloc(1, sizeof(*b));
	if (b == NULL)
		return NULL;
	b->cols = cols;
	b->n_cols = n_cols;
	b->max_rows = max_rows;
	buf_init(&b->arena, ARENA_MAX);
	if (make_sql(b, table))
		goto fail;
	for (size_t i = 0; i < n_cols; i++) {
		if (make_column(&b->data[i], cols[i].type, max_rows))
			goto fail;
	}
	return b;
fail:
	release(b);
	return NULL;
}

static bool
utf8_valid(struct span s)
{
	uint32_t cp;
	size_t n;

	for (size_t i = 0; i < s.len; i += n) {
		n = utf8_get(s.p + i, s.len - i, &cp);
		/* U+FFFD itself takes three bytes. */
		if (n == 0 || (n == 1 && cp == UTF8_BAD))
			return false;
	}
	return true;
}

size_t
bulk_utf8(char *dst, size_t size, struct span s)
{
	uint8_t c[UTF8_MAX];
	size_t len = 0, n, out;
	uint32_t cp;

	for (size_t i = 0; i < s.len; i += n) {
		n = utf8_get(s.p + i, s.len - i, &cp);
		if (n == 0) { /* cut off in the middle of a character */
			n = s.len - i;
			cp = UTF8_BAD;
		}
		out = utf8_put(c, cp);
		if (len + out >= size)
			break;
		memcpy(dst + len, c, out);
		len += out;
	}
	if (size)
		dst[len] = '\0';
	return len;
}

/* Whether v can ever be stored in a column like c. */
static int
check(const struct bulk_col *c, const struct db_val *v)
{
	if (v->type == DB_NULL)
		return 0;
	if (is_text(c->type) != is_text(v->type))
		return FAIL_FORMAT;
	if (!is_text(c->type))
		return 0;
	if (v->bytes.len > c->max)
		return FAIL_RANGE;
	if (c->type == DB_TEXT && !utf8_valid(v->bytes))
		return FAIL_FORMAT;
	return 0;
}

int
bulk_add(struct bulk *b, const struct db_val *row)
{
	size_t n = b->n_rows, before = buf_len(&b->arena);
	int r = 0;

	if (n == b->max_rows)
		return FAIL_FULL;
	for (size_t i = 0; r == 0 && i < b->n_cols; i++)
		r = check(&b->cols[i], &row[i]);
	for (size_t i = 0; r == 0 && i < b->n_cols; i++) {
		struct column *c = &b->data[i];

		c->marks[n] = row[i].type == DB_NULL ? STMT_INDICATOR_NULL
						     : STMT_INDICATOR_NONE;
		if (!is_text(b->cols[i].type)) {
			c->nums[n] = row[i].type == DB_NULL ? 0 : row[i].u;
			continue;
		}
		c->offs[n] = buf_len(&b->arena);
		c->lens[n] = row[i].type == DB_NULL ? 0 : row[i].bytes.len;
		r = buf_put(&b->arena, row[i].bytes.p, c->lens[n]);
	}
	if (r) {
		b->arena.end = b->arena.off + before;
		return r;
	}
	b->n_rows++;
	return 0;
}

size_t
bulk_rows(const struct bulk *b)
{
	return b->n_rows;
}

void
bulk_clear(struct bulk *b)
{
	b->n_rows = 0;
	buf_reset(&b->arena);
}

static void
bind_column(struct bulk *b, size_t i, MYSQL_BIND *bind)
{
	struct column *c = &b->data[i];
	const uint8_t *base = buf_head(&b->arena);

	bind->u.indicator = c->marks;
	if (!is_text(b->cols[i].type)) {
		bind->buffer_type = MYSQL_TYPE_LONGLONG;
		bind->is_unsigned = b->cols[i].type == DB_U64;
		bind->buffer = c->nums;
		return;
	}
	for (size_t n = 0; n < b->n_rows; n++)
		c->ptrs[n] = base ? (const void *)(base + c->offs[n]) : "";
	bind->buffer_type =
	    b->cols[i].type == DB_TEXT ? MYSQL_TYPE_STRING : MYSQL_TYPE_BLOB;
	bind->buffer = c->ptrs;
	bind->length = c->lens;
}

struct run {
	struct bulk *b;
	uint64_t affected;
};

static int
try_bulk(struct conn *c, void *ctx, struct fail *f)
{
	struct run *run = ctx;
	struct bulk *b = run->b;
	MYSQL_BIND binds[COLS_MAX];
	unsigned rows = (unsigned)b->n_rows;
	struct conn_stmt *s;
	int r = conn_tune(c, DB_READ_LOCAL, c->o->timeout_ms, f);

	if (r == 0)
		r = conn_prepare(c, b->sql, &s, f);
	if (r)
		return r;
	memset(binds, 0, sizeof(binds));
	for (size_t i = 0; i < b->n_cols; i++)
		bind_column(b, i, &binds[i]);
	/* The size must be known before the arrays are bound. */
	if (mysql_stmt_attr_set(s->stmt, STMT_ATTR_ARRAY_SIZE, &rows) ||
	    mysql_stmt_bind_param(s->stmt, binds) ||
	    mysql_stmt_execute(s->stmt)) {
		r = conn_fault(c, mysql_stmt_errno(s->stmt), f);
		conn_forget(c, s);
		return r;
	}
	run->affected = mysql_stmt_affected_rows(s->stmt);
	return 0;
}

int
bulk_run(struct bulk *b, struct db *db, uint64_t *inserted, struct fail *f)
{
	struct run run = {.b = b};
	int r = 0;

	if (b->n_rows)
		r = db_retry(db, try_bulk, &run, false, f);
	if (r == 0 && inserted)
		*inserted = run.affected;
	return r;
}
