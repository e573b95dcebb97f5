/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cdefs.h"

/*
 * The event loop: epoll, timers, signals through signalfd.  One per thread,
 * passed as a parameter.  Callbacks run in the loop's thread; they may add,
 * change and remove any watch or timer, their own included.
 */

struct loop;
struct watch;
struct timer;

enum { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_HUP = 4 };

typedef void watch_fn(struct watch *w, int fd, unsigned events, void *ctx);
typedef void timer_fn(struct timer *t, void *ctx);
typedef void signal_fn(int signo, void *ctx);
typedef void defer_fn(void *ctx);

void loop_free(struct loop *l);
struct loop *loop_new(void) OWNED_BY(loop_free) MUST_USE;

/* Run until loop_stop().  Returns 0 or a FAIL_* code. */
int loop_run(struct loop *l) MUST_USE;
/* One round of at most wait_ms milliseconds; for tests. */
int loop_once(struct loop *l, int wait_ms) MUST_USE;
void loop_stop(struct loop *l);

/* CLOCK_MONOTONIC in ns, read once a round. */
uint64_t loop_now_ns(const struct loop *l);

/*
 * Watch fd for events.  Level triggered, but for a hang-up where nothing else
 * is watched for (LOOP_HUP alone): that comes once.  Does not own fd.  NULL
 * when out of memory or epoll refuses.  watch_free() at any time, also in its
 * callback.
 */
void watch_free(struct watch *w);
struct watch *watch_new(struct loop *l, int fd, unsigned events, watch_fn *fn,
    void *ctx) OWNED_BY(watch_free) MUST_USE;
void watch_set(struct watch *w, unsigned events);
/*
 * A listener shared by several processes: each connection wakes one of them.
 * Whoever is full watches for nothing (watch_set 0) until it has room again.
 */
struct watch *watch_new_listener(struct loop *l, int fd, watch_fn *fn,
    void *ctx) OWNED_BY(watch_free) MUST_USE;

/* A one-shot timer, armed by timer_set, disarmed by firing or timer_clear. */
void timer_free(struct timer *t);
struct timer *timer_new(struct loop *l, timer_fn *fn, void *ctx)
    OWNED_BY(timer_free) MUST_USE;
void timer_set(struct timer *t, uint64_t ms);
void timer_clear(struct timer *t);
bool timer_armed(const struct timer *t);

/* Call fn for signo (blocked in this thread from now on); NULL: no more. */
int loop_signal(struct loop *l, int signo, signal_fn *fn, void *ctx) MUST_USE;

/*
 * Call fn once, after the callbacks of this round have unwound: where objects
 * free themselves.  A second loop_defer with the same fn and ctx before it ran
 * is one call.
 */
int loop_defer(struct loop *l, defer_fn *fn, void *ctx) MUST_USE;
/* Forget deferred calls for ctx. */
void loop_undefer(struct loop *l, void *ctx);

uint64_t mono_ns(void); /* CLOCK_MONOTONIC, now */
uint64_t unix_us(void); /* CLOCK_REALTIME in us, now */

#endif /* BASE_LOOP_H */
