/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_RECORDER_SCENE_H
#define TESTS_UNIT_RECORDER_SCENE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/ipc.h"
#include "base/loop.h"
#include "broker/broker_msg.h"
#include "recorder/recorder.h"
#include "recorder/recorder_msg.h"

#include "rec_make.h"

/*
 * A recorder in one loop with its peers: workers, keeper and broker are the
 * test's, messages and links are the real ones.
 */

enum { SECOND = 1000 };

struct scene;

/* One end of a link, and what it was told. */
struct peer {
	struct ipc *ipc; /* NULL: the link is gone */
	struct scene *scene;
	uint64_t committed; /* of the recording that was told last */
	unsigned states;
	struct rm_state state;
	unsigned closed;
	struct rm_closed closing;
	unsigned errors;
	unsigned spaces;
	struct rm_space space;
};

struct scene {
	struct loop *loop;
	struct conf *conf;
	struct recorder *recorder;
	char dir[64];
	struct rec_make make;
	struct peer worker[3];
	struct peer keeper;
	struct peer broker;
	bool mute; /* the keeper does not answer */
	unsigned asked;
	unsigned finished;
	struct bm_rec_finished last;
	char path[512];
};

/* A recorder with a state of its own; more: lines for [recording]. */
void scene_begin(struct scene *s, const char *more);
void scene_end(struct scene *s);
/* A recorder on the same state, after recorder_free(). */
void scene_recorder(struct scene *s);

/* A new link of this role; and its end. */
void scene_join(struct scene *s, struct peer *p, enum role role);
void scene_leave(struct peer *p);

/* Run the loop until *n is at least want, or for ms. */
bool scene_run(struct scene *s, const unsigned *n, unsigned want, uint64_t ms);
/* Run it until so many chunks are committed. */
void scene_run_committed(struct scene *s, struct peer *p, uint64_t want);

/* What a worker says of the recording in s->make. */
void scene_open(struct scene *s, struct peer *p);
struct span scene_chunk(const struct scene *s, size_t i);
void scene_chunks(struct scene *s, struct peer *p, size_t from, size_t to);
/* A message of the id alone. */
void scene_say(struct scene *s, struct peer *p, uint16_t type);

/* A recording of so many seconds, of which the first n chunks are committed. */
void scene_record(struct scene *s, struct peer *p, unsigned secs, size_t n);

/* The finished file verifies and is as long as was said. */
void scene_check_file(struct scene *s, struct rcd_verdict *v);
/* Files in a folder below the state. */
unsigned scene_count_files(const struct scene *s, const char *sub);

#endif /* TESTS_UNIT_RECORDER_SCENE_H */
