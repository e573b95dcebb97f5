/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_ORDER_H
#define CLI_ORDER_H

#include <stdint.h>

#include "base/cdefs.h"
#include "broker/broker_msg.h"
#include "cli/cli.h"

/* Orders to a running session, by way of the broker. */

/*
 * To the session of the first argument.  id gets the session's.  fd: for
 * CONTROL_WATCH the live stream, which the caller closes; else NULL.
 */
int order_send(struct cli *c, enum control_verb verb, const char *text,
    uint8_t id[16], int *fd) MUST_USE;

#endif /* CLI_ORDER_H */
