/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a recording without reading it through: its trailer, its
 * index, and the places where one can begin to read.  Where the index is
 * missing, chunk headers say the same.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "recorder/reader_int.h"

/* The trailer, when the file ends with one. */
static int
trailer_read(struct rcd_reader *r, uint64_t size, struct rcd_chunk *ch,
    struct rcd_summary *s)
{
	struct span p;
	int e;

	if (size < (uint64_t)r->hdr.len + RCD_TRAILER_LEN)
		return FAIL_NOTFOUND;
	e = rcd_window_at(&r->win, size - RCD_TRAILER_LEN, RCD_TRAILER_LEN, &p);
	if (e != 0)
		return e;
	if (p.len < RCD_TRAILER_LEN || rcd_chunk_decode(p.p, ch) != 0 ||
	    ch->type != RCD_TRAILER || ch->body_len != RCD_TRAILER_BODY)
		return FAIL_NOTFOUND;
	rcd_summary_decode(p.p + RCD_CHUNK_HEADER, s);
	return s->chunks == ch->seq + 1 ? 0 : FAIL_NOTFOUND;
}

static int
file_size(const struct rcd_reader *r, uint64_t *size)
{
	struct stat st;

	if (fstat(r->win.fd, &st) != 0)
		return FAIL_SYS;
	*size = (uint64_t)st.st_size;
	return 0;
}

/* One step of a walk over chunk headers. */
struct walk {
	uint64_t off;
	uint64_t seq;
	struct rcd_chunk ch; /* the one at off */
};

/* The chunk header at w->off: 0, or RCD_MORE where the good ones end. */
static int
walk_look(struct rcd_reader *r, struct walk *w, uint64_t size)
{
	struct span p;
	int e = rcd_window_at(&r->win, w->off, RCD_CHUNK_HEADER, &p);

	if (e != 0)
		return e;
	if (p.len < RCD_CHUNK_HEADER || rcd_chunk_decode(p.p, &w->ch) != 0 ||
	    w->ch.seq != w->seq || rcd_chunk_size(&w->ch) > size - w->off)
		return RCD_MORE;
	return 0;
}

static void
walk_next(struct walk *w)
{
	w->off += rcd_chunk_size(&w->ch);
	w->seq++;
}

int
rcd_reader_info(struct rcd_reader *r, struct rcd_info *info)
{
	struct walk w = {.off = r->hdr.len};
	struct rcd_chunk ch;
	int e;

	memset(info, 0, sizeof(*info));
	if ((e = file_size(r, &info->file_bytes)) != 0)
		return e;
	e = trailer_read(r, info->file_bytes, &ch, &info->summary);
	if (e == 0) {
		info->complete = true;
		info->truncated = info->summary.flags & RCD_S_TRUNCATED;
		info->unsigned_end = info->summary.flags & RCD_S_UNSIGNED;
		info->chunks = info->summary.chunks;
		info->duration_us = info->summary.duration_us;
		info->valid_bytes = info->file_bytes;
		return 0;
	}
	if (e != FAIL_NOTFOUND)
		return e;
	memset(&info->summary, 0, sizeof(info->summary));
	while ((e = walk_look(r, &w, info->file_bytes)) == 0) {
		uint64_t end = w.ch.t_us + w.ch.span_us;

		if (end > info->duration_us && w.ch.t_us <= INT64_MAX)
			info->duration_us = end;
		walk_next(&w);
	}
	info->chunks = w.seq;
	info->valid_bytes = w.off;
	return e < 0 ? e : 0;
}

/* Put the chain before the anchored chunk at off, whose header is ch. */
static int
chain_at(struct rcd_reader *r, struct rcd_chain *c, uint64_t off,
    const struct rcd_chunk *ch)
{
	struct span p;
	int e =
	    rcd_window_at(&r->win, off, RCD_CHUNK_HEADER + RCD_ANCHOR_LEN, &p);

	if (e != 0)
		return e;
	if (p.len < RCD_CHUNK_HEADER + RCD_ANCHOR_LEN ||
	    ch->body_len < RCD_ANCHOR_LEN)
		return FAIL_FORMAT;
	memset(c, 0, sizeof(*c));
	memcpy(c->rec_id, r->hdr.rec_id, RCD_ID_LEN);
	memcpy(c->hash, p.p + RCD_CHUNK_HEADER, RCD_HASH_LEN);
	memcpy(c->salt, p.p + RCD_CHUNK_HEADER + RCD_HASH_LEN, RCD_SALT_LEN);
	c->max_chunk = r->hdr.max_chunk;
	c->next_seq = ch->seq;
	c->off = off;
	c->epoch = ch->epoch;
	c->partial = true;
	return 0;
}

