/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a run of frames: taking them never reads outside, always moves
 * on, and gives the same whether the bytes come at once or one by one.
 */
#include <stdint.h>
#include <string.h>

#include "base/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX = 4096 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = {.p = data, .len = size};

	for (;;) {
		struct span before = s;
		struct frame fr, again;
		uint8_t h[FRAME_HEADER_LEN];
		size_t need, part = 0;
		int r = frame_next(&s, MAX, &fr, &need, NULL), r2 = 0;

		/* Byte by byte it is decided no later, and the same way. */
		while (r2 == 0 && part <= before.len) {
			struct span cut = {.p = before.p, .len = part++};

			r2 = frame_next(&cut, MAX, &again, &need, NULL);
		}
		MUST(r == r2);
		if (r != 1) {
			MUST(s.p == before.p && s.len == before.len);
			break;
		}
		MUST(need == part - 1 && need <= MAX);
		MUST(s.len == before.len - need);
		MUST(fr.body.len == need - FRAME_HEADER_LEN);
		frame_header(h, &fr);
		MUST(memcmp(h, before.p, sizeof(h)) == 0);
	}
	return 0;
}
