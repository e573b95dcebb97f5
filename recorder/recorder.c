/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorder process as a whole: what happens when the spool has committed
 * something, when time passes, when room runs out; its start and its end.
 */
#include <sys/statvfs.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#include "recorder/recorder_int.h"

/* ---- the spool */

static void
on_done(void *ctx, struct spool_item *i)
{
	struct recorder *r = ctx;
	struct rec *x = i->owner;

	if (x != NULL) {
		x->pending--;
		x->waiting -= i->len;
		x->safe = i->chain;
		if (!x->dirty) {
			x->dirty = true;
			x->dirty_next = r->dirty;
			r->dirty = x;
		}
		/* Room was reserved when it was accepted. */
		x->ext[x->n_ext++] = (struct extent){
		    .seg = i->seg, .off = i->off, .len = i->len};
	}
	if (i->seg != segtab_newest(&r->segs)) {
		MUST(segtab_add(&r->segs, i->seg) == 0);
		r->move = true;
	}
	if (x != NULL)
		segtab_use(&r->segs, i->seg);
	free(i);
}

static void
resume_links(struct recorder *r)
{
	struct rlink *l;

	if (!r->paused || spool_waiting(r->spool) > SPOOL_LOW)
		return;
	r->paused = false;
	for (l = r->links; l != NULL; l = l->next)
		if (l->role == ROLE_WORKER)
			ipc_resume(l->ipc);
}

/* Move what lies in segments that are full. */
static void
move_all(struct recorder *r)
{
	uint32_t newest = segtab_newest(&r->segs);
	struct rec *x;

	if (loop_now_ns(r->loop) < r->move_ns)
		return;
	r->move = false;
	for (x = r->recs.all; x != NULL; x = x->next)
		if (x->n_ext > 0 && x->ext[0].seg < newest)
			recorder_move(r, x);
	recorder_sweep(r);
}

static void
on_committed(void *ctx)
{
	struct recorder *r = ctx;
	struct rec *x;

	while ((x = r->dirty) != NULL) {
		r->dirty = x->dirty_next;
		x->dirty = false;
		recorder_tell_committed(r, x);
		if (x->close_asked)
			recorder_end(r, x);
	}
	if (r->move)
		move_all(r);
	resume_links(r);
}

static void
on_trouble(void *ctx, int code, const char *why)
{
	struct recorder *r = ctx;

	memset(&r->trouble, 0, sizeof(r->trouble));
	if (code != 0) {
		(void)fail_set(&r->trouble, code, "%s", why);
		log_err(NULL, "%s: no recording can be written", why);
	} else {
		log_info(NULL, "the spool can be written");
	}
	recorder_tell_trouble(r);
}

/* ---- time */

static void
on_tick(struct timer *t, void *ctx)
{
	struct recorder *r = ctx;
	struct rec *x, *next;
	struct rlink *l, *more;

	for (l = r->links; l != NULL; l = more) {
		more = l->next;
		if (l->dead)
			recorder_link_end(l);
	}
	for (x = r->recs.all; x != NULL; x = next) {
		next = x->next;
		recorder_heir_tick(r, x);
		recorder_rec_tick(r, x);
	}
	if (r->move)
		move_all(r);
	recorder_announce(r);
	timer_set(t, TICK_MS);
}

static unsigned
free_of(const char *path)
{
	struct statvfs s;

	if (statvfs(path, &s) != 0 || s.f_blocks == 0)
		return 100;
	return (unsigned)(s.f_bavail * 100 / s.f_blocks);
}

static void
space_look(struct recorder *r)
{
	unsigned a = free_of(r->spool_dir), b = free_of(r->folder);

	r->free_percent = (uint8_t)(a < b ? a : b);
}

/*
 * Another folder has taken the place of the spool: what was in the old one is
 * gone, and the rules of this process are for that one alone.
 */
static bool
is_replaced(const struct recorder *r)
{
	struct stat st;

	return stat(r->spool_dir, &st) == 0 &&
	       (st.st_dev != r->spool_was.st_dev ||
		   st.st_ino != r->spool_was.st_ino);
}

