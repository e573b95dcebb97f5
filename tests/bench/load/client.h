/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_BENCH_LOAD_CLIENT_H
#define TESTS_BENCH_LOAD_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/loop.h"

#include "chan.h"
#include "hist.h"
#include "opts.h"
#include "wire.h"

/*
 * The light SSH client: many sessions in one process.  client.c starts and
 * counts them, sess.c takes one from connect to its channel, action.c is what
 * it does there.
 */

struct sess;

/* What a session does once its command runs. */
struct action {
	const char *name;
	/* The command line into b; NULL: a shell on a terminal. */
	int (*command)(const struct sess *s, char *line, size_t size);
	int (*start)(struct sess *s);
	int (*data)(struct sess *s, struct span d, bool err);
	int (*room)(struct sess *s);
	/* The time is up: come to an end. */
	int (*finish)(struct sess *s);
	/* The channel is closed: NULL when all was right, else what was not. */
	const char *(*verdict)(const struct sess *s);
	bool lasts;	 /* until the time is up */
	bool login_only; /* no channel: ends with the login's outcome */
	bool mute;	 /* not even that */
};

const struct action *action_find(const char *name);

enum sess_state {
	SESS_CONNECT,
	SESS_LOGIN,
	SESS_OPEN, /* channel, terminal, command */
	SESS_RUN,
	SESS_OVER,
};

enum { KEYS_IN_FLIGHT = 32, WORDS_MAX = 64 };

struct client {
	struct loop *loop;
	const struct opts *o;
	struct wire_opts wopts;
	struct timer *starter, *watchdog, *reporter, *end;
	struct sess **seats; /* by place, NULL: free */
	uint64_t began_ns, last_in_ns;
	uint64_t started, pending, live;
	bool ready, ending;
	/* Outcomes. */
	uint64_t in, ok, failed, refused, shut, keys, late, rekeys;
	uint64_t bytes_up, bytes_down;
	struct hist setup, login, rtt, rtt_now;
};

struct sess {
	struct client *c;
	const struct action *act;
	uint64_t id;	/* counts all sessions; also the stream's seed */
	uint64_t place; /* in seats */
	enum sess_state state;
	int fd; /* until wire has it */
	struct watch *connecting;
	struct wire *w;
	struct chan ch;
	struct timer *timer;
	uint64_t began_ns;
	uint64_t moved_ns; /* since when something is waited for; 0: nothing */
	uint64_t tries;
	bool in, finishing, got_status;
	uint32_t status;
	/* Of the action. */
	uint64_t sent, got;
	bool half; /* the CR of CR LF has come */
	bool said; /* the end was asked for */
	char words[WORDS_MAX];
	size_t n_words;
	uint64_t sent_ns[KEYS_IN_FLIGHT];
};

/* A new session in its place; what comes of it is told by client_over(). */
void sess_new(
    struct client *c, const struct action *act, uint64_t id, uint64_t place);
void sess_finish(struct sess *s);
/* It has waited too long. */
void sess_stalled(struct sess *s);
/* At the end of the program. */
void sess_free(struct sess *s);
/* Wrong: what the session gets is not what it must.  Returns FAIL_FORMAT. */
int sess_wrong(struct sess *s, const char *why);
/* Something has come, or is not waited for any more. */
void sess_moved(struct sess *s, bool more);

/* What became of a session. */
enum outcome {
	OUTCOME_OK,
	OUTCOME_FAILED,	 /* dropped, lost, wrong */
	OUTCOME_REFUSED, /* the login was */
	OUTCOME_SHUT,	 /* closed before the login's outcome */
};
/* Set up: from here on it is counted as being in. */
void client_in(struct client *c, struct sess *s);
/* Over; s is freed soon. */
void client_over(
    struct client *c, struct sess *s, enum outcome out, const char *why);

int client_run(const struct opts *o);

#endif /* TESTS_BENCH_LOAD_CLIENT_H */
