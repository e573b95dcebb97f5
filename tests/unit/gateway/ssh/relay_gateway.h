/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_GATEWAY_SSH_RELAY_GATEWAY_H
#define TESTS_UNIT_GATEWAY_SSH_RELAY_GATEWAY_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/evp.h>
#include <sys/types.h>

/*
 * The smallest gateway there is: transport, both authentications and the relay
 * between one socket and an `sshd -i`, in a poll loop; a process a connection.
 * Lets every user in who has a key that signs or knows the password.
 */

struct relay_gateway {
	const char *sshd_config;
	const char *sshd_log;
	const char *login; /* on the target */
	EVP_PKEY *host_key;
	EVP_PKEY *target_key;
	const char *password;  /* of the user */
	const char *refusal;   /* not NULL: refuse every session with it */
	uint64_t rekey_bytes;  /* on both legs; 0: the cipher's limit */
	unsigned notice_every; /* packets of the target; 0: never */
	unsigned move_every;   /* packets, then on in another relay; 0: never */
	unsigned hold_every;   /* pushes, then the chain holds one; 0: never */
};

/* Serve connections of fd until killed: run it in a process of its own. */
void relay_gateway_serve(const struct relay_gateway *g, int fd);

#endif /* TESTS_UNIT_GATEWAY_SSH_RELAY_GATEWAY_H */
