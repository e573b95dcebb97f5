/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recordings for the tests: a writer whose sink is a buffer, and a node key to
 * sign with.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/loop.h"
#include "base/uuid.h"

#include "rec_make.h"

static int
sink(void *ctx, uint64_t seq, struct span chunk)
{
	struct rec_make *m = ctx;

	if (m->sink_answer != 0)
		return m->sink_answer;
	MUST(seq == m->chunks && m->chunks < ARRAY_LEN(m->place));
	m->place[m->chunks++] = buf_len(&m->file);
	return buf_put(&m->file, chunk.p, chunk.len);
}

void
rec_make_init(struct rec_make *m)
{
	memset(m, 0, sizeof(*m));
	m->codec = rcd_codec_new();
	m->dek = secret_random(RCD_KEY_LEN);
	MUST(m->codec != NULL && m->dek != NULL);
	uuid_new(m->rec_id);
	random_bytes(m->seed, sizeof(m->seed));
	MUST(ed25519_public(m->node_key, m->seed) == 0);
	buf_init(&m->file, 256 * 1024 * 1024);
}

void
rec_make_fini(struct rec_make *m)
{
	rcd_writer_free(m->w);
	rcd_codec_free(m->codec);
	secret_free(m->dek);
	buf_fini(&m->file);
}

struct rcd_writer_opts
rec_make_opts(struct rec_make *m)
{
	static const char json[] = "{\"user\":\"ana\",\"asset\":\"db1\"}";
	struct rcd_writer_opts o = {.codec = m->codec,
	    .sink = sink,
	    .sink_ctx = m,
	    .dek = m->dek,
	    .node_key_id = 7,
	    .node_seq = 42,
	    .protocol = 1,
	    .start_unix_us = unix_us(),
	    .start_boot_us = 5000000,
	    .session_json = SPAN(json, sizeof(json) - 1)};

	memcpy(o.rec_id, m->rec_id, RCD_ID_LEN);
	memcpy(o.node_key, m->node_key, RCD_KEY_LEN);
	memset(o.dek_id, 0xd1, RCD_ID_LEN);
	return o;
}

int
rec_make_start(struct rec_make *m)
{
	struct rcd_writer_opts o = rec_make_opts(m);
	struct span h;
	int r = rcd_writer_new(&m->w, &o);

	if (r != 0)
		return r;
	h = rcd_writer_header(m->w);
	return buf_put(&m->file, h.p, h.len);
}

void
rec_make_sign(const struct rec_make *m, uint64_t seq, const uint8_t hash[32],
    uint8_t sig[64])
{
	uint8_t text[RCD_SIGNED_LEN];

	rcd_chain_signed(text, m->rec_id, seq, hash);
	MUST(ed25519_sign(sig, m->seed, SPAN(text, sizeof(text))) == 0);
}

void
rec_make_checkpoint(struct rec_make *m)
{
	uint8_t hash[32], sig[64];
	uint64_t seq;

	MUST(rcd_writer_checkpoint_hash(m->w, &seq, hash) == 0);
	rec_make_sign(m, seq, hash, sig);
	MUST(rcd_writer_checkpoint(m->w, seq, sig) == 0);
}

void
rec_make_end(struct rec_make *m, uint64_t t_us)
{
	uint8_t hash[32], sig[64];
	uint64_t seq;

	MUST(rcd_writer_end(m->w, t_us, unix_us(), 1, &seq, hash) == 0);
	rec_make_sign(m, seq, hash, sig);
	MUST(rcd_writer_trailer(m->w, sig) == 0);
}

void
rec_make_handover(struct rec_make *m)
{
	struct rcd_writer_opts o = rec_make_opts(m);
	struct buf state;

	buf_init_secret(&state, RCD_STATE_MAX);
	MUST(rcd_writer_export(m->w, &state) == 0);
	rcd_writer_free(m->w);
	MUST(rcd_writer_import(&m->w, &o, buf_span(&state)) == 0);
	buf_fini(&state);
}

void
rec_make_text(uint8_t *p, size_t n, uint32_t seed)
{
	static const char *const words[] = {"total ", "drwxr-xr-x ", "root ",
	    "\x1b[01;34m", "\x1b[0m", "\r\n", "4096 ", "Nov 23 ", "main.c ",
	    "error: "};
	size_t i = 0;

	while (i < n) {
		const char *w;
		char digit = (char)('0' + seed % 10);
		size_t k;

		seed = seed * 1664525 + 1013904223;
		w = words[(seed >> 16) % ARRAY_LEN(words)];
		for (k = 0; w[k] != '\0' && i < n; k++)
			p[i++] = (uint8_t)w[k];
		if (i < n)
			p[i++] = (uint8_t)digit;
	}
}

void
rec_make_typical(struct rec_make *m, unsigned secs, unsigned handover_at)
{
	uint8_t text[900];
	unsigned s;

	MUST(rec_make_start(m) == 0);
	for (s = 0; s < secs; s++) {
		uint64_t t = (uint64_t)s * 1000000;
		struct span in = SPAN("ls\r", 3);

		rec_make_text(text, sizeof(text), s + 1);
		MUST(rcd_writer_event(m->w, t, RCD_EV_IN, 0, in) == 0);
		MUST(rcd_writer_event(m->w, t + 1000, RCD_EV_OUT, 0,
			 SPAN(text, 100 + s * 7 % 800)) == 0);
		MUST(rcd_writer_seal(m->w) == 0);
		if (rcd_writer_checkpoint_due(m->w, t + 1000))
			rec_make_checkpoint(m);
		if (handover_at != 0 && s == handover_at)
			rec_make_handover(m);
	}
	rec_make_end(m, (uint64_t)secs * 1000000);
}

int
rec_make_fd(struct span bytes)
{
	int fd = memfd_create("recording", MFD_CLOEXEC);

	MUST(fd >= 0);
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.p, bytes.len);

		MUST(n > 0);
		bytes = SPAN(bytes.p + n, bytes.len - (size_t)n);
	}
	return fd;
}

int
rec_make_verify(
    const struct rec_make *m, struct span bytes, struct rcd_verdict *v)
{
	int fd = rec_make_fd(bytes);
	int r = rcd_verify(fd, m->node_key, v);

	(void)close(fd);
	return r;
}
