/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_ORDER_H
#define CLI_ORDER_H

#include <stdint.h>

#include "base/cdefs.h"
#include "cli/cli.h"

/* Orders to a running session, by way of the broker. */

enum order_verb {
	ORDER_PAUSE = 1,
	ORDER_RESUME = 2,
	ORDER_MESSAGE = 3,
	ORDER_TERMINATE = 4,
	ORDER_WATCH = 5,
};

/*
 * To the session of the first argument.  id gets the session's.  fd: for
 * ORDER_WATCH the live stream, which the caller closes; else NULL.
 */
int order_send(struct cli *c, enum order_verb verb, const char *text,
    uint8_t id[16], int *fd) MUST_USE;

#endif /* CLI_ORDER_H */
