/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the typed lines of a recording. */
#include <inttypes.h>

#include "base/fail.h"

#include "recorder/replay/keys.h"
#include "recorder/replay/list.h"
#include "recorder/replay/words.h"

static void
line_json(struct list *l, uint64_t start_us, const struct rcd_event_view *e)
{
	struct json *j = list_row(l);
	char text[WORDS_SIZE];

	json_uint(j, "us", e->t_us);
	json_str(j, "time", words_time(text, start_us + e->t_us));
	json_uint(j, "channel", e->stream);
	json_bytes(j, "line", e->payload);
	list_row_end(l);
}

static void
line_text(FILE *to, uint64_t start_us, const struct rcd_event_view *e)
{
	char at[WORDS_SIZE], text[WORDS_SIZE];

	(void)fprintf(to, "%s  %s  %" PRIu32 "  ",
	    words_time(text, start_us + e->t_us), words_offset(at, e->t_us),
	    e->stream);
	words_escape(to, e->payload);
	(void)fputc('\n', to);
}

int
keys_print(struct source *source, FILE *to, const struct keys_opts *o)
{
	uint64_t start_us = source_header(source)->start_unix_us;
	struct rcd_event_view e;
	struct list l;
	int r, end;

	if (source_is_partial(source))
		return FAIL_DENIED;
	list_init(&l, to);
	r = source_seek(source, 0);
	while (r == 0 && (r = source_next(source, &e)) == 0) {
		if (e.type != RCD_EV_KEYS_LINE ||
		    (o->channel >= 0 && e.stream != o->channel))
			continue;
		if (o->json)
			line_json(&l, start_us, &e);
		else
			line_text(to, start_us, &e);
		r = l.err != 0 ? l.err : ferror(to) ? FAIL_SYS : 0;
	}
	end = o->json ? list_end(&l) : list_flush(to);
	list_fini(&l);
	return r > 0 && end != 0 ? end : r;
}
