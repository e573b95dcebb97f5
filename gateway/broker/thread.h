/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_THREAD_H
#define BROKER_THREAD_H

#include <pthread.h>

#include "base/cdefs.h"

/*
 * Start a thread that no signal is delivered to: signals are the loop's.
 * 0 or FAIL_SYS.
 */
int thread_start(pthread_t *t, void *(*fn)(void *), void *arg) MUST_USE;

#endif /* BROKER_THREAD_H */
