/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SQL_EMBEDDED_H
#define SQL_EMBEDDED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cdefs.h"
#include "base/conf.h"
#include "base/fail.h"

/*
 * The private mariadbd of embedded mode: its data in state/db/data, one unix
 * socket, no TCP.  It ends with the process that started it.
 *
 * Started by root it runs as [node] user; otherwise as the user of this
 * process.
 */

struct embedded;

void embedded_free(struct embedded *e); /* does not stop the server */
/* conf is kept a pointer to.  Makes state/db (mode 0700). */
int embedded_new(
    struct embedded **out, const struct conf *conf, struct fail *f) MUST_USE;

/* The system tables are there. */
bool embedded_installed(const struct embedded *e);
/* Make them; takes seconds.  Safe to run again after a crash. */
int embedded_install(struct embedded *e, struct fail *f) MUST_USE;

/* Start the server; returns at once. */
int embedded_spawn(struct embedded *e, struct fail *f) MUST_USE;
pid_t embedded_pid(const struct embedded *e); /* 0: not running */
/* 0 when it answers, FAIL_BUSY when not yet. */
int embedded_answers(struct embedded *e, struct fail *f) MUST_USE;
/* A child ended: true if it was the server; status as from waitpid(). */
bool embedded_reap(struct embedded *e, int *status);

/* Install if need be, start, and wait until it answers. */
int embedded_start(struct embedded *e, struct fail *f) MUST_USE;
/* Ask it to shut down; embedded_reap() tells when it has. */
void embedded_signal(struct embedded *e, int signo);
/* Shut down and wait; kills it after wait_ms. */
int embedded_stop(
    struct embedded *e, uint32_t wait_ms, struct fail *f) MUST_USE;

#endif /* SQL_EMBEDDED_H */
