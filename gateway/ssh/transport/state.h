/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_TRANSPORT_STATE_H
#define GATEWAY_SSH_TRANSPORT_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fail.h"

#include "ssh/transport/algs.h"
#include "ssh/transport/box.h"
#include "ssh/transport/kex.h"
#include "ssh/transport/packet.h"
#include "ssh/transport/transport.h"

/*
 * The inside of a transport.  Only the files of this folder include this.
 */

enum {
	STATE_VERSION_MAX = 255,      /* with CR LF: RFC 4253 section 4.2 */
	STATE_QUEUE_MAX = 256 * 1024, /* payloads held during a key exchange */
	STATE_WORDS_MAX = 256,
	STATE_SIG_ALGS_MAX = 2048,
	STATE_HOSTKEY_MAX = 16 * 1024,
};

/* Index of what is chosen for a direction. */
enum { TO_SERVER = 0, TO_CLIENT = 1 };

/* What both sides agreed on. */
struct choice {
	const struct kex_method *kex;
	char hostkey[64]; /* the signature's algorithm */
	const struct box_cipher *cipher[2];
	const struct box_mac *mac[2]; /* NULL with AEAD */
};

enum exchange_wait {
	WAIT_PEER,
	WAIT_SIGN,    /* server: for ssh_transport_signed() */
	WAIT_HOSTKEY, /* client: for ssh_transport_hostkey_accept() */
};

/* One key exchange, from the first KEXINIT of either side to both NEWKEYS. */
struct exchange {
	bool sent_init, got_init, sent_newkeys;
	bool skip_guess; /* the next packet is a guess that was wrong */
	enum exchange_wait wait;
	uint8_t expect;		 /* the message that comes next, 0: none may */
	struct buf ours, theirs; /* KEXINIT payloads */
	struct choice choice;
	struct kex kex;
	struct buf hostkey; /* K_S, a blob */
	struct buf group;   /* what RFC 4419 adds to the hash */
	struct buf offer, answer;
	struct buf secret; /* K, encoded */
	uint8_t hash[KEX_HASH_MAX];
	size_t hash_len;
	struct box rx, tx; /* what NEWKEYS puts in force */
};

/* What outlives a key exchange. */
struct session {
	uint8_t id[KEX_HASH_MAX];
	size_t id_len;	    /* 0: the first exchange is not complete */
	struct buf hostkey; /* client: the blob that was accepted */
	bool strict;	    /* kex-strict: RFC-less, see exchange.c */
	bool peer_ext_info; /* server: the client reads EXT_INFO */
	uint32_t kex_count;
	char algs[256];	     /* names in force, for people */
	struct buf sig_algs; /* client: server-sig-algs, with a zero */
};

/* The two version lines, without CR LF, and the peer's for people. */
struct versions {
	char ours[STATE_VERSION_MAX];
	char theirs[STATE_VERSION_MAX];
	char shown[STATE_VERSION_MAX];
	uint32_t lines; /* seen before the peer's */
};

enum phase {
	PHASE_NEW,     /* ssh_transport_start() comes next */
	PHASE_VERSION, /* the peer's version line comes next */
	PHASE_PACKETS,
	PHASE_GONE, /* a DISCONNECT was received or sent */
};

struct ssh_transport {
	enum ssh_role role;
	enum phase phase;
	struct fail fail;
	bool said_goodbye; /* we sent DISCONNECT: no more */
	struct algs algs;
	struct buf hostkeys;		     /* server: as in the options */
	uint64_t rekey_bytes, rekey_packets; /* 0: as the cipher has it */
	struct versions versions;
	struct box rx, tx;
	struct packet_reader reader;
	struct packet_pool pool;
	struct exchange *exchange; /* NULL: none under way */
	struct session session;
	struct buf queue; /* payloads, each with a u32 length in front */
	char words[STATE_WORDS_MAX]; /* the peer's goodbye */
};

/* dst gets src as printable ASCII, the rest as \xNN; may be cut short. */
void state_escape(char *dst, size_t size, struct span src);

static inline bool
state_first_kex(const struct ssh_transport *t)
{
	return t->session.kex_count == 0;
}

/* SSH_NEXT_* has no word for "go on"; it stays in this folder. */
enum { STATE_AGAIN = 100 };

#endif /* GATEWAY_SSH_TRANSPORT_STATE_H */
