/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of recordings: a gap and a trailer for what a dead writer left, one
 * file, word to the broker, and segments that go once nobody needs them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#include "broker/broker_msg.h"
#include "keeper/keeper_msg.h"
#include "recorder/recorder_int.h"
#include "recorder/recorder_msg.h"
#include "session/why.h"

/* ---- files */

/* A job for the filer with all that is committed of x. */
static int
job_put(struct recorder *r, struct rec *x, enum filer_what what)
{
	struct filer_job *j = filer_job_new(what, x);
	size_t bytes = x->n_ext * sizeof(x->ext[0]);

	if (j == NULL)
		return FAIL_NOMEM;
	if (bytes > 0) {
		if ((j->ext = malloc(bytes)) == NULL) {
			filer_job_free(j);
			return FAIL_NOMEM;
		}
		memcpy(j->ext, x->ext, bytes);
	}
	if (place_name(j->name, x->id) != 0) {
		filer_job_free(j);
		return FAIL_RANGE;
	}
	j->n_ext = x->n_ext;
	memcpy(j->rec_id, x->id, RCD_ID_LEN);
	j->part_off = x->part_off;
	j->chain = x->safe;
	if (what == FILER_FINISH) {
		memcpy(j->tail, x->tail, x->tail_len);
		j->tail_len = x->tail_len;
	}
	x->job = j;
	filer_put(r->filer, j);
	return 0;
}

void
recorder_move(struct recorder *r, struct rec *x)
{
	if (x->job != NULL || x->n_ext == 0 || x->state != REC_LIVE)
		return;
	if (job_put(r, x, FILER_MOVE) != 0)
		r->move = true; /* again at the next tick */
}

static void
finish(struct recorder *r, struct rec *x)
{
	x->state = REC_FINISHING;
	x->until_ns = 0;
	if (job_put(r, x, FILER_FINISH) != 0)
		x->until_ns = recorder_in_ms(r, RETRY_MS);
}

/* ---- a dead writer's end */

/* Compose gap and trailer behind what is committed; sig NULL: unsigned. */
static int
tail_make(struct rec *x, const uint8_t *sig)
{
	struct rcd_chunk ch = {.type = RCD_NOTICE, .t_us = x->safe.last_us};
	uint8_t body[RCD_GAP_BODY] = {RCD_GAP, RCD_BY_DEATH};
	struct rcd_chain c = x->safe;
	uint8_t hash[RCD_HASH_LEN];
	uint64_t seq;
	size_t len;
	int r;

	le64_put(body + 8, c.last_us);
	le64_put(body + 16, x->summary.end_unix_us);
	r = rcd_chain_put_plain(
	    &c, x->tail, &ch, SPAN(body, sizeof(body)), &len);
	if (r == 0)
		r = rcd_chain_end_hash(&c, &x->summary, &seq, hash);
	if (r == 0)
		r = rcd_chain_end_put(&c, &x->summary, sig, x->tail + len);
	if (r != 0)
		return r;
	x->tail_len = len + RCD_TRAILER_LEN;
	x->taken = c;
	return 0;
}

/* What the keeper is to sign for x. */
static int
tail_hash(struct rec *x, uint64_t *seq, uint8_t hash[RCD_HASH_LEN])
{
	struct rcd_chain was = x->taken, c;
	int r = tail_make(x, NULL);

	/* The gap as it will be, and the chain after it. */
	c = x->safe;
	x->taken = was;
	if (r == 0) {
		struct rcd_chunk ch;
		enum rcd_flaw flaw;

		r = rcd_chain_take(&c,
		    SPAN(x->tail, x->tail_len - RCD_TRAILER_LEN), &ch, &flaw);
	}
	return r != 0 ? r : rcd_chain_end_hash(&c, &x->summary, seq, hash);
}

