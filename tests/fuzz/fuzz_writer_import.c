/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a recording's writer from another process. */
#include "recorder/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
on_chunk(void *ctx, uint64_t seq, struct span chunk)
{
	(void)ctx;
	(void)seq;
	MUST(chunk.len > 0);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rcd_codec *codec;
	struct rcd_writer_opts o = {.sink = on_chunk};
	struct rcd_writer *w;

	if (codec == NULL)
		MUST((codec = rcd_codec_new()) != NULL);
	o.codec = codec;
	if (rcd_writer_import(&w, &o, SPAN(data, size)) != 0)
		return 0;
	(void)(rcd_writer_event(w, 5, RCD_EV_OUT, 0, SPAN("x", 1)) == 0 &&
	       rcd_writer_seal(w) == 0);
	rcd_writer_free(w);
	return 0;
}
