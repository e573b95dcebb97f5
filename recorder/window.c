/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A window on a file.  It holds at most one whole chunk, or AHEAD bytes; what
 * it holds is trusted to stay as it is, because recordings are only appended
 * to.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"

#include "recorder/rcd.h"
#include "recorder/window.h"

enum { AHEAD = 65536 };

void
rcd_window_init(struct rcd_window *w, int fd)
{
	memset(w, 0, sizeof(*w));
	w->fd = fd;
}

void
rcd_window_fini(struct rcd_window *w)
{
	free(w->mem);
	memset(w, 0, sizeof(*w));
	w->fd = -1;
}

static int
window_grow(struct rcd_window *w, size_t need)
{
	size_t cap = need > AHEAD ? need : AHEAD;
	uint8_t *p;

	if (cap <= w->cap)
		return 0;
	if ((p = realloc(w->mem, cap)) == NULL)
		return FAIL_NOMEM;
	w->mem = p;
	w->cap = cap;
	return 0;
}

/* Read on behind what is there until the window is full or the file ends. */
static int
window_read(struct rcd_window *w)
{
	while (w->len < w->cap) {
		ssize_t n = pread(w->fd, w->mem + w->len, w->cap - w->len,
		    (off_t)(w->off + w->len));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FAIL_SYS;
		if (n == 0)
			break;
		w->len += (size_t)n;
	}
	return 0;
}

int
rcd_window_at(struct rcd_window *w, uint64_t off, size_t need, struct span *out)
{
	size_t skip;
	int r;

	if (need > RCD_WINDOW_MAX || off > INT64_MAX - RCD_WINDOW_MAX)
		return FAIL_RANGE;
	if (off < w->off || off - w->off > w->len ||
	    w->len - (size_t)(off - w->off) < need) {
		skip = off >= w->off && off - w->off <= w->len
			   ? (size_t)(off - w->off)
			   : w->len;
		if (w->len > skip)
			memmove(w->mem, w->mem + skip, w->len - skip);
		w->len -= skip;
		w->off = off;
		if ((r = window_grow(w, need)) != 0 ||
		    (r = window_read(w)) != 0)
			return r;
	}
	skip = (size_t)(off - w->off);
	*out = SPAN(w->mem + skip, w->len - skip < need ? w->len - skip : need);
	return 0;
}