static void
sign_ask(struct recorder *r, struct rec *x)
{
	struct rlink *keeper = recorder_link_to(r, ROLE_KEEPER);
	uint8_t hash[RCD_HASH_LEN];
	struct km_checkpoint_sign m = {
	    .hash = SPAN(hash, sizeof(hash)), .final = 1};

	if (keeper == NULL || tail_hash(x, &m.seq, hash) != 0)
		return; /* until the time is up */
	memcpy(m.rec_id, x->id, RCD_ID_LEN);
	if (++r->next_id == 0)
		++r->next_id;
	x->sign_id = r->next_id;
	if (km_checkpoint_sign_send(keeper->ipc, x->sign_id, &m) != 0)
		x->sign_id = 0;
}

static void
sign_done(struct recorder *r, struct rec *x, const uint8_t *sig)
{
	char id[UUID_TEXT_SIZE];

	if (sig == NULL)
		log_warn(NULL, "recording %s ends without a signature",
		    uuid_text(id, x->id));
	if (tail_make(x, sig) != 0) {
		x->until_ns = recorder_in_ms(r, RETRY_MS);
		return;
	}
	finish(r, x);
}

int
recorder_on_keeper(struct recorder *r, const struct ipc_msg *m)
{
	struct km_signature sig;
	struct rec *x;
	int code;

	for (x = r->recs.all; x != NULL; x = x->next)
		if (x->state == REC_SIGNING && x->sign_id == m->id)
			break;
	if (x == NULL || m->id == 0)
		return 0; /* too late */
	if (m->type != km_signature_type) {
		sign_done(r, x, NULL);
		return 0;
	}
	if ((code = km_signature_get(m->body, &sig)) != 0)
		return code;
	if (sig.blob.len != RCD_SIG_LEN)
		return FAIL_PROTO;
	sign_done(r, x, sig.blob.p);
	return 0;
}

void
recorder_sign_again(struct recorder *r)
{
	struct rec *x;

	for (x = r->recs.all; x != NULL; x = x->next)
		if (x->state == REC_SIGNING)
			sign_ask(r, x);
}

void
recorder_end(struct recorder *r, struct rec *x)
{
	char id[UUID_TEXT_SIZE];

	if (x->state != REC_LIVE || x->pending > 0 || x->job != NULL)
		return; /* comes back here when that is done */
	if (x->taken.ended) {
		finish(r, x);
		return;
	}
	log_warn(NULL, "recording %s lost its writer after %llu chunks",
	    uuid_text(id, x->id), (unsigned long long)x->safe.next_seq);
	x->truncated = true;
	x->state = REC_SIGNING;
	x->until_ns = recorder_in_ms(r, SIGN_MS);
	x->summary = (struct rcd_summary){.why = WHY_WORKER_DIED,
	    .flags = RCD_S_TRUNCATED,
	    .duration_us = x->safe.last_us,
	    .end_unix_us = unix_us()};
	sign_ask(r, x);
}

/* ---- after the file */

static void
extents_drop(struct recorder *r, struct rec *x, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		segtab_drop(&r->segs, x->ext[i].seg);
	recs_shift(x, n);
}

/* The broker knows: nothing of x is needed any more. */
static void
forget(struct recorder *r, struct rec *x)
{
	struct filer_job *j;
	struct spool_item *i;

	extents_drop(r, x, x->n_ext);
	if (x->has_state && (j = filer_job_new(FILER_FORGET, NULL)) != NULL) {
		memcpy(j->rec_id, x->id, RCD_ID_LEN);
		filer_put(r->filer, j);
	}
	i = spool_item_new(x->id, SEGMENT_REC_CLOSE, SPAN(NULL, 0));
	if (i != NULL)
		spool_put(r->spool, i);
	recorder_own(x, NULL);
	recs_remove(&r->recs, x);
}

static int
announce(struct rlink *broker, struct rec *x)
{
	struct bm_rec_finished m = {.truncated = x->truncated,
	    .bytes = x->taken.off,
	    .chunks = x->taken.next_seq,
	    .duration_us = x->taken.last_us,
	    .hash = SPAN(x->taken.hash, RCD_HASH_LEN)};
	char name[PLACE_NAME];

	if (place_name(name, x->id) != 0)
		return FAIL_RANGE;
	memcpy(m.rec_id, x->id, RCD_ID_LEN);
	m.path = SPAN(name, strlen(name));
	return bm_rec_finished_send(broker->ipc, 0, &m);
}

