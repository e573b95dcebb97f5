/* SPDX-License-Identifier: Apache-2.0 */
/* The client that does what it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ssh/transport/names.h"

#include "raw.h"

static const char version[] = "SSH-2.0-raw";
static struct buf offer;

int
raw_run(struct raw *w)
{
	int r = pair_take(w->server);
	size_t n = buf_len(&w->server->out);

	if (n > 0) {
		assert_int_equal(
		    buf_put(&w->in, buf_head(&w->server->out), n), 0);
		buf_reset(&w->server->out);
	}
	return r;
}

void
raw_init(struct raw *w, struct end *server)
{
	struct ssh_packet pkt;
	uint8_t *end;

	*w = (struct raw){.server = server};
	buf_init(&w->in, PAIR_IN_MAX);
	buf_init(&w->init, 65536);
	buf_init(&w->server_init, 65536);
	buf_init(&offer, 4096);
	assert_int_equal(buf_put(&server->in, version, strlen(version)), 0);
	assert_int_equal(buf_put(&server->in, "\r\n", 2), 0);
	assert_int_equal(raw_run(w), SSH_NEXT_MORE);
	end = memchr(buf_head(&w->in), '\n', buf_len(&w->in));
	assert_non_null(end);
	buf_consume(&w->in, (size_t)(end - buf_head(&w->in)) + 1);
	assert_int_equal(raw_recv(w, &pkt), SSH_MSG_KEXINIT);
	assert_int_equal(buf_put(&w->server_init, pkt.p, pkt.len), 0);
}

void
raw_fini(struct raw *w)
{
	box_fini(&w->rx);
	box_fini(&w->tx);
	kex_fini(&w->kex);
	buf_fini(&w->in);
	buf_fini(&w->init);
	buf_fini(&w->server_init);
	buf_fini(&offer);
}

void
raw_send(struct raw *w, const void *payload, size_t len)
{
	assert_int_equal(packet_write(&w->tx, &w->pool, &w->server->in,
			     SPAN(payload, len), SPAN(NULL, 0)),
	    0);
}

void
raw_send_msg(struct raw *w, uint8_t msg)
{
	uint8_t p[5] = {msg};

	raw_send(w, p, sizeof(p));
}

uint8_t
raw_recv(struct raw *w, struct ssh_packet *pkt)
{
	struct fail f = {0};
	int r;

	assert_int_equal(packet_drop(&w->reader, &w->in), 0);
	r = packet_read(&w->rx, &w->reader, &w->in, pkt, &f);
	if (r < 0)
		fail_msg("raw: %s", f.why);
	return r == 1 ? pkt->p[0] : 0;
}

void
raw_kexinit(struct raw *w, const char *kex, const char *hostkey, bool follows)
{
	const char *lists[10] = {kex, hostkey, "aes128-gcm@openssh.com",
	    "aes128-gcm@openssh.com", "", "", "none", "none", "", ""};
	static const uint8_t cookie[16];

	buf_reset(&w->init);
	assert_int_equal(buf_put_u8(&w->init, SSH_MSG_KEXINIT), 0);
	assert_int_equal(buf_put(&w->init, cookie, sizeof(cookie)), 0);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		assert_int_equal(buf_put_cstring(&w->init, lists[i]), 0);
	assert_int_equal(buf_put_u8(&w->init, follows ? 1 : 0), 0);
	assert_int_equal(buf_put_u32(&w->init, 0), 0);
	raw_send(w, buf_head(&w->init), buf_len(&w->init));
	w->strict = strstr(kex, "kex-strict-c-v00@openssh.com") != NULL;
}

void
raw_offer(struct raw *w)
{
	struct buf b;

	buf_init(&b, 256);
	kex_init(&w->kex, kex_find(names_span("curve25519-sha256")));
	buf_reset(&offer);
	assert_int_equal(w->kex.method->ops->offer(&w->kex, &offer), 0);
	assert_int_equal(buf_put_u8(&b, SSH_MSG_KEX_FIRST), 0);
	assert_int_equal(
	    buf_put_string(&b, buf_head(&offer), buf_len(&offer)), 0);
	raw_send(w, buf_head(&b), buf_len(&b));
	buf_fini(&b);
}

static void
install(struct raw *w, struct box *box, struct span secret, char letter)
{
	struct span hash = SPAN(w->hash, w->hash_len);
	uint32_t seq = w->strict ? 0 : box->seq;
	struct box_keys keys;

	assert_int_equal(
	    kex_derive(w->kex.method, secret, hash, hash, letter, &keys), 0);
	box_fini(box);
	assert_int_equal(
	    box_init(box, box_cipher_find(names_span("aes128-gcm@openssh.com")),
		NULL, &keys, letter == 'A'),
	    0);
	box->seq = seq;
}

/* The exchange hash, put together once more by hand. */
static void
make_hash(
    struct raw *w, struct span hostkey, struct span answer, struct span secret)
{
	const struct ssh_transport *t = w->server->t;
	struct span all;
	struct buf b;

	(void)t;
	buf_init(&b, 65536);
	assert_int_equal(buf_put_cstring(&b, version), 0);
	assert_int_equal(buf_put_cstring(&b, "SSH-2.0-Sallyport_test"), 0);
	assert_int_equal(
	    buf_put_string(&b, w->init.data, buf_len(&w->init)), 0);
	assert_int_equal(
	    buf_put_string(&b, w->server_init.data, buf_len(&w->server_init)),
	    0);
	assert_int_equal(buf_put_string(&b, hostkey.p, hostkey.len), 0);
	assert_int_equal(buf_put_string(&b, offer.data, buf_len(&offer)), 0);
	assert_int_equal(buf_put_string(&b, answer.p, answer.len), 0);
	assert_int_equal(buf_put(&b, secret.p, secret.len), 0);
	all = buf_span(&b);
	assert_int_equal(
	    kex_hash(w->kex.method, &all, 1, w->hash, &w->hash_len), 0);
	buf_fini(&b);
}

void
raw_finish(struct raw *w)
{
	static const uint8_t newkeys = SSH_MSG_NEWKEYS;
	struct span s, hostkey, answer;
	struct ssh_packet pkt;
	struct buf secret;

	assert_int_equal(raw_recv(w, &pkt), SSH_MSG_KEX_FIRST + 1);
	s = SPAN(pkt.p + 1, pkt.len - 1);
	assert_int_equal(span_string(&s, &hostkey), 0);
	assert_int_equal(span_string(&s, &answer), 0);
	buf_init(&secret, 256);
	assert_int_equal(
	    w->kex.method->ops->finish(&w->kex, answer, &secret), 0);
	make_hash(w, hostkey, answer, buf_span(&secret));
	assert_int_equal(raw_recv(w, &pkt), SSH_MSG_NEWKEYS);
	assert_int_equal(packet_drop(&w->reader, &w->in), 0);
	install(w, &w->rx, buf_span(&secret), 'B');
	raw_send(w, &newkeys, 1);
	install(w, &w->tx, buf_span(&secret), 'A');
	buf_fini(&secret);
}
