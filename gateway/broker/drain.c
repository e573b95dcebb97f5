/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that stores rows.  It knows no database: what is done with a batch
 * is the store's.  The journal's cursor moves only after a batch was stored.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

#include "broker/drain.h"
#include "broker/thread.h"

/* A batch: records copied to bytes, rows that point into it. */
struct batch {
	struct buf bytes;
	size_t len[DRAIN_BATCH];
	struct row rows[DRAIN_BATCH];
	size_t n;
};

struct drain {
	struct drain_opts o;
	struct batch batch;
	struct watch *watch;
	int event_fd;
	pthread_t thread;
	bool running;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t wake;
	bool rung, stop, idle;
	uint64_t busy_since_ns; /* 0: no batch is with the store */
	struct drain_stat stat;
};

static void
tell_loop(struct drain *d)
{
	uint64_t one = 1;

	if (write(d->event_fd, &one, sizeof(one)) < 0)
		return;
}

/* Sleep until rung (if rung_too), told to stop, or ms are over.  False: stop.
 */
static bool
rest(struct drain *d, unsigned ms, bool rung_too)
{
	struct timespec until;
	bool stop;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	(void)pthread_mutex_lock(&d->lock);
	while (!d->stop && !(rung_too && d->rung))
		if (pthread_cond_timedwait(&d->wake, &d->lock, &until) ==
		    ETIMEDOUT)
			break;
	if (rung_too)
		d->rung = false;
	stop = d->stop;
	(void)pthread_mutex_unlock(&d->lock);
	return !stop;
}

static int
take_record(struct span rec, void *ctx)
{
	struct batch *b = ctx;

	if (b->n == DRAIN_BATCH || buf_put(&b->bytes, rec.p, rec.len) != 0)
		return FAIL_FULL;
	b->len[b->n++] = rec.len;
	return 0;
}

/* Decode in place; what is no row is left out. */
static void
decode(struct drain *d)
{
	struct batch *b = &d->batch;
	const uint8_t *p = buf_head(&b->bytes);
	size_t i, n = 0;

	for (i = 0; i < b->n; i++) {
		if (row_get(&b->rows[n], SPAN(p, b->len[i])) == 0) {
			n++;
		} else {
			log_err(NULL, "a journal record is no row: left out");
			(void)pthread_mutex_lock(&d->lock);
			d->stat.rejected++;
			(void)pthread_mutex_unlock(&d->lock);
		}
		p += b->len[i];
	}
	b->n = n;
}

static void
set_busy(struct drain *d, uint64_t since_ns)
{
	(void)pthread_mutex_lock(&d->lock);
	d->busy_since_ns = since_ns;
	(void)pthread_mutex_unlock(&d->lock);
}

/* The batch to the store; the outcome to the statistics. */
static int
store(struct drain *d)
{
	struct fail f = {0};
	bool was_away;
	int r;

	set_busy(d, mono_ns());
	r = d->o.store(d->batch.rows, d->batch.n, d->o.store_ctx, &f);
	(void)pthread_mutex_lock(&d->lock);
	d->busy_since_ns = 0;
	was_away = d->stat.away;
	d->stat.away = r != 0;
	if (r == 0)
		d->stat.stored += d->batch.n;
	else {
		d->stat.why = f;
		d->stat.why.code = r;
	}
	(void)pthread_mutex_unlock(&d->lock);
	if (was_away != (r != 0)) {
		if (r != 0)
			log_warn(NULL, "rows stay in the journal: %s",
			    fail_why(&f, r));
		else
			log_info(NULL, "rows are stored again");
		tell_loop(d);
	}
	return r;
}

/* One batch.  Returns rows taken, or a FAIL_* code. */
static int
one_batch(struct drain *d)
{
	struct fail f = {0};
	int n, r;

	d->batch.n = 0;
	buf_reset(&d->batch.bytes);
	n = journal_peek(d->o.journal, DRAIN_BATCH, take_record, &d->batch, &f);
	if (n < 0) {
		(void)pthread_mutex_lock(&d->lock);
		d->stat.why = f;
		(void)pthread_mutex_unlock(&d->lock);
		log_err(NULL, "%s", fail_why(&f, n));
		return n;
	}
	if (n > 0) {
		decode(d);
		if (d->batch.n > 0 && (r = store(d)) != 0)
			return r;
	}
	journal_consume(d->o.journal);
	return n;
}

