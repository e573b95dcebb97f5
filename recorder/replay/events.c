/* SPDX-License-Identifier: Apache-2.0 */
/* Puts events in words. */
#include <inttypes.h>
#include <string.h>

#include "base/fail.h"

#include "recorder/replay/events.h"
#include "recorder/replay/list.h"
#include "recorder/replay/words.h"

enum form {
	FORM_BYTES,
	FORM_NOTHING,
	FORM_TEXT,
	FORM_NUMBER,
	FORM_SIZE,
	FORM_PTY,
	FORM_MASKED,
	FORM_TOTALS,
	FORM_REFUSE,
	FORM_BULK,
	FORM_GAP,
	FORM_CLOCK,
	FORM_END,
};

static const uint8_t forms[256] = {
#define DETAIL(name, form) [RCD_EV_##name] = FORM_##form,
#include "recorder/replay/detail_tbl.h"
#undef DETAIL
};

/* Bytes that a payload of this form has at least. */
static size_t
form_min(enum form f)
{
	switch (f) {
	case FORM_NUMBER:
	case FORM_MASKED:
	case FORM_END:
		return 4;
	case FORM_SIZE:
	case FORM_GAP:
	case FORM_CLOCK:
		return 8;
	case FORM_BULK:
		return 9;
	case FORM_PTY:
		return 10;
	case FORM_TOTALS:
		return 16;
	default:
		return 0;
	}
}

/* Words, then text of the recording from byte `from` on. */
static void
with_text(char dst[EVENTS_DETAIL], struct span p, size_t from)
{
	size_t len = strlen(dst);

	if (p.len > from)
		(void)words_escape_to(dst + len, EVENTS_DETAIL - len,
		    SPAN(p.p + from, p.len - from));
}

static void
pty(char dst[EVENTS_DETAIL], struct span p)
{
	size_t len = le16_get(p.p + 8);

	(void)snprintf(
	    dst, EVENTS_DETAIL, "%ux%u ", le16_get(p.p), le16_get(p.p + 2));
	with_text(dst, SPAN(p.p, len <= p.len - 10 ? 10 + len : p.len), 10);
}

static void
refuse(char dst[EVENTS_DETAIL], struct span p)
{
	const uint8_t *zero = memchr(p.p, 0, p.len);
	size_t len = zero == NULL ? p.len : (size_t)(zero - p.p);

	with_text(dst, SPAN(p.p, len), 0);
	if (zero == NULL || strlen(dst) + 2 >= EVENTS_DETAIL)
		return;
	memcpy(dst + strlen(dst), ": ", 3);
	with_text(dst, p, len + 1);
}

static void
by_form(char dst[EVENTS_DETAIL], enum form form, struct span p)
{
	const size_t max = EVENTS_DETAIL;
	char when[WORDS_SIZE];

	switch (form) {
	case FORM_NOTHING:
		break;
	case FORM_TEXT:
		with_text(dst, p, 0);
		break;
	case FORM_NUMBER:
		(void)snprintf(dst, max, "%" PRIu32, le32_get(p.p));
		break;
	case FORM_SIZE:
		(void)snprintf(
		    dst, max, "%ux%u", le16_get(p.p), le16_get(p.p + 2));
		break;
	case FORM_PTY:
		pty(dst, p);
		break;
	case FORM_MASKED:
		(void)snprintf(dst, max, "masked");
		break;
	case FORM_TOTALS:
		(void)snprintf(dst, max,
		    "%" PRIu64 " bytes to target, %" PRIu64 " to user",
		    le64_get(p.p), le64_get(p.p + 8));
		break;
	case FORM_REFUSE:
		refuse(dst, p);
		break;
	case FORM_BULK:
		(void)snprintf(dst, max, "%" PRIu64 " bytes to %s not kept",
		    le64_get(p.p + 1), p.p[0] == 0 ? "target" : "user");
		break;
	case FORM_GAP:
		(void)snprintf(
		    dst, max, "%" PRIu64 " bytes missing: ", le64_get(p.p));
		with_text(dst, p, 8);
		break;
	case FORM_CLOCK:
		(void)snprintf(dst, max, "%s", words_time(when, le64_get(p.p)));
		break;
	case FORM_END:
		(void)snprintf(dst, max, "%" PRIu32 " ", le32_get(p.p));
		with_text(dst, p, 4);
		break;
	case FORM_BYTES:
		(void)snprintf(dst, max, "%zu bytes", p.len);
		break;
	}
}

char *
events_detail(char dst[EVENTS_DETAIL], const struct rcd_event_view *e)
{
	enum form form = (enum form)forms[e->type];

	if (e->payload.len < form_min(form))
		form = FORM_BYTES;
	dst[0] = '\0';
	by_form(dst, form, e->payload);
	return dst;
}

/* "out", or "type 77" of one that is not known here. */
static const char *
event_name(const struct rcd_event_view *e, char text[16])
{
	const char *name = rcd_event_info(e->type).name;

	if (name != NULL)
		return name;
	(void)snprintf(text, 16, "type %u", (unsigned)e->type);
	return text;
}

static void
event_json(struct list *l, uint64_t start_us, const struct rcd_event_view *e)
{
	struct json *j = list_row(l);
	char time[WORDS_SIZE], name[16], detail[EVENTS_DETAIL];

	json_uint(j, "us", e->t_us);
	json_str(j, "time", words_time(time, start_us + e->t_us));
	if (rcd_event_info(e->type).has_stream)
		json_uint(j, "channel", e->stream);
	else
		json_null(j, "channel");
	json_str(j, "event", event_name(e, name));
	json_uint(j, "bytes", e->payload.len);
	json_str(j, "detail", events_detail(detail, e));
	list_row_end(l);
}

static void
event_text(FILE *to, const struct rcd_event_view *e)
{
	char at[WORDS_SIZE], name[16], channel[16], detail[EVENTS_DETAIL];

	(void)snprintf(channel, sizeof(channel), "%" PRIu32, e->stream);
	(void)events_detail(detail, e);
	(void)fprintf(to, "%s  %3s  %s%s%s\n", words_offset(at, e->t_us),
	    rcd_event_info(e->type).has_stream ? channel : "-",
	    event_name(e, name), detail[0] != '\0' ? "  " : "", detail);
}

int
events_print(struct source *source, FILE *to, const struct events_opts *o)
{
	uint64_t start_us = source_header(source)->start_unix_us;
	struct rcd_event_view e;
	struct list l;
	int r, end;

	list_init(&l, to);
	r = source_seek(source, 0);
	while (r == 0 && (r = source_next(source, &e)) == 0) {
		if (o->channel >= 0 && (!rcd_event_info(e.type).has_stream ||
					   e.stream != o->channel))
			continue;
		if (o->json)
			event_json(&l, start_us, &e);
		else
			event_text(to, &e);
		r = l.err != 0 ? l.err : ferror(to) ? FAIL_SYS : 0;
	}
	end = o->json ? list_end(&l) : list_flush(to);
	list_fini(&l);
	return r > 0 && end != 0 ? end : r;
}
