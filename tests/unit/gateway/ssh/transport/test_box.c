/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing and opening: every cipher with every MAC, and against known answers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>

#include "base/fail.h"
#include "ssh/transport/packet.h"

static const char *const ciphers[] = {
#define CIPHER(list, name, ...) name,
#include "ssh/transport/cipher_tbl.h"
#undef CIPHER
};
static const char *const macs[] = {
#define MAC(list, name, ...) name,
#include "ssh/transport/mac_tbl.h"
#undef MAC
};

struct ends {
	struct box tx, rx;
	struct packet_pool pool;
	struct packet_reader rd;
	struct buf wire;
	struct fail f;
};

static struct span
text(const char *s)
{
	return SPAN(s, strlen(s));
}

static struct box_keys
make_keys(uint8_t seed)
{
	struct box_keys k;

	for (size_t i = 0; i < sizeof(k.key); i++)
		k.key[i] = (uint8_t)(seed + 7 * i);
	for (size_t i = 0; i < sizeof(k.iv); i++)
		k.iv[i] = (uint8_t)(seed + 3 * i);
	for (size_t i = 0; i < sizeof(k.mac); i++)
		k.mac[i] = (uint8_t)(seed + 5 * i);
	return k;
}

static void
start(struct ends *e, const char *cipher, const char *mac, uint32_t seq)
{
	const struct box_cipher *c = box_cipher_find(text(cipher));
	const struct box_mac *m = mac ? box_mac_find(text(mac)) : NULL;
	struct box_keys k = make_keys(1);

	memset(e, 0, sizeof(*e));
	assert_non_null(c);
	assert_int_equal(box_init(&e->tx, c, m, &k, true), 0);
	assert_int_equal(box_init(&e->rx, c, m, &k, false), 0);
	e->tx.seq = e->rx.seq = seq;
	buf_init(&e->wire, 1024 * 1024);
}

static void
stop(struct ends *e)
{
	box_fini(&e->tx);
	box_fini(&e->rx);
	buf_fini(&e->wire);
}

static void
seal(struct ends *e, size_t n, uint8_t fill)
{
	uint8_t p[40000];

	assert_true(n > 0 && n <= sizeof(p));
	memset(p, fill, n);
	p[0] = 94;
	/* The payload in two, as a relay sends it. */
	assert_int_equal(packet_write(&e->tx, &e->pool, &e->wire,
			     SPAN(p, n / 3), SPAN(p + n / 3, n - n / 3)),
	    0);
}

static int
next(struct ends *e, struct ssh_packet *pkt)
{
	assert_int_equal(packet_drop(&e->rd, &e->wire), 0);
	return packet_read(&e->rx, &e->rd, &e->wire, pkt, &e->f);
}

static void
expect(struct ends *e, size_t n, uint8_t fill, uint32_t seq)
{
	struct ssh_packet pkt;
	int r = next(e, &pkt);

	if (r != 1)
		fail_msg("%d: %s", r, e->f.why);
	assert_int_equal(pkt.len, n);
	assert_int_equal(pkt.seq, seq);
	assert_int_equal(pkt.p[0], 94);
	for (size_t i = 1; i < n; i++)
		assert_int_equal(pkt.p[i], fill);
}

/* Call fn with every cipher and, where it counts, every MAC. */
static void
each(void (*fn)(const char *cipher, const char *mac))
{
	for (size_t i = 0; i < ARRAY_LEN(ciphers); i++) {
		if (box_cipher_aead(box_cipher_find(text(ciphers[i])))) {
			fn(ciphers[i], NULL);
			continue;
		}
		for (size_t k = 0; k < ARRAY_LEN(macs); k++)
			fn(ciphers[i], macs[k]);
	}
}

static void
round_trip(const char *cipher, const char *mac)
{
	static const size_t sizes[] = {
	    1, 2, 3, 15, 16, 17, 63, 64, 65, 100, 255, 1000, 32768, 33000};
	const uint32_t first = UINT32_MAX - 5; /* the number wraps */
	struct ssh_packet pkt;
	struct ends e;

	start(&e, cipher, mac, first);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		seal(&e, sizes[i], (uint8_t)i);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		expect(&e, sizes[i], (uint8_t)i, first + (uint32_t)i);
	assert_int_equal(next(&e, &pkt), 0);
	assert_int_equal(buf_len(&e.wire), 0);
	assert_int_equal(e.tx.packets, ARRAY_LEN(sizes));
	assert_int_equal(e.tx.bytes, e.rx.bytes);
	stop(&e);
}

static void
what_is_sealed_is_opened_across_the_wrap_of_numbers(void **state UNUSED)
{
	each(round_trip);
}

