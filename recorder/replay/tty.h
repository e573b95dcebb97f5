/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_TTY_H
#define REPLAY_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"

/*
 * The viewer's terminal: raw, on its alternate screen, and put back as it was
 * on every way out: when closed, when suspended, on signals, and when this
 * process breaks (a handler of the fatal signals writes what is needed).
 * One at a time.
 */

struct tty {
	int in;	     /* keys; opened here when standard input is no terminal */
	int out;     /* standard output */
	int signals; /* readable when one has come: tty_signal() */
	bool own_in;
	bool entered;
	struct termios before;
};

/* FAIL_STATE: standard output is not a terminal. */
int tty_open(struct tty *t, struct fail *f) MUST_USE;
void tty_close(struct tty *t);

/* 0 when its size is not known. */
void tty_size(const struct tty *t, unsigned *cols, unsigned *rows);
/* All of it.  FAIL_CLOSED: the terminal is gone. */
int tty_write(struct tty *t, struct span bytes) MUST_USE;
/* The number of a signal that has come; 0: none. */
int tty_signal(struct tty *t);
/* Put it back, stop this process, and be here again when it goes on. */
int tty_suspend(struct tty *t, struct fail *f) MUST_USE;

#endif /* REPLAY_TTY_H */
