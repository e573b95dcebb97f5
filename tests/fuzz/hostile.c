/* SPDX-License-Identifier: Apache-2.0 */
/* See hostile.h. */
#include <string.h>

#include "base/cdefs.h"

#include "ssh/transport/exchange.h"
#include "ssh/transport/sshkey.h"

#include "hostile.h"

enum { IO_MAX = 1024 * 1024, SAID_MAX = 65536, HOSTS = 2 };

int __real_packet_write(struct box *b, struct packet_pool *pool,
    struct buf *out, struct span head, struct span tail);
int __wrap_packet_write(struct box *b, struct packet_pool *pool,
    struct buf *out, struct span head, struct span tail);

/* Those whose packets are altered. */
static struct hostile *hosts[HOSTS];

static struct {
	EVP_PKEY *key[3];
	struct buf blob[3];
	struct buf blobs;
} keys;

/* ---- algorithms and keys */

/*
 * No 4096 or 8192 bits: they would take all of the time.  Not every OpenSSL has
 * ML-KEM.
 */
static const char *const kexes[] = {"curve25519-sha256", "ecdh-sha2-nistp256",
    "diffie-hellman-group-exchange-sha256", "ecdh-sha2-nistp521",
    "mlkem768x25519-sha256,curve25519-sha256", "diffie-hellman-group14-sha256",
    "diffie-hellman-group1-sha1", "diffie-hellman-group-exchange-sha1"};
static const char *const ciphers[] = {"aes128-gcm@openssh.com",
    "chacha20-poly1305@openssh.com", "aes128-ctr", "aes256-gcm@openssh.com",
    "aes128-cbc", "3des-cbc"};
static const char *const macs[] = {"hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-256", "hmac-sha1", "hmac-sha2-512-etm@openssh.com"};
static const char *const hostkeys[] = {
    "ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "ssh-rsa"};

struct ssh_algs
hostile_algs(const struct hostile_taste *w)
{
	return (struct ssh_algs){
	    .kex = kexes[w->kex % ARRAY_LEN(kexes)],
	    .hostkey = hostkeys[w->hostkey % ARRAY_LEN(hostkeys)],
	    .cipher = ciphers[w->cipher % ARRAY_LEN(ciphers)],
	    .mac = macs[w->mac % ARRAY_LEN(macs)],
	};
}

static void
make_keys(void)
{
	keys.key[0] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	keys.key[1] = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	keys.key[2] = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	buf_init(&keys.blobs, 4096);
	for (size_t i = 0; i < ARRAY_LEN(keys.key); i++) {
		buf_init(&keys.blob[i], 1024);
		MUST(sshkey_public_blob(keys.key[i], &keys.blob[i]) == 0);
		MUST(buf_put_string(&keys.blobs, buf_head(&keys.blob[i]),
			 buf_len(&keys.blob[i])) == 0);
	}
}

struct span
hostile_blobs(void)
{
	if (keys.key[0] == NULL)
		make_keys();
	return buf_span(&keys.blobs);
}

int
hostile_sign(struct span alg, struct span data, struct buf *sig)
{
	char name[64];

	if (alg.len >= sizeof(name))
		return FAIL_RANGE;
	memcpy(name, alg.p, alg.len);
	name[alg.len] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(keys.key); i++)
		if (sshkey_fits(buf_span(&keys.blob[i]), name))
			return sshkey_sign(keys.key[i], name, data, sig);
	return FAIL_NOTFOUND;
}

int
hostile_answer(struct ssh_transport *t, struct buf *out)
{
	struct span hash;
	const char *alg = ssh_transport_sign_request(t, &hash);
	struct buf sig;
	int r;

	if (hash.len == 0)
		return ssh_transport_hostkey_accept(t, out);
	buf_init(&sig, 1024);
	MUST(hostile_sign(SPAN(alg, strlen(alg)), hash, &sig) == 0);
	r = ssh_transport_signed(t, out, buf_span(&sig));
	buf_fini(&sig);
	return r;
}

/* ---- what it says */

/* Whatever a strict peer does not take before the first keys. */
static void
mark(struct hostile *h, struct span payload)
{
	const struct exchange *x = h->t->exchange;
	uint8_t msg = payload.p[0];

	h->told = true;
	/* Whatever ends in a newline may come before a server's version. */
	if (h->t->phase == PHASE_NEW || h->early)
		return;
	if (!(msg >= SSH_MSG_KEX_FIRST && msg <= SSH_MSG_KEX_LAST) &&
	    msg != SSH_MSG_KEXINIT && msg != SSH_MSG_NEWKEYS &&
	    state_first_kex(h->t) && (x == NULL || !x->sent_newkeys))
		h->intruded = true;
}

static void
write_box(struct hostile *h, struct buf *out, struct span payload)
{
	if (payload.p[0] == SSH_MSG_NEWKEYS)
		h->early = true;
	/* One that is too long just is not sent. */
	IGNORE(__real_packet_write(
	    &h->t->tx, &h->t->pool, out, payload, SPAN(NULL, 0)));
}

static size_t
place(struct span *how, size_t len)
{
	uint16_t at;

	if (span_u16(how, &at) != 0)
		return 0;
	return len > 0 ? at % (len + 1) : 0;
}

