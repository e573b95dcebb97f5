/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KEXINIT: what is offered, and the algorithms that follow from the two
 * offers.  The markers for extensions (RFC 8308, OpenSSH's PROTOCOL section
 * 1.10) travel among the key exchange methods of the first KEXINIT.
 */
#include <string.h>

#include "base/hash.h"

#include "ssh/transport/names.h"
#include "ssh/transport/negotiate.h"

enum { COOKIE = 16 };

/* The ten name-lists of a KEXINIT, in their order. */
enum list {
	LIST_KEX,
	LIST_HOSTKEY,
	LIST_CIPHER,
	LIST_MAC = LIST_CIPHER + 2,
	LIST_COMPRESSION = LIST_MAC + 2,
	LIST_LANGUAGE = LIST_COMPRESSION + 2,
	LISTS = LIST_LANGUAGE + 2,
};

struct kexinit {
	struct span list[LISTS];
	bool follows; /* a guessed packet follows */
};

static const char strict_client[] = "kex-strict-c-v00@openssh.com";
static const char strict_server[] = "kex-strict-s-v00@openssh.com";
static const char ext_client[] = "ext-info-c";
static const char ext_server[] = "ext-info-s";

static int
put_list(struct buf *b, struct span list)
{
	return buf_put_string(b, list.p, list.len);
}

static int
put_kex_list(
    struct buf *b, const struct algs *a, enum ssh_role role, bool first)
{
	bool server = role == SSH_ROLE_SERVER;
	struct span list = buf_span(&a->kex);
	struct buf all;
	int r;

	if (!first)
		return put_list(b, list);
	buf_init(&all, NEGOTIATE_INIT_MAX);
	if ((r = buf_put(&all, list.p, list.len)) == 0 &&
	    (r = names_add(
		 &all, names_span(server ? ext_server : ext_client))) == 0 &&
	    (r = names_add(&all,
		 names_span(server ? strict_server : strict_client))) == 0)
		r = put_list(b, buf_span(&all));
	buf_fini(&all);
	return r;
}

int
negotiate_init(
    const struct algs *a, enum ssh_role role, bool first, struct buf *payload)
{
	struct span cipher = buf_span(&a->cipher);
	struct span mac = buf_span(&a->mac);
	struct span none = names_span("none");
	uint8_t cookie[COOKIE];
	int r;

	random_bytes(cookie, sizeof(cookie));
	if ((r = buf_put_u8(payload, SSH_MSG_KEXINIT)) != 0 ||
	    (r = buf_put(payload, cookie, sizeof(cookie))) != 0 ||
	    (r = put_kex_list(payload, a, role, first)) != 0 ||
	    (r = put_list(payload, buf_span(&a->hostkey))) != 0 ||
	    (r = put_list(payload, cipher)) != 0 ||
	    (r = put_list(payload, cipher)) != 0 ||
	    (r = put_list(payload, mac)) != 0 ||
	    (r = put_list(payload, mac)) != 0 ||
	    (r = put_list(payload, none)) != 0 ||
	    (r = put_list(payload, none)) != 0 ||
	    (r = put_list(payload, SPAN(NULL, 0))) != 0 ||
	    (r = put_list(payload, SPAN(NULL, 0))) != 0 ||
	    (r = buf_put_u8(payload, 0)) != 0)
		return r;
	return buf_put_u32(payload, 0);
}

static int
parse(struct span s, struct kexinit *k)
{
	const uint8_t *p;
	uint32_t reserved;
	int r = span_take(&s, 1 + COOKIE, &p);

	for (size_t i = 0; r == 0 && i < LISTS; i++)
		r = span_string(&s, &k->list[i]);
	if (r == 0)
		r = span_bool(&s, &k->follows);
	if (r == 0)
		r = span_u32(&s, &reserved);
	return r == 0 && s.len != 0 ? FAIL_FORMAT : r;
}

/* As much of a list as the words for a failure have room for. */
static int
shown(struct span list)
{
	return list.len > 60 ? 60 : (int)list.len;
}

/* The first name of the client's that the server has too. */
static int
pick(const struct kexinit *client, const struct kexinit *server, size_t i,
    const char *what, struct fail *f, struct span *name)
{
	if (names_match(client->list[i], server->list[i], name))
		return 0;
	return fail_set(f, FAIL_UNSUPPORTED,
	    "no %s in common: client has %.*s, server %.*s", what,
	    shown(client->list[i]), (const char *)client->list[i].p,
	    shown(server->list[i]), (const char *)server->list[i].p);
}

static int
pick_direction(const struct kexinit *client, const struct kexinit *server,
    size_t dir, struct choice *c, struct fail *f)
{
	struct span name;
	int r;

	r = pick(client, server, LIST_CIPHER + dir, "cipher", f, &name);
	if (r != 0)
		return r;
	c->cipher[dir] = box_cipher_find(name);
	if (c->cipher[dir] == NULL)
		return fail_set(f, FAIL_UNSUPPORTED, "cipher");
	if (!box_cipher_aead(c->cipher[dir])) {
		r = pick(client, server, LIST_MAC + dir, "MAC", f, &name);
		if (r != 0)
			return r;
		c->mac[dir] = box_mac_find(name);
		if (c->mac[dir] == NULL)
			return fail_set(f, FAIL_UNSUPPORTED, "MAC");
	}
	return pick(
	    client, server, LIST_COMPRESSION + dir, "compression", f, &name);
}

int
negotiate_choose(enum ssh_role role, struct span ours, struct span theirs,
    struct negotiated *n, struct fail *f)
{
	bool is_server = role == SSH_ROLE_SERVER;
	struct kexinit mine, peer, *client, *server;
	struct span name;
	int r;

	*n = (struct negotiated){0};
	if (parse(ours, &mine) != 0 || parse(theirs, &peer) != 0)
		return fail_set(f, FAIL_PROTO, "malformed KEXINIT");
	client = is_server ? &peer : &mine;
	server = is_server ? &mine : &peer;
	if ((r = pick(client, server, LIST_KEX, "key exchange", f, &name)) != 0)
		return r;
	n->choice.kex = kex_find(name);
	if (n->choice.kex == NULL)
		return fail_set(f, FAIL_UNSUPPORTED, "key exchange");
	if ((r = pick(client, server, LIST_HOSTKEY, "host key algorithm", f,
		 &name)) != 0)
		return r;
	if (name.len >= sizeof(n->choice.hostkey))
		return fail_set(f, FAIL_UNSUPPORTED, "host key algorithm");
	memcpy(n->choice.hostkey, name.p, name.len);
	if ((r = pick_direction(client, server, TO_SERVER, &n->choice, f)) !=
		0 ||
	    (r = pick_direction(client, server, TO_CLIENT, &n->choice, f)) != 0)
		return r;
	n->strict =
	    names_has(client->list[LIST_KEX], names_span(strict_client)) &&
	    names_has(server->list[LIST_KEX], names_span(strict_server));
	n->peer_ext_info =
	    is_server && names_has(peer.list[LIST_KEX], names_span(ext_client));
	n->wrong_guess =
	    peer.follows &&
	    (!names_same_first(mine.list[LIST_KEX], peer.list[LIST_KEX]) ||
		!names_same_first(
		    mine.list[LIST_HOSTKEY], peer.list[LIST_HOSTKEY]));
	return 0;
}
