/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop: epoll, one signalfd, the timers of timers.c and the deferred
 * calls of defer.c.  A watch that is freed while its event waits in the
 * current batch stays in memory, marked dead, until the batch is done.
 */
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/defer.h"
#include "base/fail.h"
#include "base/loop.h"
#include "base/timers.h"

enum { LOOP_BATCH = 128, LOOP_SIGNALS = 65, LOOP_LISTENER_MS = 500 };

struct watch {
	struct loop *loop;
	watch_fn *fn;
	void *ctx;
	int fd;
	unsigned events;
	struct timer *again; /* of a listener: look_again() */
	bool exclusive;	     /* a listener: EPOLLEXCLUSIVE */
	bool in_epoll;
	bool dead;
	struct watch *next_dead;
};

struct loop {
	int epfd;
	int sigfd;
	bool stop;
	bool in_batch;
	uint64_t now_ns;
	struct watch *dead;
	struct watch *sigwatch;

	struct timers timers;
	struct defer defer;

	sigset_t sigset;
	struct {
		signal_fn *fn;
		void *ctx;
	} sig[LOOP_SIGNALS];
};

uint64_t
mono_ns(void)
{
	struct timespec ts;

	MUST(clock_gettime(CLOCK_MONOTONIC, &ts) == 0);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

uint64_t
unix_us(void)
{
	struct timespec ts;

	MUST(clock_gettime(CLOCK_REALTIME, &ts) == 0);
	return (uint64_t)ts.tv_sec * 1000000U + (uint64_t)ts.tv_nsec / 1000U;
}

static void
bury(struct loop *l)
{
	struct watch *w;

	while ((w = l->dead) != NULL) {
		l->dead = w->next_dead;
		free(w);
	}
}

/* Also of what loop_new() did not finish. */
static void
release(struct loop *l)
{
	if (l == NULL)
		return;
	watch_free(l->sigwatch);
	bury(l);
	defer_fini(&l->defer);
	timers_fini(&l->timers);
	if (l->sigfd >= 0)
		(void)close(l->sigfd);
	if (l->epfd >= 0)
		(void)close(l->epfd);
	free(l);
}

void
loop_free(struct loop *l)
{
	release(l);
}

struct loop *
loop_new(void)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->sigfd = -1;
	defer_init(&l->defer);
	(void)sigemptyset(&l->sigset);
	l->now_ns = mono_ns();
	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epfd < 0) {
		release(l);
		return NULL;
	}
	return l;
}

void
loop_stop(struct loop *l)
{
	l->stop = true;
}

uint64_t
loop_now_ns(const struct loop *l)
{
	return l->now_ns;
}

/* Watches. */

static uint32_t
to_epoll(unsigned events)
{
	return (events & LOOP_READ ? EPOLLIN : 0U) |
	       (events & LOOP_WRITE ? EPOLLOUT : 0U);
}

static unsigned
from_epoll(uint32_t ev, unsigned wanted)
{
	unsigned got =
	    (ev & EPOLLIN ? LOOP_READ : 0U) | (ev & EPOLLOUT ? LOOP_WRITE : 0U);

	/* What was unasked in this very batch does not come any more. */
	return (got & wanted) | (ev & (EPOLLHUP | EPOLLERR) ? LOOP_HUP : 0U);
}

/*
 * A hang-up is reported even if unasked.  With no interest it is asked for by
 * edge, so that it comes once and no round spins on it (and is told only if
 * LOOP_HUP is what there is interest in); the watch stays in epoll, so that
 * taking interest again needs no memory.  Exclusive watches cannot be changed,
 * only removed and added.
 */
static int
apply(struct watch *w)
{
	struct epoll_event ev = {.data = {.ptr = w}};
	int op = w->in_epoll ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	ev.events = to_epoll(w->events);
	if (ev.events == 0)
		ev.events = EPOLLET;
	if (w->exclusive) {
		ev.events |= EPOLLEXCLUSIVE;
		if (w->in_epoll)
			op = EPOLL_CTL_DEL;
		if (!w->in_epoll && w->events == 0)
			return 0;
	}
	if (epoll_ctl(w->loop->epfd, op, w->fd, &ev) != 0)
		return FAIL_SYS;
	w->in_epoll = op != EPOLL_CTL_DEL;
	return 0;
}

void
watch_free(struct watch *w)
{
	if (w == NULL || w->dead)
		return;
	w->events = 0;
	w->dead = true;
	if (w->in_epoll)
		(void)epoll_ctl(w->loop->epfd, EPOLL_CTL_DEL, w->fd, NULL);
	timer_free(w->again);
	if (!w->loop->in_batch) {
		free(w);
		return;
	}
	w->next_dead = w->loop->dead;
	w->loop->dead = w;
}

static struct watch *
add(struct loop *l, int fd, const struct watch *as)
{
	struct watch *w = malloc(sizeof(*w));

	if (w == NULL)
		return NULL;
	*w = *as;
	w->loop = l;
	w->fd = fd;
	if (apply(w) != 0) {
		free(w);
		return NULL;
	}
	return w;
}