/* p, of *n bytes and room for more, as how wants it. */
static void
alter(enum hostile_how what, struct span how, uint8_t *p, size_t *n)
{
	size_t room = SAID_MAX - *n, at;

	if (what == HOSTILE_NUMBER && how.len > 0)
		p[0] = how.p[0];
	if (what == HOSTILE_CUT)
		*n = place(&how, *n);
	if (what == HOSTILE_XOR) {
		at = place(&how, *n);
		for (size_t i = 0; i < how.len && at + i < *n; i++)
			p[at + i] ^= how.p[i];
	}
	if (what != HOSTILE_APPEND && what != HOSTILE_OTHER &&
	    what != HOSTILE_INSERT)
		return;
	at = what == HOSTILE_APPEND  ? *n
	     : what == HOSTILE_OTHER ? 0
				     : place(&how, *n);
	if (what == HOSTILE_OTHER)
		*n = 0;
	if (how.len > room)
		how.len = room;
	memmove(p + at + how.len, p + at, *n - at);
	if (how.len > 0)
		memcpy(p + at, how.p, how.len);
	*n += how.len;
}

/* A KEXINIT that was altered is part of what is signed. */
static void
remember(struct hostile *h, struct span payload)
{
	struct exchange *x = h->t->exchange;

	if (x == NULL)
		return;
	buf_reset(&x->ours);
	IGNORE(buf_put(&x->ours, payload.p, payload.len));
}

static void
write_altered(struct hostile *h, struct buf *out, struct span payload)
{
	static uint8_t said[SAID_MAX];
	struct span how = buf_span(&h->how);
	size_t n = payload.len;
	bool init = payload.p[0] == SSH_MSG_KEXINIT;
	uint8_t what = 0;

	MUST(n <= sizeof(said) && span_u8(&how, &what) == 0);
	what %= HOSTILE_HOWS;
	memcpy(said, payload.p, n);
	alter((enum hostile_how)what, how, said, &n);
	h->told = true;
	buf_reset(&h->how);
	if (init)
		remember(h, SPAN(said, n));
	if (n == 0 || what == HOSTILE_DROP)
		return;
	write_box(h, out, SPAN(said, n));
	if (what == HOSTILE_TWICE)
		write_box(h, out, SPAN(said, n));
}

int
__wrap_packet_write(struct box *b, struct packet_pool *pool, struct buf *out,
    struct span head, struct span tail)
{
	struct hostile *h = NULL;
	struct span list, one;
	struct buf all;

	for (size_t i = 0; i < HOSTS; i++)
		if (hosts[i] != NULL && hosts[i]->t != NULL &&
		    b == &hosts[i]->t->tx)
			h = hosts[i];
	if (h == NULL || head.len + tail.len == 0)
		return __real_packet_write(b, pool, out, head, tail);
	list = buf_span(&h->before);
	while (span_string(&list, &one) == 0) {
		mark(h, one);
		write_box(h, out, one);
	}
	buf_reset(&h->before);
	if (buf_len(&h->how) == 0)
		return __real_packet_write(b, pool, out, head, tail);
	buf_init_secret(&all, SSH_PACKET_MAX);
	MUST(buf_put(&all, head.p, head.len) == 0 &&
	     buf_put(&all, tail.p, tail.len) == 0);
	write_altered(h, out, buf_span(&all));
	buf_fini(&all);
	return 0;
}

void
hostile_before(struct hostile *h, struct span payload)
{
	if (h->t != NULL && payload.len > 0)
		IGNORE(buf_put_string(&h->before, payload.p, payload.len));
}

void
hostile_alter(struct hostile *h, struct span how)
{
	buf_reset(&h->how);
	if (how.len > 0)
		IGNORE(buf_put(&h->how, how.p, how.len));
}

void
hostile_say(struct hostile *h, struct span payload)
{
	static struct packet_pool pool;
	struct box clear = {0};

	if (payload.len == 0)
		return;
	if (h->t == NULL) {
		IGNORE(__real_packet_write(
		    &clear, &pool, &h->out, payload, SPAN(NULL, 0)));
		return;
	}
	mark(h, payload);
	write_box(h, &h->out, payload);
}

bool
hostile_take(struct hostile *h, unsigned n)
{
	struct ssh_packet pkt;
	int r = SSH_NEXT_KEYS;

	while (h->t != NULL && n-- > 0 && r > 0) {
		r = ssh_transport_next(h->t, &h->in, &h->out, &pkt);
		if (r == SSH_NEXT_PACKET && h->hears != NULL)
			h->hears(h, SPAN(pkt.p, pkt.len));
		if (r == SSH_NEXT_SIGN || r == SSH_NEXT_HOSTKEY)
			r = hostile_answer(h->t, &h->out) == 0 ? SSH_NEXT_KEYS
							       : -1;
	}
	return r >= 0;
}

/* ---- life */

void
hostile_init(struct hostile *h, struct ssh_transport *t)
{
	size_t i = 0;

	*h = (struct hostile){.t = t};
	buf_init(&h->in, IO_MAX);
	buf_init(&h->out, IO_MAX);
	buf_init(&h->before, SAID_MAX);
	buf_init(&h->how, SAID_MAX);
	while (hosts[i] != NULL)
		MUST(++i < HOSTS);
	hosts[i] = h;
}

void
hostile_fini(struct hostile *h)
{
	for (size_t i = 0; i < HOSTS; i++)
		if (hosts[i] == h)
			hosts[i] = NULL;
	ssh_transport_free(h->t);
	buf_fini(&h->in);
	buf_fini(&h->out);
	buf_fini(&h->before);
	buf_fini(&h->how);
	h->t = NULL;
}
