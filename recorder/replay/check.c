/* SPDX-License-Identifier: Apache-2.0 */
/* Words for the verdict on a recording. */
#include <inttypes.h>

#include "base/hash.h"
#include "base/uuid.h"
#include "recorder/verify.h"

#include "recorder/replay/check.h"
#include "recorder/replay/list.h"
#include "recorder/replay/words.h"

static void
verdict_json(
    struct json *j, const struct rcd_verdict *v, const struct check_opts *o)
{
	char id[UUID_TEXT_SIZE], hex[2 * RCD_HASH_LEN + 1];
	bool flawed = v->flaw != RCD_FLAW_NONE;

	json_str(j, "recording", uuid_text(id, v->header.rec_id));
	json_bool(j, "whole", v->code == 0);
	json_str(j, "flaw", flawed ? rcd_flaw_text(v->flaw) : NULL);
	if (flawed) {
		json_uint(j, "bad_chunk", v->bad_seq);
		json_uint(j, "bad_offset", v->bad_off);
	} else {
		json_null(j, "bad_chunk");
		json_null(j, "bad_offset");
	}
	json_uint(j, "chunks", v->chunks);
	json_uint(j, "bytes", v->bytes);
	json_uint(j, "duration_us", v->duration_us);
	json_uint(j, "signatures", v->signatures);
	json_uint(j, "signed_chunks", v->signed_chunks);
	json_bool(j, "node_key_known", o->node_key != NULL);
	hex_encode(hex, v->header.node_key, RCD_KEY_LEN);
	json_str(j, "node_key", hex);
	json_uint(j, "epochs", v->epochs);
	json_uint(j, "gaps", v->gaps);
	json_bool(j, "complete", v->complete);
	json_bool(j, "truncated", v->truncated);
	json_bool(j, "unsigned_end", v->unsigned_end);
	hex_encode(hex, v->hash, RCD_HASH_LEN);
	json_str(j, "hash", hex);
}

static void
good_text(FILE *to, const struct rcd_verdict *v, const struct check_opts *o)
{
	char at[WORDS_SIZE];

	(void)fprintf(to,
	    "whole and unchanged: %" PRIu64 " chunks, %" PRIu64 " bytes, %s\n",
	    v->chunks, v->bytes, words_offset(at, v->duration_us));
	if (v->truncated)
		(void)fputs("closed by the recorder, because the process that "
			    "wrote it died: up to a second is missing\n",
		    to);
	if (v->unsigned_end)
		(void)fprintf(to,
		    "the end is not signed: %" PRIu64 " of %" PRIu64
		    " chunks are\n",
		    v->signed_chunks, v->chunks);
	(void)fprintf(to, "%" PRIu32 " signatures by %s\n", v->signatures,
	    o->node_key != NULL
		? "the key of the node"
		: "the key in the file (which key that is, is not proved)");
}

static void
bad_text(FILE *to, const struct rcd_verdict *v)
{
	char at[WORDS_SIZE];

	if (v->flaw == RCD_FLAW_HEADER || v->flaw == RCD_FLAW_KEY)
		(void)fprintf(to, "%s\n", rcd_flaw_text(v->flaw));
	else
		(void)fprintf(to,
		    "chunk %" PRIu64 " at offset %" PRIu64 ": %s\n", v->bad_seq,
		    v->bad_off, rcd_flaw_text(v->flaw));
	(void)fprintf(to,
	    "good before it: %" PRIu64 " chunks, %" PRIu64
	    " bytes, %s; %" PRIu64 " chunks are signed\n",
	    v->chunks, v->bytes, words_offset(at, v->duration_us),
	    v->signed_chunks);
}

static int
verdict_print(FILE *to, const struct rcd_verdict *v, const struct check_opts *o)
{
	struct list l;
	int r;

	if (!o->json) {
		if (v->code == 0)
			good_text(to, v, o);
		else
			bad_text(to, v);
		return list_flush(to);
	}
	list_init(&l, to);
	verdict_json(list_row(&l), v, o);
	r = list_one(&l);
	list_fini(&l);
	return r;
}

int
check_print(int fd, FILE *to, const struct check_opts *o, struct fail *f)
{
	struct rcd_verdict v;
	int r = rcd_verify(fd, o->node_key, &v), end;

	if (r != 0 && v.flaw == RCD_FLAW_NONE)
		return fail_set(
		    f, r, "the recording cannot be read: %s", fail_text(r));
	end = verdict_print(to, &v, o);
	return end != 0 ? fail_set(f, end, "cannot write") : r;
}
