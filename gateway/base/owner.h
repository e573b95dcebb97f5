/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_BASE_OWNER_H
#define GATEWAY_BASE_OWNER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/cdefs.h"
#include "base/fail.h"

/*
 * Whom the files and processes of a node belong to: the user that root is told
 * to use, or else whoever runs this.
 */

enum { OWNER_NAME_SIZE = 256 };

struct owner {
	uid_t uid;
	gid_t gid;
	bool other;		    /* we are root and it is not */
	char name[OWNER_NAME_SIZE]; /* "": the system knows none */
};

/*
 * user: [node] user, used by root alone; "": whoever runs this.  FAIL_CONF: no
 * such user.
 */
int owner_find(struct owner *o, const char *user, struct fail *f) MUST_USE;

/* Give a file, or a link itself, to its owner; nothing to do unless other. */
int owner_give(
    const struct owner *o, const char *path, struct fail *f) MUST_USE;

/*
 * Make the folder path with mode, and those above it with 0755.  The last one
 * is given to the owner, also when it was there.
 */
int owner_folder(const struct owner *o, const char *path, mode_t mode,
    struct fail *f) MUST_USE;

#endif /* GATEWAY_BASE_OWNER_H */
