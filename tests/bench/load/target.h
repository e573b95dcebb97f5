/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_BENCH_LOAD_TARGET_H
#define TESTS_BENCH_LOAD_TARGET_H

#include "opts.h"

/*
 * The light SSH server: thousands of connections in one process, each with one
 * session at a time that runs a command of a short list.  Until SIGTERM.
 * Returns the exit status.
 */
int target_run(const struct opts *o);

#endif /* TESTS_BENCH_LOAD_TARGET_H */
