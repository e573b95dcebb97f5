/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time that runs faster, for programs that are told so: LD_PRELOAD this, and
 * name in FAST_CLOCK a file that fast_clock.py keeps.  Only processes of
 * sallyportd are touched, not what else they or a script start.
 *
 * Both clocks go faster, and what waits for a time waits shorter.  What counts
 * in real time (a peer, the disk, the database) has become slow by that.
 */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/mman.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The file: fast_clock.py writes the pace that is not in use, then `which`. */
struct pace {
	int64_t ahead_ns; /* of the real clock, at begin_ns */
	int64_t begin_ns; /* real CLOCK_MONOTONIC */
	int64_t times;	  /* as fast */
};
struct file {
	volatile uint64_t which;
	struct pace pace[2];
};

static const struct file *file;
static int (*real_gettime)(clockid_t, struct timespec *);
static int (*real_epoll)(int, struct epoll_event *, int, int);
static int (*real_cond)(
    pthread_cond_t *, pthread_mutex_t *, const struct timespec *);

static int64_t
ns_of(const struct timespec *ts)
{
	return (int64_t)ts->tv_sec * 1000000000 + ts->tv_nsec;
}

static void
set_ns(struct timespec *ts, int64_t ns)
{
	ts->tv_sec = (time_t)(ns / 1000000000);
	ts->tv_nsec = (long)(ns % 1000000000);
}

/* How far ahead of the real clock time is. */
static int64_t
ahead(const struct pace *p)
{
	struct timespec now;

	(void)real_gettime(CLOCK_MONOTONIC, &now);
	return p->ahead_ns + (ns_of(&now) - p->begin_ns) * (p->times - 1);
}

__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("FAST_CLOCK");
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	void *at;
	int fd;

	*(void **)&real_gettime = dlsym(RTLD_NEXT, "clock_gettime");
	*(void **)&real_epoll = dlsym(RTLD_NEXT, "epoll_wait");
	*(void **)&real_cond = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
	exe[n > 0 ? n : 0] = '\0';
	if (path == NULL || strstr(exe, "/sallyportd") == NULL ||
	    (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return;
	at = mmap(NULL, sizeof(*file), PROT_READ, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (at != MAP_FAILED)
		file = at;
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int r = real_gettime(id, ts);

	if (r == 0 && file != NULL &&
	    (id == CLOCK_MONOTONIC || id == CLOCK_REALTIME))
		set_ns(ts, ns_of(ts) + ahead(&file->pace[file->which & 1]));
	return r;
}

int
epoll_wait(int fd, struct epoll_event *ev, int n, int ms)
{
	if (file != NULL && ms > 0) {
		int64_t times = file->pace[file->which & 1].times;

		ms = (int)((ms + times - 1) / times);
		/* Not past a change of pace. */
		if (ms > 50)
			ms = 50;
	}
	return real_epoll(fd, ev, n, ms);
}

int
pthread_cond_timedwait(
    pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until)
{
	const struct pace *p;
	struct timespec now, real;
	int64_t left;

	if (file == NULL)
		return real_cond(c, m, until);
	p = &file->pace[file->which & 1];
	(void)real_gettime(CLOCK_MONOTONIC, &now);
	left = ns_of(until) - ns_of(&now) - ahead(p);
	set_ns(&real, ns_of(&now) + (left > 0 ? left / p->times : 0));
	return real_cond(c, m, &real);
}
