/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LINK_H
#define CLI_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/conf.h"
#include "base/fail.h"

/* The admin sockets of a running node: connect, ask, audit. */

struct cli;

/* name: "broker" or "keeper".  FAIL_CONNECT: "sallyportd is not running". */
int link_open(int *fd, const struct conf *conf, const char *name,
    struct fail *f) MUST_USE;

/*
 * Send one message to the broker and read its answer, which must be of type
 * want.  reply may be NULL; recv_fd may be NULL.
 */
struct link_ask {
	uint16_t type;
	struct span body;
	uint16_t want;
	struct buf *reply;
	int *recv_fd;
};
int link_broker(int fd, const struct link_ask *a, struct fail *f) MUST_USE;
int link_keeper(int fd, const struct link_ask *a, struct fail *f) MUST_USE;

/*
 * Record an event (enum audit_event) with fields, pairs of name and text that
 * end with NULL; "by" is added.
 */
int link_audit(
    struct cli *c, uint32_t event, const char *const *fields) MUST_USE;
/*
 * The verb has changed name in the database: record admin.change and tell the
 * broker to forget what it cached.  detail may be NULL.
 */
int link_changed(struct cli *c, const char *name, const char *detail) MUST_USE;

/* Who runs this command, for audit events. */
const char *link_by(char dst[256]);

#endif /* CLI_LINK_H */
