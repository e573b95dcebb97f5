/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include <stdbool.h>
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
	/* The journal is ours and links are read; may be NULL. */
	void (*serving)(void *ctx);
	void *ctx;
};

/* Opens the journal and starts the threads; the database may be away. */
int broker_new(
    struct broker **out, const struct broker_opts *o, struct fail *f) MUST_USE;
/*
 * Ends in good order: what is in memory goes to the journal, and from there to
 * the database if that takes less than 2 s.
 */
void broker_free(struct broker *b);
/*
 * What is in memory goes to the journal; then the process may end without
 * broker_free(), which waits for a database that may be going away too.
 */
void broker_leave(struct broker *b);

/* A peer process (worker, keeper, recorder): takes fd. */
void broker_link(struct broker *b, enum role role, uint32_t peer, int fd);
/* A worker process died: nobody but one that takes over has its sessions. */
void broker_worker_gone(struct broker *b, uint32_t worker);
/* No worker lives: nobody will claim what is open. */
void broker_alone(struct broker *b);
/* The listening socket of the command line: takes fd. */
void broker_listen(struct broker *b, int fd);
void broker_unlisten(struct broker *b);
/* It has a link to the keeper. */
bool broker_has_keeper(const struct broker *b);
/* A worker is linked. */
bool broker_needed(const struct broker *b);
/*
 * Somebody has logged in here and waits for his session: another broker does
 * not know him.
 */
bool broker_awaited(const struct broker *b);

/* What `status` answers: a JSON object, appended to out. */
int broker_status(struct broker *b, struct buf *out) MUST_USE;

#endif /* BROKER_BROKER_H */