static void
on_space(struct timer *t, void *ctx)
{
	struct recorder *r = ctx;
	struct rlink *l;
	bool low;

	if (is_replaced(r)) {
		log_err(NULL, "%s is another folder than it was: starting anew",
		    r->spool_dir);
		loop_stop(r->loop);
		return;
	}
	space_look(r);
	low = r->free_percent < r->conf->recording_reserve_percent;
	if (low != r->low) {
		r->low = low;
		log_warn(NULL, "%u percent of the spool are free%s",
		    r->free_percent,
		    low ? ": new sessions are refused" : " again");
		for (l = r->links; l != NULL; l = l->next)
			if (l->role == ROLE_WORKER)
				recorder_tell_space(r, l);
	}
	timer_set(t, SPACE_MS);
}

/* ---- life */

static const struct spool_ops spool_ops = {
    .done = on_done, .committed = on_committed, .trouble = on_trouble};

static void
recorder_fini(struct recorder *r)
{
	recorder_links_free(r);
	spool_free(r->spool);
	filer_free(r->filer);
	timer_free(r->tick);
	timer_free(r->space);
	recs_fini(&r->recs);
	segtab_fini(&r->segs);
	if (r->lock_fd >= 0)
		(void)close(r->lock_fd);
	free(r->spool_dir);
	free(r->folder);
	free(r);
}

void
recorder_free(struct recorder *r)
{
	if (r != NULL)
		recorder_fini(r);
}

static int
threads_start(struct recorder *r, uint32_t first)
{
	struct spool_opts so = {.dir = r->spool_dir,
	    .segment = r->conf->recording_segment,
	    .commit_ms = r->conf->recording_commit,
	    .first = first,
	    .ops = &spool_ops,
	    .ctx = r};
	struct filer_opts fo = {.spool = r->spool_dir,
	    .folder = r->folder,
	    .done = recorder_filed,
	    .ctx = r};
	int code = spool_new(&r->spool, r->loop, &so);

	return code != 0 ? code : filer_new(&r->filer, r->loop, &fo);
}

int
recorder_new(
    struct recorder **out, struct loop *l, const struct conf *c, struct fail *f)
{
	struct recorder *r = calloc(1, sizeof(*r));
	uint32_t first = 1;
	int code;

	if (r == NULL)
		return fail_set(f, FAIL_NOMEM, "recorder");
	r->loop = l;
	r->lock_fd = -1;
	r->conf = c;
	r->spool_dir = conf_path(c, c->recording_spool);
	r->folder = conf_path(c, c->recording_folder);
	r->tick = timer_new(l, on_tick, r);
	r->space = timer_new(l, on_space, r);
	if (r->spool_dir == NULL || r->folder == NULL || r->tick == NULL ||
	    r->space == NULL || recs_init(&r->recs) != 0) {
		code = fail_set(f, FAIL_NOMEM, "recorder");
		goto fail;
	}
	if ((code = recorder_recover(r, &first, f)) != 0)
		goto fail;
	if ((code = threads_start(r, first)) != 0) {
		(void)fail_set(f, code, "the recorder's threads");
		goto fail;
	}
	if (stat(r->spool_dir, &r->spool_was) != 0) {
		code = fail_sys(f, "%s", r->spool_dir);
		goto fail;
	}
	space_look(r);
	r->low = r->free_percent < c->recording_reserve_percent;
	timer_set(r->tick, TICK_MS);
	timer_set(r->space, SPACE_MS);
	*out = r;
	return 0;
fail:
	recorder_fini(r);
	return code;
}

void
recorder_alone(struct recorder *r)
{
	struct rec *x;

	for (x = r->recs.all; x != NULL; x = x->next)
		if (x->state == REC_LIVE && x->owner == NULL)
			x->until_ns = recorder_in_ms(r, 0);
}

size_t
recorder_count(const struct recorder *r)
{
	return r->recs.n;
}
