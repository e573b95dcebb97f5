/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relay as bytes, for another process.  Everything is written out field by
 * field behind a version, and checked on the way in as if a stranger had sent
 * it.
 */
#include "ssh/channels/relay_priv.h"

enum { STATE_VERSION = 1, STATE_MAX = 4 * 1024 * 1024 };

static int
put_u64s(struct buf *b, const uint64_t *v, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = buf_put_u64(b, v[i]);
	return r;
}

static int
put_half(struct buf *b, const struct channel_half *h)
{
	const uint64_t v[] = {h->room, h->given, h->bytes};
	int r;

	(void)((r = buf_put_u32(b, h->id)) != 0 ||
	       (r = buf_put_u32(b, h->max_packet)) != 0 ||
	       (r = put_u64s(b, v, ARRAY_LEN(v))) != 0 ||
	       (r = buf_put_u32(b, h->resume)) != 0 ||
	       (r = buf_put_u8(b, h->eof)) != 0);
	return r;
}

static int
put_channel(struct buf *b, const struct channel *ch)
{
	const struct ssh_relay_channel *i = &ch->info;
	int r;

	(void)((r = buf_put_u32(b, ch->slot)) != 0 ||
	       (r = buf_put_u32(b, i->number)) != 0 ||
	       (r = buf_put_u8(b, (uint8_t)i->kind)) != 0 ||
	       (r = buf_put_u8(b, i->pty)) != 0 ||
	       (r = buf_put_u8(b, i->open)) != 0 ||
	       (r = buf_put_u16(b, i->cols)) != 0 ||
	       (r = buf_put_u16(b, i->rows)) != 0 ||
	       (r = buf_put_cstring(b, i->text)) != 0 ||
	       (r = buf_put_u8(b, ch->closed[LEG_USER])) != 0 ||
	       (r = buf_put_u8(b, ch->closed[LEG_TARGET])) != 0 ||
	       (r = put_half(b, &ch->to[LEG_USER])) != 0 ||
	       (r = put_half(b, &ch->to[LEG_TARGET])) != 0 ||
	       (r = pending_export(&ch->asked[LEG_USER], b)) != 0 ||
	       (r = pending_export(&ch->asked[LEG_TARGET], b)) != 0);
	return r;
}

static int
put_relay(const struct ssh_relay *r, struct buf *b)
{
	struct span note = buf_span(&r->note);
	int v;

	(void)((v = buf_put_u8(b, STATE_VERSION)) != 0 ||
	       (v = buf_put_u8(b, r->paused)) != 0 ||
	       (v = buf_put_u8(b, r->no_more_sessions)) != 0 ||
	       (v = buf_put_u32(b, r->next_number)) != 0 ||
	       (v = buf_put_u32(b, r->refusals)) != 0 ||
	       (v = buf_put_string(b, note.p, note.len)) != 0 ||
	       (v = put_u64s(b, r->bytes, ARRAY_LEN(r->bytes))) != 0 ||
	       (v = pending_export(&r->asked[LEG_USER], b)) != 0 ||
	       (v = pending_export(&r->asked[LEG_TARGET], b)) != 0 ||
	       (v = buf_put_u32(b, SSH_RIGHT_COUNT)) != 0);
	for (size_t i = 0; v == 0 && i < SSH_RIGHT_COUNT; i++) {
		const uint64_t n[] = {r->count[i].opened, r->count[i].refused,
		    r->count[i].bytes[0], r->count[i].bytes[1]};

		v = put_u64s(b, n, ARRAY_LEN(n));
	}
	if (v == 0)
		v = buf_put_u32(b, r->table.n);
	for (uint32_t i = 0; v == 0 && i < r->table.cap; i++)
		if (r->table.slot[i] != NULL)
			v = put_channel(b, r->table.slot[i]);
	return v;
}

int
ssh_relay_export(const struct ssh_relay *r, struct buf *out)
{
	struct buf b;
	int v;

	if (r->fail.code != 0)
		return r->fail.code;
	if (r->holder != HOLDER_NONE)
		return FAIL_BUSY;
	buf_init(&b, STATE_MAX);
	if ((v = put_relay(r, &b)) == 0)
		v = buf_put_string(out, buf_head(&b), buf_len(&b));
	buf_fini(&b);
	return v;
}

static int
get_u64s(struct span *s, uint64_t *v, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = span_u64(s, &v[i]);
	return r;
}

