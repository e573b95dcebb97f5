/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a recorded chunk costs the worker: an event of so many bytes into a
 * recording and the chunk sealed, beside the bare zstd, AES-256-GCM and SHA-256
 * of the same bytes, in turns.  The recording of each round is verified.
 *
 *	chunk [ROUNDS]
 *
 * Prints medians of CPU time, and what 5,000 sessions with a chunk a second
 * each use of a core.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <zstd.h>

#include "base/fail.h"
#include "base/hash.h"
#include "recorder/verify.h"

#include "../unit/recorder/rec_make.h"

enum {
	CHUNKS = 3000,
	BYTES = 16 * 1024 * 1024, /* of large chunks fewer */
	FULL = 65536 - 64,	  /* with its event's head it fills a chunk */
	ROUNDS_MAX = 99,
	SESSIONS = 5000,
	LEVEL = 1,
};

static uint8_t bytes[FULL];

static double
cpu_us(void)
{
	struct timespec ts;

	MUST(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) == 0);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static unsigned
how_many(size_t size)
{
	return size * CHUNKS > BYTES ? (unsigned)(BYTES / size) : CHUNKS;
}

/* CPU microseconds of a chunk. */
static double
recorded(size_t size)
{
	const unsigned chunks = how_many(size);
	struct rcd_verdict v = {0};
	struct rec_make m;
	double began, took;
	uint8_t *room;

	rec_make_init(&m);
	/* What takes the chunks has its memory already. */
	MUST(buf_reserve(&m.file, 2 * BYTES, &room) == 0);
	memset(room, 0, 2 * BYTES);
	MUST(rec_make_start(&m) == 0);
	MUST(rcd_writer_event(m.w, 0, RCD_EV_CH_OPEN, 0, SPAN("session", 7)) ==
	     0);
	began = cpu_us();
	for (uint64_t i = 1; i <= chunks; i++)
		MUST(rcd_writer_event(m.w, i * 1000, RCD_EV_OUT, 0,
			 SPAN(bytes, size)) == 0 &&
		     rcd_writer_seal(m.w) == 0);
	took = cpu_us() - began;
	rec_make_end(&m, (chunks + 1) * 1000ULL);
	MUST(rec_make_verify(&m, buf_span(&m.file), &v) == 0 && v.complete &&
	     v.chunks >= chunks);
	rec_make_fini(&m);
	return took / chunks;
}

static double
bare(size_t size)
{
	static uint8_t packed[2 * sizeof(bytes)], sealed[2 * sizeof(bytes)];
	uint8_t key[32] = {1}, nonce[12] = {0}, tag[16], sum[32];
	EVP_CIPHER_CTX *gcm = EVP_CIPHER_CTX_new();
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	ZSTD_CCtx *z = ZSTD_createCCtx();
	const unsigned chunks = how_many(size);
	double began;
	size_t n;
	int len;

	MUST(gcm != NULL && md != NULL && z != NULL);
	MUST(EVP_EncryptInit_ex(gcm, EVP_aes_256_gcm(), NULL, key, nonce) == 1);
	began = cpu_us();
	for (unsigned i = 0; i < chunks; i++) {
		n = ZSTD_compressCCtx(
		    z, packed, sizeof(packed), bytes, size, LEVEL);
		MUST(!ZSTD_isError(n));
		memcpy(nonce, &i, sizeof(i));
		MUST(
		    EVP_EncryptInit_ex(gcm, NULL, NULL, NULL, nonce) == 1 &&
		    EVP_EncryptUpdate(gcm, sealed, &len, packed, (int)n) == 1 &&
		    EVP_EncryptFinal_ex(gcm, sealed, &len) == 1 &&
		    EVP_CIPHER_CTX_ctrl(
			gcm, EVP_CTRL_GCM_GET_TAG, sizeof(tag), tag) == 1);
		MUST(EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
		     EVP_DigestUpdate(md, sealed, n) == 1 &&
		     EVP_DigestFinal_ex(md, sum, NULL) == 1);
	}
	began = cpu_us() - began;
	EVP_CIPHER_CTX_free(gcm);
	EVP_MD_CTX_free(md);
	ZSTD_freeCCtx(z);
	return began / chunks;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *v, unsigned n)
{
	qsort(v, n, sizeof(*v), by_size);
	return v[n / 2];
}

static void
row(const char *what, size_t size, unsigned rounds)
{
	double ours[ROUNDS_MAX], theirs[ROUNDS_MAX], us, yard;

	for (unsigned i = 0; i < rounds; i++) {
		ours[i] = recorded(size);
		theirs[i] = bare(size);
	}
	us = median(ours, rounds);
	yard = median(theirs, rounds);
	printf("%-24s %6zu bytes  %7.2f us  bare %7.2f us  ratio %5.2f  "
	       "%d sessions %5.1f %% of a core\n",
	    what, size, us, yard, us / yard, SESSIONS, us * SESSIONS / 1e4);
}

int
main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 5;

	if (rounds == 0 || rounds > ROUNDS_MAX) {
		fprintf(
		    stderr, "usage: chunk [ROUNDS, at most %d]\n", ROUNDS_MAX);
		return 2;
	}
	printf("a recorded chunk, %lu rounds in turn, medians of CPU time\n",
	    rounds);
	rec_make_text(bytes, sizeof(bytes), 1);
	row("a key's echo", 1, (unsigned)rounds);
	row("a line", 80, (unsigned)rounds);
	row("a screen", 2000, (unsigned)rounds);
	row("text, a chunk full", sizeof(bytes), (unsigned)rounds);
	random_bytes(bytes, sizeof(bytes));
	row("random, a chunk full", sizeof(bytes), (unsigned)rounds);
	return 0;
}
