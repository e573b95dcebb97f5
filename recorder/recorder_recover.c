/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an earlier process left: states of recordings that were partly moved to
 * their files, and the segments of the spool.  Afterwards every recording
 * without an end waits a while for its writer.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"

#include "recorder/recorder_int.h"
#include "recorder/verify.h"

static int
folder_make(const char *path, struct fail *f)
{
	if (mkdir(path, 0750) != 0 && errno != EEXIST)
		return fail_sys(f, "%s", path);
	return 0;
}

static int
open_final(const struct recorder *r, const uint8_t *id)
{
	char path[PLACE_PATH], name[PLACE_NAME];

	if (place_name(name, id) != 0)
		return -1;
	place_path(path, sizeof(path), r->folder, name, "");
	return open(path, O_RDONLY | O_CLOEXEC);
}

int
recorder_finished(const struct recorder *r, const uint8_t id[RCD_ID_LEN],
    struct rcd_summary *s)
{
	uint8_t p[RCD_TRAILER_LEN];
	int fd = open_final(r, id), code = FAIL_FORMAT;
	struct rcd_chunk ch;
	struct stat st;

	if (fd < 0)
		return FAIL_NOTFOUND;
	if (fstat(fd, &st) == 0 && st.st_size > RCD_TRAILER_LEN &&
	    pread(fd, p, sizeof(p), st.st_size - RCD_TRAILER_LEN) ==
		RCD_TRAILER_LEN &&
	    rcd_chunk_decode(p, &ch) == 0 && ch.type == RCD_TRAILER &&
	    ch.body_len == RCD_TRAILER_BODY) {
		rcd_summary_decode(p + RCD_CHUNK_HEADER, s);
		code = 0;
	}
	(void)close(fd);
	return code;
}

/* ---- states */

/* The chain at the end of a .part, from its bytes: its state is damaged. */
static int
part_walk(int fd, struct rcd_chain *c)
{
	struct rcd_window w;
	struct rcd_header h;
	struct rcd_chunk ch;
	enum rcd_flaw flaw;
	struct span p;
	size_t len = 0;
	int r;

	rcd_window_init(&w, fd);
	if ((r = rcd_window_at(&w, 0, 8, &p)) != 0)
		goto done;
	r = p.len < 8 ? FAIL_TRUNCATED : rcd_header_len(p.p, &len);
	if (r != 0 || (r = rcd_window_at(&w, 0, len, &p)) != 0 ||
	    (r = rcd_header_decode(p, &h)) != 0 ||
	    (r = rcd_chain_start(c, p, &h)) != 0)
		goto done;
	do {
		r = rcd_window_at(&w, c->off, RCD_CHUNK_HEADER, &p);
		if (r == 0 && p.len == RCD_CHUNK_HEADER &&
		    rcd_chunk_decode(p.p, &ch) == 0)
			r = rcd_window_at(&w, c->off, rcd_chunk_size(&ch), &p);
	} while (r == 0 && rcd_chain_take(c, p, &ch, &flaw) == 0);
done:
	rcd_window_fini(&w);
	return r;
}

static int
state_read(const struct recorder *r, const uint8_t *id, struct rcd_chain *c)
{
	uint8_t mem[PLACE_STATE];
	char path[PLACE_PATH];
	ssize_t n;
	int fd;

	place_state_path(path, sizeof(path), r->spool_dir, id);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return FAIL_SYS;
	n = pread(fd, mem, sizeof(mem), 0);
	(void)close(fd);
	if (n != (ssize_t)sizeof(mem) || place_state_decode(mem, c) != 0 ||
	    memcmp(c->rec_id, id, RCD_ID_LEN) != 0)
		return FAIL_FORMAT;
	return 0;
}

/* A finished file that was perhaps not announced: what there is to say. */
static int
rec_from_final(struct recorder *r, struct rec *x)
{
	struct rcd_verdict v;
	int fd = open_final(r, x->id);

	if (fd < 0)
		return FAIL_NOTFOUND;
	IGNORE(rcd_verify(fd, NULL, &v));
	(void)close(fd);
	memcpy(x->taken.hash, v.hash, RCD_HASH_LEN);
	x->taken.off = v.bytes;
	x->taken.next_seq = v.chunks;
	x->taken.last_us = v.duration_us;
	x->truncated = v.truncated;
	x->state = REC_FINISHED;
	return 0;
}