static int
get_half(struct span *s, struct channel_half *h)
{
	uint64_t v[3];
	int r;

	if ((r = span_u32(s, &h->id)) != 0 ||
	    (r = span_u32(s, &h->max_packet)) != 0 ||
	    (r = get_u64s(s, v, ARRAY_LEN(v))) != 0 ||
	    (r = span_u32(s, &h->resume)) != 0 ||
	    (r = span_bool(s, &h->eof)) != 0)
		return r;
	h->room = v[0];
	h->given = v[1];
	h->bytes = v[2];
	return h->room <= UINT32_MAX && h->given <= UINT32_MAX ? 0
							       : FAIL_FORMAT;
}

static int
get_info(struct span *s, struct ssh_relay_channel *i)
{
	uint8_t kind;
	int r;

	if ((r = span_u32(s, &i->number)) != 0 ||
	    (r = span_u8(s, &kind)) != 0 || (r = span_bool(s, &i->pty)) != 0 ||
	    (r = span_bool(s, &i->open)) != 0 ||
	    (r = span_u16(s, &i->cols)) != 0 ||
	    (r = span_u16(s, &i->rows)) != 0 ||
	    (r = span_cstring(s, i->text, sizeof(i->text))) != 0)
		return r;
	if (kind >= SSH_RIGHT_COUNT)
		return FAIL_FORMAT;
	i->kind = (enum ssh_right)kind;
	return 0;
}

static int
get_channel(struct ssh_relay *r, struct span *s)
{
	struct channel *ch;
	uint32_t slot;
	int v;

	if ((v = span_u32(s, &slot)) != 0 ||
	    (v = channel_add_at(&r->table, slot, &ch)) != 0 ||
	    (v = get_info(s, &ch->info)) != 0 ||
	    (v = span_bool(s, &ch->closed[LEG_USER])) != 0 ||
	    (v = span_bool(s, &ch->closed[LEG_TARGET])) != 0 ||
	    (v = get_half(s, &ch->to[LEG_USER])) != 0 ||
	    (v = get_half(s, &ch->to[LEG_TARGET])) != 0 ||
	    (v = pending_import(&ch->asked[LEG_USER], s)) != 0 ||
	    (v = pending_import(&ch->asked[LEG_TARGET], s)) != 0)
		return v;
	channel_update(ch);
	return 0;
}

static int
get_counts(struct ssh_relay *r, struct span *s)
{
	uint32_t n;
	int v;

	if ((v = span_u32(s, &n)) != 0)
		return v;
	/* Rows are only ever added. */
	if (n > SSH_RIGHT_COUNT)
		return FAIL_FORMAT;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t c[4];

		if ((v = get_u64s(s, c, ARRAY_LEN(c))) != 0)
			return v;
		r->count[i] = (struct relay_count){
		    .opened = c[0], .refused = c[1], .bytes = {c[2], c[3]}};
	}
	return 0;
}

static int
get_relay(struct ssh_relay *r, struct span *s)
{
	struct span note;
	uint8_t version;
	uint32_t n;
	int v;

	if ((v = span_u8(s, &version)) != 0)
		return v;
	if (version != STATE_VERSION)
		return FAIL_UNSUPPORTED;
	if ((v = span_bool(s, &r->paused)) != 0 ||
	    (v = span_bool(s, &r->no_more_sessions)) != 0 ||
	    (v = span_u32(s, &r->next_number)) != 0 ||
	    (v = span_u32(s, &r->refusals)) != 0 ||
	    (v = span_string(s, &note)) != 0 ||
	    (v = buf_put(&r->note, note.p, note.len)) != 0 ||
	    (v = get_u64s(s, r->bytes, ARRAY_LEN(r->bytes))) != 0 ||
	    (v = pending_import(&r->asked[LEG_USER], s)) != 0 ||
	    (v = pending_import(&r->asked[LEG_TARGET], s)) != 0 ||
	    (v = get_counts(r, s)) != 0 || (v = span_u32(s, &n)) != 0)
		return v;
	for (uint32_t i = 0; i < n; i++)
		if ((v = get_channel(r, s)) != 0)
			return v;
	return s->len == 0 ? 0 : FAIL_FORMAT;
}

int
ssh_relay_import(struct ssh_relay **out, const struct ssh_relay_opts *o,
    struct span *state, struct fail *f)
{
	struct ssh_relay *r;
	struct span s;
	int v;

	if ((v = span_string(state, &s)) != 0)
		return fail_set(f, v, "state of a relay: %s", fail_text(v));
	if ((r = ssh_relay_new(o)) == NULL)
		return fail_set(f, FAIL_NOMEM, "state of a relay");
	if ((v = get_relay(r, &s)) != 0) {
		ssh_relay_free(r);
		return fail_set(f, v, "state of a relay: %s", fail_text(v));
	}
	*out = r;
	return 0;
}
