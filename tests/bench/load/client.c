/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The light SSH client: starts sessions at their pace, counts what becomes of
 * them, ends them when the time is up, and sums up.
 */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

enum { STARTER_MS = 10, WATCHDOG_MS = 500, SHOWN_MAX = 20 };

static void start_more(void *ctx);

static void
soon(struct client *c)
{
	MUST(loop_defer(c->loop, start_more, c) == 0);
}

static bool
churns(const struct client *c)
{
	return c->o->total != c->o->sessions;
}

static const struct action *
action_of(const struct client *c, uint64_t place)
{
	const struct opts *o = c->o;

	for (unsigned i = 0; i < o->n_share; i++) {
		if (place < o->share[i].count)
			return o->share[i].action;
		place -= o->share[i].count;
	}
	return o->share[0].action;
}

static void
end_all(struct client *c)
{
	c->ending = true;
	for (uint64_t i = 0; i < c->o->sessions; i++) {
		if (c->seats[i] != NULL)
			sess_finish(c->seats[i]);
	}
	soon(c);
}

static void
on_end(struct timer *t UNUSED, void *ctx)
{
	end_all(ctx);
}

static void
on_term(int signo UNUSED, void *ctx)
{
	end_all(ctx);
}

/* All that are to be there are, or have failed. */
static void
now_ready(struct client *c)
{
	c->ready = true;
	(void)printf("load ready in=%llu after_s=%.1f\n",
	    (unsigned long long)c->in, (double)(mono_ns() - c->began_ns) / 1e9);
	if (c->o->seconds > 0)
		timer_set(c->end, c->o->seconds * 1000);
}

/* May one more be started now? */
static bool
may_start(const struct client *c)
{
	const struct opts *o = c->o;
	double s = (double)(mono_ns() - c->began_ns) / 1e9;

	return !c->ending && c->started < o->total && c->live < o->sessions &&
	       c->pending < o->pending &&
	       (o->rate == 0 || (double)c->started < s * (double)o->rate + 1);
}

static void
start_more(void *ctx)
{
	struct client *c = ctx;
	uint64_t place = 0;

	while (may_start(c)) {
		while (c->seats[place] != NULL)
			place++;
		c->live++;
		c->pending++;
		sess_new(c, action_of(c, place), c->started++, place);
	}
	if (!c->ready && c->pending == 0 &&
	    (c->started == c->o->total || c->ending))
		now_ready(c);
	if (c->live == 0 && (c->ending || c->started == c->o->total))
		loop_stop(c->loop);
}

static void
on_starter(struct timer *t, void *ctx)
{
	timer_set(t, STARTER_MS);
	start_more(ctx);
}

static void
on_watchdog(struct timer *t, void *ctx)
{
	struct client *c = ctx;
	uint64_t limit = c->o->stall_s * 1000000000, now = mono_ns();

	timer_set(t, WATCHDOG_MS);
	for (uint64_t i = 0; i < c->o->sessions; i++) {
		struct sess *s = c->seats[i];

		if (s != NULL && s->moved_ns != 0 && now > s->moved_ns &&
		    now - s->moved_ns > limit)
			sess_stalled(s);
	}
}

static void
on_report(struct timer *t, void *ctx)
{
	struct client *c = ctx;

	timer_set(t, c->o->report_s * 1000);
	(void)printf("load at=%.0f live=%llu pending=%llu in=%llu ok=%llu "
		     "failed=%llu refused=%llu shut=%llu keys=%llu "
		     "rtt_p50_ms=%.3f rtt_p99_ms=%.3f rtt_max_ms=%.3f\n",
	    (double)(mono_ns() - c->began_ns) / 1e9,
	    (unsigned long long)c->live, (unsigned long long)c->pending,
	    (unsigned long long)c->in, (unsigned long long)c->ok,
	    (unsigned long long)c->failed, (unsigned long long)c->refused,
	    (unsigned long long)c->shut, (unsigned long long)c->keys,
	    hist_ms(&c->rtt_now, .5), hist_ms(&c->rtt_now, .99),
	    hist_max_ms(&c->rtt_now));
	c->rtt_now = (struct hist){0};
}

void
client_in(struct client *c, struct sess *s)
{
	uint64_t now = mono_ns();

	s->in = true;
	c->in++;
	c->pending--;
	c->last_in_ns = now;
	hist_add(&c->setup, now - s->began_ns);
	soon(c);
}

