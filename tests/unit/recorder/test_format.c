/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The example in recorder/FORMAT.md is what the document says: it is decoded
 * from the document itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/hash.h"
#include "recorder/reader.h"

#include "rec_make.h"

struct doc {
	char *text;
	uint8_t bytes[4096];
	size_t len;
};

static void
doc_read(struct doc *d)
{
	FILE *f = fopen(SRCDIR "/recorder/FORMAT.md", "r");
	size_t n;

	assert_non_null(f);
	d->text = calloc(1, 65536);
	assert_non_null(d->text);
	n = fread(d->text, 1, 65535, f);
	(void)fclose(f);
	assert_true(n > 1000 && n < 65535);
}

/* What stands behind words. */
static const char *
after(const struct doc *d, const char *words)
{
	const char *p = strstr(d->text, words);

	assert_non_null(p);
	return p == NULL ? "" : p + strlen(words);
}

/* The n bytes whose digits begin at p. */
static void
hex_at(uint8_t *dst, size_t n, const char *p)
{
	char digits[2 * RCD_KEY_LEN + 1] = "";

	assert_true(2 * n < sizeof(digits) && strlen(p) >= 2 * n);
	memcpy(digits, p, 2 * n);
	assert_int_equal(hex_decode(dst, n, digits), 0);
}

static void
bytes_read(struct doc *d)
{
	const char *p = after(d, "```hexdump\n");

	d->len = 0;
	while (*p != '`') {
		assert_int_equal(strtoul(p, NULL, 16), d->len);
		for (p += 4; *p != '\n'; p += 2) {
			while (*p == ' ')
				p++;
			assert_true(d->len < sizeof(d->bytes));
			hex_at(&d->bytes[d->len++], 1, p);
		}
		p++;
	}
}

static struct secret *
key_read(const struct doc *d, const char *words)
{
	uint8_t key[RCD_KEY_LEN];

	hex_at(key, sizeof(key), after(d, words));
	return secret_from(key, sizeof(key));
}

/* Each line of the table of chunks against the next chunk. */
static void
chunks_check(const struct doc *d, struct rcd_reader *r)
{
	static const char *const names[] = {"", "class A", "class B",
	    "checkpoint", "index", "trailer", "notice"};
	const char *p = strchr(after(d, "```chunks\n"), '\n') + 1;
	unsigned long off = RCD_HEADER_FIXED;
	struct rcd_chunk ch;
	struct span body;

	off = rcd_reader_header(r)->len;
	while (rcd_reader_chunk(r, &ch, &body) == 0) {
		char line[128];

		(void)snprintf(line, sizeof(line),
		    "%6llu  %04lx  %-10s  %5u  %5u  %8llu  %6u  %4u  %4u\n",
		    (unsigned long long)ch.seq, off, names[ch.type], ch.flags,
		    ch.epoch, (unsigned long long)ch.t_us, ch.span_us,
		    ch.raw_len, ch.body_len);
		assert_memory_equal(p, line, strlen(line));
		p += strlen(line);
		off += rcd_chunk_size(&ch);
	}
	assert_int_equal(*p, '`');
	assert_int_equal(off, d->len);
}

static void
events_check(const struct doc *d, struct rcd_reader *r, bool b)
{
	const char *p = strchr(after(d, "```events\n"), '\n') + 1;
	struct rcd_event_view e;
	int x;

	while ((x = rcd_reader_event(r, &e)) == 0) {
		char line[512], hex[401] = "-";

		assert_true(e.payload.len < 200);
		if (e.payload.len > 0)
			hex_encode(hex, e.payload.p, e.payload.len);
		(void)snprintf(line, sizeof(line), "%8llu  %-5s  %u  %s\n",
		    (unsigned long long)e.t_us, rcd_event_info(e.type).name,
		    e.stream, hex);
		if (!b && strstr(p, "  in     ") == p + 8)
			p = strchr(p, '\n') + 1;
		assert_memory_equal(p, line, strlen(line));
		p += strlen(line);
	}
	assert_int_equal(x, RCD_END);
	assert_int_equal(*p, '`');
}

static void
the_example_of_the_document_is_what_it_says(void **state)
{
	struct secret *dek, *key_a;
	uint8_t node[32];
	struct rcd_verdict v;
	struct rcd_reader *r;
	struct fail f = {0};
	struct span json;
	struct doc d;
	int fd;

	(void)state;
	doc_read(&d);
	bytes_read(&d);
	dek = key_read(&d, "Data key `");
	key_a = key_read(&d, "class A key `");
	hex_at(node, 32, after(&d, "signed by `"));
	fd = rec_make_fd(SPAN(d.bytes, d.len));
	assert_int_equal(rcd_verify(fd, node, &v), 0);
	assert_int_equal(v.signatures, 2);
	assert_int_equal(v.epochs, 1);
	assert_int_equal(rcd_reader_open(&r, fd, RCD_KEY_DEK, dek, &f), 0);
	assert_int_equal(rcd_reader_session(r, &json), 0);
	assert_true(span_eq(json, "{\"user\":\"ana\"}"));
	chunks_check(&d, r);
	assert_int_equal(rcd_reader_seek(r, 0), 0);
	events_check(&d, r, true);
	rcd_reader_free(r);
	assert_int_equal(
	    rcd_reader_open(&r, fd, RCD_KEY_CLASS_A, key_a, &f), 0);
	events_check(&d, r, false);
	rcd_reader_free(r);
	(void)close(fd);
	secret_free(dek);
	secret_free(key_a);
	free(d.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_example_of_the_document_is_what_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