static void
set_idle(struct drain *d, bool idle)
{
	(void)pthread_mutex_lock(&d->lock);
	d->idle = idle && !d->rung;
	(void)pthread_mutex_unlock(&d->lock);
}

static void *
drain_thread(void *arg)
{
	struct drain *d = arg;
	struct journal_stat st;
	unsigned retry_ms = DRAIN_RETRY_MS;
	bool go = true;
	int n;

	while (go) {
		journal_stat(d->o.journal, &st);
		if (st.rows > 0 && st.rows < DRAIN_SMALL)
			(void)rest(d, DRAIN_WAIT_MS, false);
		n = one_batch(d);
		if (n < 0) {
			go = rest(d, retry_ms, false);
			retry_ms = retry_ms * 2 < DRAIN_RETRY_MAX_MS
				       ? retry_ms * 2
				       : DRAIN_RETRY_MAX_MS;
		} else if (n == 0) {
			set_idle(d, true);
			go = rest(d, DRAIN_SLOW_MS, true);
			set_idle(d, false);
			retry_ms = DRAIN_RETRY_MS;
		} else {
			go = rest(d, 0, false);
			retry_ms = DRAIN_RETRY_MS;
		}
	}
	return NULL;
}

static void
on_event(struct watch *w, int fd, unsigned events, void *ctx)
{
	struct drain *d = ctx;
	uint64_t n;

	(void)w;
	(void)events;
	if (read(fd, &n, sizeof(n)) < 0)
		return;
	if (d->o.changed != NULL)
		d->o.changed(d->o.ctx);
}

void
drain_ring(struct drain *d)
{
	(void)pthread_mutex_lock(&d->lock);
	d->rung = true;
	d->idle = false;
	(void)pthread_cond_signal(&d->wake);
	(void)pthread_mutex_unlock(&d->lock);
}

void
drain_stat(struct drain *d, struct drain_stat *st)
{
	uint64_t since;

	(void)pthread_mutex_lock(&d->lock);
	*st = d->stat;
	since = d->busy_since_ns;
	(void)pthread_mutex_unlock(&d->lock);
	if (since != 0 && mono_ns() - since > (uint64_t)DRAIN_SLOW_MS * 1000000)
		st->away = true;
}

bool
drain_finish(struct drain *d, unsigned max_ms)
{
	const struct timespec step = {.tv_nsec = 5000000};
	uint64_t end = mono_ns() + (uint64_t)max_ms * 1000000;
	bool idle;

	for (;;) {
		(void)pthread_mutex_lock(&d->lock);
		idle = d->idle;
		(void)pthread_mutex_unlock(&d->lock);
		if (idle || mono_ns() >= end)
			return idle;
		(void)nanosleep(&step, NULL);
	}
}

void
drain_free(struct drain *d)
{
	if (d == NULL)
		return;
	if (d->running) {
		(void)pthread_mutex_lock(&d->lock);
		d->stop = true;
		(void)pthread_cond_signal(&d->wake);
		(void)pthread_mutex_unlock(&d->lock);
		(void)pthread_join(d->thread, NULL);
	}
	watch_free(d->watch);
	if (d->event_fd >= 0)
		(void)close(d->event_fd);
	(void)pthread_mutex_destroy(&d->lock);
	(void)pthread_cond_destroy(&d->wake);
	buf_fini(&d->batch.bytes);
	free(d);
}

int
drain_new(struct drain **out, const struct drain_opts *o, struct fail *f)
{
	pthread_condattr_t attr;
	struct drain *d;

	*out = NULL;
	if ((d = calloc(1, sizeof(*d))) == NULL)
		return fail_set(f, FAIL_NOMEM, "drain");
	d->o = *o;
	buf_init(&d->batch.bytes, 2 * 1024 * 1024);
	(void)pthread_mutex_init(&d->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&d->wake, &attr);
	(void)pthread_condattr_destroy(&attr);
	d->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->event_fd < 0) {
		drain_free(d);
		return fail_sys(f, "eventfd");
	}
	d->watch = watch_new(o->loop, d->event_fd, LOOP_READ, on_event, d);
	if (d->watch == NULL) {
		drain_free(d);
		return fail_set(f, FAIL_NOMEM, "drain");
	}
	if (thread_start(&d->thread, drain_thread, d) != 0) {
		drain_free(d);
		return fail_set(f, FAIL_SYS, "drain: no thread");
	}
	d->running = true;
	*out = d;
	return 0;
}
