/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_REC_MAKE_H
#define TESTS_REC_MAKE_H

#include "base/buf.h"
#include "base/secret.h"
#include "recorder/verify.h"
#include "recorder/writer.h"

/* Makes recordings in memory, and files of them, for the tests. */

struct rec_make {
	struct rcd_codec *codec;
	struct rcd_writer *w;
	struct secret *dek;
	uint8_t rec_id[RCD_ID_LEN];
	uint8_t seed[32]; /* of the node's signing key */
	uint8_t node_key[32];
	struct buf file;    /* header and chunks */
	size_t place[4096]; /* where each chunk begins */
	size_t chunks;
	int sink_answer; /* what the sink returns */
};

void rec_make_init(struct rec_make *m);
void rec_make_fini(struct rec_make *m);
struct rcd_writer_opts rec_make_opts(struct rec_make *m);
/* A writer, its header in m->file. */
int rec_make_start(struct rec_make *m);
void rec_make_sign(const struct rec_make *m, uint64_t seq,
    const uint8_t hash[32], uint8_t sig[64]);
/* Ask for a checkpoint and write it at once. */
void rec_make_checkpoint(struct rec_make *m);
/* End and trailer, signed. */
void rec_make_end(struct rec_make *m, uint64_t t_us);
/* Give the writer to another one, through export and import. */
void rec_make_handover(struct rec_make *m);

/* n bytes of terminal-like output, the same for the same seed. */
void rec_make_text(uint8_t *p, size_t n, uint32_t seed);
/* A whole recording: secs seconds of typing, with handovers at will. */
void rec_make_typical(struct rec_make *m, unsigned secs, unsigned handover_at);

/* An unlinked file with these bytes; the caller closes it. */
int rec_make_fd(struct span bytes);
/* Verify bytes as a file. */
int rec_make_verify(const struct rec_make *m, struct span bytes,
    struct rcd_verdict *v);

#endif /* TESTS_REC_MAKE_H */
