/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal's folder: what a start finds in it, new segments, the cursor and
 * the removal of segments that have been read.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"

#include "broker/journal_dir.h"

enum {
	SEGMENT_SIZE = 8 * 1024 * 1024,
	PENDING_MAX = 32 * 1024 * 1024,
	READ_SIZE = 1024 * 1024,
	CURSOR_LEN = 20,
};

static const uint8_t magic[8] = {'S', 'P', 'J', '1', 0, 0, 0, 0};

static void
be64_put(uint8_t *p, uint64_t v)
{
	be32_put(p, (uint32_t)(v >> 32));
	be32_put(p + 4, (uint32_t)v);
}

static uint64_t
be64_get(const uint8_t *p)
{
	return (uint64_t)be32_get(p) << 32 | be32_get(p + 4);
}

int
journal_head(struct span segment, uint64_t *number)
{
	if (segment.len < JOURNAL_HEADER_LEN ||
	    memcmp(segment.p, magic, sizeof(magic)) != 0)
		return FAIL_FORMAT;
	*number = be64_get(segment.p + sizeof(magic));
	return 0;
}

void
journal_dir_name(char dst[JOURNAL_NAME_SIZE], uint64_t number)
{
	(void)snprintf(dst, JOURNAL_NAME_SIZE, "%016" PRIx64 ".jnl", number);
}

/* The number in a segment's file name. */
static int
name_parse(const char *name, uint64_t *number)
{
	uint8_t raw[8];
	char hex[17];

	if (strlen(name) != 20 || strcmp(name + 16, ".jnl") != 0)
		return FAIL_FORMAT;
	memcpy(hex, name, 16);
	hex[16] = '\0';
	if (hex_decode(raw, sizeof(raw), hex) != 0)
		return FAIL_FORMAT;
	*number = be64_get(raw);
	return 0;
}

static int
seg_add(struct journal *j, uint64_t number, uint64_t size)
{
	struct journal_seg *segs;
	size_t cap = j->cap_segs > 0 ? j->cap_segs * 2 : 16;

	if (j->n_segs == j->cap_segs) {
		segs = realloc(j->segs, cap * sizeof(*segs));
		if (segs == NULL)
			return FAIL_NOMEM;
		j->segs = segs;
		j->cap_segs = cap;
	}
	j->segs[j->n_segs++] =
	    (struct journal_seg){.number = number, .size = size};
	return 0;
}

