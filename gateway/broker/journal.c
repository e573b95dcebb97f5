/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal: framing, the writing end and the reading end.  What the folder
 * holds when it is opened is the business of journal_dir.c.
 *
 * Rows wait in `pending` until a commit moves them to `writing`, from where
 * they go to the last segment.  Readers see only what is below a segment's
 * committed size.  One lock guards the counters, the list of segments and
 * `pending`; no disk is touched under it.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"

#include "broker/journal_dir.h"

enum { PEEK_SIZE = 1024 * 1024 };

int
journal_frame(struct span *s, struct span *rec)
{
	const uint8_t *p = s->p;
	uint32_t len;

	if (s->len < JOURNAL_FRAME_LEN)
		return FAIL_TRUNCATED;
	len = be32_get(p);
	if (len > JOURNAL_RECORD_MAX)
		return FAIL_FORMAT;
	if (s->len - JOURNAL_FRAME_LEN < len)
		return FAIL_TRUNCATED;
	rec->p = p + JOURNAL_FRAME_LEN;
	rec->len = len;
	if (crc32c(crc32c(0, p, 4), rec->p, len) != be32_get(p + 4))
		return FAIL_FORMAT;
	s->p += JOURNAL_FRAME_LEN + len;
	s->len -= JOURNAL_FRAME_LEN + len;
	return 0;
}

size_t
journal_skip(struct span s)
{
	size_t max = s.len < JOURNAL_SKIP_MAX ? s.len : JOURNAL_SKIP_MAX;
	struct span at, rec;
	size_t i;

	for (i = 1; i < max; i++) {
		at = SPAN(s.p + i, s.len - i);
		if (journal_frame(&at, &rec) == 0)
			return i;
	}
	return 0;
}

size_t
journal_scan(struct span segment, journal_fn *fn, void *ctx)
{
	struct span s = segment, rec;
	uint64_t number;

	if (journal_head(segment, &number) != 0)
		return 0;
	s.p += JOURNAL_HEADER_LEN;
	s.len -= JOURNAL_HEADER_LEN;
	while (journal_frame(&s, &rec) == 0)
		if (fn != NULL && fn(rec, ctx) < 0)
			break;
	return segment.len - s.len;
}

void
journal_stat(struct journal *j, struct journal_stat *st)
{
	(void)pthread_mutex_lock(&j->lock);
	*st = j->stat;
	(void)pthread_mutex_unlock(&j->lock);
}

int
journal_append(struct journal *j, struct span rec)
{
	uint8_t head[JOURNAL_FRAME_LEN], *p;
	size_t need = JOURNAL_FRAME_LEN + rec.len;
	int r;

	if (rec.len > JOURNAL_RECORD_MAX)
		return FAIL_RANGE;
	be32_put(head, (uint32_t)rec.len);
	be32_put(head + 4, crc32c(crc32c(0, head, 4), rec.p, rec.len));
	(void)pthread_mutex_lock(&j->lock);
	r = j->stat.bytes + need > j->max_bytes ? FAIL_FULL : 0;
	if (r == 0 && (r = buf_reserve(&j->pending, need, &p)) == 0) {
		memcpy(p, head, sizeof(head));
		if (rec.len > 0)
			memcpy(p + sizeof(head), rec.p, rec.len);
		buf_commit(&j->pending, need);
		j->pending_rows++;
		j->stat.appended++;
		j->stat.rows++;
		j->stat.bytes += need;
	}
	(void)pthread_mutex_unlock(&j->lock);
	return r;
}

/* All of b to the end of the segment, and to the disk. */
static int
write_out(struct journal *j, struct fail *f)
{
	const uint8_t *p = buf_head(&j->writing);
	size_t left = buf_len(&j->writing);
	uint64_t off = j->out_size;
	ssize_t n;

	while (left > 0) {
		n = pwrite(j->out_fd, p, left, (off_t)off);
		if (n < 0)
			return fail_sys(f, "journal: write");
		p += n;
		left -= (size_t)n;
		off += (uint64_t)n;
	}
	if (fdatasync(j->out_fd) != 0)
		return fail_sys(f, "journal: fdatasync");
	j->out_size = off;
	return 0;
}

/* After a failed write nothing is known of the segment's tail: begin anew. */
static void
abandon(struct journal *j)
{
	if (j->out_fd < 0)
		return;
	if (ftruncate(j->out_fd, (off_t)j->out_size) != 0)
		j->torn = true;
	(void)close(j->out_fd);
	j->out_fd = -1;
}

static int
commit_writing(struct journal *j, struct fail *f)
{
	int r;

	if (j->out_fd >= 0 && j->out_size >= j->segment_size) {
		(void)close(j->out_fd);
		j->out_fd = -1;
	}
	if (j->out_fd < 0 && (r = journal_dir_new_segment(j, f)) != 0)
		return r;
	if ((r = write_out(j, f)) != 0) {
		abandon(j);
		return r;
	}
	(void)pthread_mutex_lock(&j->lock);
	j->segs[j->n_segs - 1].size = j->out_size;
	j->stat.committed += j->writing_rows;
	(void)pthread_mutex_unlock(&j->lock);
	j->writing_rows = 0;
	buf_reset(&j->writing);
	buf_shrink(&j->writing);
	return 0;
}

