/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_DAEMON_ADDRESS_H
#define GATEWAY_DAEMON_ADDRESS_H

#include <sys/socket.h>

#include <stddef.h>

#include "base/cdefs.h"
#include "base/fail.h"

/*
 * Addresses to listen on: "127.0.0.1:4422", "[::1]:4422", and "[::]:4422",
 * which is every address of both families.
 */

enum { ADDRESS_TEXT_SIZE = 64 };

/* A numeric address with its port.  FAIL_CONF; f names what is wrong. */
int address_parse(const char *text, struct sockaddr_storage *sa, socklen_t *len,
    struct fail *f) MUST_USE;

/*
 * Take the next item from a comma-separated list: 1 and *list moves on, 0 at
 * the end, FAIL_CONF when it is empty or too long.
 */
int address_next(
    const char **list, char item[ADDRESS_TEXT_SIZE], struct fail *f) MUST_USE;

#endif /* GATEWAY_DAEMON_ADDRESS_H */
