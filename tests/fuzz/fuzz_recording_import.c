/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a recording from another process: taken as it is and given on
 * the same, and then recorded into, to its end.  There is no recorder process;
 * its messages are given by hand.
 */
#include <string.h>

#include "base/log.h"

#include "recorder/codec.h"
#include "recorder/event.h"
#include "recorder/recorder_msg.h"
#include "session/recording.h"

#include "typed_drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STATE_MAX = 8 * 1024 * 1024 };

static struct recording_opts opts;

static void
on_opened(void *ctx, int code, const char *why)
{
	(void)ctx;
	(void)code;
	(void)why;
	MUST(0); /* it was opened long ago */
}

static void
on_resume(void *ctx)
{
	(void)ctx;
}

static void
on_trouble(void *ctx, int code, const char *why)
{
	(void)ctx;
	MUST(code <= 0 && why != NULL);
}

static void
on_line(void *ctx, uint32_t channel, uint64_t at_us, enum line_kind kind,
    struct span text)
{
	(void)ctx;
	(void)channel;
	(void)at_us;
	if (kind == LINE_TYPED)
		typed_drive_line((const char *)text.p, text.len);
}

static void
on_closed(void *ctx, int code)
{
	(void)ctx;
	MUST(code <= 0);
}

static const struct recording_ops ops = {
    on_opened, on_resume, on_trouble, on_line, on_closed};
static const struct peers_ops no_peers = {.message = NULL};

static void
start(void)
{
	opts.loop = loop_new();
	opts.codec = rcd_codec_new();
	MUST(opts.loop != NULL && opts.codec != NULL);
	opts.peers = peers_new(opts.loop, &no_peers, NULL);
	MUST(opts.peers != NULL);
	opts.flush_ms = 1;
	opts.wrapped = SPAN("wrapped", 7);
	opts.ops = &ops;
	log_init(&(struct log_opts){.level = LOG_LEVEL_ERR, .fd = -1});
}

static int
push(struct recording *r, uint32_t channel, enum chunk_kind kind, uint8_t type,
    enum flow flow, struct span p)
{
	const struct chunk c = {
	    .mono_ns = mono_ns(),
	    .channel = channel,
	    .flow = flow,
	    .kind = kind,
	    .type = type,
	    .data = p.p,
	    .len = p.len,
	};

	return recording_filter.push(r, &c);
}

/* The recorder has everything, or nothing; then its disk has. */
static void
recorder_speaks(struct recording *r, uint64_t next_seq)
{
	struct rm_state state = {.next_seq = next_seq};
	struct rm_committed committed = {.next_seq = next_seq};
	struct buf b;

	buf_init(&b, 256);
	MUST(rm_state_put(&b, &state) == 0);
	MUST(recording_message(r, &(struct ipc_msg){.type = rm_state_type,
				      .body = buf_span(&b)}) == 0);
	buf_reset(&b);
	MUST(rm_committed_put(&b, &committed) == 0);
	MUST(recording_message(r, &(struct ipc_msg){.type = rm_committed_type,
				      .body = buf_span(&b)}) == 0);
	buf_fini(&b);
}

static void
use(struct recording *r)
{
	static const char pty[] = "\x50\0\x18\0\0\0\0\0\x02\0vt";
	uint32_t ch;

	recording_peer_up(r, PEER_RECORDER);
	recorder_speaks(r, 0);
	recorder_speaks(r, UINT64_MAX);
	/* Channels that are in the state, mostly, and a new one. */
	for (ch = 0; ch < 3; ch++)
		if (push(r, ch, CHUNK_EVENT, RCD_EV_CH_OPEN, FLOW_TO_USER,
			SPAN("session", 7)) < 0 ||
		    push(r, ch, CHUNK_EVENT, RCD_EV_PTY_REQ, FLOW_TO_USER,
			SPAN(pty, sizeof(pty) - 1)) < 0 ||
		    push(r, ch, CHUNK_DATA, 0, FLOW_TO_USER, SPAN("$ ", 2)) <
			0 ||
		    push(r, ch, CHUNK_DATA, 0, FLOW_TO_TARGET,
			SPAN("ls\r", 3)) < 0 ||
		    push(r, ch, CHUNK_DATA, 0, FLOW_TO_USER,
			SPAN("ls\r\n", 4)) < 0)
			break;
	(void)push(r, 0, CHUNK_EVENT, RCD_EV_CH_CLOSE, FLOW_TO_USER,
	    SPAN("0123456789abcdef", 16));
	IGNORE(recording_say(r, RCD_EV_NOTE, "moved"));
	MUST(loop_once(opts.loop, 0) == 0);
	recording_close(r, 1, "the end");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct recording *r;
	struct buf first, second;

	if (opts.loop == NULL)
		start();
	if (recording_import(&opts, SPAN(data, size), &r, NULL) != 0)
		return 0;
	buf_init_secret(&first, STATE_MAX);
	buf_init_secret(&second, STATE_MAX);
	MUST(recording_export(r, &first) == 0);
	recording_free(r);
	MUST(recording_import(&opts, buf_span(&first), &r, NULL) == 0);
	MUST(recording_export(r, &second) == 0);
	recording_free(r);
	MUST(buf_len(&first) == buf_len(&second) &&
	     memcmp(buf_head(&first), buf_head(&second), buf_len(&first)) == 0);
	MUST(recording_import(&opts, buf_span(&second), &r, NULL) == 0);
	use(r);
	recording_free(r);
	buf_fini(&first);
	buf_fini(&second);
	return 0;
}