int
journal_commit(struct journal *j, struct fail *f)
{
	struct buf empty;
	int r;

	if (buf_len(&j->writing) > 0 && (r = commit_writing(j, f)) != 0)
		return r;
	empty = j->writing;
	(void)pthread_mutex_lock(&j->lock);
	j->writing = j->pending;
	j->pending = empty;
	j->writing_rows = j->pending_rows;
	j->pending_rows = 0;
	(void)pthread_mutex_unlock(&j->lock);
	return buf_len(&j->writing) > 0 ? commit_writing(j, f) : 0;
}

/* Move the reading end to segment i of the list. */
static int
reader_open(struct journal *j, uint64_t number, struct fail *f)
{
	char name[JOURNAL_NAME_SIZE];

	if (j->in_fd >= 0)
		(void)close(j->in_fd);
	journal_dir_name(name, number);
	j->in_fd = openat(j->dir_fd, name, O_RDONLY | O_CLOEXEC);
	if (j->in_fd < 0)
		return fail_sys(f, "journal: %s", name);
	j->in_open = number;
	return 0;
}

/*
 * Where the next unread committed bytes are: moves the peek position over the
 * ends of segments.  *size: committed size of that segment; 0: nothing unread.
 */
static void
peek_where(struct journal *j, uint64_t *size)
{
	size_t i;

	*size = 0;
	(void)pthread_mutex_lock(&j->lock);
	for (i = 0; i < j->n_segs; i++) {
		if (j->segs[i].number < j->peek.number)
			continue;
		if (j->segs[i].number > j->peek.number) {
			j->peek.number = j->segs[i].number;
			j->peek.off = JOURNAL_HEADER_LEN;
		}
		if (j->segs[i].size > j->peek.off) {
			*size = j->segs[i].size;
			break;
		}
	}
	(void)pthread_mutex_unlock(&j->lock);
}

/* Read from the peek position into j->in_buf; returns the number of bytes. */
static int
peek_read(struct journal *j, uint64_t size, size_t *len, struct fail *f)
{
	uint64_t want = size - j->peek.off;
	ssize_t n;
	int r;

	if ((j->in_fd < 0 || j->in_open != j->peek.number) &&
	    (r = reader_open(j, j->peek.number, f)) != 0)
		return r;
	if (want > PEEK_SIZE)
		want = PEEK_SIZE;
	n = pread(j->in_fd, j->in_buf, (size_t)want, (off_t)j->peek.off);
	if (n < 0)
		return fail_sys(f, "journal: read");
	*len = (size_t)n;
	return 0;
}

/* What is at the front of s does not read back: go on behind it. */
static void
peek_damaged(struct journal *j, struct span s, uint64_t size)
{
	size_t i, skip = journal_skip(s);
	uint64_t to = skip > 0 ? j->peek.off + skip : size;

	(void)pthread_mutex_lock(&j->lock);
	j->stat.damaged += to - j->peek.off;
	for (i = 0; i < j->n_segs; i++)
		if (j->segs[i].number == j->peek.number)
			j->segs[i].keep = true;
	(void)pthread_mutex_unlock(&j->lock);
	j->peek.bytes += to - j->peek.off;
	j->peek.off = to;
}

/* One reading: up to max records; 0 with the position moved: damage. */
static int
peek_some(struct journal *j, size_t max, journal_fn *fn, void *ctx,
    uint64_t size, struct fail *f)
{
	struct span s, before, rec;
	size_t len = 0;
	int r, n = 0;

	if ((r = peek_read(j, size, &len, f)) != 0)
		return r;
	s = SPAN(j->in_buf, len);
	while ((size_t)n < max) {
		before = s;
		r = journal_frame(&s, &rec);
		/* A reading begins with a whole record, or there is none. */
		if (r != 0 && n > 0)
			break;
		if (r != 0) {
			peek_damaged(j, s, size);
			break;
		}
		if (fn(rec, ctx) < 0)
			break;
		j->peek.off += before.len - s.len;
		j->peek.bytes += before.len - s.len;
		n++;
	}
	return n;
}

int
journal_peek(
    struct journal *j, size_t max, journal_fn *fn, void *ctx, struct fail *f)
{
	uint64_t size, off;
	int n;

	j->peek =
	    (struct journal_peek){.number = j->read.number, .off = j->read.off};
	do {
		peek_where(j, &size);
		if (size == 0)
			return 0;
		off = j->peek.off;
		n = peek_some(j, max, fn, ctx, size, f);
	} while (n == 0 && j->peek.off != off);
	j->peek.rows = n > 0 ? (uint64_t)n : 0;
	return n;
}

void
journal_consume(struct journal *j)
{
	j->read.number = j->peek.number;
	j->read.off = j->peek.off;
	(void)pthread_mutex_lock(&j->lock);
	j->stat.rows -=
	    j->peek.rows < j->stat.rows ? j->peek.rows : j->stat.rows;
	j->stat.bytes -=
	    j->peek.bytes < j->stat.bytes ? j->peek.bytes : j->stat.bytes;
	(void)pthread_mutex_unlock(&j->lock);
	j->peek.rows = 0;
	j->peek.bytes = 0;
	journal_dir_consumed(j);
}
