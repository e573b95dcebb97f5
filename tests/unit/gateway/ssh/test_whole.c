/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole sessions, handshakes to goodbye, on wires that damage what they carry:
 * each byte of each direction in turn.  A session either ends with a reason,
 * waits for bytes that do not come (until somebody leaves), or goes on as if
 * nothing were: that only for padding which nothing protects yet.  That bytes
 * only pass when they are recorded, and nobody is given wrong ones, is checked
 * in every run by whole.c.
 */
#include <openssl/evp.h>

#include "base/fail.h"
#include "whole.h"
#include "wire.h"

/* The sanitizers take their time: some of the bytes do there. */
#ifdef __SANITIZE_ADDRESS__
enum { STRIDE = 7 };
#else
enum { STRIDE = 1 };
#endif

static EVP_PKEY *ed25519, *p256, *rsa;

/* One of each way to agree on keys, and to protect packets. */
static const struct ssh_algs gcm = {"curve25519-sha256", "ssh-ed25519",
    "aes128-gcm@openssh.com", "hmac-sha2-256"};
static const struct ssh_algs chapoly = {"ecdh-sha2-nistp256",
    "ecdsa-sha2-nistp256", "chacha20-poly1305@openssh.com", "hmac-sha2-256"};
static const struct ssh_algs etm = {"diffie-hellman-group1-sha1",
    "rsa-sha2-256", "aes256-ctr", "hmac-sha2-256-etm@openssh.com"};
static const struct ssh_algs and_mac = {
    "curve25519-sha256", "ssh-ed25519", "aes128-ctr", "hmac-sha2-512"};
static const struct ssh_algs cbc = {
    "curve25519-sha256", "ssh-ed25519", "3des-cbc", "hmac-sha1"};
static const struct ssh_algs gex = {"diffie-hellman-group-exchange-sha256",
    "ssh-ed25519", "aes256-gcm@openssh.com", "hmac-sha2-256"};

static struct whole_opts
opts(const struct ssh_algs *algs)
{
	struct whole_opts o = {.algs = *algs, .key = ed25519};

	if (strncmp(algs->hostkey, "ecdsa", 5) == 0)
		o.key = p256;
	if (strncmp(algs->hostkey, "rsa", 3) == 0)
		o.key = rsa;
	return o;
}

static void
clean(const struct whole_opts *o, struct whole_result *res)
{
	whole_run(o, res);
	if (!res->done)
		fail_msg("not done: %d %s", res->code, res->why);
	assert_int_equal(res->code, 0);
	assert_int_equal(res->recorded, res->forwarded);
}

static void
tell(const struct whole_opts *o, const struct whole_result *res,
    const char *what)
{
	fail_msg("%s %s, %s at %zu: %s; done %d stalled %d left %d code %d %s",
	    o->algs.kex, o->algs.cipher, whole_wire_name(o->wire), o->at, what,
	    res->done, res->stalled, res->left, res->code, res->why);
}

/* What each run with damage must have come to. */
static void
judge(const struct whole_opts *o, const struct whole_result *res)
{
	bool ended = res->code < 0 || res->left;

	if (!res->damaged) {
		if (!res->done)
			tell(o, res, "not damaged, not done");
		return;
	}
	if (res->done && !res->harmless)
		tell(o, res, "went on");
	if (!res->done && !ended)
		tell(o, res, "neither done nor ended");
	if (ended && res->why[0] == '\0')
		tell(o, res, "no reason");
}

struct tally {
	unsigned runs, ended, stalled, harmless;
};

/* Which bytes of each wire are damaged in turn. */
struct these {
	enum whole_damage damage;
	size_t stride;	/* each stride-th of them */
	bool rekey;	/* of a session with a second key exchange */
	bool protected; /* only those behind the first NEWKEYS */
};

static struct tally
each_byte(const struct ssh_algs *algs, const struct these *b)
{
	struct whole_opts o = opts(algs);
	struct whole_result whole, res;
	struct tally t = {0};

	o.rekey = b->rekey;
	clean(&o, &whole);
	o.damage = b->damage;
	for (int w = 0; w < WIRES; w++) {
		/* Signatures are not always of the same length. */
		size_t end = whole.bytes[w] + 8;

		o.wire = (enum whole_wire)w;
		o.at = b->protected ? whole.clear[w] - 8 : 0;
		for (; o.at < end; o.at += b->stride) {
			whole_run(&o, &res);
			judge(&o, &res);
			t.runs++;
			t.ended += res.code < 0 || (res.left && !res.stalled);
			t.stalled += res.stalled;
			t.harmless += res.damaged && res.done;
		}
	}
	print_message("%s %s: %u runs, %u ended, %u waited, %u harmless\n",
	    algs->kex, algs->cipher, t.runs, t.ended, t.stalled, t.harmless);
	return t;
}

