/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bounded byte queue, and readers and writers of wire types.  The bound is
 * on unread bytes; the memory behind may be up to half as large again, so that
 * a full queue from which little is taken at a time is not moved on each put.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fail.h"

enum { BUF_MIN = 256 };

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void
buf_init_secret(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max, .wipe = true};
}

static void
release(struct buf *b)
{
	if (b->wipe && b->data != NULL)
		explicit_bzero(b->data, b->cap);
	free(b->data);
	b->data = NULL;
	b->off = b->end = b->cap = 0;
}

void
buf_fini(struct buf *b)
{
	release(b);
}

void
buf_shrink(struct buf *b)
{
	if (buf_len(b) == 0)
		release(b);
}

/* Move unread bytes to the front. */
static void
slide(struct buf *b)
{
	size_t len = buf_len(b);

	if (b->off == 0)
		return;
	memmove(b->data, b->data + b->off, len);
	if (b->wipe)
		explicit_bzero(b->data + len, b->end - len);
	b->off = 0;
	b->end = len;
}

/* New memory of at least need bytes; not realloc, which leaves copies. */
static int
grow(struct buf *b, size_t need)
{
	size_t len = buf_len(b);
	size_t limit = b->max + b->max / 2;
	size_t cap = b->cap < BUF_MIN ? BUF_MIN : b->cap;
	uint8_t *data;

	while (cap < need)
		cap *= 2;
	if (cap > limit)
		cap = need > limit ? need : limit;
	data = malloc(cap);
	if (data == NULL)
		return FAIL_NOMEM;
	if (len > 0)
		memcpy(data, b->data + b->off, len);
	release(b);
	b->data = data;
	b->cap = cap;
	b->end = len;
	return 0;
}

int
buf_reserve(struct buf *b, size_t n, uint8_t **p)
{
	size_t len = buf_len(b);
	int r;

	if (n > b->max || len > b->max - n)
		return FAIL_FULL;
	if (b->data == NULL || b->cap - b->end < n) {
		bool fits = b->cap >= len + n;

		if (b->data != NULL && fits &&
		    (b->off >= len || b->cap >= b->max)) {
			slide(b);
		} else {
			r = grow(b, len + n);
			if (r != 0)
				return r;
		}
	}
	*p = b->data + b->end;
	return 0;
}

void
buf_commit(struct buf *b, size_t n)
{
	MUST(n <= b->cap - b->end);
	b->end += n;
}

void
buf_consume(struct buf *b, size_t n)
{
	MUST(n <= buf_len(b));
	if (n == 0)
		return;
	if (b->wipe)
		explicit_bzero(b->data + b->off, n);
	b->off += n;
	if (b->off == b->end)
		b->off = b->end = 0;
}

void
buf_reset(struct buf *b)
{
	buf_consume(b, buf_len(b));
}

int
buf_put(struct buf *b, const void *p, size_t n)
{
	uint8_t *to;
	int r;

	if (n == 0)
		return 0;
	r = buf_reserve(b, n, &to);
	if (r != 0)
		return r;
	memcpy(to, p, n);
	b->end += n;
	return 0;
}

int
buf_put_u8(struct buf *b, uint8_t v)
{
	return buf_put(b, &v, 1);
}

int
buf_put_u16(struct buf *b, uint16_t v)
{
	uint8_t w[2] = {(uint8_t)(v >> 8), (uint8_t)v};

	return buf_put(b, w, sizeof(w));
}

int
buf_put_u32(struct buf *b, uint32_t v)
{
	uint8_t w[4];

	be32_put(w, v);
	return buf_put(b, w, sizeof(w));
}

int
buf_put_u64(struct buf *b, uint64_t v)
{
	uint8_t w[8];

	be32_put(w, (uint32_t)(v >> 32));
	be32_put(w + 4, (uint32_t)v);
	return buf_put(b, w, sizeof(w));
}

