/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORDER_VERIFY_H
#define RECORDER_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "recorder/chain.h"
#include "recorder/rcd.h"

/*
 * Checks a whole recording without any key: every header, the sequence, the
 * hash chain, every signature.
 */

struct rcd_verdict {
	int code; /* 0: whole and unchanged; FAIL_TRUNCATED: a valid prefix */
	enum rcd_flaw flaw;
	uint64_t bad_seq; /* the first bad chunk, when flaw is set */
	uint64_t bad_off; /* its offset in the file */
	uint64_t chunks;  /* good ones */
	uint64_t bytes;	  /* of the good part, header included */
	uint64_t duration_us;
	uint64_t signed_chunks; /* covered by the last good signature */
	uint32_t signatures;	/* good ones */
	uint32_t epochs;
	uint32_t gaps;
	bool complete;	/* has its trailer */
	bool truncated; /* the trailer says that the writer died */
	bool unsigned_end;
	uint8_t hash[RCD_HASH_LEN]; /* of the last good chunk */
	struct rcd_header header;   /* tlvs empty */
};

/*
 * node_key: the public key that must have signed; NULL: the one in the file,
 * which proves only that the file is consistent.  Returns v->code, or another
 * FAIL_* code when the file cannot be read at all.
 */
int rcd_verify(int fd, const uint8_t *node_key, struct rcd_verdict *v) MUST_USE;

#endif /* RECORDER_VERIFY_H */
