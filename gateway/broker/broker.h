/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/conf.h"
#include "base/fail.h"
#include "base/loop.h"
#include "daemon/role.h"

/*
 * The broker of a node: logins, policies, grants, live control, and the rows of
 * all workers on their way to the database.  Lives in one loop; whatever blocks
 * (database, name look-ups, password hashes, the disk) runs in threads.
 *
 * broker_main.c makes a process of it.
 */

struct broker;

struct broker_opts {
	struct loop *loop;	 /* kept a pointer to */
	const struct conf *conf; /* kept a pointer to */
	const char *version;	 /* of this program */
};

/* Opens the journal and starts the threads; the database may be away. */
int broker_new(
    struct broker **out, const struct broker_opts *o, struct fail *f) MUST_USE;
/*
 * Ends in good order: what is in memory goes to the journal, and from there to
 * the database if that takes less than 2 s.
 */
void broker_free(struct broker *b);

/* A peer process (worker, keeper, recorder): takes fd. */
void broker_link(struct broker *b, enum role role, uint32_t peer, int fd);
/* The listening socket of the command line: takes fd. */
void broker_listen(struct broker *b, int fd);

/* What `status` answers: a JSON object, appended to out. */
int broker_status(struct broker *b, struct buf *out) MUST_USE;

#endif /* BROKER_BROKER_H */
