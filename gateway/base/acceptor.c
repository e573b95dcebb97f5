/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accepting, and what to do when it cannot be done: a queue that is readable
 * and cannot be emptied would otherwise wake the loop for ever.
 */
#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/acceptor.h"
#include "base/log.h"

enum { REST_MS = 1000 };

struct acceptor {
	struct loop *loop;
	struct watch *watch; /* NULL while it looks away or rests */
	struct timer *rest;
	int fd;
	bool on;
	bool starved;
	struct acceptor_opts opts;
};

bool
acceptor_starved(const struct acceptor *a)
{
	return a->starved;
}

static void
starve(struct acceptor *a, int err)
{
	watch_free(a->watch);
	a->watch = NULL;
	timer_set(a->rest, REST_MS);
	if (a->starved)
		return;
	a->starved = true;
	log_warn(NULL, "%s: nobody is let in for now: %s", a->opts.what,
	    strerror(err));
	if (a->opts.starved != NULL)
		a->opts.starved(a->opts.ctx, true);
}

/* Keeps errno. */
static void
recover(struct acceptor *a)
{
	int err = errno;

	if (!a->starved)
		return;
	a->starved = false;
	log_info(NULL, "%s: users are let in again", a->opts.what);
	if (a->opts.starved != NULL)
		a->opts.starved(a->opts.ctx, false);
	errno = err;
}

/* The lowest free number tells how many are in use, and costs nothing. */
static bool
has_room(const struct acceptor *a)
{
	struct rlimit lim;
	int fd = fcntl(a->fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return false;
	(void)close(fd);
	return a->opts.reserve == 0 || getrlimit(RLIMIT_NOFILE, &lim) != 0 ||
	       (rlim_t)fd + a->opts.batch + a->opts.reserve <= lim.rlim_cur;
}

/* Is it ours or the kernel's want, and not the peer's fault? */
static bool
is_want(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOBUFS ||
	       err == ENOMEM;
}

static void
on_ready(struct watch *w UNUSED, int fd, unsigned events UNUSED, void *ctx)
{
	struct acceptor *a = ctx;
	struct sockaddr_storage from;
	socklen_t len;
	unsigned i;
	int c;

	if (!has_room(a)) {
		starve(a, EMFILE);
		return;
	}
	for (i = 0; i < a->opts.batch && a->watch != NULL; i++) {
		len = sizeof(from);
		c = accept4(fd, (struct sockaddr *)&from, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (c < 0 && is_want(errno)) {
			starve(a, errno);
			return;
		}
		recover(a);
		if (c < 0) {
			if (errno != EAGAIN && errno != EINTR &&
			    errno != ECONNABORTED)
				log_warn(NULL, "%s: accept: %s", a->opts.what,
				    strerror(errno));
			return;
		}
		a->opts.got(a->opts.ctx, c, &from, len);
	}
}

static void
begin(struct acceptor *a)
{
	if (a->watch != NULL)
		return;
	a->watch = a->opts.shared
		       ? watch_new_listener(a->loop, a->fd, on_ready, a)
		       : watch_new(a->loop, a->fd, LOOP_READ, on_ready, a);
	if (a->watch == NULL)
		starve(a, ENOMEM);
}

static void
on_rest(struct timer *t UNUSED, void *ctx)
{
	struct acceptor *a = ctx;

	if (a->on) {
		/* What was missing may still be: only a try can tell. */
		begin(a);
		if (a->watch != NULL)
			on_ready(a->watch, a->fd, LOOP_READ, a);
	} else if (has_room(a)) {
		recover(a);
	} else {
		timer_set(a->rest, REST_MS);
	}
}

void
acceptor_listen(struct acceptor *a, bool on)
{
	if (a->on == on)
		return;
	a->on = on;
	if (!on) {
		watch_free(a->watch);
		a->watch = NULL;
	} else if (!a->starved) {
		begin(a);
	}
}

void
acceptor_free(struct acceptor *a)
{
	if (a == NULL)
		return;
	watch_free(a->watch);
	timer_free(a->rest);
	free(a);
}

struct acceptor *
acceptor_new(struct loop *l, int fd, const struct acceptor_opts *o)
{
	struct acceptor *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->loop = l;
	a->fd = fd;
	a->opts = *o;
	a->rest = timer_new(l, on_rest, a);
	if (a->rest == NULL) {
		free(a);
		return NULL;
	}
	return a;
}
