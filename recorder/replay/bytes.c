/* SPDX-License-Identifier: Apache-2.0 */
/* Writes out a stream of a channel. */
#include <string.h>

#include "base/fail.h"

#include "recorder/replay/bytes.h"

enum { BULK_MIN = 9, MASKED_MIN = 4 };

int
bytes_stream_parse(const char *text, enum bytes_stream *s)
{
	static const char *const names[] = {
	    [BYTES_IN] = "in",
	    [BYTES_OUT] = "out",
	    [BYTES_ERR] = "err",
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(text, names[i]) == 0) {
			*s = (enum bytes_stream)i;
			return 0;
		}
	return FAIL_FORMAT;
}

static bool
is_of(const struct rcd_event_view *e, enum bytes_stream s)
{
	return e->type == (s == BYTES_IN       ? RCD_EV_IN
			      : s == BYTES_OUT ? RCD_EV_OUT
					       : RCD_EV_ERR);
}

/* What the event says to be missing from the stream. */
static uint64_t
absent(const struct rcd_event_view *e, enum bytes_stream s)
{
	if (e->type == RCD_EV_BULK && e->payload.len >= BULK_MIN &&
	    (e->payload.p[0] == 0) == (s == BYTES_IN))
		return le64_get(e->payload.p + 1);
	if (e->type == RCD_EV_IN_NOECHO && e->payload.len >= MASKED_MIN &&
	    s == BYTES_IN)
		return le32_get(e->payload.p);
	return 0;
}

int
bytes_print(struct source *source, FILE *to, const struct bytes_opts *o,
    uint64_t *missing)
{
	int64_t channel = o->channel;
	struct rcd_event_view e;
	uint64_t gone;
	int r;

	*missing = 0;
	if (o->stream == BYTES_IN && source_is_partial(source))
		return FAIL_DENIED;
	r = source_seek(source, 0);
	while (r == 0 && (r = source_next(source, &e)) == 0) {
		gone = absent(&e, o->stream);
		if (!is_of(&e, o->stream) && gone == 0)
			continue;
		if (channel < 0)
			channel = e.stream;
		if (e.stream != channel)
			continue;
		*missing += gone;
		if (gone == 0 &&
		    fwrite(e.payload.p, 1, e.payload.len, to) != e.payload.len)
			r = FAIL_SYS;
	}
	return fflush(to) != 0 && r >= 0 ? FAIL_SYS : r;
}
