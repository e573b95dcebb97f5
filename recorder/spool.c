/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that writes the segment log.  A segment that failed is never
 * written to again: after a failed fdatasync nobody knows what of it is on
 * disk, so the whole batch, which is still in memory, goes to a new segment.
 */
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/log.h"

#include "recorder/spool.h"

enum {
	IOV = 256,
	RETRY_MS = 250,
	EAGER = 1024 * 1024, /* so much waiting is not waited for */
	SEGMENT_MIN = 2 * 1024 * 1024,
	PATH_SIZE = 4096,
};

struct list {
	struct spool_item *head;
	struct spool_item **tail;
};

struct spool {
	struct spool_ops ops;
	void *ctx;
	char *dir;
	uint64_t segment;
	uint64_t commit_ms;
	struct watch *watch;
	int event;
	pthread_t thread;
	bool started;

	/* Of the thread only. */
	int fd; /* current segment, or -1 */
	uint32_t number;
	uint64_t off;
	uint64_t limit;

	/* Shared. */
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct list todo;
	struct list done;
	size_t todo_bytes;
	size_t waiting; /* not yet handed to ops->done */
	struct fail trouble;
	bool trouble_told;
	bool trouble_new;
	bool stop;
};

static void
list_init(struct list *l)
{
	l->head = NULL;
	l->tail = &l->head;
}

static void
list_add(struct list *l, struct spool_item *x)
{
	x->next = NULL;
	*l->tail = x;
	l->tail = &x->next;
}

static void
list_free(struct list *l)
{
	struct spool_item *x;

	while ((x = l->head) != NULL) {
		l->head = x->next;
		free(x);
	}
	list_init(l);
}

void
spool_path(char *dst, size_t size, const char *dir, uint32_t number)
{
	(void)snprintf(dst, size, "%s/%010u.seg", dir, (unsigned)number);
}

/* ---- the thread's side of a segment */

static int
dir_sync(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd >= 0 && fsync(fd) == 0 ? 0 : FAIL_SYS;

	if (fd >= 0)
		(void)close(fd);
	return r;
}

/* Reserve room: the whole segment, or what there is of it. */
static int
segment_reserve(struct spool *s, int fd, uint64_t need)
{
	uint64_t size = s->segment;

	while (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)size) != 0) {
		if (errno == EINTR)
			continue;
		if (errno != ENOSPC && errno != EFBIG && errno != EDQUOT)
			break; /* not supported here: do without */
		if (size / 2 < need)
			return FAIL_SYS;
		size /= 2;
	}
	s->limit = size;
	return 0;
}

static int
segment_open(struct spool *s, uint64_t need, struct fail *f)
{
	uint8_t head[SEGMENT_HEADER];
	char path[PATH_SIZE];
	int fd;

	need += SEGMENT_HEADER;
	if (need < SEGMENT_MIN)
		need = SEGMENT_MIN;
	spool_path(path, sizeof(path), s->dir, s->number);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_sys(f, "spool: %s", path);
	segment_header(head, s->number);
	if (segment_reserve(s, fd, need) != 0 ||
	    write(fd, head, sizeof(head)) != SEGMENT_HEADER ||
	    dir_sync(s->dir) != 0) {
		int r = fail_sys(f, "spool: %s", path);

		(void)close(fd);
		(void)unlink(path);
		return r;
	}
	s->fd = fd;
	s->off = SEGMENT_HEADER;
	return 0;
}

static void
segment_close(struct spool *s)
{
	if (s->fd < 0)
		return;
	/* Give back what was reserved and not used. */
	IGNORE(ftruncate(s->fd, (off_t)s->off));
	(void)close(s->fd);
	s->fd = -1;
	s->number++;
}

/* Nothing in it was ever committed. */
static void
segment_drop(const struct spool *s, uint32_t number)
{
	char path[PATH_SIZE];

	spool_path(path, sizeof(path), s->dir, number);
	(void)unlink(path);
}

static int
write_all(struct spool *s, struct iovec *iov, int n)
{
	while (n > 0) {
		ssize_t got = pwritev(s->fd, iov, n, (off_t)s->off);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return FAIL_SYS;
		s->off += (uint64_t)got;
		while (n > 0 && (size_t)got >= iov->iov_len) {
			got -= (ssize_t)iov->iov_len;
			iov++;
			n--;
		}
		if (got > 0) {
			iov->iov_base = (uint8_t *)iov->iov_base + got;
			iov->iov_len -= (size_t)got;
		}
	}
	return 0;
}

