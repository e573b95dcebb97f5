/* SPDX-License-Identifier: Apache-2.0 */
/* Makes parameters and reads columns: the typed values of db.h. */
#include <string.h>

#include "sql/db.h"

struct db_val
db_null(void)
{
	return (struct db_val){.type = DB_NULL};
}

struct db_val
db_text(const char *s)
{
	if (s == NULL)
		return db_null();
	return (struct db_val){.type = DB_TEXT, .bytes = SPAN(s, strlen(s))};
}

struct db_val
db_text_span(struct span s)
{
	return (struct db_val){.type = DB_TEXT, .bytes = s};
}

struct db_val
db_bytes(struct span s)
{
	return (struct db_val){.type = DB_BYTES, .bytes = s};
}

struct db_val
db_uuid(const uint8_t id[16])
{
	if (id == NULL)
		return db_null();
	return (struct db_val){.type = DB_BYTES, .bytes = SPAN(id, 16)};
}

struct db_val
db_u64(uint64_t v)
{
	return (struct db_val){.type = DB_U64, .u = v};
}

struct db_val
db_i64(int64_t v)
{
	return (struct db_val){.type = DB_I64, .i = v};
}

bool
db_row_null(const struct db_row *r, size_t col)
{
	return col >= r->n || r->v[col].type == DB_NULL;
}

uint64_t
db_row_u64(const struct db_row *r, size_t col)
{
	if (col >= r->n)
		return 0;
	if (r->v[col].type == DB_U64)
		return r->v[col].u;
	if (r->v[col].type == DB_I64 && r->v[col].i > 0)
		return (uint64_t)r->v[col].i;
	return 0;
}

int64_t
db_row_i64(const struct db_row *r, size_t col)
{
	if (col >= r->n)
		return 0;
	if (r->v[col].type == DB_I64)
		return r->v[col].i;
	if (r->v[col].type == DB_U64)
		return r->v[col].u > INT64_MAX ? INT64_MAX
					       : (int64_t)r->v[col].u;
	return 0;
}

struct span
db_row_bytes(const struct db_row *r, size_t col)
{
	if (col < r->n &&
	    (r->v[col].type == DB_TEXT || r->v[col].type == DB_BYTES))
		return r->v[col].bytes;
	return SPAN("", 0);
}

const char *
db_row_text(const struct db_row *r, size_t col)
{
	return (const char *)db_row_bytes(r, col).p;
}

void
db_row_copy(const struct db_row *r, size_t col, char *dst, size_t size)
{
	const char *text = db_row_text(r, col);
	size_t n = strnlen(text, size - 1);

	memcpy(dst, text, n);
	dst[n] = '\0';
}

int
db_row_uuid(const struct db_row *r, size_t col, uint8_t id[16])
{
	struct span s = db_row_bytes(r, col);

	memset(id, 0, 16);
	if (s.len != 16)
		return FAIL_FORMAT;
	memcpy(id, s.p, 16);
	return 0;
}
