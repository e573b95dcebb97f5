/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values in and out of a prepared statement: binds parameters by type,
 * fetches rows into one block of memory and lends them to a callback.
 */
#include <stdlib.h>
#include <string.h>

#include <mysql.h>

#include "sql/result.h"

static void
bind_one(MYSQL_BIND *b, const struct db_val *v)
{
	/* The library's fields are not const; it does not write to them. */
	union {
		const void *in;
		void *out;
	} u;

	switch (v->type) {
	case DB_NULL:
		b->buffer_type = MYSQL_TYPE_NULL;
		return;
	case DB_U64:
	case DB_I64:
		u.in = &v->u;
		b->buffer_type = MYSQL_TYPE_LONGLONG;
		b->is_unsigned = v->type == DB_U64;
		b->buffer = u.out;
		return;
	case DB_TEXT:
	case DB_BYTES:
		u.in = v->bytes.p ? (const void *)v->bytes.p : "";
		b->buffer_type =
		    v->type == DB_TEXT ? MYSQL_TYPE_STRING : MYSQL_TYPE_BLOB;
		b->buffer = u.out;
		b->buffer_length = v->bytes.len;
		b->length_value = v->bytes.len;
		b->length = &b->length_value;
		return;
	}
}

int
result_execute(struct conn *c, struct conn_stmt *s, const struct db_stmt *q,
    struct fail *f)
{
	MYSQL_BIND binds[RESULT_PARAMS_MAX];
	unsigned no;

	c->fault = FAULT_FINAL;
	if (q->n > RESULT_PARAMS_MAX || q->n != mysql_stmt_param_count(s->stmt))
		return fail_set(f, FAIL_RANGE,
		    "a statement has %lu parameters, %zu were given",
		    mysql_stmt_param_count(s->stmt), q->n);
	memset(binds, 0, sizeof(binds));
	for (size_t i = 0; i < q->n; i++)
		bind_one(&binds[i], &q->p[i]);
	c->fault = FAULT_NONE;
	if ((q->n && mysql_stmt_bind_param(s->stmt, binds)) ||
	    mysql_stmt_execute(s->stmt)) {
		no = mysql_stmt_errno(s->stmt);
		return conn_fault(c, no, f);
	}
	return 0;
}

/* Where the columns of the current row are. */
struct columns {
	MYSQL_BIND binds[RESULT_COLUMNS_MAX];
	unsigned long len[RESULT_COLUMNS_MAX];
	my_bool null[RESULT_COLUMNS_MAX];
	struct db_val vals[RESULT_COLUMNS_MAX];
	uint64_t nums[RESULT_COLUMNS_MAX];
	size_t n;
	uint8_t *block;
};

/*
 * A decimal without a fraction is what the server makes of a sum, or of an
 * unsigned number beside a signed one: COALESCE(MAX(n),0).
 */
static bool
is_number(const MYSQL_FIELD *fd)
{
	switch (fd->type) {
	case MYSQL_TYPE_TINY:
	case MYSQL_TYPE_SHORT:
	case MYSQL_TYPE_INT24:
	case MYSQL_TYPE_LONG:
	case MYSQL_TYPE_LONGLONG:
	case MYSQL_TYPE_YEAR:
		return true;
	case MYSQL_TYPE_DECIMAL:
	case MYSQL_TYPE_NEWDECIMAL:
		return fd->decimals == 0;
	default:
		return false;
	}
}

/* 63: the number of the character set "binary". */
static enum db_type
column_type(const MYSQL_FIELD *fd)
{
	if (is_number(fd))
		return fd->flags & UNSIGNED_FLAG ? DB_U64 : DB_I64;
	return fd->charsetnr == 63 ? DB_BYTES : DB_TEXT;
}