/* Every byte wrong in turn, length and tag included. */
static void
flip_each(const char *cipher, const char *mac)
{
	struct ssh_packet pkt;
	size_t n = 1;
	struct ends e;

	for (size_t i = 0; i < n; i++) {
		int r;

		start(&e, cipher, mac, 3);
		seal(&e, 40, 5);
		n = buf_len(&e.wire);
		buf_head(&e.wire)[i] ^= 0x40;
		/* So that a longer length or a hidden error finds its bytes. */
		while (buf_len(&e.wire) < 600000)
			assert_int_equal(
			    buf_put(&e.wire, (uint8_t[4096]){0}, 4096), 0);
		r = next(&e, &pkt);
		if (r != FAIL_MAC)
			fail_msg("%s %s: byte %zu: %d", cipher, mac ? mac : "-",
			    i, r);
		stop(&e);
	}
	assert_true(n > 40);
}

static void
one_wrong_byte_anywhere_is_refused(void **state UNUSED)
{
	each(flip_each);
}

static void
cut(const char *cipher, const char *mac)
{
	struct ssh_packet pkt;
	struct ends e;
	struct buf all;

	start(&e, cipher, mac, 0);
	seal(&e, 200, 1);
	buf_init(&all, 10000);
	assert_int_equal(buf_put(&all, buf_head(&e.wire), buf_len(&e.wire)), 0);
	buf_reset(&e.wire);
	/* Nothing is given out before the last byte is there. */
	while (buf_len(&all) > 1) {
		assert_int_equal(buf_put(&e.wire, buf_head(&all), 1), 0);
		buf_consume(&all, 1);
		assert_int_equal(next(&e, &pkt), 0);
	}
	assert_int_equal(buf_put(&e.wire, buf_head(&all), 1), 0);
	expect(&e, 200, 1, 0);
	buf_fini(&all);
	stop(&e);
}

static void
a_packet_is_given_out_when_it_is_whole(void **state UNUSED)
{
	each(cut);
}

static void
replay(const char *cipher, const char *mac)
{
	struct ssh_packet pkt;
	struct ends e;
	struct buf first;
	size_t n;

	/* The same packet again, as an attacker would send it. */
	start(&e, cipher, mac, 0);
	seal(&e, 40, 1);
	n = buf_len(&e.wire);
	buf_init(&first, 10000);
	assert_int_equal(buf_put(&first, buf_head(&e.wire), n), 0);
	expect(&e, 40, 1, 0);
	assert_int_equal(
	    buf_put(&e.wire, buf_head(&first), buf_len(&first)), 0);
	while (buf_len(&e.wire) < 600000)
		assert_int_equal(buf_put(&e.wire, (uint8_t[4096]){0}, 4096), 0);
	assert_int_equal(next(&e, &pkt), FAIL_MAC);
	buf_fini(&first);
	stop(&e);
	/* One left out. */
	start(&e, cipher, mac, 0);
	seal(&e, 40, 1);
	buf_reset(&e.wire);
	seal(&e, 40, 2);
	while (buf_len(&e.wire) < 600000)
		assert_int_equal(buf_put(&e.wire, (uint8_t[4096]){0}, 4096), 0);
	assert_int_equal(next(&e, &pkt), FAIL_MAC);
	stop(&e);
}

static void
a_packet_again_or_left_out_is_refused(void **state UNUSED)
{
	each(replay);
}

/* RFC 5647 by hand: AES-GCM of OpenSSL, the length as associated data. */
static void
gcm_is_as_the_rfc_has_it(void **state UNUSED)
{
	struct box_keys k = make_keys(1);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t *p, plain[256];
	struct ends e;
	int n, len;

	assert_non_null(ctx);
	start(&e, "aes256-gcm@openssh.com", NULL, 0);
	for (unsigned round = 0; round < 3; round++) {
		uint8_t iv[12];

		/* Fixed field of 4 bytes, invocation counter of 8. */
		memcpy(iv, k.iv, 12);
		iv[11] = (uint8_t)(iv[11] + round);
		buf_reset(&e.wire);
		seal(&e, 50, 9);
		p = buf_head(&e.wire);
		len = (int)be32_get(p);
		assert_int_equal(len % 16, 0);
		assert_int_equal(buf_len(&e.wire), 4 + (size_t)len + 16);
		assert_int_equal(
		    EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, k.key, iv),
		    1);
		assert_int_equal(EVP_DecryptUpdate(ctx, NULL, &n, p, 4), 1);
		assert_int_equal(
		    EVP_DecryptUpdate(ctx, plain, &n, p + 4, len), 1);
		assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG,
				     16, p + 4 + len),
		    1);
		assert_int_equal(EVP_DecryptFinal_ex(ctx, plain + len, &n), 1);
		assert_int_equal(len, 1 + 50 + plain[0]);
		assert_int_equal(plain[1], 94);
		assert_int_equal(plain[2], 9);
	}
	EVP_CIPHER_CTX_free(ctx);
	stop(&e);
}

