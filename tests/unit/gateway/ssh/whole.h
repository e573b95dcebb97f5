/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_GATEWAY_SSH_WHOLE_H
#define TESTS_UNIT_GATEWAY_SSH_WHOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "ssh/transport/transport.h"

/*
 * A whole session in memory: a user, the gateway (both transports, both
 * authentications, the relay), and a target that echoes; and the four wires
 * between them, one of which may be damaged.
 *
 *	user  --USER_UP-->   gateway  --TARGET_UP-->   target
 *	user  <--USER_DOWN-- gateway  <--TARGET_DOWN-- target
 *
 * What must hold in every run is checked while it runs: what the gateway
 * forwards is in the recording already, and nobody is given other bytes than
 * those that were sent.
 */

enum whole_wire {
	WIRE_USER_UP,
	WIRE_USER_DOWN,
	WIRE_TARGET_UP,
	WIRE_TARGET_DOWN,
	WIRES
};

enum whole_damage {
	DAMAGE_NONE,
	DAMAGE_FLIP,	/* a bit of byte `at` */
	DAMAGE_CUT,	/* byte `at` and all behind it are lost */
	DAMAGE_TWICE,	/* segment `at` comes again */
	DAMAGE_MISSING, /* segment `at` is lost */
};

struct whole_opts {
	struct ssh_algs algs; /* on both legs */
	EVP_PKEY *key;	      /* host key of gateway and target */
	enum whole_damage damage;
	enum whole_wire wire;
	size_t at;
	size_t step; /* bytes delivered at a time; 0: as they come */
	bool rekey;  /* the user asks for new keys in the middle */
};

/* A segment is what was written in one go. */
struct whole_result {
	bool done;     /* the user has the whole echo and the exit status */
	bool damaged;  /* the damage was done: the wire was long enough */
	bool harmless; /* it hit padding that nothing protects yet */
	bool stalled;  /* all wait for bytes that do not come */
	int code;      /* of the gateway: the first error, or 0 */
	char why[200]; /* the reason for it */
	bool left;     /* the gateway saw a peer leave */
	size_t bytes[WIRES], segments[WIRES];
	size_t clear[WIRES];	    /* bytes before there were keys */
	size_t recorded, forwarded; /* bytes of channel data, both ways */
	unsigned keys;		    /* key exchanges of the user's leg */
};

/* Fails the test itself when bytes pass that must not. */
void whole_run(const struct whole_opts *o, struct whole_result *res);

const char *whole_wire_name(enum whole_wire w);

#endif /* TESTS_UNIT_GATEWAY_SSH_WHOLE_H */