/* What is written to a file without a name is gone with this process. */
static int
has_name(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return FAIL_SYS;
	if (st.st_nlink > 0)
		return 0;
	errno = ENOENT;
	return FAIL_SYS;
}

/* Write items from x as far as this segment goes; *end: the first not written.
 */
static int
segment_fill(struct spool *s, struct spool_item *x, struct spool_item **end)
{
	struct iovec iov[IOV];
	uint64_t at = s->off;
	int n = 0;

	for (; x != NULL; x = x->next) {
		size_t len = SEGMENT_RECORD + (size_t)x->len;

		if (at + len > s->limit && at > SEGMENT_HEADER)
			break;
		if (n == IOV) {
			if (write_all(s, iov, n) != 0)
				return FAIL_SYS;
			n = 0;
		}
		x->seg = s->number;
		x->off = (uint32_t)(at + SEGMENT_RECORD);
		iov[n].iov_base = x->data;
		iov[n++].iov_len = len;
		at += len;
	}
	*end = x;
	if (write_all(s, iov, n) != 0 || fdatasync(s->fd) != 0)
		return FAIL_SYS;
	return has_name(s->fd);
}

/* Put items on disk; *left: the first that is not there yet. */
static int
batch_write(struct spool *s, struct spool_item **left, struct fail *f)
{
	struct spool_item *end;
	int r;

	while (*left != NULL) {
		uint64_t good;

		if (s->fd < 0 &&
		    (r = segment_open(
			 s, SEGMENT_RECORD + (uint64_t)(*left)->len, f)) != 0)
			return r;
		good = s->off;
		if (segment_fill(s, *left, &end) != 0) {
			r = fail_sys(f, "spool: segment %u", s->number);
			s->off = good;
			segment_close(s);
			if (good == SEGMENT_HEADER)
				segment_drop(s, s->number - 1);
			return r;
		}
		if (end != NULL)
			segment_close(s);
		*left = end;
	}
	return 0;
}

/* ---- the thread */

static void
wake(struct spool *s)
{
	uint64_t one = 1;

	IGNORE(write(s->event, &one, sizeof(one)));
}

static void
trouble_set(struct spool *s, const struct fail *f)
{
	pthread_mutex_lock(&s->lock);
	if (s->trouble.code != f->code) {
		s->trouble = *f;
		s->trouble_new = true;
	}
	pthread_mutex_unlock(&s->lock);
	wake(s);
}

static struct timespec
later(uint64_t ms)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += (time_t)(ms / 1000);
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

/* Wait for records and then for their company; NULL: stop. */
static struct spool_item *
batch_take(struct spool *s)
{
	struct spool_item *x;
	struct timespec until;

	pthread_mutex_lock(&s->lock);
	while (s->todo.head == NULL && !s->stop)
		pthread_cond_wait(&s->cond, &s->lock);
	until = later(s->commit_ms);
	while (!s->stop && s->todo_bytes < EAGER &&
	       pthread_cond_timedwait(&s->cond, &s->lock, &until) == 0)
		;
	x = s->todo.head;
	list_init(&s->todo);
	s->todo_bytes = 0;
	pthread_mutex_unlock(&s->lock);
	return x;
}

/* Items from x up to end are on disk. */
static void
batch_done(struct spool *s, struct spool_item *x, struct spool_item *end)
{
	pthread_mutex_lock(&s->lock);
	while (x != end) {
		struct spool_item *next = x->next;

		list_add(&s->done, x);
		x = next;
	}
	pthread_mutex_unlock(&s->lock);
	wake(s);
}

/* Wait before the next try; false: do not try any more. */
static bool
pause_retry(struct spool *s)
{
	struct timespec until = later(RETRY_MS);
	bool on;

	pthread_mutex_lock(&s->lock);
	while (
	    !s->stop && pthread_cond_timedwait(&s->cond, &s->lock, &until) == 0)
		;
	on = !s->stop;
	pthread_mutex_unlock(&s->lock);
	return on;
}

static void *
spool_thread(void *arg)
{
	static const struct fail none;
	struct spool *s = arg;
	struct spool_item *x;

	while ((x = batch_take(s)) != NULL) {
		for (;;) {
			struct spool_item *left = x;
			struct fail f = {0};
			int r = batch_write(s, &left, &f);

			batch_done(s, x, left);
			x = left;
			if (r == 0) {
				trouble_set(s, &none);
				break;
			}
			trouble_set(s, &f);
			if (!pause_retry(s))
				break;
		}
		while (x != NULL) { /* stopped, and it cannot be written */
			struct spool_item *next = x->next;

			free(x);
			x = next;
		}
	}
	segment_close(s);
	return NULL;
}

