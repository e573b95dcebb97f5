/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the control sequences that wipe the screen. */
#include <stdbool.h>
#include <string.h>

#include "recorder/replay/scan.h"

enum { PARAMS_MAX = 64 };

/* Is n one of the numbers in text, which are separated by semicolons? */
static bool
has_param(const uint8_t *p, size_t len, unsigned n)
{
	unsigned v = 0;
	bool any = false;
	size_t i;

	for (i = 0; i <= len; i++) {
		if (i < len && p[i] >= '0' && p[i] <= '9') {
			v = v < 10000 ? v * 10 + (p[i] - '0') : v;
			any = true;
			continue;
		}
		if (any && v == n)
			return true;
		v = 0;
		any = false;
	}
	return false;
}

/* What follows ESC [. */
static struct scan_hit
csi(struct span s)
{
	struct scan_hit h = {.kind = SCAN_NONE};
	bool is_private = s.len > 0 && s.p[0] == '?';
	size_t from = is_private ? 1 : 0, i;

	for (i = from; i < s.len && i < PARAMS_MAX; i++)
		if ((s.p[i] < '0' || s.p[i] > '9') && s.p[i] != ';')
			break;
	if (i == s.len || i == PARAMS_MAX)
		return h;
	h.len = i + 1;
	if (is_private && s.p[i] == 'l' &&
	    (has_param(s.p + 1, i - 1, 47) || has_param(s.p + 1, i - 1, 1047) ||
		has_param(s.p + 1, i - 1, 1049)))
		h.kind = SCAN_LEAVE_ALT;
	else if (!is_private && s.p[i] == 'J' && has_param(s.p, i, 2))
		h.kind = SCAN_WIPE;
	else if (!is_private && s.p[i] == 'J' &&
		 (i == 0 || has_param(s.p, i, 0)))
		h.kind = SCAN_BELOW;
	return h;
}

struct scan_hit
scan_next(struct span bytes)
{
	struct scan_hit h = {.kind = SCAN_NONE, .at = bytes.len};
	size_t i = 0;

	while (i + 1 < bytes.len) {
		const uint8_t *esc = memchr(bytes.p + i, 0x1b, bytes.len - i);

		if (esc == NULL)
			return h;
		i = (size_t)(esc - bytes.p) + 1;
		if (i >= bytes.len)
			return h;
		if (bytes.p[i] == 'c') {
			return (struct scan_hit){
			    .kind = SCAN_WIPE, .at = i - 1, .len = 2};
		}
		if (bytes.p[i] == '[') {
			h = csi(SPAN(bytes.p + i + 1, bytes.len - i - 1));
			h.at = i - 1;
			h.len += 2;
			if (h.kind != SCAN_NONE)
				return h;
			h.at = bytes.len;
		}
	}
	return (struct scan_hit){.kind = SCAN_NONE, .at = bytes.len};
}
