/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_TRANSPORT_TRANSPORT_H
#define GATEWAY_SSH_TRANSPORT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"

/*
 * The SSH transport layer (RFC 4253) as a sans-I/O state machine: bytes in,
 * packets out, and the other way round; no sockets, no clock, no files.  Both
 * roles.  All cryptography is OpenSSL's.
 *
 * Strict key exchange, ext-info (RFC 8308), re-keying by either side at any
 * time.  The user of a transport sees only packets of the layers above
 * (SSH_MSG_SERVICE_REQUEST, _ACCEPT, and numbers >= 50); everything else
 * (version, KEX, IGNORE, DEBUG, UNIMPLEMENTED, EXT_INFO, DISCONNECT) is handled
 * here.
 */

struct ssh_transport;

enum ssh_role { SSH_ROLE_SERVER, SSH_ROLE_CLIENT };

/* What ssh_transport_next() answers; negative: FAIL_*, the connection ends. */
enum ssh_next {
	SSH_NEXT_MORE = 0,    /* nothing complete: feed more bytes */
	SSH_NEXT_PACKET = 1,  /* *pkt is a packet, lent until the next call */
	SSH_NEXT_SIGN = 2,    /* server: sign ssh_transport_sign_request() */
	SSH_NEXT_HOSTKEY = 3, /* client: judge ssh_transport_hostkey() */
	SSH_NEXT_KEYS = 4, /* a key exchange is complete, the first or later */
	SSH_NEXT_DISCONNECT =
	    5, /* peer said goodbye: ssh_transport_goodbye() */
};

struct ssh_packet {
	uint8_t *p; /* payload, first byte is the message number; writable */
	size_t len;
	uint32_t seq; /* its sequence number, for UNIMPLEMENTED */
};

/* Names in order of preference, comma separated (RFC 4253 section 7.1). */
struct ssh_algs {
	const char *kex;
	const char *hostkey;
	const char *cipher;
	const char *mac;
};

/* What is offered by default, and what old devices need (opt-in per asset). */
extern const struct ssh_algs ssh_algs_default;
extern const struct ssh_algs ssh_algs_legacy;
/* FAIL_CONF when a name is not known, or a list is empty. */
int ssh_algs_check(const struct ssh_algs *algs, struct fail *f) MUST_USE;

struct ssh_transport_opts {
	enum ssh_role role;
	const struct ssh_algs *algs; /* NULL: ssh_algs_default; copied */
	const char *software;	     /* "Sallyport_0.1": sent in the version */
	/* Server: public key blobs that can be signed with, as SSH strings one
	 * after the other; copied. */
	struct span hostkeys;
	/* Client: prefer the algorithms of these pinned blobs (SSH strings one
	 * after the other), so that the pinned key is the one presented. */
	struct span known_hostkeys;
	uint64_t rekey_bytes;	/* ask for new keys after; 0: cipher's limit */
	uint64_t rekey_packets; /* 0: 2^31 */
};

void ssh_transport_free(struct ssh_transport *t);
struct ssh_transport *ssh_transport_new(const struct ssh_transport_opts *o)
    OWNED_BY(ssh_transport_free) MUST_USE;

/*
 * Put the version line, and KEXINIT, into out.  Call once, first.  out is the
 * output of this leg; every function that sends appends to it.
 */
int ssh_transport_start(struct ssh_transport *t, struct buf *out) MUST_USE;

/*
 * Look at the unread bytes of in, take what makes the next event.  Packets are
 * decrypted in place: pkt->p points into in, valid until the next call with
 * this in.  Replies of the transport itself go to out.  While the answer to
 * SSH_NEXT_SIGN or SSH_NEXT_HOSTKEY is outstanding returns SSH_NEXT_MORE.
 */
int ssh_transport_next(struct ssh_transport *t, struct buf *in, struct buf *out,
    struct ssh_packet *pkt) MUST_USE;

/*
 * Encrypt one packet's payload into out.  During a key exchange it is queued
 * (at most 256 KiB, then FAIL_FULL) and sent after NEWKEYS; a relay asks
 * ssh_transport_can_send() first and does not read on the other leg until it
 * may.
 */
