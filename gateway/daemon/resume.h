/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_DAEMON_RESUME_H
#define GATEWAY_DAEMON_RESUME_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "daemon/listeners.h"

/*
 * What the supervisor's program passes to the one that takes its place by
 * exec: descriptors by number, children, and the configuration in force.
 */

enum { RESUME_VERSION = 1, RESUME_PROCS_MAX = 65536 };

struct resume_proc {
	uint8_t role;
	uint8_t state;
	uint8_t flags;
	uint32_t number;
	uint32_t pid;
	uint32_t fd; /* control link; UINT32_MAX: broken */
	uint32_t load;
	uint64_t start_ns;
	uint64_t idle_ns;
	uint64_t due_ns;
};

struct resume {
	uint32_t next_number;
	struct span conf;	    /* as text; lent from what was decoded */
	struct listeners listeners; /* fds are numbers only */
	struct resume_proc *procs;
	size_t n_procs;
};

int resume_encode(const struct resume *r, struct buf *to) MUST_USE;
/* Gives r->procs; FAIL_FORMAT leaves nothing to be freed. */
int resume_decode(struct resume *r, struct span from) MUST_USE;
void resume_fini(struct resume *r);

#endif /* GATEWAY_DAEMON_RESUME_H */