struct watch *
watch_new(struct loop *l, int fd, unsigned events, watch_fn *fn, void *ctx)
{
	return add(
	    l, fd, &(struct watch){.events = events, .fn = fn, .ctx = ctx});
}

/*
 * A connection wakes one of the processes that share a listener.  If that one
 * has just become full and looks away, nobody else is woken for it.  So each
 * looks by itself now and then.
 */
static void
look_again(struct timer *t, void *ctx)
{
	struct watch *w = ctx;
	struct pollfd p = {.fd = w->fd, .events = POLLIN};

	timer_set(t, LOOP_LISTENER_MS);
	if (poll(&p, 1, 0) == 1)
		w->fn(w, w->fd, LOOP_READ, w->ctx);
}

struct watch *
watch_new_listener(struct loop *l, int fd, watch_fn *fn, void *ctx)
{
	const struct watch as = {
	    .events = LOOP_READ, .fn = fn, .ctx = ctx, .exclusive = true};
	struct watch *w = add(l, fd, &as);

	if (w == NULL)
		return NULL;
	if ((w->again = timer_new(l, look_again, w)) == NULL) {
		watch_free(w);
		return NULL;
	}
	timer_set(w->again, LOOP_LISTENER_MS);
	return w;
}

void
watch_set(struct watch *w, unsigned events)
{
	if (w->dead || w->events == events)
		return;
	w->events = events;
	MUST(apply(w) == 0);
	if (w->again != NULL && events == 0)
		timer_clear(w->again);
	else if (w->again != NULL)
		timer_set(w->again, LOOP_LISTENER_MS);
}

struct timer *
timer_new(struct loop *l, timer_fn *fn, void *ctx)
{
	return timers_add(&l->timers, fn, ctx);
}

/* Milliseconds until there is something to do; at most limit (-1: none). */
static int
wait_for(const struct loop *l, int limit)
{
	int ms;

	if (defer_waiting(&l->defer))
		return 0;
	ms = timers_wait_ms(&l->timers);
	return ms < 0 || (limit >= 0 && limit < ms) ? limit : ms;
}

/* Signals. */

static void
on_signal(struct watch *w UNUSED, int fd, unsigned events UNUSED, void *ctx)
{
	struct loop *l = ctx;
	struct signalfd_siginfo si;

	while (read(fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo < LOOP_SIGNALS &&
		    l->sig[si.ssi_signo].fn != NULL)
			l->sig[si.ssi_signo].fn(
			    (int)si.ssi_signo, l->sig[si.ssi_signo].ctx);
	}
}

int
loop_signal(struct loop *l, int signo, signal_fn *fn, void *ctx)
{
	sigset_t one;
	int fd;

	if (signo <= 0 || signo >= LOOP_SIGNALS)
		return FAIL_RANGE;
	if (fn == NULL) {
		l->sig[signo].fn = NULL;
		return 0;
	}
	(void)sigemptyset(&one);
	(void)sigaddset(&one, signo);
	(void)sigaddset(&l->sigset, signo);
	if (pthread_sigmask(SIG_BLOCK, &one, NULL) != 0)
		return FAIL_SYS;
	fd = signalfd(l->sigfd, &l->sigset, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return FAIL_SYS;
	l->sigfd = fd;
	if (l->sigwatch == NULL) {
		l->sigwatch = watch_new(l, fd, LOOP_READ, on_signal, l);
		if (l->sigwatch == NULL)
			return FAIL_NOMEM;
	}
	l->sig[signo].fn = fn;
	l->sig[signo].ctx = ctx;
	return 0;
}

/* Deferred calls. */

int
loop_defer(struct loop *l, defer_fn *fn, void *ctx)
{
	return defer_add(&l->defer, fn, ctx);
}

void
loop_undefer(struct loop *l, void *ctx)
{
	defer_remove(&l->defer, ctx);
}

int
loop_once(struct loop *l, int wait_ms)
{
	struct epoll_event ev[LOOP_BATCH];
	int n;

	n = epoll_wait(l->epfd, ev, LOOP_BATCH, wait_for(l, wait_ms));
	l->now_ns = mono_ns();
	if (n < 0) {
		if (errno != EINTR)
			return FAIL_SYS;
		n = 0;
	}
	l->in_batch = true;
	for (int i = 0; i < n; i++) {
		struct watch *w = ev[i].data.ptr;

		if (!w->dead && w->events != 0)
			w->fn(w, w->fd, from_epoll(ev[i].events, w->events),
			    w->ctx);
	}
	l->in_batch = false;
	bury(l);
	timers_run(&l->timers, l->now_ns);
	defer_run(&l->defer);
	return 0;
}

int
loop_run(struct loop *l)
{
	int r = 0;

	l->stop = false;
	while (!l->stop && r == 0)
		r = loop_once(l, -1);
	return r;
}
