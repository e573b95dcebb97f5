/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_GATEWAY_SSH_WIRE_H
#define TESTS_UNIT_GATEWAY_SSH_WIRE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cdefs.h"

/*
 * Packets as a line of a script: a format and its values.
 *	b	int: a byte		u	unsigned: 32 bits
 *	s	const char *: a string	S	struct span: a string
 *	r	struct span: raw bytes
 * And a log of the packets that were sent, each with a tag (the leg).
 */

struct wire_log {
	struct buf b;
};

static inline void
wire_putv(struct buf *b, const char *fmt, va_list ap)
{
	int v = 0;

	for (; *fmt != '\0' && v == 0; fmt++) {
		struct span s;

		switch (*fmt) {
		case 'b':
			v = buf_put_u8(b, (uint8_t)va_arg(ap, int));
			break;
		case 'u':
			v = buf_put_u32(b, va_arg(ap, unsigned));
			break;
		case 's':
			v = buf_put_cstring(b, va_arg(ap, const char *));
			break;
		case 'S':
			s = va_arg(ap, struct span);
			v = buf_put_string(b, s.p, s.len);
			break;
		case 'r':
			s = va_arg(ap, struct span);
			v = buf_put(b, s.p, s.len);
			break;
		default:
			fail_msg("format %c", *fmt);
		}
	}
	assert_int_equal(v, 0);
}

static inline void
wire_put(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	wire_putv(b, fmt, ap);
	va_end(ap);
}

/* What a buffer that is not empty holds. */
__attribute__((noinline, returns_nonnull)) UNUSED static const uint8_t *
wire_bytes(const struct buf *b)
{
	static const uint8_t none[16] = {0};

	if (buf_len(b) == 0) {
		fail_msg("nothing is there");
		return none;
	}
	return buf_head(b);
}

/* Change one byte of it. */
__attribute__((noinline)) UNUSED static void
wire_poke(struct buf *b, size_t at, uint8_t v)
{
	assert_true(at < buf_len(b));
	b->data[b->off + at] = v;
}

static inline int
wire_log_add(struct wire_log *l, int tag, struct span head, struct span tail)
{
	assert_int_equal(buf_put_u8(&l->b, (uint8_t)tag), 0);
	assert_int_equal(
	    buf_put_u32(&l->b, (uint32_t)(head.len + tail.len)), 0);
	assert_int_equal(buf_put(&l->b, head.p, head.len), 0);
	assert_int_equal(buf_put(&l->b, tail.p, tail.len), 0);
	return 0;
}

/* The oldest packet of the log, copied to dst; returns its length. */
static inline size_t
wire_log_take(struct wire_log *l, int *tag, uint8_t *dst, size_t size)
{
	struct span s = buf_span(&l->b), packet;
	uint8_t t;

	assert_int_equal(span_u8(&s, &t), 0);
	assert_int_equal(span_string(&s, &packet), 0);
	assert_true(packet.len <= size);
	memcpy(dst, packet.p, packet.len);
	*tag = t;
	size = packet.len;
	buf_consume(&l->b, 5 + packet.len);
	return size;
}

static inline void
wire_expectv(struct wire_log *l, int tag, const char *fmt, va_list ap)
{
	static uint8_t got[400000];
	const uint8_t *expected;
	struct buf want;
	size_t len;
	int t;

	buf_init(&want, sizeof(got));
	wire_putv(&want, fmt, ap);
	expected = wire_bytes(&want);
	if (buf_len(&l->b) == 0)
		fail_msg("nothing was sent where message %u was awaited",
		    expected[0]);
	len = wire_log_take(l, &t, got, sizeof(got));
	if (len != buf_len(&want) || t != tag ||
	    memcmp(got, expected, len) != 0) {
		for (size_t i = 0; i < len && i < 200; i++)
			(void)fprintf(stderr, "%02x ", got[i]);
		(void)fprintf(stderr, "\n");
		fail_msg("message %u of %zu bytes to %d, not message %u of "
			 "%zu bytes to %d",
		    got[0], len, t, expected[0], buf_len(&want), tag);
	}
	buf_fini(&want);
}

#endif /* TESTS_UNIT_GATEWAY_SSH_WIRE_H */
