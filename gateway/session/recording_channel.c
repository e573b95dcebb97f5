/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a recording keeps of each channel: everything, or, by rule, only how
 * much it was; and input of terminals only as far as the target echoed it.
 */
#include <stdlib.h>
#include <string.h>

#include "session/recording_impl.h"
#include "session/typed.h"

struct recording_channel {
	struct recording_channel *next;
	struct recording *owner;
	uint32_t number;
	enum record_rule rule;
	bool started;
	uint16_t cols;
	struct typed *typed; /* terminals only */
	uint64_t bulk[2];    /* bytes not kept: to the target, to the user */
	int code;	     /* first failure inside a callback of typed */
};

static void
on_in(void *ctx, uint64_t mono, const uint8_t *p, size_t len)
{
	struct recording_channel *ch = ctx;
	int r;

	r = recording_event(
	    ch->owner, mono, RCD_EV_IN, ch->number, SPAN(p, len));
	if (ch->code == 0)
		ch->code = r;
}

static void
on_noecho(void *ctx, uint64_t mono, uint32_t count)
{
	struct recording_channel *ch = ctx;
	uint8_t n[4];
	int r;

	le32_put(n, count);
	r = recording_event(
	    ch->owner, mono, RCD_EV_IN_NOECHO, ch->number, SPAN(n, sizeof(n)));
	if (ch->code == 0)
		ch->code = r;
}

static void
on_line(void *ctx, uint64_t mono, const char *text, size_t len)
{
	struct recording_channel *ch = ctx;
	struct recording *r = ch->owner;
	uint64_t ago = mono_ns();
	int code;

	ago = ago > mono ? (ago - mono) / 1000U : 0;
	code = recording_event(
	    r, mono, RCD_EV_KEYS_LINE, ch->number, SPAN(text, len));
	if (ch->code == 0)
		ch->code = code;
	r->ops->line(
	    r->ctx, ch->number, unix_us() - ago, LINE_TYPED, SPAN(text, len));
}

static const struct typed_ops typed_ops = {
    .in = on_in,
    .noecho = on_noecho,
    .line = on_line,
};

static struct recording_channel *
channel_find(const struct recording *r, uint32_t number)
{
	struct recording_channel *ch;

	for (ch = r->channels; ch != NULL; ch = ch->next)
		if (ch->number == number)
			return ch;
	return NULL;
}

static struct recording_channel *
channel_new(struct recording *r, uint32_t number)
{
	struct recording_channel *ch, **cp;

	if (r->n_channels >= RECORDING_CHANNELS ||
	    (ch = calloc(1, sizeof(*ch))) == NULL)
		return NULL;
	ch->owner = r;
	ch->number = number;
	ch->rule = RECORD_FULL;
	for (cp = &r->channels; *cp != NULL; cp = &(*cp)->next)
		continue;
	*cp = ch;
	r->n_channels++;
	return ch;
}

static void
channel_free(struct recording *r, struct recording_channel *ch)
{
	struct recording_channel **cp;

	for (cp = &r->channels; *cp != NULL; cp = &(*cp)->next)
		if (*cp == ch) {
			*cp = ch->next;
			r->n_channels--;
			break;
		}
	typed_free(ch->typed);
	free(ch);
}

/* How much was not kept, as one event a direction. */
static int
bulk_events(struct recording *r, struct recording_channel *ch, uint64_t mono)
{
	uint8_t p[9];
	int i, code;

	for (i = 0; i < 2; i++) {
		if (ch->bulk[i] == 0)
			continue;
		p[0] = (uint8_t)i;
		le64_put(p + 1, ch->bulk[i]);
		ch->bulk[i] = 0;
		if ((code = recording_event(r, mono, RCD_EV_BULK, ch->number,
			 SPAN(p, sizeof(p)))) != 0)
			return code;
	}
	return 0;
}

static int
terminal(struct recording_channel *ch, const struct chunk *c)
{
	if (c->len < 8 || ch->typed != NULL)
		return 0;
	ch->cols = le16_get(c->data);
	ch->typed = typed_new(&(struct typed_opts){
	    .cols = ch->cols,
	    .ops = &typed_ops,
	    .ctx = ch,
	});
	return ch->typed == NULL ? FAIL_NOMEM : 0;
}

/* What runs in the channel decides what is kept of it. */
static void
started(struct recording_channel *ch, const struct chunk *c)
{
	struct recording *r = ch->owner;
	struct span what = SPAN(c->data, c->len);

	ch->started = true;
	if (c->type == RCD_EV_SHELL)
		ch->rule = r->rules[RULE_SHELL];
	else if (c->type == RCD_EV_EXEC)
		ch->rule = r->rules[RULE_EXEC];
	else if (span_eq(what, "sftp"))
		ch->rule = r->rules[RULE_SFTP];
	if (c->type == RCD_EV_EXEC)
		r->ops->line(r->ctx, ch->number, unix_us(), LINE_COMMAND, what);
}

static int
on_event(struct recording *r, const struct chunk *c)
{
	struct recording_channel *ch = channel_find(r, c->channel);
	int code;

	if (ch == NULL && c->type == RCD_EV_CH_OPEN &&
	    (ch = channel_new(r, c->channel)) == NULL)
		return FAIL_FULL;
	if (ch != NULL) {
		code = 0;
		if (c->type == RCD_EV_PTY_REQ)
			code = terminal(ch, c);
		else if (c->type == RCD_EV_RESIZE && c->len == 8 &&
			 ch->typed != NULL)
			typed_resize(ch->typed, le16_get(c->data));
		else if (c->type == RCD_EV_SHELL || c->type == RCD_EV_EXEC ||
			 c->type == RCD_EV_SUBSYSTEM)
			started(ch, c);
		else if (c->type == RCD_EV_CH_CLOSE) {
			if (ch->typed != NULL)
				typed_flush(ch->typed);
			code = bulk_events(r, ch, c->mono_ns);
		}
		if (code != 0)
			return code;
	}
	code = recording_event(
	    r, c->mono_ns, c->type, c->channel, SPAN(c->data, c->len));
	if (ch != NULL && c->type == RCD_EV_CH_CLOSE)
		channel_free(r, ch);
	return code;
}

