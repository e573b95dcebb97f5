/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording's state on its way to another process: its channels, its writer,
 * and the chunks that are not known to be on disk.
 */
#include "session/recording_impl.h"

static int
export_unsafe(const struct recording *r, struct buf *out)
{
	const struct unsafe *u;
	uint32_t n = 0;
	int code;

	for (u = r->first; u != NULL; u = u->next)
		n++;
	if ((code = buf_put_u32(out, n)) != 0)
		return code;
	for (u = r->first; u != NULL; u = u->next)
		if ((code = buf_put_u64(out, u->seq)) != 0 ||
		    (code = buf_put_u64(out, u->since_ns)) != 0 ||
		    (code = buf_put_string(out, u->data, u->len)) != 0)
			return code;
	return 0;
}

int
recording_export(struct recording *r, struct buf *out)
{
	struct buf state;
	int code;

	if (r->closing || r->code != 0)
		return FAIL_STATE;
	/* There must be room to say that it was handed over. */
	if (peers_queued(r->peers, PEER_RECORDER) > PEERS_QUEUE / 2)
		return FAIL_BUSY;
	buf_init_secret(&state, RCD_STATE_MAX);
	if ((code = recording_channels_export(r, out)) == 0 &&
	    (code = rcd_writer_export(r->writer, &state)) == 0 &&
	    (code = buf_put_string(out, buf_head(&state), buf_len(&state))) ==
		0 &&
	    (code = buf_put_u64(out, r->start_ns)) == 0 &&
	    (code = buf_put_u64(out, r->chunks)) == 0)
		code = export_unsafe(r, out);
	buf_fini(&state);
	return code;
}

static int
import_unsafe(struct recording *r, struct span *s)
{
	struct span data;
	uint64_t seq, since;
	uint32_t n;
	int code;

	if ((code = span_u32(s, &n)) != 0)
		return code;
	while (n-- > 0) {
		if ((code = span_u64(s, &seq)) != 0 ||
		    (code = span_u64(s, &since)) != 0 ||
		    (code = span_string(s, &data)) != 0)
			return code;
		r->pending_ns = since;
		if ((code = recording_on_chunk(r, seq, data)) != 0)
			return code;
	}
	r->pending_ns = 0;
	return 0;
}

int
recording_import(const struct recording_opts *o, struct span state,
    struct recording **out, struct fail *f)
{
	struct rcd_writer_opts w = {
	    .codec = o->codec, .sink = recording_on_chunk};
	struct recording *r;
	struct span writer;
	uint64_t chunks;
	int code;

	if ((r = recording_alloc(o)) == NULL)
		return fail_set(f, FAIL_NOMEM, "no memory for a recording");
	r->opened = true;
	r->unsent = true;
	w.sink_ctx = r;
	if ((code = recording_channels_import(r, &state)) != 0 ||
	    (code = span_string(&state, &writer)) != 0 ||
	    (code = span_u64(&state, &r->start_ns)) != 0 ||
	    (code = span_u64(&state, &chunks)) != 0 ||
	    (code = import_unsafe(r, &state)) != 0 ||
	    (code = state.len == 0 ? 0 : FAIL_FORMAT) != 0 ||
	    (code = rcd_writer_import(&r->writer, &w, writer)) != 0) {
		recording_free(r);
		return fail_set(f, code, "a recording's state does not read");
	}
	r->chunks = chunks;
	recording_arm(r);
	*out = r;
	return 0;
}