void
client_over(struct client *c, struct sess *s, enum outcome out, const char *why)
{
	static const char *const words[] = {"ok", "failed", "refused", "shut"};
	uint64_t *const counts[] = {&c->ok, &c->failed, &c->refused, &c->shut};
	bool bad = out == OUTCOME_FAILED ||
		   (out != OUTCOME_OK && c->o->expect == EXPECT_IN);

	if (!s->in)
		c->pending--;
	c->live--;
	c->seats[s->place] = NULL;
	if (bad && c->failed + c->refused + c->shut < SHOWN_MAX)
		warnx("session %llu (%s) after %.2f s: %s: %s",
		    (unsigned long long)s->id, s->act->name,
		    (double)(mono_ns() - s->began_ns) / 1e9, words[out], why);
	++*counts[out];
	soon(c);
}

static void
summary(const struct client *c)
{
	double s = (double)(mono_ns() - c->began_ns) / 1e9;
	double setting = (double)(c->last_in_ns - c->began_ns) / 1e9;

	(void)printf("load client seconds=%.1f started=%llu in=%llu ok=%llu "
		     "failed=%llu refused=%llu shut=%llu ",
	    s, (unsigned long long)c->started, (unsigned long long)c->in,
	    (unsigned long long)c->ok, (unsigned long long)c->failed,
	    (unsigned long long)c->refused, (unsigned long long)c->shut);
	(void)printf("setup_per_s=%.1f setup_p50_ms=%.2f setup_p99_ms=%.2f "
		     "setup_max_ms=%.2f login_p50_ms=%.2f login_p99_ms=%.2f ",
	    c->in == 0 ? 0 : (double)c->in / setting, hist_ms(&c->setup, .5),
	    hist_ms(&c->setup, .99), hist_max_ms(&c->setup),
	    hist_ms(&c->login, .5), hist_ms(&c->login, .99));
	(void)printf("keys=%llu late=%llu rtt_p50_ms=%.3f rtt_p99_ms=%.3f "
		     "rtt_max_ms=%.3f bytes_up=%llu bytes_down=%llu "
		     "rekeys=%llu\n",
	    (unsigned long long)c->keys, (unsigned long long)c->late,
	    hist_ms(&c->rtt, .5), hist_ms(&c->rtt, .99), hist_max_ms(&c->rtt),
	    (unsigned long long)c->bytes_up, (unsigned long long)c->bytes_down,
	    (unsigned long long)c->rekeys);
}

static void
set_up(struct client *c)
{
	const struct opts *o = c->o;

	c->loop = loop_new();
	c->seats = calloc(o->sessions, sizeof(struct sess *));
	if (c->loop == NULL || c->seats == NULL ||
	    (c->starter = timer_new(c->loop, on_starter, c)) == NULL ||
	    (c->watchdog = timer_new(c->loop, on_watchdog, c)) == NULL ||
	    (c->reporter = timer_new(c->loop, on_report, c)) == NULL ||
	    (c->end = timer_new(c->loop, on_end, c)) == NULL ||
	    loop_signal(c->loop, SIGTERM, on_term, c) != 0 ||
	    loop_signal(c->loop, SIGINT, on_term, c) != 0)
		errx(1, "cannot start");
	c->wopts = (struct wire_opts){.role = SSH_ROLE_CLIENT,
	    .algs = ssh_algs_default,
	    .rekey_bytes = o->rekey_bytes};
	if (o->cipher != NULL)
		c->wopts.algs.cipher = o->cipher;
	if (o->kex != NULL)
		c->wopts.algs.kex = o->kex;
	c->began_ns = mono_ns();
	timer_set(c->starter, 0);
	timer_set(c->watchdog, WATCHDOG_MS);
	if (o->report_s > 0)
		timer_set(c->reporter, o->report_s * 1000);
	/* With sessions that come and go there is no moment when all are in. */
	c->ready = churns(c);
	if (churns(c) && o->seconds > 0)
		timer_set(c->end, o->seconds * 1000);
}

int
client_run(const struct opts *o)
{
	struct client c = {.o = o};
	bool good;

	set_up(&c);
	if (loop_run(c.loop) != 0)
		err(1, "loop");
	summary(&c);
	good = c.failed == 0 && c.started > 0 &&
	       (o->expect != EXPECT_IN || c.refused + c.shut == 0);
	timer_free(c.starter);
	timer_free(c.watchdog);
	timer_free(c.reporter);
	timer_free(c.end);
	/* What ended in this last round is freed in the next. */
	if (loop_once(c.loop, 0) != 0)
		good = false;
	free(c.seats);
	loop_free(c.loop);
	return good ? 0 : 1;
}
