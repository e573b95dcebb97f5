/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cdefs.h"

/*
 * A bounded byte queue, and the readers and writers of the wire types that
 * SSH (RFC 4251 section 5) and the processes of a node use (big endian).
 *
 *	data[0 .. off)    consumed, reclaimed when space is needed
 *	data[off .. end)  unread
 *	data[end .. cap)  room
 *
 * Grows on demand up to max bytes of unread data; a put beyond it is
 * FAIL_FULL and leaves the buffer as it was.  Not thread safe.
 */

struct buf {
	uint8_t *data;
	size_t off;
	size_t end;
	size_t cap;
	size_t max;
	bool wipe; /* content is secret: wiped when consumed, moved or freed */
};

/* A run of bytes that somebody else owns. */
struct span {
	const uint8_t *p;
	size_t len;
};

#define SPAN(ptr, n) ((struct span){.p = (const uint8_t *)(ptr), .len = (n)})

/* Embedded life cycle.  max is the bound in bytes.  Allocates nothing yet. */
void buf_init(struct buf *b, size_t max);
void buf_init_secret(struct buf *b, size_t max);
void buf_fini(struct buf *b);
/* Give back memory when empty. */
void buf_shrink(struct buf *b);

static inline size_t
buf_len(const struct buf *b)
{
	return b->end - b->off;
}

/* NULL while nothing was ever put: plus zero, which is no offence in fact. */
NO_SANITIZE static inline uint8_t *
buf_head(const struct buf *b)
{
	return b->data + b->off;
}

static inline struct span
buf_span(const struct buf *b)
{
	return (struct span){.p = buf_head(b), .len = b->end - b->off};
}

/* Room for n more bytes: *p points to it until the next call on b. */
int buf_reserve(struct buf *b, size_t n, uint8_t **p) MUST_USE;
/* n reserved bytes have been filled in. */
void buf_commit(struct buf *b, size_t n);
/* Forget the first n unread bytes. */
void buf_consume(struct buf *b, size_t n);
void buf_reset(struct buf *b);

int buf_put(struct buf *b, const void *p, size_t n) MUST_USE;
int buf_put_u8(struct buf *b, uint8_t v) MUST_USE;
int buf_put_u16(struct buf *b, uint16_t v) MUST_USE;
int buf_put_u32(struct buf *b, uint32_t v) MUST_USE;
int buf_put_u64(struct buf *b, uint64_t v) MUST_USE;
/* u32 length, then the bytes (RFC 4251 string). */
int buf_put_string(struct buf *b, const void *p, size_t n) MUST_USE;
int buf_put_cstring(struct buf *b, const char *s) MUST_USE;
/* RFC 4251 mpint from an unsigned big-endian number. */
int buf_put_mpint(struct buf *b, const uint8_t *p, size_t n) MUST_USE;

/*
 * Readers take from the front of a span and move it on.  FAIL_FORMAT when it
 * is too short, with the span unchanged.
 */
int span_u8(struct span *s, uint8_t *v) MUST_USE;
int span_u16(struct span *s, uint16_t *v) MUST_USE;
int span_u32(struct span *s, uint32_t *v) MUST_USE;
int span_u64(struct span *s, uint64_t *v) MUST_USE;
int span_bool(struct span *s, bool *v) MUST_USE; /* any non-zero is true */
int span_take(struct span *s, size_t n, const uint8_t **p) MUST_USE;
/* A u32 length and that many bytes, lent from the same memory. */
int span_string(struct span *s, struct span *str) MUST_USE;
/* The same into a zero-terminated array; FAIL_FORMAT on an embedded zero. */
int span_cstring(struct span *s, char *dst, size_t size) MUST_USE;

bool span_eq(struct span s, const char *text);

static inline uint32_t
be32_get(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static inline void
be32_put(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* Little endian (RCD1). */
uint16_t le16_get(const uint8_t *p);
uint32_t le32_get(const uint8_t *p);
uint64_t le64_get(const uint8_t *p);
void le16_put(uint8_t *p, uint16_t v);
void le32_put(uint8_t *p, uint32_t v);
void le64_put(uint8_t *p, uint64_t v);

#endif /* BASE_BUF_H */
