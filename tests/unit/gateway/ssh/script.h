/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_GATEWAY_SSH_SCRIPT_H
#define TESTS_UNIT_GATEWAY_SSH_SCRIPT_H

#include "wire.h"

/*
 * One side of a protocol by a script: packets go in as wire.h writes them, and
 * what it sends is compared with what the script expects next.
 */

/* Gives a packet to what is tested. */
typedef int script_fn(void *rig, uint8_t *p, size_t len);

/* The first member of a rig, which is the context of both callbacks. */
struct script {
	script_fn *packet;
	struct wire_log sent;
};

void script_init(struct script *s, script_fn *packet);
void script_fini(struct script *s);

/* What is tested sends by this. */
int script_send(void *rig, struct span head, struct span tail);

/* Returns what the packet was answered with. */
int script_feed(struct script *s, const char *fmt, ...);
/* The oldest packet that was sent is this one. */
void script_expect(struct script *s, const char *fmt, ...);
/* Both for a rig whose member is called script. */
#define feed(rig, ...) script_feed(&(rig)->script, __VA_ARGS__)
#define expect(rig, ...) script_expect(&(rig)->script, __VA_ARGS__)
/* No more was sent. */
void script_quiet(const struct script *s);

#endif /* TESTS_UNIT_GATEWAY_SSH_SCRIPT_H */
