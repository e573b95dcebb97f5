/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_RP_MAKE_H
#define TESTS_RP_MAKE_H

#include <stdio.h>

#include "recorder/replay/source.h"

#include "../rec_make.h"

/* Recordings of sessions, event by event, for the tests of the player. */

/* One event; text is zero-terminated. */
void rp_event(struct rec_make *m, uint64_t t_ms, enum rcd_event type,
    uint32_t channel, const char *text);
void rp_bytes(struct rec_make *m, uint64_t t_ms, enum rcd_event type,
    uint32_t channel, struct span bytes);
void rp_u32(struct rec_make *m, uint64_t t_ms, enum rcd_event type,
    uint32_t channel, uint32_t v);
/* Open, terminal, shell. */
void rp_shell(struct rec_make *m, uint64_t t_ms, uint32_t channel,
    unsigned cols, unsigned rows);
/* Open and command, without a terminal. */
void rp_exec(
    struct rec_make *m, uint64_t t_ms, uint32_t channel, const char *command);
void rp_resize(struct rec_make *m, uint64_t t_ms, uint32_t channel,
    unsigned cols, unsigned rows);
void rp_close(struct rec_make *m, uint64_t t_ms, uint32_t channel);

/* What was made so far, opened with its key. */
struct source *rp_source(const struct rec_make *m);

/* Standard output in memory. */
struct rp_out {
	FILE *to;
	char *text;
	size_t len;
};
void rp_out_init(struct rp_out *o);
/* All that was written, zero-terminated, lent until _fini. */
const char *rp_out_text(struct rp_out *o);
void rp_out_fini(struct rp_out *o);

#endif /* TESTS_RP_MAKE_H */