int
buf_put_string(struct buf *b, const void *p, size_t n)
{
	uint8_t *to;
	int r;

	if (n > UINT32_MAX - 4)
		return FAIL_RANGE;
	r = buf_reserve(b, n + 4, &to);
	if (r != 0)
		return r;
	be32_put(to, (uint32_t)n);
	if (n > 0)
		memcpy(to + 4, p, n);
	b->end += n + 4;
	return 0;
}

int
buf_put_cstring(struct buf *b, const char *s)
{
	return buf_put_string(b, s, strlen(s));
}

int
buf_put_mpint(struct buf *b, const uint8_t *p, size_t n)
{
	uint8_t *to;
	size_t pad;
	int r;

	while (n > 0 && *p == 0) {
		p++;
		n--;
	}
	pad = n > 0 && (*p & 0x80) != 0 ? 1 : 0;
	if (n > UINT32_MAX - 5)
		return FAIL_RANGE;
	r = buf_reserve(b, 4 + pad + n, &to);
	if (r != 0)
		return r;
	be32_put(to, (uint32_t)(n + pad));
	to[4] = 0;
	if (n > 0)
		memcpy(to + 4 + pad, p, n);
	b->end += 4 + pad + n;
	return 0;
}

int
span_take(struct span *s, size_t n, const uint8_t **p)
{
	if (s->len < n)
		return FAIL_FORMAT;
	*p = s->p;
	if (n > 0)
		s->p += n;
	s->len -= n;
	return 0;
}

int
span_u8(struct span *s, uint8_t *v)
{
	const uint8_t *p;
	int r = span_take(s, 1, &p);

	if (r == 0)
		*v = p[0];
	return r;
}

int
span_u16(struct span *s, uint16_t *v)
{
	const uint8_t *p;
	int r = span_take(s, 2, &p);

	if (r == 0)
		*v = (uint16_t)(p[0] << 8 | p[1]);
	return r;
}

int
span_u32(struct span *s, uint32_t *v)
{
	const uint8_t *p;
	int r = span_take(s, 4, &p);

	if (r == 0)
		*v = be32_get(p);
	return r;
}

int
span_u64(struct span *s, uint64_t *v)
{
	const uint8_t *p;
	int r = span_take(s, 8, &p);

	if (r == 0)
		*v = (uint64_t)be32_get(p) << 32 | be32_get(p + 4);
	return r;
}

int
span_bool(struct span *s, bool *v)
{
	uint8_t b;
	int r = span_u8(s, &b);

	if (r == 0)
		*v = b != 0;
	return r;
}

int
span_string(struct span *s, struct span *str)
{
	uint32_t len;

	if (s->len < 4)
		return FAIL_FORMAT;
	len = be32_get(s->p);
	if (len > s->len - 4)
		return FAIL_FORMAT;
	*str = (struct span){.p = s->p + 4, .len = len};
	s->p += 4 + (size_t)len;
	s->len -= 4 + (size_t)len;
	return 0;
}

int
span_cstring(struct span *s, char *dst, size_t size)
{
	struct span rest = *s;
	struct span str;
	int r = span_string(&rest, &str);

	if (r != 0)
		return r;
	if (str.len >= size)
		return FAIL_FORMAT;
	if (str.len > 0) {
		if (memchr(str.p, 0, str.len) != NULL)
			return FAIL_FORMAT;
		memcpy(dst, str.p, str.len);
	}
	dst[str.len] = '\0';
	*s = rest;
	return 0;
}

bool
span_eq(struct span s, const char *text)
{
	size_t len = strlen(text);

	return s.len == len && (len == 0 || memcmp(s.p, text, len) == 0);
}

uint16_t
le16_get(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

uint32_t
le32_get(const uint8_t *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[1] << 8 | p[0];
}

uint64_t
le64_get(const uint8_t *p)
{
	return (uint64_t)le32_get(p + 4) << 32 | le32_get(p);
}

void
le16_put(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

void
le32_put(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
}

void
le64_put(uint8_t *p, uint64_t v)
{
	le32_put(p, (uint32_t)v);
	le32_put(p + 4, (uint32_t)(v >> 32));
}
