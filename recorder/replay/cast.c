/* SPDX-License-Identifier: Apache-2.0 */
/* Events to lines of an asciicast. */
#include <inttypes.h>
#include <string.h>

#include "base/fail.h"
#include "base/json.h"

#include "recorder/replay/cast.h"
#include "recorder/replay/chans.h"
#include "recorder/replay/list.h"
#include "recorder/replay/pick.h"
#include "recorder/replay/utf8cut.h"

enum { LINE_MAX_BYTES = 16 * 1024 * 1024, COLS = 80, ROWS = 24 };

struct cast {
	struct source *source;
	FILE *to;
	const struct cast_opts *o;
	struct chans chans;
	struct pick pick;
	struct utf8cut out, err;
	struct buf bytes; /* of one event */
	struct buf line;
	uint64_t last_us; /* of the last line */
	bool begun;	  /* the header is written */
	bool was_cr;
	bool has_exit;
	uint32_t exit;
};

/* "12.000345": since the start, or since the last line, by version. */
static struct span
stamp(struct cast *c, uint64_t t_us, char text[40])
{
	uint64_t us = t_us;
	int n;

	if (c->o->version == 3)
		us = t_us > c->last_us ? t_us - c->last_us : 0;
	if (t_us > c->last_us)
		c->last_us = t_us;
	n = snprintf(
	    text, 40, "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
	return SPAN(text, (size_t)n);
}

static int
line_print(struct cast *c, struct json *j)
{
	int r = json_end(j);

	if (r != 0)
		return r;
	(void)fwrite(buf_head(&c->line), 1, buf_len(&c->line), c->to);
	(void)fputc('\n', c->to);
	return ferror(c->to) ? FAIL_SYS : 0;
}

static int
event_line(struct cast *c, uint64_t t_us, const char *code, struct span data)
{
	char text[40];
	struct json j;

	buf_reset(&c->line);
	json_init(&j, &c->line);
	json_array(&j, NULL);
	json_raw(&j, NULL, stamp(c, t_us, text));
	json_str(&j, NULL, code);
	json_bytes(&j, NULL, data);
	json_close(&j, ']');
	return line_print(c, &j);
}

static void
header_size(struct json *j, const struct cast *c, const struct chan *ch)
{
	bool known = ch != NULL && ch->cols != 0 && ch->rows != 0;
	unsigned cols = known ? ch->cols : COLS, rows = known ? ch->rows : ROWS;
	const char *term = ch != NULL && ch->term[0] != '\0' ? ch->term : NULL;

	if (c->o->version == 2) {
		json_uint(j, "width", cols);
		json_uint(j, "height", rows);
		if (term != NULL) {
			json_object(j, "env");
			json_str(j, "TERM", term);
			json_close(j, '}');
		}
		return;
	}
	json_object(j, "term");
	json_uint(j, "cols", cols);
	json_uint(j, "rows", rows);
	if (term != NULL)
		json_str(j, "type", term);
	json_close(j, '}');
}

static int
header(struct cast *c, const struct chan *ch)
{
	char user[128], account[128], asset[128], title[400];
	struct json j;

	c->begun = true;
	buf_reset(&c->line);
	json_init(&j, &c->line);
	json_object(&j, NULL);
	json_int(&j, "version", c->o->version);
	header_size(&j, c, ch);
	json_uint(
	    &j, "timestamp", source_header(c->source)->start_unix_us / 1000000);
	if (c->o->max_idle_us != 0)
		json_double(
		    &j, "idle_time_limit", (double)c->o->max_idle_us / 1000000);
	(void)source_about(c->source, "user", user, sizeof(user));
	(void)source_about(c->source, "account", account, sizeof(account));
	(void)source_about(c->source, "asset", asset, sizeof(asset));
	(void)snprintf(title, sizeof(title), "%s: %s@%s", user, account, asset);
	if (user[0] != '\0')
		json_str(&j, "title", title);
	if (ch != NULL && ch->kind == CHAN_EXEC)
		json_str(&j, "command", ch->what);
	json_close(&j, '}');
	return line_print(c, &j);
}

/* Append s; where there is no terminal, a new line is also its start. */
static int
bytes_put(struct cast *c, struct span s)
{
	size_t i;
	int r = 0;

	if (c->pick.pty)
		return buf_put(&c->bytes, s.p, s.len);
	for (i = 0; i < s.len && r == 0; i++) {
		if (s.p[i] == '\n' && !c->was_cr)
			r = buf_put_u8(&c->bytes, '\r');
		c->was_cr = s.p[i] == '\r';
		if (r == 0)
			r = buf_put_u8(&c->bytes, s.p[i]);
	}
	return r;
}

static int
output(struct cast *c, uint64_t t_us, struct utf8cut *p, struct span s)
{
	struct span all;
	size_t cut;
	int r;

	buf_reset(&c->bytes);
	if ((r = buf_put(&c->bytes, p->tail, p->len)) != 0 ||
	    (r = bytes_put(c, s)) != 0)
		return r;
	all = buf_span(&c->bytes);
	if (all.len == 0)
		return 0;
	cut = utf8cut_len(all);
	memcpy(p->tail, all.p + all.len - cut, cut);
	p->len = cut;
	if (all.len == cut)
		return 0;
	return event_line(c, t_us, "o", SPAN(all.p, all.len - cut));
}

static int
pipe_end(struct cast *c, struct utf8cut *p)
{
	size_t len = p->len;

	p->len = 0;
	return len == 0 ? 0
			: event_line(c, c->last_us, "o", SPAN(p->tail, len));
}

static int
resized(struct cast *c, uint64_t t_us, const struct chan *ch)
{
	char text[16];
	int n;

	if (ch->cols == 0 || ch->rows == 0)
		return 0;
	n = snprintf(text, sizeof(text), "%ux%u", ch->cols, ch->rows);
	return event_line(c, t_us, "r", SPAN(text, (size_t)n));
}

/* Another channel is seen from here on. */
static int
taken(struct cast *c, uint64_t t_us, const struct chan *ch)
{
	char title[CHAN_TITLE];
	int r;

	c->was_cr = false;
	c->has_exit = false;
	if (!c->begun)
		return header(c, ch);
	if ((r = pipe_end(c, &c->out)) != 0 ||
	    (r = pipe_end(c, &c->err)) != 0 ||
	    (r = event_line(c, t_us, "o", SPAN("\033c", 2))) != 0 ||
	    (r = resized(c, t_us, ch)) != 0)
		return r;
	(void)chan_title(title, ch);
	return event_line(c, t_us, "m", SPAN(title, strlen(title)));
}

static int
seen(struct cast *c, const struct rcd_event_view *e, const struct chan *ch)
{
	switch (e->type) {
	case RCD_EV_OUT:
		return output(c, e->t_us, &c->out, e->payload);
	case RCD_EV_ERR:
		return output(c, e->t_us, &c->err, e->payload);
	case RCD_EV_RESIZE:
		return resized(c, e->t_us, ch);
	case RCD_EV_EXIT:
		c->has_exit = ch->has_exit;
		c->exit = ch->exit;
		return 0;
	default:
		return 0;
	}
}

static int
event(struct cast *c, const struct rcd_event_view *e)
{
	enum pick_news news;
	struct chan *ch;
	int r = chans_event(&c->chans, e, &ch);

	if (r != 0)
		return r;
	if (e->type == RCD_EV_MARK && c->begun)
		return event_line(c, e->t_us, "m", e->payload);
	news = pick_event(&c->pick, e, ch);
	if (news == PICK_TAKEN && (r = taken(c, e->t_us, ch)) != 0)
		return r;
	return news == PICK_OTHER ? 0 : seen(c, e, ch);
}

static int
finish(struct cast *c)
{
	char text[16];
	int r = 0, n;

	if (!c->begun)
		r = header(c, NULL);
	if (r == 0)
		r = pipe_end(c, &c->out);
	if (r == 0)
		r = pipe_end(c, &c->err);
	if (r == 0 && c->has_exit && c->o->version == 3) {
		n = snprintf(text, sizeof(text), "%" PRIu32, c->exit);
		r = event_line(c, c->last_us, "x", SPAN(text, (size_t)n));
	}
	return r == 0 ? list_flush(c->to) : r;
}

int
cast_print(struct source *source, FILE *to, const struct cast_opts *o)
{
	struct cast c = {.source = source, .to = to, .o = o};
	struct rcd_event_view e;
	int r, end;

	chans_init(&c.chans);
	pick_init(&c.pick, o->channel);
	buf_init(&c.bytes, LINE_MAX_BYTES);
	buf_init(&c.line, LINE_MAX_BYTES);
	r = source_seek(source, 0);
	while (r == 0 && (r = source_next(source, &e)) == 0)
		r = event(&c, &e);
	/* What could be read of a damaged one is a whole file too. */
	end = r == FAIL_NOMEM || r == FAIL_SYS ? r : finish(&c);
	buf_fini(&c.line);
	buf_fini(&c.bytes);
	chans_fini(&c.chans);
	return end != 0 ? end : r;
}