/* Where reading is: chain and keys change together. */
static int
reader_to(struct rcd_reader *r, const struct rcd_chain *c)
{
	size_t i;

	for (i = 0; i < RCD_CLASSES; i++) {
		buf_reset(&r->lane[i].raw);
		r->lane[i].rest = SPAN(NULL, 0);
		r->lane[i].has_event = false;
	}
	r->prefix_len = 0;
	r->chain = *c;
	return rcd_reader_epoch(r);
}

static int
rows_set(struct rcd_reader *r, struct span s)
{
	size_t i;

	if (s.len == 0)
		return 0;
	r->rows = calloc(s.len / RCD_INDEX_ROW, sizeof(r->rows[0]));
	if (r->rows == NULL)
		return FAIL_NOMEM;
	r->n_rows = s.len / RCD_INDEX_ROW;
	for (i = 0; i < r->n_rows; i++) {
		const uint8_t *p = s.p + i * RCD_INDEX_ROW;

		r->rows[i].seq = le64_get(p);
		r->rows[i].off = le64_get(p + 8);
		r->rows[i].t_us = le64_get(p + 16);
	}
	return 0;
}

/* Open the index chunk at off with the key of the epoch it was written in. */
static int
index_open(struct rcd_reader *r, uint64_t off, uint64_t size)
{
	struct rcd_chain now = r->chain, c;
	struct rcd_open o = {.keys = &r->keys};
	struct rcd_chunk ch;
	struct span p;
	struct buf raw;
	int e;

	e = rcd_window_at(&r->win, off, RCD_CHUNK_HEADER, &p);
	if (e != 0)
		return e;
	if (p.len < RCD_CHUNK_HEADER || rcd_chunk_decode(p.p, &ch) != 0 ||
	    ch.type != RCD_INDEX || ch.flags != (RCD_F_GOP | RCD_F_RAW) ||
	    rcd_chunk_size(&ch) > size - off)
		return FAIL_FORMAT;
	if ((e = chain_at(r, &c, off, &ch)) != 0)
		return e;
	e = rcd_window_at(&r->win, off, rcd_chunk_size(&ch), &p);
	if (e != 0)
		return e;
	if (p.len < rcd_chunk_size(&ch))
		return FAIL_TRUNCATED;
	r->chain = c;
	o.header = p.p;
	o.prev = c.hash;
	o.body = SPAN(p.p + RCD_CHUNK_HEADER, ch.body_len);
	buf_init(&raw, RCD_CHUNK_RAW_MAX);
	if ((e = rcd_reader_epoch(r)) == 0)
		e = rcd_codec_open(r->codec, &ch, &o, &raw);
	if (e == 0)
		e = rows_set(r, buf_span(&raw));
	buf_fini(&raw);
	r->chain = now;
	return e;
}

/* Load the index once, if there is one that opens; without it one walks. */
static int
index_load(struct rcd_reader *r, uint64_t size)
{
	struct rcd_summary s;
	struct rcd_chunk ch;
	int e;

	if (r->index_tried || r->keys.mem == NULL)
		return 0;
	if (trailer_read(r, size, &ch, &s) != 0)
		return 0;
	r->index_tried = true;
	if (s.index_off < r->hdr.len || s.index_off >= size)
		return 0;
	e = index_open(r, s.index_off, size);
	if (e == FAIL_NOMEM || e == FAIL_SYS)
		return e;
	return rcd_reader_epoch(r);
}

/* The index row to begin at, or the first chunk. */
static struct walk
walk_from(const struct rcd_reader *r, uint64_t t_us)
{
	struct walk w = {.off = r->hdr.len};
	size_t lo = 0, hi = r->n_rows;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (r->rows[mid].t_us <= t_us)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo > 0) {
		w.off = r->rows[lo - 1].off;
		w.seq = r->rows[lo - 1].seq;
	}
	return w;
}

int
rcd_reader_seek(struct rcd_reader *r, uint64_t t_us)
{
	struct rcd_chain start, c;
	struct walk w;
	uint64_t size;
	int e;

	r->fail = (struct fail){0};
	e = rcd_chain_start(&start, SPAN(r->header, r->hdr.len), &r->hdr);
	if (e != 0 || t_us == 0)
		return e != 0 ? e : reader_to(r, &start);
	if ((e = file_size(r, &size)) != 0 || (e = index_load(r, size)) != 0)
		return e;
	c = start;
	w = walk_from(r, t_us);
	while (w.off <= size && (e = walk_look(r, &w, size)) == 0) {
		if (w.ch.type == RCD_DATA_A && (w.ch.flags & RCD_F_GOP)) {
			if (w.ch.t_us > t_us)
				break;
			if ((e = chain_at(r, &c, w.off, &w.ch)) != 0)
				return e;
		}
		walk_next(&w);
	}
	return e < 0 ? e : reader_to(r, &c);
}