static int
state_take(struct recorder *r, const char *text)
{
	char path[PLACE_PATH], name[PLACE_NAME];
	uint8_t id[UUID_LEN];
	struct stat st;
	struct rec *x;
	int fd, code;

	if (uuid_parse(id, text) != 0 || place_name(name, id) != 0)
		return 0; /* not ours */
	if ((x = recs_add(&r->recs, id)) == NULL)
		return FAIL_NOMEM;
	x->has_state = true;
	place_path(path, sizeof(path), r->folder, name, ".part");
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0) {
		if (rec_from_final(r, x) != 0) {
			log_err(
			    NULL, "recording %s: %s is missing", text, path);
			recs_remove(&r->recs, x);
		}
		return 0;
	}
	code = state_read(r, id, &x->taken);
	if (code != 0 || fstat(fd, &st) != 0 ||
	    (uint64_t)st.st_size < x->taken.off)
		code = part_walk(fd, &x->taken);
	(void)close(fd);
	if (code != 0) {
		log_err(NULL, "recording %s: %s cannot be gone on with: %s",
		    text, path, fail_text(code));
		recs_remove(&r->recs, x);
		return code == FAIL_NOMEM ? code : 0;
	}
	x->safe = x->taken;
	x->part_off = x->taken.off;
	return 0;
}

struct rec *
recorder_from_part(struct recorder *r, const uint8_t id[RCD_ID_LEN])
{
	char path[PLACE_PATH], name[PLACE_NAME];
	struct rec *x;
	int fd, code;

	if (place_name(name, id) != 0)
		return NULL;
	place_path(path, sizeof(path), r->folder, name, ".part");
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return NULL;
	if ((x = recs_add(&r->recs, id)) == NULL) {
		(void)close(fd);
		return NULL;
	}
	code = part_walk(fd, &x->taken);
	(void)close(fd);
	if (code != 0) {
		log_err(NULL, "%s cannot be gone on with: %s", path,
		    fail_text(code));
		recs_remove(&r->recs, x);
		return NULL;
	}
	x->safe = x->taken;
	x->part_off = x->taken.off;
	x->truncated = true;
	x->until_ns = recorder_in_ms(r, 0);
	return x;
}

static int
states_read(struct recorder *r, struct fail *f)
{
	char path[PLACE_PATH];
	struct dirent *e;
	int code = 0;
	DIR *d;

	place_path(path, sizeof(path), r->spool_dir, "open", "");
	if ((code = folder_make(path, f)) != 0)
		return code;
	if ((d = opendir(path)) == NULL)
		return fail_sys(f, "%s", path);
	while (code == 0 && (e = readdir(d)) != NULL)
		code = state_take(r, e->d_name);
	(void)closedir(d);
	return code != 0 ? fail_set(f, code, "recovery of %s", path) : 0;
}

/* ---- segments */

static int
extent_add(struct recorder *r, struct rec *x, uint32_t seg,
    const struct segment_record *s)
{
	int code = recs_reserve(x, 1);

	if (code != 0)
		return code;
	x->ext[x->n_ext++] = (struct extent){
	    .seg = seg, .off = (uint32_t)s->off, .len = (uint32_t)s->bytes.len};
	segtab_use(&r->segs, seg);
	x->safe = x->taken;
	return 0;
}

static int
header_take(struct recorder *r, uint32_t seg, const struct segment_record *s)
{
	struct rcd_header h;
	struct rec *x;
	int code;

	if (recs_find(&r->recs, s->rec_id) != NULL ||
	    rcd_header_decode(s->bytes, &h) != 0 || h.len != s->bytes.len ||
	    memcmp(h.rec_id, s->rec_id, RCD_ID_LEN) != 0)
		return 0;
	if ((x = recs_add(&r->recs, s->rec_id)) == NULL)
		return FAIL_NOMEM;
	if ((code = rcd_chain_start(&x->taken, s->bytes, &h)) != 0)
		return code;
	return extent_add(r, x, seg, s);
}

static int
chunk_take(struct recorder *r, uint32_t seg, const struct segment_record *s)
{
	struct rec *x = recs_find(&r->recs, s->rec_id);
	struct rcd_chunk ch;
	enum rcd_flaw flaw;
	int code;

	if (x == NULL || x->state != REC_LIVE)
		return 0; /* it was finished */
	if (s->bytes.len < RCD_CHUNK_HEADER ||
	    rcd_chunk_decode(s->bytes.p, &ch) != 0 ||
	    ch.seq < x->taken.next_seq)
		return 0; /* it was moved already, or written twice */
	code = rcd_chain_take(&x->taken, s->bytes, &ch, &flaw);
	if (code == FAIL_NOMEM)
		return code;
	if (code != 0) {
		log_err(NULL, "spool: a chunk does not fit: %s",
		    rcd_flaw_text(flaw));
		return 0;
	}
	return extent_add(r, x, seg, s);
}

