/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_TRANSPORT_EXCHANGE_H
#define GATEWAY_SSH_TRANSPORT_EXCHANGE_H

#include "base/buf.h"
#include "base/cdefs.h"

#include "ssh/transport/state.h"

/*
 * A key exchange from KEXINIT to NEWKEYS (RFC 4253 sections 7 to 9, RFC 4419,
 * RFC 5656).  Functions that take a message answer SSH_NEXT_*, STATE_AGAIN or
 * a negative code.
 */

/* Send our KEXINIT; the exchange is under way from now on. */
int exchange_start(struct ssh_transport *t, struct buf *out) MUST_USE;
/* Release what is under way, if anything. */
void exchange_free(struct ssh_transport *t);

int exchange_kexinit(
    struct ssh_transport *t, struct span pkt, struct buf *out) MUST_USE;
int exchange_newkeys(struct ssh_transport *t, struct span pkt) MUST_USE;
/* A message from 30 to 49. */
int exchange_method(
    struct ssh_transport *t, struct span pkt, struct buf *out) MUST_USE;

/* The one of them that is the role's; pkt is behind the message number. */
int exchange_server_message(struct ssh_transport *t, uint8_t msg,
    struct span pkt, struct buf *out) MUST_USE;
int exchange_client_message(struct ssh_transport *t, uint8_t msg,
    struct span pkt, struct buf *out) MUST_USE;
/* Client: its first message, once the method is known. */
int exchange_client_begin(struct ssh_transport *t, struct buf *out) MUST_USE;
/* Server: the answer with the signature; client: the key was accepted. */
int exchange_server_signed(
    struct ssh_transport *t, struct span sig, struct buf *out) MUST_USE;
int exchange_client_accepted(struct ssh_transport *t, struct buf *out) MUST_USE;

/* For the two roles: a public value, as the method writes it. */
int exchange_put_value(
    const struct exchange *x, struct buf *b, struct span value) MUST_USE;
int exchange_take_value(
    const struct exchange *x, struct span *s, struct buf *value) MUST_USE;
/* A positive mpint without leading zeros. */
int exchange_take_mpint(struct span *s, struct span *value) MUST_USE;
/* The exchange hash, once all that goes into it is there. */
int exchange_hash(struct ssh_transport *t) MUST_USE;
/* Derive the keys, send NEWKEYS and what was held back. */
int exchange_send_newkeys(struct ssh_transport *t, struct buf *out) MUST_USE;

/* Hold a payload back until NEWKEYS.  FAIL_FULL. */
int exchange_queue(
    struct ssh_transport *t, struct span head, struct span tail) MUST_USE;

enum {
	EXCHANGE_INIT = 30,
	EXCHANGE_REPLY = 31,
	EXCHANGE_GEX_GROUP = 31,
	EXCHANGE_GEX_INIT = 32,
	EXCHANGE_GEX_REPLY = 33,
	EXCHANGE_GEX_REQUEST = 34,
};

#endif /* GATEWAY_SSH_TRANSPORT_EXCHANGE_H */
