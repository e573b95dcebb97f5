/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_SESSION_DRIVE_H
#define TESTS_FUZZ_SESSION_DRIVE_H

#include "base/buf.h"

/*
 * A whole session between a hostile user and a hostile target, both with the
 * keys of their legs.  The first byte of an input says how it begins: its low
 * four bits are the state (enum session_state) up to which all behave, then
 * DRIVE_*.  The rest is a list of steps: what, a length of two bytes, bytes.
 */
enum {
	DRIVE_KEY = 16,	     /* the account has a key */
	DRIVE_REFUSED = 32,  /* the first address refuses the connection */
	DRIVE_OBEDIENT = 64, /* behind each step all go on as they should */
};

enum session_step {
	/* Of the user if even, of the target if odd. */
	STEP_SAY = 0,	 /* a payload, sealed */
	STEP_TALK = 2,	 /* take as many packets as the first byte says */
	STEP_BEFORE = 4, /* see hostile.h */
	STEP_ALTER = 6,
	STEP_REKEY = 8,
	STEP_RAW = 10, /* bytes */
	STEP_EOF = 12,
	/* The rest. */
	STEP_ANSWER = 14,   /* enum peer, enum scene_how, bytes */
	STEP_RECORDER = 15, /* see session_scene.h: what, a number, bytes */
	STEP_ORDER = 16,    /* of an auditor: verb, text */
	STEP_MOVE = 17,	    /* to another process */
	STEP_UP = 18,	    /* a peer, and the spool, are there again */
	STEP_STOP = 19,
	STEP_ALL = 20, /* all go on as they should, up to this state */
	SESSION_STEPS
};

void session_drive(struct span input);

#endif /* TESTS_FUZZ_SESSION_DRIVE_H */
