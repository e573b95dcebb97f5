/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict base64: there is one text for every run of bytes, so that a key has
 * one spelling only.
 */
#include "base/fail.h"

#include "sshclient/b64.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int
value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* Four characters, of which n carry bits, become n - 1 bytes. */
static int
put_group(struct buf *out, uint32_t bits, unsigned n)
{
	uint8_t b[3];

	if (n < 2)
		return FAIL_FORMAT;
	bits <<= 6 * (4 - n);
	b[0] = (uint8_t)(bits >> 16);
	b[1] = (uint8_t)(bits >> 8);
	b[2] = (uint8_t)bits;
	/* Bits behind the last byte have to be zero. */
	if ((n == 2 && b[1] != 0) || (n == 3 && b[2] != 0))
		return FAIL_FORMAT;
	return buf_put(out, b, n - 1);
}

int
b64_decode(struct span text, struct buf *out)
{
	unsigned n = 0, pad = 0;
	uint32_t bits = 0;
	size_t i;
	int v, r;

	for (i = 0; i < text.len; i++) {
		if (text.p[i] == '\n' || text.p[i] == '\r')
			continue;
		if (text.p[i] == '=') {
			if (n + ++pad > 4)
				return FAIL_FORMAT;
			continue;
		}
		if (pad > 0 || (v = value(text.p[i])) < 0)
			return FAIL_FORMAT;
		bits = bits << 6 | (uint32_t)v;
		if (++n < 4)
			continue;
		if ((r = put_group(out, bits, n)) != 0)
			return r;
		n = 0;
		bits = 0;
	}
	if (n == 0 && pad == 0)
		return 0;
	return n + pad == 4 ? put_group(out, bits, n) : FAIL_FORMAT;
}

int
b64_encode(struct span bytes, struct buf *out)
{
	uint32_t bits;
	uint8_t c[4];
	size_t i, left;
	int r;

	for (i = 0; i < bytes.len; i += 3) {
		left = bytes.len - i;
		bits = (uint32_t)bytes.p[i] << 16;
		if (left > 1)
			bits |= (uint32_t)bytes.p[i + 1] << 8;
		if (left > 2)
			bits |= bytes.p[i + 2];
		c[0] = (uint8_t)alphabet[bits >> 18 & 63];
		c[1] = (uint8_t)alphabet[bits >> 12 & 63];
		c[2] = left > 1 ? (uint8_t)alphabet[bits >> 6 & 63] : '=';
		c[3] = left > 2 ? (uint8_t)alphabet[bits & 63] : '=';
		if ((r = buf_put(out, c, sizeof(c))) != 0)
			return r;
	}
	return 0;
}
