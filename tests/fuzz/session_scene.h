/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_SESSION_SCENE_H
#define TESTS_FUZZ_SESSION_SCENE_H

#include "session/peers.h"
#include "ssh/session.h"

/*
 * What surrounds the session under attack: its loop and configuration, and in
 * the place of keeper, broker and recorder a list of the requests that it has
 * made, which are answered when the input says so.  Stands in for
 * session/peers.c.
 */

enum scene_how {
	SCENE_GOOD,    /* what the session hopes for */
	SCENE_NO,      /* a well-formed refusal */
	SCENE_FAILED,  /* no answer in time */
	SCENE_GARBAGE, /* a message of a type and bytes of the input's */
	SCENE_HOWS
};

/* The password of the account: nobody but the target may see it. */
#define SCENE_SECRET "geheim-und-lang"
/* The name that logs in, and its password. */
#define SCENE_USER "alice@root@db1"
#define SCENE_PASSWORD "wort"

/* For a session that begins; key: the account has one, and no password. */
void scene_start(struct ssh_env *env, const struct ssh_session_ops *ops);
void scene_reset(struct ssh_env *env, bool key);
void scene_end(struct ssh_env *env);

/* Answer the oldest request to p; false: there is none. */
bool scene_answer(enum peer p, enum scene_how how, struct span body);
/* The recorder says something about the recording. */
void scene_recorder(
    struct ssh_session *s, uint8_t what, uint64_t seq, struct span body);
enum { SCENE_STATE, SCENE_COMMITTED, SCENE_ERROR, SCENE_CLOSED, SCENE_SAYS };

#endif /* TESTS_FUZZ_SESSION_SCENE_H */
