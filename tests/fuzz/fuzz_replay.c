/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile target and a hostile user: any bytes as the events of a recording,
 * and all that the replay makes of it.  Each event is one byte of type, one of
 * channel and time, one of length, then its payload.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "recorder/replay/cast.h"
#include "recorder/replay/events.h"
#include "recorder/replay/info.h"
#include "recorder/replay/keys.h"
#include "recorder/replay/paint.h"
#include "recorder/replay/pick.h"
#include "recorder/replay/tape.h"
#include "recorder/replay/text.h"

#include "../unit/recorder/replay/rp_make.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const uint8_t types[] = {
#define EVENT(name, num, class, stream, text, payload) (num),
#include "recorder/event_tbl.h"
#undef EVENT
};

static void
write_events(struct rec_make *m, struct span s)
{
	uint64_t ms = 0;

	while (s.len >= 3) {
		size_t len = s.p[2] < s.len - 3 ? s.p[2] : s.len - 3;

		/* Mostly output. */
		rp_bytes(m, ms += s.p[1] >> 4,
		    s.p[0] < 0x80 ? RCD_EV_OUT
				  : types[s.p[0] % ARRAY_LEN(types)],
		    s.p[1] & 3, SPAN(s.p + 3, len));
		s = SPAN(s.p + 3 + len, s.len - 3 - len);
	}
	rec_make_end(m, ms * 1000);
}

/* What is printed has no control characters but newlines. */
static void
is_harmless(struct rp_out *o)
{
	const char *t = rp_out_text(o);
	size_t len = o->len, k;
	uint32_t cp;

	for (; len > 0; t += k, len -= k) {
		k = utf8_get((const uint8_t *)t, len, &cp);
		MUST(k > 0 && (cp == '\n' || (cp >= 0xe000 && cp < 0xf900) ||
				  utf8_printable(cp)));
	}
}

static void
print_all(struct source *s)
{
	struct rp_out o;
	int v;

	rp_out_init(&o);
	IGNORE(text_print(s, o.to, &(struct text_opts){.channel = PICK_AUTO}));
	IGNORE(keys_print(s, o.to, &(struct keys_opts){.channel = PICK_AUTO}));
	IGNORE(
	    events_print(s, o.to, &(struct events_opts){.channel = PICK_AUTO}));
	IGNORE(info_print(s, o.to, &(struct info_opts){.json = false}));
	is_harmless(&o);
	/* The asciicast holds what was sent, as it was sent. */
	for (v = 2; v <= 3; v++)
		IGNORE(cast_print(s, o.to,
		    &(struct cast_opts){.channel = PICK_AUTO, .version = v}));
	rp_out_fini(&o);
}

static void
play(struct source *s)
{
	struct paint *p;
	struct tape *t;
	struct buf out;
	int i;

	MUST(paint_new(&p, false) == 0 && paint_size(p, 30, 9) == 0);
	MUST(tape_new(&t, s, PICK_AUTO, 40, 10) == 0);
	MUST(source_seek(s, 0) == 0);
	MUST(tape_search_start(t, "a") == 0);
	buf_init(&out, 1 << 20);
	for (i = 0; i < 100 && tape_search(t, UINT64_MAX) == TAPE_FOUND; i++) {
		MUST(paint_screen(p, tape_stage(t)->screen, 8) == 0);
		MUST(paint_send(p, &out) == 0);
		buf_reset(&out);
	}
	MUST(tape_wind(t, 3000) == 0);
	IGNORE(tape_run(t, UINT64_MAX, UINT64_MAX));
	buf_fini(&out);
	tape_free(t);
	paint_free(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct rec_make m;
	struct source *s;

	if (n > 65536)
		return -1;
	rec_make_init(&m);
	MUST(rec_make_start(&m) == 0);
	write_events(&m, SPAN(p, n));
	s = rp_source(&m);
	print_all(s);
	play(s);
	source_free(s);
	rec_make_fini(&m);
	return 0;
}
