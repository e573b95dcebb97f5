/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the keeper signs of a recording: checkpoints while it goes on, and its
 * end, which does not wait for long.
 */
#include <string.h>

#include "base/log.h"

#include "keeper/keeper_msg.h"
#include "recorder/recorder_msg.h"
#include "session/recording_impl.h"

enum { SIGN_MS = 5000 }; /* the end waits so long */

static void
trailer(struct recording *r, const uint8_t *sig)
{
	int code;

	timer_clear(r->sign_timer);
	if (r->trailed)
		return;
	r->trailed = true;
	if ((code = rcd_writer_trailer(r->writer, sig)) != 0) {
		r->code = code;
		r->ops->closed(r->ctx, code);
		return;
	}
	/* With chunks on their way it would be cut before them. */
	if (!r->unsent)
		recording_tell(r, rm_close_type);
}

/* The signature of an answer, lent from it; NULL: there is none. */
static const uint8_t *
signature_of(int code, const struct ipc_msg *m)
{
	struct km_signature sig;

	if (code != 0 || m->type != km_signature_type ||
	    km_signature_get(m->body, &sig) != 0 || sig.blob.len != RCD_SIG_LEN)
		return NULL;
	return sig.blob.p;
}

static void
on_checkpoint(void *ctx, int code, const struct ipc_msg *m)
{
	struct recording *r = ctx;
	const uint8_t *sig = signature_of(code, m);

	r->asked = false;
	if (r->code != 0 || r->ended)
		return; /* the end has a signature of its own */
	if (sig == NULL) {
		log_warn(NULL, "the keeper did not sign a checkpoint");
		return;
	}
	code = rcd_writer_checkpoint(r->writer, r->asked_seq, sig);
	if (code != 0 && code != FAIL_STATE)
		(void)recording_failed(r, code);
}

static void
on_end(void *ctx, int code, const struct ipc_msg *m)
{
	struct recording *r = ctx;

	if (r->code == 0)
		trailer(r, signature_of(code, m));
}

static int
ask(struct recording *r, uint64_t seq, const uint8_t *hash, bool end)
{
	struct km_checkpoint_sign m = {
	    .seq = seq,
	    .hash = SPAN(hash, RCD_HASH_LEN),
	    .final = end,
	};
	struct buf b;
	int code;

	/* It may have come up while this one was being opened. */
	recording_keeper_knows(r);
	memcpy(m.rec_id, r->rec_id, UUID_LEN);
	buf_init(&b, 256);
	if ((code = km_checkpoint_sign_put(&b, &m)) == 0)
		code = peers_ask(r->peers, PEER_KEEPER, km_checkpoint_sign_type,
		    buf_span(&b), end ? on_end : on_checkpoint, r);
	buf_fini(&b);
	return code;
}

void
recording_checkpoint(struct recording *r, uint64_t t_us)
{
	uint8_t hash[RCD_HASH_LEN];

	if (r->asked || r->ended ||
	    !rcd_writer_checkpoint_due(r->writer, t_us) ||
	    rcd_writer_checkpoint_hash(r->writer, &r->asked_seq, hash) != 0)
		return;
	r->asked = ask(r, r->asked_seq, hash, false) == 0;
}

void
recording_on_sign_late(struct timer *t, void *ctx)
{
	(void)t;
	log_warn(NULL, "a recording ends without a signature");
	trailer(ctx, NULL);
}

void
recording_close(struct recording *r, uint32_t why_code, const char *detail)
{
	uint8_t hash[RCD_HASH_LEN], end[4 + 200];
	uint64_t now = mono_ns(), seq;
	size_t len = strlen(detail);
	int code;

	if (r->closing)
		return;
	r->closing = true;
	timer_clear(r->timer);
	recording_channels_flush(r);
	if (len > sizeof(end) - 4)
		len = sizeof(end) - 4;
	le32_put(end, why_code);
	memcpy(end + 4, detail, len);
	if ((code = r->code) != 0 ||
	    (code = rcd_writer_event(r->writer, recording_us(r, now),
		 RCD_EV_END, 0, SPAN(end, 4 + len))) != 0 ||
	    (code = rcd_writer_end(r->writer, recording_us(r, now), unix_us(),
		 why_code, &seq, hash)) != 0) {
		r->code = code;
		r->ops->closed(r->ctx, code);
		return;
	}
	r->ended = true;
	if (ask(r, seq, hash, true) != 0)
		trailer(r, NULL);
	else
		timer_set(r->sign_timer, SIGN_MS);
}
