/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_GATEWAY_DAEMON_TRIES_H
#define TESTS_UNIT_GATEWAY_DAEMON_TRIES_H

/*
 * What a captured process might try.  Each function is called in a process of
 * its own and says whether it got what it wanted; a fault of the test's own
 * setting is TRY_BROKEN.
 */

enum try { TRY_WORKS = 0, TRY_FAILS = 1, TRY_BROKEN = 2 };

typedef enum try try_fn(void);

/* The node that they are up against: folders, sockets, numbers. */
struct tries {
	char state[128];
	char run[64];
	char other[128];
	unsigned short tcp_port; /* somebody listens there */
};

extern struct tries tries;

#define TRY(name, text, none, worker, keeper, broker, recorder, db, viewer)    \
	try_fn name;
#include "tries_tbl.h"
#undef TRY

/* The system calls that no confined process has; NULL-terminated. */
struct try_call {
	const char *name;
	long number;
};
extern const struct try_call try_calls[];
enum try try_call(long number);

#endif /* TESTS_UNIT_GATEWAY_DAEMON_TRIES_H */
