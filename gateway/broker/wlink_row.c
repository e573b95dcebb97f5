/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of a worker, made fit.  A time outside of what is possible is moved to
 * the nearest possible one: for a session, from an hour before its id was made
 * to a year after; the bounds depend on the message alone, so that it is the
 * same row when it is sent again.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/uuid.h"
#include "sql/bulk.h"

#include "broker/jsonok.h"
#include "broker/wlink_row.h"

enum { LINE_SIZE = 8193, FIELDS_MAX = 16384 };

#define HOUR_US (3600 * UINT64_C(1000000))
#define YEAR_US (366 * 24 * HOUR_US)

struct wlink_row {
	struct row row;
	char a[LINE_SIZE];
	char b[LINE_SIZE];
	struct buf json;
};

void
wlink_row_free(struct wlink_row *w)
{
	if (w == NULL)
		return;
	buf_fini(&w->json);
	free(w);
}

struct wlink_row *
wlink_row_new(void)
{
	struct wlink_row *w;

	if ((w = calloc(1, sizeof(*w))) != NULL)
		buf_init(&w->json, FIELDS_MAX);
	return w;
}

void
wlink_row_text(char *dst, size_t size, const char *src)
{
	(void)bulk_utf8(dst, size, SPAN(src, strlen(src)));
}

static struct span
clean(char *dst, size_t size, struct span s)
{
	size_t n = bulk_utf8(dst, size, s);

	return SPAN(dst, n);
}

static uint64_t
bound(uint64_t us, uint64_t low, uint64_t high)
{
	return us < low ? low : us > high ? high : us;
}

static uint64_t
session_time(const uint8_t session[16], uint64_t us)
{
	uint64_t made = uuid_unix_ms(session) * 1000;

	return bound(us, made > HOUR_US ? made - HOUR_US : 0, made + YEAR_US);
}

/* An object as it is; anything else as the text of one member. */
static struct span
object(struct wlink_row *w, struct span text, char *room)
{
	struct span s = clean(room, LINE_SIZE, text);
	struct json j;

	if (jsonok_object(s))
		return s;
	buf_reset(&w->json);
	json_init(&j, &w->json);
	json_object(&j, NULL);
	/* Escaped it is at most six times as long. */
	if (s.len > FIELDS_MAX / 6 - 64)
		s.len = FIELDS_MAX / 6 - 64;
	json_bytes(&j, "malformed", s);
	json_close(&j, '}');
	return json_end(&j) == 0 ? buf_span(&w->json) : SPAN("{}", 2);
}

const struct row *
wlink_row_start(struct wlink_row *w, const struct bm_session_start *m)
{
	struct jr_start *to = &w->row.start;

	memset(&w->row, 0, sizeof(w->row));
	w->row.kind = jr_start_type;
	memcpy(to->session_id, m->session_id, 16);
	to->at_us = session_time(m->session_id, m->at_us);
	to->target = clean(w->a, 65, m->target_addr);
	return &w->row;
}

const struct row *
wlink_row_end(struct wlink_row *w, const struct bm_session_end *m)
{
	struct jr_end *to = &w->row.end;

	memset(&w->row, 0, sizeof(w->row));
	w->row.kind = jr_end_type;
	memcpy(to->session_id, m->session_id, 16);
	to->at_us = session_time(m->session_id, m->at_us);
	to->why = m->why_code;
	to->detail = clean(w->a, 256, m->detail);
	/* BIGINT holds them, sums of them must not wrap. */
	to->bytes_up = bound(m->bytes_up, 0, INT64_MAX);
	to->bytes_down = bound(m->bytes_down, 0, INT64_MAX);
	to->coverage = object(w, m->coverage, w->b);
	if (to->coverage.len > LINE_SIZE - 1)
		to->coverage = SPAN("{}", 2);
	return &w->row;
}

const struct row *
wlink_row_keys(struct wlink_row *w, const struct bm_keys *m)
{
	struct jr_keys *to = &w->row.keys;

	memset(&w->row, 0, sizeof(w->row));
	w->row.kind = jr_keys_type;
	memcpy(to->session_id, m->session_id, 16);
	to->seq = m->seq;
	to->channel = m->channel;
	to->at_us = session_time(m->session_id, m->at_us);
	to->kind = m->kind;
	to->line = clean(w->a, LINE_SIZE, m->line);
	return &w->row;
}

const struct row *
wlink_row_audit(struct wlink_row *w, const struct bm_audit *m, uint64_t now_us)
{
	static const uint8_t none[16];
	struct jr_audit *to = &w->row.audit;

	memset(&w->row, 0, sizeof(w->row));
	w->row.kind = jr_audit_type;
	memcpy(to->row_id, m->row_id, 16);
	to->event = m->event;
	memcpy(to->session_id, m->session_id, 16);
	if (memcmp(m->session_id, none, 16) != 0)
		to->at_us = session_time(m->session_id, m->at_us);
	else
		to->at_us =
		    bound(m->at_us, now_us - 24 * HOUR_US, now_us + HOUR_US);
	to->fields = object(w, m->fields, w->a);
	return &w->row;
}