/* ---- the loop's side */

static void
deliver(struct spool *s)
{
	struct spool_item *x;
	struct fail f;
	bool told;

	pthread_mutex_lock(&s->lock);
	x = s->done.head;
	list_init(&s->done);
	f = s->trouble;
	told = !s->trouble_new;
	s->trouble_new = false;
	pthread_mutex_unlock(&s->lock);
	if (x != NULL) {
		while (x != NULL) {
			struct spool_item *next = x->next;

			s->waiting -= sizeof(*x) + x->len;
			s->ops.done(s->ctx, x);
			x = next;
		}
		s->ops.committed(s->ctx);
	}
	if (!told)
		s->ops.trouble(s->ctx, f.code, f.why);
}

static void
on_event(struct watch *w, int fd, unsigned events, void *ctx)
{
	uint64_t n;

	(void)w;
	(void)events;
	IGNORE(read(fd, &n, sizeof(n)));
	deliver(ctx);
}

void
spool_free(struct spool *s)
{
	if (s == NULL)
		return;
	if (s->started) {
		pthread_mutex_lock(&s->lock);
		s->stop = true;
		pthread_cond_signal(&s->cond);
		pthread_mutex_unlock(&s->lock);
		(void)pthread_join(s->thread, NULL);
	}
	watch_free(s->watch);
	list_free(&s->todo);
	list_free(&s->done);
	if (s->event >= 0)
		(void)close(s->event);
	(void)pthread_cond_destroy(&s->cond);
	(void)pthread_mutex_destroy(&s->lock);
	free(s->dir);
	free(s);
}

static void
sync_init(struct spool *s)
{
	pthread_condattr_t a;

	(void)pthread_condattr_init(&a);
	(void)pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&s->cond, &a);
	(void)pthread_condattr_destroy(&a);
	(void)pthread_mutex_init(&s->lock, NULL);
}

static int
thread_start(struct spool *s)
{
	sigset_t all, old;
	int r;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&s->thread, NULL, spool_thread, s);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	s->started = r == 0;
	return r == 0 ? 0 : FAIL_SYS;
}

int
spool_new(struct spool **out, struct loop *l, const struct spool_opts *o)
{
	struct spool *s = calloc(1, sizeof(*s));
	int r = FAIL_NOMEM;

	if (s == NULL)
		return FAIL_NOMEM;
	sync_init(s);
	list_init(&s->todo);
	list_init(&s->done);
	s->ops = *o->ops;
	s->ctx = o->ctx;
	s->fd = -1;
	s->number = o->first;
	s->commit_ms = o->commit_ms;
	s->segment = o->segment < SEGMENT_MIN ? SEGMENT_MIN : o->segment;
	if (s->segment > UINT32_MAX / 2)
		s->segment = UINT32_MAX / 2;
	s->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	s->dir = strdup(o->dir);
	if (s->event < 0 || s->dir == NULL ||
	    (s->watch = watch_new(l, s->event, LOOP_READ, on_event, s)) == NULL)
		goto fail;
	if ((r = thread_start(s)) != 0)
		goto fail;
	*out = s;
	return 0;
fail:
	spool_free(s);
	return r;
}

struct spool_item *
spool_item_new(
    const uint8_t rec_id[RCD_ID_LEN], enum segment_kind kind, struct span bytes)
{
	struct segment_record x = {.kind = (uint8_t)kind, .bytes = bytes};
	struct spool_item *i;

	MUST(bytes.len <= SEGMENT_BYTES_MAX);
	i = malloc(sizeof(*i) + SEGMENT_RECORD + bytes.len);
	if (i == NULL)
		return NULL;
	memset(i, 0, sizeof(*i));
	memcpy(x.rec_id, rec_id, RCD_ID_LEN);
	segment_record(i->data, &x);
	i->bytes = i->data + SEGMENT_RECORD;
	if (bytes.len > 0)
		memcpy(i->bytes, bytes.p, bytes.len);
	i->len = (uint32_t)bytes.len;
	i->kind = (uint8_t)kind;
	return i;
}

void
spool_put(struct spool *s, struct spool_item *item)
{
	bool wake_up;

	s->waiting += sizeof(*item) + item->len;
	pthread_mutex_lock(&s->lock);
	wake_up = s->todo.head == NULL || s->todo_bytes + item->len >= EAGER;
	list_add(&s->todo, item);
	s->todo_bytes += item->len;
	if (wake_up)
		pthread_cond_signal(&s->cond);
	pthread_mutex_unlock(&s->lock);
}

size_t
spool_waiting(const struct spool *s)
{
	return s->waiting;
}