static void
closed_take(struct recorder *r, const struct segment_record *s)
{
	struct rec *x = recs_find(&r->recs, s->rec_id);
	size_t i;

	if (x == NULL)
		return;
	for (i = 0; i < x->n_ext; i++)
		segtab_drop(&r->segs, x->ext[i].seg);
	recs_remove(&r->recs, x);
}

static int
segment_read(struct recorder *r, uint32_t number, struct fail *f)
{
	char path[PLACE_PATH];
	struct segment_record s;
	struct segment_scan scan;
	int fd, code;

	spool_path(path, sizeof(path), r->spool_dir, number);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return fail_sys(f, "%s", path);
	if ((code = segtab_add(&r->segs, number)) != 0)
		goto done;
	code = segment_scan_init(&scan, fd);
	while (code == 0 && (code = segment_scan_next(&scan, &s)) == 0) {
		if (s.kind == SEGMENT_REC_HEADER)
			code = header_take(r, number, &s);
		else if (s.kind == SEGMENT_REC_CHUNK)
			code = chunk_take(r, number, &s);
		else if (s.kind == SEGMENT_REC_CLOSE)
			closed_take(r, &s);
	}
	segment_scan_fini(&scan);
	if (code == FAIL_FORMAT || code == FAIL_UNSUPPORTED) {
		log_err(NULL, "%s is not a segment", path);
		code = 0;
	}
done:
	(void)close(fd);
	return code < 0 ? fail_set(f, code, "recovery of %s", path) : 0;
}

static int
by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* NUMBER.seg, ten digits. */
static bool
number_parse(const char *name, uint32_t *number)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < 10; i++) {
		if (name[i] < '0' || name[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(name[i] - '0');
	}
	*number = (uint32_t)n;
	return strcmp(name + 10, ".seg") == 0 && n > 0 && n < UINT32_MAX;
}

static int
segments_list(struct recorder *r, uint32_t **list, size_t *n, struct fail *f)
{
	size_t cap = 0;
	struct dirent *e;
	uint32_t number;
	DIR *d = opendir(r->spool_dir);

	*list = NULL;
	*n = 0;
	if (d == NULL)
		return fail_sys(f, "%s", r->spool_dir);
	while ((e = readdir(d)) != NULL) {
		if (!number_parse(e->d_name, &number))
			continue;
		if (*n == cap) {
			uint32_t *p;

			cap = cap == 0 ? 64 : 2 * cap;
			if ((p = realloc(*list, cap * sizeof(*p))) == NULL) {
				(void)closedir(d);
				return fail_set(f, FAIL_NOMEM, "recovery");
			}
			*list = p;
		}
		(*list)[(*n)++] = number;
	}
	(void)closedir(d);
	if (*n > 0)
		qsort(*list, *n, sizeof(**list), by_number);
	return 0;
}

static int
segments_read(struct recorder *r, uint32_t *next_segment, struct fail *f)
{
	uint32_t *list;
	size_t n, i;
	int code = segments_list(r, &list, &n, f);

	for (i = 0; code == 0 && i < n; i++)
		code = segment_read(r, list[i], f);
	*next_segment = n > 0 ? list[n - 1] + 1 : 1;
	free(list);
	return code;
}

int
recorder_recover(struct recorder *r, uint32_t *next_segment, struct fail *f)
{
	char path[PLACE_PATH];
	struct rec *x;
	uint32_t number;
	int code;

	place_path(path, sizeof(path), r->spool_dir, "lock", "");
	if ((code = folder_make(r->spool_dir, f)) != 0 ||
	    (code = folder_make(r->folder, f)) != 0 ||
	    (code = file_lock(path, LOCK_MS, &r->lock_fd, f)) != 0 ||
	    (code = states_read(r, f)) != 0 ||
	    (code = segments_read(r, next_segment, f)) != 0)
		return code;
	for (x = r->recs.all; x != NULL; x = x->next) {
		struct rcd_summary s;

		/* Its file is there; only the word to the broker may lack. */
		if (x->state == REC_LIVE &&
		    recorder_finished(r, x->id, &s) == 0)
			IGNORE(rec_from_final(r, x));
		if (x->state == REC_LIVE)
			x->until_ns = recorder_in_ms(r, RESTART_MS);
	}
	while (segtab_pop(&r->segs, true, &number)) {
		spool_path(path, sizeof(path), r->spool_dir, number);
		(void)unlink(path);
	}
	if (r->recs.n > 0)
		log_info(NULL, "%zu recordings in the spool", r->recs.n);
	return 0;
}
