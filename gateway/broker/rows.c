/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows into the journal.  Only the loop appends, so the n-th row put in is the
 * n-th record of the journal's life, and "committed up to n" is enough to know
 * whom to tell.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

#include "broker/rows.h"
#include "broker/thread.h"

enum { RETRY_MS = 200 };

struct waiter {
	uint64_t pos; /* safe when that many are committed */
	struct rows_ref ref;
};

struct rows {
	struct rows_opts o;
	struct buf rec;
	struct watch *watch;
	int event_fd;
	uint64_t put;	    /* rows put in */
	uint64_t committed; /* as the loop knows it */

	struct waiter *ring; /* in the order of pos */
	size_t head, count, cap;

	pthread_t thread;
	bool running;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t wake;
	bool dirty, stop;
	struct fail trouble;
};

static void
sleep_ms(unsigned ms)
{
	struct timespec ts = {
	    .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	(void)nanosleep(&ts, NULL);
}

static void
tell_loop(struct rows *rs)
{
	uint64_t one = 1;

	if (write(rs->event_fd, &one, sizeof(one)) < 0)
		return; /* the counter is full: the loop will look anyway */
}

/* Returns false when it is time to end. */
static bool
wait_dirty(struct rows *rs)
{
	bool dirty, stop;

	(void)pthread_mutex_lock(&rs->lock);
	while (!rs->dirty && !rs->stop)
		(void)pthread_cond_wait(&rs->wake, &rs->lock);
	dirty = rs->dirty;
	stop = rs->stop;
	rs->dirty = false;
	(void)pthread_mutex_unlock(&rs->lock);
	if (dirty && !stop)
		sleep_ms(ROWS_GROUP_MS);
	return dirty || !stop;
}

static void *
commit_thread(void *arg)
{
	struct rows *rs = arg;
	struct fail f;
	bool stop;
	int r;

	while (wait_dirty(rs)) {
		memset(&f, 0, sizeof(f));
		r = journal_commit(rs->o.journal, &f);
		(void)pthread_mutex_lock(&rs->lock);
		rs->trouble = f;
		stop = rs->stop;
		if (r != 0 && !stop)
			rs->dirty = true;
		(void)pthread_mutex_unlock(&rs->lock);
		if (r != 0) {
			log_err(NULL, "%s", fail_why(&f, r));
			if (stop)
				break;
			sleep_ms(RETRY_MS);
			continue;
		}
		tell_loop(rs);
		rs->o.committed(rs->o.thread_ctx);
	}
	return NULL;
}

static void
on_event(struct watch *w, int fd, unsigned events, void *ctx)
{
	struct rows *rs = ctx;
	struct journal_stat st;
	struct waiter done;
	uint64_t n;

	(void)w;
	(void)events;
	if (read(fd, &n, sizeof(n)) < 0)
		return;
	journal_stat(rs->o.journal, &st);
	rs->committed = st.committed;
	while (rs->count > 0 && rs->ring[rs->head].pos <= rs->committed) {
		done = rs->ring[rs->head];
		rs->head = (rs->head + 1) % rs->cap;
		rs->count--;
		rs->o.stored(rs->o.ctx, &done.ref);
	}
}

void
rows_free(struct rows *rs)
{
	if (rs == NULL)
		return;
	if (rs->running) {
		(void)pthread_mutex_lock(&rs->lock);
		rs->stop = true;
		rs->dirty = true;
		(void)pthread_cond_signal(&rs->wake);
		(void)pthread_mutex_unlock(&rs->lock);
		(void)pthread_join(rs->thread, NULL);
	}
	watch_free(rs->watch);
	if (rs->event_fd >= 0)
		(void)close(rs->event_fd);
	(void)pthread_mutex_destroy(&rs->lock);
	(void)pthread_cond_destroy(&rs->wake);
	buf_fini(&rs->rec);
	free(rs->ring);
	free(rs);
}

int
rows_new(struct rows **out, const struct rows_opts *o, struct fail *f)
{
	struct rows *rs;

	*out = NULL;
	if ((rs = calloc(1, sizeof(*rs))) == NULL)
		return fail_set(f, FAIL_NOMEM, "rows");
	rs->o = *o;
	buf_init(&rs->rec, JOURNAL_RECORD_MAX);
	(void)pthread_mutex_init(&rs->lock, NULL);
	(void)pthread_cond_init(&rs->wake, NULL);
	rs->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (rs->event_fd < 0) {
		rows_free(rs);
		return fail_sys(f, "eventfd");
	}
	rs->watch = watch_new(o->loop, rs->event_fd, LOOP_READ, on_event, rs);
	if (rs->watch == NULL) {
		rows_free(rs);
		return fail_set(f, FAIL_NOMEM, "rows");
	}
	if (thread_start(&rs->thread, commit_thread, rs) != 0) {
		rows_free(rs);
		return fail_set(f, FAIL_SYS, "rows: no thread");
	}
	rs->running = true;
	*out = rs;
	return 0;
}

static int
ring_room(struct rows *rs)
{
	size_t cap = rs->cap > 0 ? rs->cap * 2 : 256, i;
	struct waiter *ring;

	if (rs->count < rs->cap)
		return 0;
	if ((ring = calloc(cap, sizeof(*ring))) == NULL)
		return FAIL_NOMEM;
	for (i = 0; i < rs->count; i++)
		ring[i] = rs->ring[(rs->head + i) % rs->cap];
	free(rs->ring);
	rs->ring = ring;
	rs->cap = cap;
	rs->head = 0;
	return 0;
}

int
rows_put(struct rows *rs, const struct row *r, const struct rows_ref *ref)
{
	int e;

	buf_reset(&rs->rec);
	if ((e = row_put(&rs->rec, r)) != 0)
		return e;
	if (ref != NULL && (e = ring_room(rs)) != 0)
		return e;
	if ((e = journal_append(rs->o.journal, buf_span(&rs->rec))) != 0)
		return e;
	rs->put++;
	if (ref != NULL) {
		rs->ring[(rs->head + rs->count) % rs->cap] =
		    (struct waiter){.pos = rs->put, .ref = *ref};
		rs->count++;
	}
	(void)pthread_mutex_lock(&rs->lock);
	if (!rs->dirty) {
		rs->dirty = true;
		(void)pthread_cond_signal(&rs->wake);
	}
	(void)pthread_mutex_unlock(&rs->lock);
	return 0;
}

uint64_t
rows_waiting(const struct rows *rs)
{
	return rs->put - rs->committed;
}

bool
rows_trouble(struct rows *rs, struct fail *why)
{
	(void)pthread_mutex_lock(&rs->lock);
	*why = rs->trouble;
	(void)pthread_mutex_unlock(&rs->lock);
	return why->code != 0;
}
