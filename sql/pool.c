/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads with database connections beside an event loop.  Jobs wait in one
 * list, answers in another; an eventfd tells the loop.  Only the lists are
 * shared, under one lock.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sql/pool.h"

enum { THREADS_MAX = 64 };

struct job {
	struct job *next;
	pool_work_fn *work;
	pool_done_fn *done;
	void *ctx;
	int r;
	bool away;
	struct fail fail;
};

struct queue {
	struct job *head;
	struct job **tail;
};

struct pool {
	const struct db_opts *opts;
	size_t max_jobs;
	size_t n_jobs; /* the loop's thread only */
	int event_fd;
	struct watch *watch;
	pthread_mutex_t lock;
	pthread_cond_t more;
	bool stop;
	struct queue todo;
	struct queue answered;
	unsigned n_threads;
	pthread_t threads[THREADS_MAX];
};

static void
queue_put(struct queue *q, struct job *j)
{
	j->next = NULL;
	*q->tail = j;
	q->tail = &j->next;
}

static struct job *
queue_take(struct queue *q)
{
	struct job *j = q->head;

	if (j) {
		q->head = j->next;
		if (q->head == NULL)
			q->tail = &q->head;
	}
	return j;
}

static void
wake_loop(struct pool *p)
{
	uint64_t one = 1;
	ssize_t n;

	do {
		n = write(p->event_fd, &one, sizeof(one));
	} while (n < 0 && errno == EINTR);
}

static void
run_job(struct db *db, struct job *j)
{
	if (db == NULL) {
		j->r = fail_set(&j->fail, FAIL_NOMEM, "out of memory");
		return;
	}
	j->r = j->work(db, j->ctx, &j->fail);
	j->away = j->r < 0 && db_away(db);
}

static void *
thread_main(void *arg)
{
	struct pool *p = arg;
	struct db *db = NULL;
	struct job *j;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (!p->stop && p->todo.head == NULL)
			pthread_cond_wait(&p->more, &p->lock);
		if (p->stop)
			break;
		j = queue_take(&p->todo);
		pthread_mutex_unlock(&p->lock);
		if (db == NULL)
			db = db_new(p->opts);
		run_job(db, j);
		pthread_mutex_lock(&p->lock);
		queue_put(&p->answered, j);
		wake_loop(p);
	}
	pthread_mutex_unlock(&p->lock);
	db_free(db);
	db_thread_fini();
	return NULL;
}

static void
answer(struct pool *p, struct job *j)
{
	p->n_jobs--;
	j->done(j->ctx, j->r, &j->fail, j->away);
	free(j);
}

static void
on_event(struct watch *w, int fd, unsigned events, void *ctx)
{
	struct pool *p = ctx;
	struct job *list, *next;
	uint64_t count;

	(void)w;
	(void)events;
	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN &&
	    errno != EINTR)
		return;
	pthread_mutex_lock(&p->lock);
	list = p->answered.head;
	p->answered.head = NULL;
	p->answered.tail = &p->answered.head;
	pthread_mutex_unlock(&p->lock);
	for (; list; list = next) {
		next = list->next;
		answer(p, list);
	}
}

static void
stop_threads(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->more);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->n_threads; i++)
		pthread_join(p->threads[i], NULL);
	p->n_threads = 0;
}

static void
release(struct pool *p)
{
	struct job *j;

	stop_threads(p);
	while ((j = queue_take(&p->answered)) != NULL)
		answer(p, j);
	while ((j = queue_take(&p->todo)) != NULL) {
		j->r = fail_set(&j->fail, FAIL_CLOSED, "the node stops");
		answer(p, j);
	}
	watch_free(p->watch);
	if (p->event_fd >= 0)
		close(p->event_fd);
	pthread_cond_destroy(&p->more);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void
pool_free(struct pool *p)
{
	if (p)
		release(p);
}

/* Signals are the loop's business: the threads take none. */
static int
start_threads(struct pool *p, unsigned n)
{
	sigset_t all, old;
	int r = 0;

	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &old))
		return FAIL_SYS;
	while (r == 0 && p->n_threads < n) {
		r = pthread_create(
		    &p->threads[p->n_threads], NULL, thread_main, p);
		if (r == 0)
			p->n_threads++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return r ? FAIL_SYS : 0;
}

struct pool *
pool_new(struct loop *l, const struct pool_opts *o)
{
	struct pool *p;

	if (o->threads == 0 || o->threads > THREADS_MAX)
		return NULL;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	p->opts = o->db;
	p->max_jobs = o->max_jobs;
	p->todo.tail = &p->todo.head;
	p->answered.tail = &p->answered.head;
	p->event_fd = -1;
	if (pthread_mutex_init(&p->lock, NULL)) {
		free(p);
		return NULL;
	}
	if (pthread_cond_init(&p->more, NULL)) {
		pthread_mutex_destroy(&p->lock);
		free(p);
		return NULL;
	}
	p->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->event_fd >= 0)
		p->watch = watch_new(l, p->event_fd, LOOP_READ, on_event, p);
	if (p->watch == NULL || start_threads(p, o->threads)) {
		release(p);
		return NULL;
	}
	return p;
}

int
pool_post(struct pool *p, pool_work_fn *work, pool_done_fn *done, void *ctx)
{
	struct job *j;

	if (p->n_jobs >= p->max_jobs)
		return FAIL_FULL;
	j = calloc(1, sizeof(*j));
	if (j == NULL)
		return FAIL_NOMEM;
	j->work = work;
	j->done = done;
	j->ctx = ctx;
	p->n_jobs++;
	pthread_mutex_lock(&p->lock);
	queue_put(&p->todo, j);
	pthread_cond_signal(&p->more);
	pthread_mutex_unlock(&p->lock);
	return 0;
}

size_t
pool_jobs(const struct pool *p)
{
	return p->n_jobs;
}