void
recorder_announce(struct recorder *r)
{
	struct rlink *broker = recorder_link_to(r, ROLE_BROKER);
	struct rec *x, *next;

	for (x = r->recs.all; broker != NULL && x != NULL; x = next) {
		next = x->next;
		if (x->state != REC_FINISHED)
			continue;
		if (announce(broker, x) != 0)
			break; /* its queue is full: at the next tick */
		forget(r, x);
	}
	recorder_sweep(r);
}

/* Just finished: the others are not looked at, there may be thousands. */
static void
announce_one(struct recorder *r, struct rec *x)
{
	struct rlink *broker = recorder_link_to(r, ROLE_BROKER);

	if (broker != NULL && announce(broker, x) == 0)
		forget(r, x);
	recorder_sweep(r);
}

void
recorder_sweep(struct recorder *r)
{
	struct filer_job *j;
	uint32_t number;

	while (segtab_pop(&r->segs, false, &number)) {
		j = filer_job_new(FILER_REMOVE, NULL);
		if (j == NULL)
			return; /* removed when the process starts again */
		j->seg = number;
		filer_put(r->filer, j);
	}
}

static void
moved(struct recorder *r, struct rec *x, const struct filer_job *j)
{
	x->part_off = j->chain.off;
	x->has_state = true;
	extents_drop(r, x, j->n_ext);
	if (x->n_ext > 0 && x->ext[0].seg < segtab_newest(&r->segs))
		r->move = true;
	if (x->close_asked || x->taken.ended)
		recorder_end(r, x);
	recorder_sweep(r);
}

/* Once for all of a trouble: it is the same for every recording. */
static void
not_filed(struct recorder *r, struct rec *x, const struct filer_job *j)
{
	char id[UUID_TEXT_SIZE];

	if (!r->unfiled)
		log_err(NULL,
		    "recording %s: %s: files are not written for now, and "
		    "tried "
		    "again",
		    uuid_text(id, x->id), fail_why(&j->fail, j->fail.code));
	r->unfiled = true;
	if (j->what == FILER_FINISH) {
		x->until_ns = recorder_in_ms(r, RETRY_MS);
	} else {
		r->move = true;
		r->move_ns = recorder_in_ms(r, RETRY_MS);
	}
}

static void
filed_again(struct recorder *r)
{
	if (r->unfiled)
		log_info(NULL, "the files of recordings are written again");
	r->unfiled = false;
}

void
recorder_filed(void *ctx, struct filer_job *j)
{
	struct recorder *r = ctx;
	struct rec *x = j->owner;
	char id[UUID_TEXT_SIZE];

	if (x == NULL) { /* FORGET and REMOVE cannot fail */
		filer_job_free(j);
		return;
	}
	x->job = NULL;
	if (j->fail.code != 0) {
		not_filed(r, x, j);
	} else if (j->what == FILER_MOVE) {
		filed_again(r);
		moved(r, x, j);
	} else {
		filed_again(r);
		x->state = REC_FINISHED;
		log_info(NULL, "recording %s is finished%s",
		    uuid_text(id, x->id), x->truncated ? ", truncated" : "");
		if (x->owner != NULL)
			recorder_tell_closed(x->owner, x->id, 0);
		announce_one(r, x);
	}
	filer_job_free(j);
}

void
recorder_rec_tick(struct recorder *r, struct rec *x)
{
	uint64_t now = loop_now_ns(r->loop);

	if (x->until_ns == 0 || now < x->until_ns)
		return;
	x->until_ns = 0;
	switch (x->state) {
	case REC_LIVE:
		if (x->pending > 0 || x->job != NULL)
			x->until_ns = now; /* look again */
		else
			recorder_end(r, x);
		break;
	case REC_SIGNING:
		sign_done(r, x, NULL);
		break;
	case REC_FINISHING:
		finish(r, x);
		break;
	case REC_FINISHED:
		break;
	}
}