/* Block counter and nonce of the original ChaCha20, as OpenSSL takes them. */
static void
chacha(const uint8_t key[32], uint32_t seq, uint8_t counter, const uint8_t *in,
    uint8_t *out, int len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t iv[16] = {counter};
	int n;

	assert_non_null(ctx);
	be32_put(iv + 12, seq);
	assert_int_equal(
	    EVP_EncryptInit_ex(ctx, EVP_chacha20(), NULL, key, iv), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, out, &n, in, len), 1);
	EVP_CIPHER_CTX_free(ctx);
}

/* PROTOCOL.chacha20poly1305 by hand. */
static void
chapoly_is_as_openssh_has_it(void **state UNUSED)
{
	static const uint8_t zeros[32];
	struct box_keys k = make_keys(1);
	const uint32_t seq = 0x01020304;
	uint8_t poly[32], tag[16], plain[256], *p;
	size_t len, tag_len = sizeof(tag);
	EVP_PKEY_CTX *none = NULL;
	EVP_MAC *alg = EVP_MAC_fetch(NULL, "POLY1305", NULL);
	EVP_MAC_CTX *mac = EVP_MAC_CTX_new(alg);
	struct ends e;

	(void)none;
	assert_non_null(mac);
	start(&e, "chacha20-poly1305@openssh.com", NULL, seq);
	seal(&e, 50, 9);
	p = buf_head(&e.wire);
	/* K_1, the second half, is for the length. */
	chacha(k.key + 32, seq, 0, p, plain, 4);
	len = be32_get(plain);
	assert_int_equal(buf_len(&e.wire), 4 + len + 16);
	chacha(k.key, seq, 0, zeros, poly, 32);
	assert_int_equal(EVP_MAC_init(mac, poly, sizeof(poly), NULL), 1);
	assert_int_equal(EVP_MAC_update(mac, p, 4 + len), 1);
	assert_int_equal(EVP_MAC_final(mac, tag, &tag_len, sizeof(tag)), 1);
	assert_memory_equal(tag, p + 4 + len, 16);
	chacha(k.key, seq, 1, p + 4, plain, (int)len);
	assert_int_equal(len, 1 + 50 + plain[0]);
	assert_int_equal(plain[1], 94);
	assert_int_equal(plain[2], 9);
	EVP_MAC_CTX_free(mac);
	EVP_MAC_free(alg);
	stop(&e);
}

static void
lengths_that_cannot_be_are_refused(void **state UNUSED)
{
	static const uint32_t bad[] = {
	    0, 1, 4, 5, 13, 16 + 1, 300000, 0x7fffffff, 0xffffffff};
	struct box clear = {0};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(packet_len_ok(&clear, bad[i]));
	assert_true(packet_len_ok(&clear, 12));
	assert_true(packet_len_ok(&clear, PACKET_CLEAR_MAX / 8 * 8 - 4));
	assert_false(packet_len_ok(&clear, PACKET_CLEAR_MAX / 8 * 8 + 4));
}

/* In the clear nothing but the padding can be wrong. */
static void
padding_that_cannot_be_is_refused(void **state UNUSED)
{
	for (unsigned pad = 0; pad < 256; pad++) {
		uint8_t p[16] = {0, 0, 0, 12, (uint8_t)pad, 94};
		struct ends e = {0};
		struct ssh_packet pkt;
		int r;

		buf_init(&e.wire, 100);
		assert_int_equal(buf_put(&e.wire, p, sizeof(p)), 0);
		r = next(&e, &pkt);
		/* One byte of payload at least, four of padding at least. */
		if (pad >= 4 && pad <= 10)
			assert_int_equal(r, 1);
		else
			assert_int_equal(r, FAIL_PROTO);
		buf_fini(&e.wire);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		what_is_sealed_is_opened_across_the_wrap_of_numbers),
	    cmocka_unit_test(one_wrong_byte_anywhere_is_refused),
	    cmocka_unit_test(a_packet_is_given_out_when_it_is_whole),
	    cmocka_unit_test(a_packet_again_or_left_out_is_refused),
	    cmocka_unit_test(gcm_is_as_the_rfc_has_it),
	    cmocka_unit_test(chapoly_is_as_openssh_has_it),
	    cmocka_unit_test(lengths_that_cannot_be_are_refused),
	    cmocka_unit_test(padding_that_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
