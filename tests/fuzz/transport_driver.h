/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_TRANSPORT_DRIVER_H
#define TESTS_FUZZ_TRANSPORT_DRIVER_H

#include <stddef.h>
#include <stdint.h>

#include "ssh/transport/transport.h"

/*
 * Feeds a transport of this role from the bytes of an input.  The first byte
 * has flags; with DRIVER_TASTE four bytes choose algorithms; the rest is a list
 * of steps: an opcode, a length of two bytes, bytes.
 */
enum {
	DRIVER_KEYED = 1,  /* the first keys are in force */
	DRIVER_BYTES = 2,  /* one byte at a time */
	DRIVER_MOVE = 4,   /* export and import between steps */
	DRIVER_LEGACY = 8, /* offer the legacy algorithms */
	DRIVER_PEER = 16,  /* before the first keys, there is a peer too */
	DRIVER_TASTE = 32, /* and it wants these algorithms */
	DRIVER_LATE = 64,  /* signatures and verdicts are given by a step */
};

enum {
	DRIVER_PACKET = 0, /* a payload, put into a packet */
	DRIVER_RAW = 1,	   /* bytes as they are */
	DRIVER_REKEY = 2,  /* the transport asks for new keys */
	DRIVER_SEND = 3,   /* it sends this payload */
	/* The peer takes what it was sent, as many packets as the first byte
	 * says, and what it says goes back. */
	DRIVER_TALK = 4,
	DRIVER_BEFORE = 5,     /* a payload before what the peer says next */
	DRIVER_ALTER = 6,      /* what the peer says next: see hostile.h */
	DRIVER_PEER_REKEY = 7, /* the peer asks for new keys */
	DRIVER_ANSWER = 8,     /* the signature or verdict that is due */
	DRIVER_OPCODES = 9,
};

void transport_driver(enum ssh_role role, const uint8_t *data, size_t size);

#endif /* TESTS_FUZZ_TRANSPORT_DRIVER_H */