static void
flips(const struct ssh_algs *algs)
{
	struct tally t = each_byte(
	    algs, &(struct these){.damage = DAMAGE_FLIP, .stride = STRIDE});

	/* Eight clear packets and more, each padded with four bytes at least;
	 * nothing else is. */
	assert_true(t.harmless >= 32 / STRIDE && t.harmless < 400);
	assert_true(t.ended > t.runs / 2);
}

static void
a_bit_wrong_anywhere_aes_gcm(void **state UNUSED)
{
	flips(&gcm);
}

static void
a_bit_wrong_anywhere_chacha20(void **state UNUSED)
{
	flips(&chapoly);
}

static void
a_bit_wrong_anywhere_etm(void **state UNUSED)
{
	flips(&etm);
}

/* The key exchange is that of aes_gcm. */
static void
a_bit_wrong_anywhere_encrypt_and_mac(void **state UNUSED)
{
	const struct these b = {
	    .damage = DAMAGE_FLIP, .stride = STRIDE, .protected = true};
	struct tally t = each_byte(&and_mac, &b);

	assert_true(t.ended > t.runs / 2);
}

/* Most wait: whether length or MAC is wrong is not told at once. */
static void
a_bit_wrong_anywhere_cbc(void **state UNUSED)
{
	const struct these b = {
	    .damage = DAMAGE_FLIP, .stride = STRIDE, .protected = true};
	struct tally t = each_byte(&cbc, &b);

	assert_true(t.ended + t.stalled > t.runs * 9 / 10);
}

/* Slow, and different only in the group. */
static void
a_bit_wrong_anywhere_group_exchange(void **state UNUSED)
{
	(void)each_byte(
	    &gex, &(struct these){.damage = DAMAGE_FLIP, .stride = 29});
}

static void
a_bit_wrong_anywhere_with_new_keys(void **state UNUSED)
{
	const struct these b = {.damage = DAMAGE_FLIP,
	    .stride = 3 * STRIDE,
	    .rekey = true,
	    .protected = true};
	struct tally t = each_byte(&gcm, &b);

	assert_true(t.ended > t.runs / 2);
}

/* The wire ends at every length: nothing passes, and it is noticed. */
static void
cut_at_every_length(void **state UNUSED)
{
	static const struct ssh_algs *const all[] = {
	    &gcm, &chapoly, &and_mac, &cbc};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const struct these b = {
		    .damage = DAMAGE_CUT, .stride = i == 0 ? STRIDE : 11};
		struct tally t = each_byte(all[i], &b);

		assert_int_equal(t.stalled, 0);
	}
}

static void
each_segment(const struct ssh_algs *algs, enum whole_damage damage)
{
	struct whole_opts o = opts(algs);
	struct whole_result whole, res;

	o.rekey = true;
	clean(&o, &whole);
	o.damage = damage;
	for (int w = 0; w < WIRES; w++) {
		o.wire = (enum whole_wire)w;
		assert_true(whole.segments[w] > 10);
		for (o.at = 0; o.at < whole.segments[w]; o.at++) {
			bool last = o.at + 1 == whole.segments[w];

			whole_run(&o, &res);
			/* In CBC it is not told at once that the last one was
			 * one too many. */
			if (!last || damage != DAMAGE_TWICE || algs != &cbc)
				judge(&o, &res);
		}
	}
}

static void
each_segment_twice_or_missing(void **state UNUSED)
{
	static const struct ssh_algs *const all[] = {
	    &gcm, &chapoly, &etm, &and_mac, &cbc};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		each_segment(all[i], DAMAGE_TWICE);
		each_segment(all[i], DAMAGE_MISSING);
	}
}

/* As TCP may deliver it: all is as before. */
static void
bytes_that_come_one_by_one(void **state UNUSED)
{
	static const struct ssh_algs *const all[] = {
	    &gcm, &chapoly, &etm, &and_mac, &cbc, &gex};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct whole_opts o = opts(all[i]);
		struct whole_result whole, res;

		o.rekey = true;
		clean(&o, &whole);
		for (o.step = 1; o.step < 70; o.step = o.step * 3 + 1) {
			clean(&o, &res);
			assert_int_equal(res.forwarded, whole.forwarded);
			assert_int_equal(res.keys, 2);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_that_come_one_by_one),
	    cmocka_unit_test(a_bit_wrong_anywhere_aes_gcm),
	    cmocka_unit_test(a_bit_wrong_anywhere_chacha20),
	    cmocka_unit_test(a_bit_wrong_anywhere_etm),
	    cmocka_unit_test(a_bit_wrong_anywhere_encrypt_and_mac),
	    cmocka_unit_test(a_bit_wrong_anywhere_cbc),
	    cmocka_unit_test(a_bit_wrong_anywhere_group_exchange),
	    cmocka_unit_test(a_bit_wrong_anywhere_with_new_keys),
	    cmocka_unit_test(cut_at_every_length),
	    cmocka_unit_test(each_segment_twice_or_missing),
	};

	ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	p256 = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