static int
on_data(
    struct recording *r, struct recording_channel *ch, const struct chunk *c)
{
	struct span data = SPAN(c->data, c->len);
	int code = 0;

	if (ch->typed != NULL) {
		if (c->flow == FLOW_TO_TARGET)
			typed_input(ch->typed, c->mono_ns, c->data, c->len);
		else
			typed_output(ch->typed, c->mono_ns, c->data, c->len);
		code = ch->code;
		recording_arm(r);
	}
	if (code != 0)
		return code;
	if (ch->rule == RECORD_METADATA) {
		ch->bulk[c->flow == FLOW_TO_USER] += c->len;
		return 0;
	}
	if (c->flow == FLOW_TO_USER)
		return recording_event(r, c->mono_ns,
		    c->kind == CHUNK_ERR ? RCD_EV_ERR : RCD_EV_OUT, c->channel,
		    data);
	if (ch->typed != NULL)
		return 0; /* on_in() has it, or will */
	return recording_event(r, c->mono_ns, RCD_EV_IN, c->channel, data);
}

int
recording_chunk(struct recording *r, const struct chunk *c)
{
	struct recording_channel *ch;

	if (c->kind == CHUNK_EVENT)
		return on_event(r, c);
	if ((ch = channel_find(r, c->channel)) == NULL)
		return FAIL_STATE; /* bytes of a channel that was not opened */
	return on_data(r, ch, c);
}

uint64_t
recording_channels_due(const struct recording *r)
{
	const struct recording_channel *ch;
	uint64_t due = UINT64_MAX, at;

	for (ch = r->channels; ch != NULL; ch = ch->next) {
		if (ch->typed == NULL)
			continue;
		at = typed_due_ns(ch->typed);
		if (at != 0 && at < due)
			due = at;
	}
	return due;
}

void
recording_channels_tick(struct recording *r, uint64_t now)
{
	struct recording_channel *ch;

	for (ch = r->channels; ch != NULL; ch = ch->next)
		if (ch->typed != NULL)
			typed_tick(ch->typed, now);
}

void
recording_channels_flush(struct recording *r)
{
	struct recording_channel *ch;

	for (ch = r->channels; ch != NULL; ch = ch->next) {
		if (ch->typed != NULL)
			typed_flush(ch->typed);
		(void)bulk_events(r, ch, mono_ns());
	}
}

void
recording_channels_fini(struct recording *r)
{
	while (r->channels != NULL)
		channel_free(r, r->channels);
}

int
recording_channels_export(const struct recording *r, struct buf *out)
{
	const struct recording_channel *ch;
	struct buf state;
	int code;

	if ((code = buf_put_u32(out, r->n_channels)) != 0)
		return code;
	for (ch = r->channels; ch != NULL; ch = ch->next) {
		buf_init_secret(&state, TYPED_STATE_MAX);
		code = ch->typed == NULL ? 0 : typed_export(ch->typed, &state);
		if (code == 0 && (code = buf_put_u32(out, ch->number)) == 0 &&
		    (code = buf_put_u8(out, (uint8_t)ch->rule)) == 0 &&
		    (code = buf_put_u8(out, ch->started)) == 0 &&
		    (code = buf_put_u16(out, ch->cols)) == 0 &&
		    (code = buf_put_u64(out, ch->bulk[0])) == 0 &&
		    (code = buf_put_u64(out, ch->bulk[1])) == 0)
			code = buf_put_string(
			    out, buf_head(&state), buf_len(&state));
		buf_fini(&state);
		if (code != 0)
			return code;
	}
	return 0;
}

static int
import_typed(struct recording_channel *ch, struct span state)
{
	const struct typed_opts o = {
	    .cols = ch->cols,
	    .ops = &typed_ops,
	    .ctx = ch,
	};

	if (state.len == 0)
		return 0;
	return typed_import(&ch->typed, &o, state);
}

int
recording_channels_import(struct recording *r, struct span *s)
{
	struct recording_channel *ch;
	uint8_t rule, start;
	struct span state;
	uint32_t n, number;
	int code;

	if ((code = span_u32(s, &n)) != 0)
		return code;
	while (n-- > 0) {
		if ((code = span_u32(s, &number)) != 0)
			return code;
		if (channel_find(r, number) != NULL ||
		    r->n_channels == RECORDING_CHANNELS)
			return FAIL_FORMAT;
		if ((ch = channel_new(r, number)) == NULL)
			return FAIL_NOMEM;
		if ((code = span_u8(s, &rule)) != 0 ||
		    (code = span_u8(s, &start)) != 0 ||
		    (code = span_u16(s, &ch->cols)) != 0 ||
		    (code = span_u64(s, &ch->bulk[0])) != 0 ||
		    (code = span_u64(s, &ch->bulk[1])) != 0 ||
		    (code = span_string(s, &state)) != 0 ||
		    (code = import_typed(ch, state)) != 0)
			return code;
		ch->rule =
		    rule == RECORD_METADATA ? RECORD_METADATA : RECORD_FULL;
		ch->started = start != 0;
	}
	return 0;
}