static int
bind_columns(struct columns *cols, MYSQL_RES *meta, struct fail *f)
{
	const MYSQL_FIELD *fd = mysql_fetch_fields(meta);
	size_t total = 1, off = 0;

	cols->n = mysql_num_fields(meta);
	if (cols->n > RESULT_COLUMNS_MAX)
		return fail_set(
		    f, FAIL_RANGE, "a result has %zu columns", cols->n);
	for (size_t i = 0; i < cols->n; i++)
		total += is_number(&fd[i]) ? 0 : fd[i].max_length + 1;
	cols->block = calloc(1, total);
	if (cols->block == NULL)
		return fail_set(f, FAIL_NOMEM, "out of memory");
	for (size_t i = 0; i < cols->n; i++) {
		MYSQL_BIND *b = &cols->binds[i];

		cols->vals[i].type = column_type(&fd[i]);
		b->is_null = &cols->null[i];
		b->length = &cols->len[i];
		if (is_number(&fd[i])) {
			b->buffer_type = MYSQL_TYPE_LONGLONG;
			b->is_unsigned = cols->vals[i].type == DB_U64;
			b->buffer = &cols->nums[i];
			continue;
		}
		b->buffer_type = cols->vals[i].type == DB_TEXT
				     ? MYSQL_TYPE_STRING
				     : MYSQL_TYPE_BLOB;
		b->buffer = cols->block + off;
		b->buffer_length = fd[i].max_length;
		off += fd[i].max_length + 1;
	}
	return 0;
}

static void
load_row(struct columns *cols, struct db_val row[RESULT_COLUMNS_MAX])
{
	for (size_t i = 0; i < cols->n; i++) {
		uint8_t *p = cols->binds[i].buffer;
		size_t len = cols->len[i];

		row[i] = cols->vals[i];
		if (cols->null[i]) {
			row[i].type = DB_NULL;
			row[i].bytes = SPAN("", 0);
		} else if (row[i].type == DB_U64 || row[i].type == DB_I64) {
			row[i].u = cols->nums[i];
		} else {
			if (len > cols->binds[i].buffer_length)
				len = cols->binds[i].buffer_length;
			p[len] = '\0';
			row[i].bytes = SPAN(p, len);
		}
	}
}

static int
fetch_rows(struct conn *c, struct conn_stmt *s, struct columns *cols,
    struct result_rows *to, struct fail *f)
{
	struct db_val row[RESULT_COLUMNS_MAX];
	int r;

	while (to->max_rows == 0 || to->rows < to->max_rows) {
		r = mysql_stmt_fetch(s->stmt);
		if (r == MYSQL_NO_DATA)
			break;
		if (r == 1)
			return conn_fault(c, mysql_stmt_errno(s->stmt), f);
		if (r == MYSQL_DATA_TRUNCATED) {
			c->fault = FAULT_FINAL;
			return fail_set(f, FAIL_RANGE,
			    "a number does not fit into 64 bits");
		}
		load_row(cols, row);
		to->rows++;
		r = to->fn(
		    &(struct db_row){.v = row, .n = cols->n}, to->ctx, f);
		if (r < 0) {
			c->fault = FAULT_NONE;
			return r;
		}
	}
	return 0;
}

int
result_read(
    struct conn *c, struct conn_stmt *s, struct result_rows *to, struct fail *f)
{
	struct columns *cols;
	MYSQL_RES *meta;
	my_bool yes = 1;
	int r;

	c->fault = FAULT_FINAL;
	cols = calloc(1, sizeof(*cols));
	if (cols == NULL)
		return fail_set(f, FAIL_NOMEM, "out of memory");
	/* Lengths of the longest values, to read into the right memory. */
	mysql_stmt_attr_set(s->stmt, STMT_ATTR_UPDATE_MAX_LENGTH, &yes);
	if (mysql_stmt_store_result(s->stmt)) {
		/* Connector/C 3.4 would not close others beside what is left.
		 */
		r = conn_fault(c, mysql_stmt_errno(s->stmt), f);
		goto free_cols;
	}
	meta = mysql_stmt_result_metadata(s->stmt);
	if (meta == NULL) {
		r = fail_set(f, FAIL_SQL, "the statement gives no rows");
		goto free_cols;
	}
	r = bind_columns(cols, meta, f);
	mysql_free_result(meta);
	if (r == 0 && mysql_stmt_bind_result(s->stmt, cols->binds))
		r = conn_fault(c, mysql_stmt_errno(s->stmt), f);
	if (r == 0) {
		c->fault = FAULT_NONE;
		s->busy = true;
		r = fetch_rows(c, s, cols, to, f);
		s->busy = false;
	}
free_cols:
	mysql_stmt_free_result(s->stmt);
	free(cols->block);
	free(cols);
	return r;
}
