/* SPDX-License-Identifier: Apache-2.0 */
/* Puts characters together that were cut between two runs. */
#include <string.h>

#include "recorder/replay/utf8cut.h"

size_t
utf8cut_len(struct span s)
{
	uint32_t cp;
	size_t n;

	for (n = 1; n < UTF8_MAX && n <= s.len; n++) {
		uint8_t b = s.p[s.len - n];

		if (b < 0x80)
			return 0;
		if (b >= 0xc0)
			return utf8_get(s.p + s.len - n, n, &cp) == 0 ? n : 0;
	}
	return 0;
}

void
utf8cut_take(struct utf8cut *c, struct span in, uint8_t head_mem[UTF8_MAX],
    struct span *head, struct span *body)
{
	size_t n = c->len, cut;
	uint32_t cp;

	/* Until the character is whole, or is seen to be none. */
	memcpy(head_mem, c->tail, n);
	for (cut = n; cut == n && n > 0 && in.len > 0;) {
		head_mem[n++] = in.p[0];
		in = SPAN(in.p + 1, in.len - 1);
		cut = utf8cut_len(SPAN(head_mem, n));
	}
	*body = SPAN(in.p, 0);
	if (cut == n && n > 0) {
		*head = SPAN(head_mem, 0);
		memcpy(c->tail, head_mem, n);
		c->len = n;
		return;
	}
	/* What does not belong to it stays where it was. */
	if (n > 0 && utf8_get(head_mem, n, &cp) != n) {
		in = SPAN(in.p - 1, in.len + 1);
		n = utf8_put(head_mem, UTF8_BAD);
	}
	*head = SPAN(head_mem, n);
	c->len = utf8cut_len(in);
	*body = SPAN(in.p, in.len - c->len);
	memcpy(c->tail, in.p + body->len, c->len);
}
