/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every message number, in every moment of a transport of either role and in
 * every state of a session, from the user and from the target: the process
 * lives, and what the drivers of tests/fuzz hold against it is true.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cdefs.h"

#include "ssh/session_impl.h"

#include "tests/fuzz/session_drive.h"
#include "tests/fuzz/transport_driver.h"

enum { BODY = 24, INPUT_MAX = 256, NUMBERS = 256 };

/* An input that grows step by step. */
struct input {
	uint8_t p[INPUT_MAX];
	size_t len;
};

static void
step(struct input *in, uint8_t op, const void *body, uint16_t len)
{
	assert_true(in->len + 3U + len <= sizeof(in->p));
	in->p[in->len] = op;
	in->p[in->len + 1] = (uint8_t)(len >> 8);
	in->p[in->len + 2] = (uint8_t)len;
	if (len > 0)
		memcpy(in->p + in->len + 3, body, len);
	in->len += 3U + len;
}

/* A payload: the number alone, with zeros, with ones. */
static uint16_t
payload(uint8_t p[BODY], uint8_t msg, int kind)
{
	memset(p, kind == 2 ? 0xff : 0, BODY);
	p[0] = msg;
	return kind == 0 ? 1 : BODY;
}

/* ---- a transport */

/*
 * What comes before the message: t: the peer takes one packet, T: all there
 * are; r, R: the transport, the peer asks for new keys.  before: the message
 * goes out just in front of what the peer says next, and then all go on.
 */
static const struct moment {
	const char *steps;
	uint8_t flags;
	bool before;
} moments[] = {
    {"", DRIVER_PEER, false},		     /* before the version */
    {"", DRIVER_PEER, true},		     /* between version and KEXINIT */
    {"t", DRIVER_PEER, false},		     /* behind KEXINIT */
    {"t", DRIVER_PEER, true},		     /* before the method's first */
    {"tt", DRIVER_PEER, false},		     /* behind it */
    {"tt", DRIVER_PEER, true},		     /* before NEWKEYS of a client */
    {"TT", DRIVER_PEER, true},		     /* before NEWKEYS of a server */
    {"TTTT", DRIVER_PEER, false},	     /* between key exchanges */
    {"T", DRIVER_PEER | DRIVER_LATE, false}, /* a signature is awaited */
    {"r", DRIVER_KEYED, false},		     /* we ask for new keys */
    {"R", DRIVER_KEYED, false},		     /* they do */
    {"rR", DRIVER_KEYED, false},	     /* both do */
    {"R", DRIVER_KEYED, true}, /* before what answers our KEXINIT */
    {"Rt", DRIVER_KEYED, false},
    {"Rtt", DRIVER_KEYED, true},
    {"rTTT", DRIVER_KEYED, false},
};

static void
say(struct input *in, const struct moment *m, uint8_t msg, int kind)
{
	uint8_t body[BODY];
	uint16_t len = payload(body, msg, kind);

	in->p[0] = m->flags;
	in->len = 1;
	for (const char *c = m->steps; *c != '\0'; c++)
		step(in,
		    *c == 'r'	? DRIVER_REKEY
		    : *c == 'R' ? DRIVER_PEER_REKEY
				: DRIVER_TALK,
		    "\1", *c == 't' ? 1 : 0);
	step(in, m->before ? DRIVER_BEFORE : DRIVER_PACKET, body, len);
	step(in, DRIVER_ANSWER, NULL, 0);
	for (int i = 0; i < 4; i++)
		step(in, DRIVER_TALK, NULL, 0);
	step(in, DRIVER_PACKET, body, len);
}

static void
to_a_transport(enum ssh_role role)
{
	struct input in;

	for (size_t m = 0; m < ARRAY_LEN(moments); m++)
		for (int msg = 0; msg < NUMBERS; msg++)
			for (int kind = 0; kind < 3; kind++) {
				say(&in, &moments[m], (uint8_t)msg, kind);
				transport_driver(role, in.p, in.len);
			}
}

static void
to_a_server_in_every_moment(void **state)
{
	(void)state;
	to_a_transport(SSH_ROLE_SERVER);
}

static void
to_a_client_in_every_moment(void **state)
{
	(void)state;
	to_a_transport(SSH_ROLE_CLIENT);
}

/* ---- a session */

static void
to_a_session(unsigned leg, enum session_state from, uint8_t flags)
{
	struct input in = {.len = 0};
	uint8_t body[BODY];

	for (unsigned st = from; st <= SESSION_RELAY; st++)
		for (int msg = 0; msg < NUMBERS; msg++) {
			uint16_t len = payload(body, (uint8_t)msg, msg & 1);

			/* Of what nobody assigned, a few will do. */
			if (msg > SSH_MSG_CHANNEL_FAILURE && msg % 48 != 0)
				continue;
			in.p[0] = (uint8_t)(st | flags);
			in.len = 1;
			step(&in, (uint8_t)(STEP_SAY + leg), body, len);
			step(&in, STEP_TALK, NULL, 0);
			step(&in, STEP_TALK + 1, NULL, 0);
			session_drive(SPAN(in.p, in.len));
		}
}

static void
of_the_user_in_every_state(void **state)
{
	(void)state;
	to_a_session(LEG_USER, SESSION_HELLO, 0);
}

static void
of_the_target_in_every_state(void **state)
{
	(void)state;
	to_a_session(LEG_TARGET, SESSION_TARGET_KEX, DRIVE_KEY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(to_a_server_in_every_moment),
	    cmocka_unit_test(to_a_client_in_every_moment),
	    cmocka_unit_test(of_the_user_in_every_state),
	    cmocka_unit_test(of_the_target_in_every_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
