/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_TRANSPORT_RAW_H
#define TESTS_TRANSPORT_RAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ssh/transport/kex.h"
#include "ssh/transport/packet.h"

#include "pair.h"

/*
 * A client whose every step is the test's: it can do what a transport never
 * would.  It talks to the server of a pair.
 */
struct raw {
	struct end *server;
	struct box rx, tx;
	struct packet_pool pool;
	struct packet_reader reader;
	struct buf in; /* from the server */
	struct buf init, server_init;
	struct kex kex;
	uint8_t hash[KEX_HASH_MAX];
	size_t hash_len;
	bool strict;
};

/* Version lines and the server's KEXINIT are exchanged. */
void raw_init(struct raw *w, struct end *server);
void raw_fini(struct raw *w);

/* Our KEXINIT; kex: the list of methods, with what markers the test likes. */
void raw_kexinit(
    struct raw *w, const char *kex, const char *hostkey, bool follows);
void raw_send(struct raw *w, const void *payload, size_t len);
/* One message of a number and four zeros. */
void raw_send_msg(struct raw *w, uint8_t msg);
/* The next packet; its first byte, or 0 when there is none. */
uint8_t raw_recv(struct raw *w, struct ssh_packet *pkt);
/* Let the server take what was sent; its last code. */
int raw_run(struct raw *w);
/* The rest of a curve25519-sha256 exchange with aes128-gcm@openssh.com. */
void raw_offer(struct raw *w);
void raw_finish(struct raw *w);

#endif /* TESTS_TRANSPORT_RAW_H */
