/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORDER_RECORDER_H
#define RECORDER_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "base/conf.h"
#include "base/fail.h"
#include "base/loop.h"
#include "daemon/role.h"

/*
 * The recorder process: takes sealed chunks from workers, checks them without
 * a key, commits them to the spool, and makes one file of each recording,
 * whether its writer ended well or not.  recorder_main() of daemon/role.h runs
 * one; tests run one in their own loop.
 */

struct recorder;

/* Commits what it has; recordings without an end stay in the spool. */
void recorder_free(struct recorder *r);
/* Recovers what an earlier process left.  conf is lent for its life. */
int recorder_new(struct recorder **out, struct loop *l, const struct conf *c,
    struct fail *f) MUST_USE;

/* A link to a peer: takes fd. */
void recorder_link(struct recorder *r, enum role role, uint32_t peer, int fd);

/* No worker lives that was before this process: nobody goes on with what was
 * recovered. */
void recorder_alone(struct recorder *r);

/* Recordings in hand. */
size_t recorder_count(const struct recorder *r);

#endif /* RECORDER_RECORDER_H */
