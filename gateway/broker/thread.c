/* SPDX-License-Identifier: Apache-2.0 */
/* Threads beside the loop: how they are started. */
#include <signal.h>

#include "base/fail.h"

#include "broker/thread.h"

int
thread_start(pthread_t *t, void *(*fn)(void *), void *arg)
{
	sigset_t all, before;
	int r;

	(void)sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
		return FAIL_SYS;
	r = pthread_create(t, NULL, fn, arg);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r != 0 ? FAIL_SYS : 0;
}