static int
seg_cmp(const void *a, const void *b)
{
	const struct journal_seg *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static int
list_segments(struct journal *j, struct fail *f)
{
	struct dirent *e;
	uint64_t number;
	DIR *dir;
	int r = 0;

	if ((dir = opendir(j->dir)) == NULL)
		return fail_sys(f, "journal: %s", j->dir);
	while (r == 0 && (e = readdir(dir)) != NULL)
		if (name_parse(e->d_name, &number) == 0)
			r = seg_add(j, number, 0);
	(void)closedir(dir);
	if (r != 0)
		return fail_set(f, r, "journal: %s", j->dir);
	if (j->n_segs > 1)
		qsort(j->segs, j->n_segs, sizeof(*j->segs), seg_cmp);
	return 0;
}

static void
cursor_read(struct journal *j)
{
	uint8_t b[CURSOR_LEN];

	if (pread(j->cursor_fd, b, sizeof(b), 0) != (ssize_t)sizeof(b) ||
	    crc32c(0, b, 16) != be32_get(b + 16))
		return;
	j->read.number = be64_get(b);
	j->read.off = be64_get(b + 8);
}

/* Only a hint: not synced, and losing it means reading some rows again. */
static void
cursor_write(struct journal *j)
{
	uint8_t b[CURSOR_LEN];

	be64_put(b, j->read.number);
	be64_put(b + 8, j->read.off);
	be32_put(b + 16, crc32c(0, b, 16));
	if (pwrite(j->cursor_fd, b, sizeof(b), 0) != (ssize_t)sizeof(b))
		log_debug(NULL, "journal: cursor not written");
}

/* One record, or what is damaged up to the next; its length, 0: no more. */
static size_t
count_one(struct journal_seg *seg, struct span *s, uint64_t *rows)
{
	struct span rec;
	size_t skip;

	if (journal_frame(s, &rec) == 0) {
		(*rows)++;
		return JOURNAL_FRAME_LEN + rec.len;
	}
	if ((skip = journal_skip(*s)) > 0) {
		seg->keep = true;
		s->p += skip;
		s->len -= skip;
	}
	return skip;
}

/*
 * What one segment holds behind the cursor, and how far it has records.  A
 * crash leaves a tail without any; damage has some behind it, and they count.
 */
static void
count_records(struct journal *j, struct journal_seg *seg, struct span data)
{
	struct span s = data;
	uint64_t off = JOURNAL_HEADER_LEN, rows = 0, bytes = 0, number;
	bool here = seg->number == j->read.number, met = !here;
	size_t len;

	if (data.len < JOURNAL_HEADER_LEN)
		return; /* size stays 0: it was just being made */
	if (journal_head(data, &number) != 0 || number != seg->number)
		seg->keep = true;
	s.p += off;
	s.len -= off;
	do {
		if (here && off == j->read.off) {
			met = true;
			rows = 0;
			bytes = 0;
		}
		len = count_one(seg, &s, &rows);
		bytes += len;
		off += len;
	} while (len > 0);
	if (!met)
		j->read.off = JOURNAL_HEADER_LEN;
	seg->size = off;
	j->stat.rows += rows;
	j->stat.bytes += bytes;
}

static int
load_segment(struct journal *j, struct journal_seg *seg, bool last,
    struct buf *b, struct fail *f)
{
	char name[JOURNAL_NAME_SIZE];
	uint64_t tail;
	int fd, r;

	journal_dir_name(name, seg->number);
	if ((fd = openat(j->dir_fd, name, O_RDWR | O_CLOEXEC)) < 0)
		return fail_sys(f, "journal: %s", name);
	buf_reset(b);
	if ((r = file_read(fd, b)) != 0) {
		(void)close(fd);
		return fail_set(f, r, "journal: %s does not read", name);
	}
	count_records(j, seg, buf_span(b));
	tail = buf_len(b) - seg->size;
	if (seg->keep) {
		log_err(NULL,
		    "journal: %s is damaged: what can be read of it"
		    " is used",
		    name);
	} else if (tail > 0 && last && seg->size > 0) {
		log_info(
		    NULL, "journal: cut %" PRIu64 " bytes from %s", tail, name);
		if (ftruncate(fd, (off_t)seg->size) != 0)
			r = fail_sys(f, "journal: cut %s", name);
	} else if (tail > 0 && !last) {
		log_err(NULL, "journal: %" PRIu64 " bytes of %s are damaged",
		    tail, name);
		seg->keep = true;
		j->stat.damaged += tail;
	}
	(void)close(fd);
	return r;
}

static int
load_all(struct journal *j, struct fail *f)
{
	uint64_t last = j->read.number;
	struct buf b;
	size_t i;
	int r = 0;

	buf_init(&b, SIZE_MAX / 2);
	for (i = 0; i < j->n_segs && r == 0; i++) {
		if (j->segs[i].number > last)
			last = j->segs[i].number;
		if (j->segs[i].number >= j->read.number)
			r = load_segment(
			    j, &j->segs[i], i + 1 == j->n_segs, &b, f);
	}
	buf_fini(&b);
	j->next_number = last + 1;
	return r;
}

static int
open_files(struct journal *j, struct fail *f)
{
	char *lock;
	int r;

	if (mkdir(j->dir, 0700) != 0 && errno != EEXIST)
		return fail_sys(f, "journal: %s", j->dir);
	j->dir_fd = open(j->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (j->dir_fd < 0)
		return fail_sys(f, "journal: %s", j->dir);
	if (asprintf(&lock, "%s/lock", j->dir) < 0)
		return fail_set(f, FAIL_NOMEM, "journal");
	r = file_lock(lock, 0, &j->lock_fd, f);
	free(lock);
	if (r != 0)
		return r;
	j->cursor_fd =
	    openat(j->dir_fd, "cursor", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (j->cursor_fd < 0)
		return fail_sys(f, "journal: %s/cursor", j->dir);
	return 0;
}

static struct journal *
journal_make(const struct journal_opts *o)
{
	struct journal *j;

	if ((j = calloc(1, sizeof(*j))) == NULL)
		return NULL;
	(void)pthread_mutex_init(&j->lock, NULL);
	j->dir_fd = j->cursor_fd = j->out_fd = j->in_fd = j->lock_fd = -1;
	j->max_bytes = o->max_bytes;
	j->segment_size = o->segment_size > 0 ? o->segment_size : SEGMENT_SIZE;
	buf_init(
	    &j->pending, o->max_pending > 0 ? o->max_pending : PENDING_MAX);
	buf_init(
	    &j->writing, o->max_pending > 0 ? o->max_pending : PENDING_MAX);
	j->dir = strdup(o->dir);
	j->in_buf = malloc(READ_SIZE);
	if (j->dir == NULL || j->in_buf == NULL) {
		journal_free(j);
		return NULL;
	}
	return j;
}

int
journal_open(struct journal **out, const struct journal_opts *o, struct fail *f)
{
	struct journal *j;
	int r;

	*out = NULL;
	if ((j = journal_make(o)) == NULL)
		return fail_set(f, FAIL_NOMEM, "journal");
	if ((r = open_files(j, f)) != 0 || (r = list_segments(j, f)) != 0) {
		journal_free(j);
		return r;
	}
	cursor_read(j);
	if ((r = load_all(j, f)) != 0) {
		journal_free(j);
		return r;
	}
	journal_dir_consumed(j);
	*out = j;
	return 0;
}

static void
close_fd(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

void
journal_free(struct journal *j)
{
	if (j == NULL)
		return;
	close_fd(j->out_fd);
	close_fd(j->in_fd);
	close_fd(j->cursor_fd);
	close_fd(j->dir_fd);
	close_fd(j->lock_fd);
	buf_fini(&j->pending);
	buf_fini(&j->writing);
	(void)pthread_mutex_destroy(&j->lock);
	free(j->segs);
	free(j->in_buf);
	free(j->dir);
	free(j);
}

int
journal_dir_new_segment(struct journal *j, struct fail *f)
{
	uint8_t head[JOURNAL_HEADER_LEN];
	char name[JOURNAL_NAME_SIZE];
	int fd, r;

	memcpy(head, magic, sizeof(magic));
	be64_put(head + sizeof(magic), j->next_number);
	journal_dir_name(name, j->next_number);
	fd = openat(
	    j->dir_fd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_sys(f, "journal: %s", name);
	if (pwrite(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
	    fsync(fd) != 0 || fsync(j->dir_fd) != 0) {
		r = fail_sys(f, "journal: %s", name);
		(void)unlinkat(j->dir_fd, name, 0);
		(void)close(fd);
		return r;
	}
	(void)pthread_mutex_lock(&j->lock);
	r = seg_add(j, j->next_number, sizeof(head));
	(void)pthread_mutex_unlock(&j->lock);
	if (r != 0) {
		(void)unlinkat(j->dir_fd, name, 0);
		(void)close(fd);
		return fail_set(f, r, "journal: %s", name);
	}
	j->next_number++;
	j->out_fd = fd;
	j->out_size = sizeof(head);
	return 0;
}

static void
seg_remove(struct journal *j, const struct journal_seg *seg)
{
	char name[JOURNAL_NAME_SIZE], bad[JOURNAL_NAME_SIZE];

	journal_dir_name(name, seg->number);
	if (!seg->keep) {
		(void)unlinkat(j->dir_fd, name, 0);
		return;
	}
	(void)snprintf(bad, sizeof(bad), "%016" PRIx64 ".bad", seg->number);
	if (renameat(j->dir_fd, name, j->dir_fd, bad) == 0)
		log_err(NULL, "journal: kept the damaged segment as %s", bad);
}

void
journal_dir_consumed(struct journal *j)
{
	struct journal_seg gone;

	if (j->read.number != 0)
		cursor_write(j);
	for (;;) {
		(void)pthread_mutex_lock(&j->lock);
		if (j->n_segs == 0 || j->segs[0].number >= j->read.number) {
			(void)pthread_mutex_unlock(&j->lock);
			return;
		}
		gone = j->segs[0];
		memmove(
		    j->segs, j->segs + 1, (j->n_segs - 1) * sizeof(*j->segs));
		j->n_segs--;
		(void)pthread_mutex_unlock(&j->lock);
		seg_remove(j, &gone);
	}
}