int ssh_transport_send(struct ssh_transport *t, struct buf *out,
    const uint8_t *payload, size_t len) MUST_USE;
/* head and tail are one payload: saves a copy when a header is replaced. */
int ssh_transport_send2(struct ssh_transport *t, struct buf *out,
    struct span head, struct span tail) MUST_USE;
/* False between our KEXINIT and our NEWKEYS. */
bool ssh_transport_can_send(const struct ssh_transport *t);
/* True when we asked for new keys and the peer has not yet answered. */
bool ssh_transport_awaits_kexinit(const struct ssh_transport *t);
/*
 * Ask for new keys.  A relay does so on one leg at a time: with both legs
 * waiting for KEXINIT neither could take the other's packets.  A no-op while a
 * key exchange is under way.
 */
int ssh_transport_rekey(struct ssh_transport *t, struct buf *out) MUST_USE;
/* The limits of opts are passed: it is time for ssh_transport_rekey(). */
bool ssh_transport_wants_rekey(const struct ssh_transport *t);

/* SSH_MSG_DISCONNECT with reason (RFC 4253 section 11.1); then no more. */
int ssh_transport_disconnect(struct ssh_transport *t, struct buf *out,
    uint32_t reason, const char *text) MUST_USE;
/* The peer's words, escaped for printing; "" when there were none. */
const char *ssh_transport_goodbye(const struct ssh_transport *t);
/* SSH_MSG_IGNORE with n random bytes: keeps a paused peer's timers quiet. */
int ssh_transport_ignore(
    struct ssh_transport *t, struct buf *out, size_t n) MUST_USE;
/* SSH_MSG_UNIMPLEMENTED for a packet. */
int ssh_transport_unimplemented(
    struct ssh_transport *t, struct buf *out, uint32_t seq) MUST_USE;

/* Server, at SSH_NEXT_SIGN: the algorithm and the exchange hash to sign. */
const char *ssh_transport_sign_request(
    const struct ssh_transport *t, struct span *hash);
/* The blob of the key to sign with; empty unless a signature is awaited. */
struct span ssh_transport_sign_key(const struct ssh_transport *t);
/* sig: an SSH signature blob.  Goes on with the key exchange. */
int ssh_transport_signed(
    struct ssh_transport *t, struct buf *out, struct span sig) MUST_USE;

/*
 * Client, at SSH_NEXT_HOSTKEY: the signature over the exchange hash has been
 * verified with this key; is it the target's?
 */
struct span ssh_transport_hostkey(const struct ssh_transport *t);
int ssh_transport_hostkey_accept(
    struct ssh_transport *t, struct buf *out) MUST_USE;

/* H of the first key exchange; empty before. */
struct span ssh_transport_session_id(const struct ssh_transport *t);
/* The peer's version line without CR LF, printable; "" before it came. */
const char *ssh_transport_peer(const struct ssh_transport *t);
/* Client: the server's server-sig-algs (RFC 8308), "" if it sent none. */
const char *ssh_transport_server_sig_algs(const struct ssh_transport *t);
/* Names in force: "curve25519-sha256 ssh-ed25519 aes128-gcm@openssh.com -". */
const char *ssh_transport_algs_text(const struct ssh_transport *t);
/* Key exchanges completed. */
uint32_t ssh_transport_kex_count(const struct ssh_transport *t);
const struct fail *ssh_transport_fail(const struct ssh_transport *t);

/*
 * The whole state, keys included, as versioned bytes for another process; o is
 * what the transport was made with (not exported).  Between any two calls,
 * also in the middle of a key exchange (a version that cannot hold one in
 * flight returns FAIL_BUSY: try again after SSH_NEXT_KEYS).  out must be a
 * secret buffer.
 */
int ssh_transport_export(
    const struct ssh_transport *t, struct buf *out) MUST_USE;
int ssh_transport_import(struct ssh_transport **t,
    const struct ssh_transport_opts *o, struct span state,
    struct fail *f) MUST_USE;

/* For messages: SSH_MSG_* and SSH_DISCONNECT_* numbers. */
#include "ssh/transport/numbers.h"

#endif /* GATEWAY_SSH_TRANSPORT_TRANSPORT_H */
