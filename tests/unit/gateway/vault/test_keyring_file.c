/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keyring file: round trip, every flipped byte, every truncation, another
 * master key, pieces moved about, and the hexdump of FORMAT.md.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "tests/unit/nomem.h"
#include "vault/keyring_file.h"
#include "vault/master.h"

static char dir[64];
static char path[96];
static struct secret *master;

static int
setup(void **state)
{
	size_t i;

	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test_keyring.XXXXXX");
	if (mkdtemp(dir) == NULL || (master = secret_new(32)) == NULL)
		return -1;
	for (i = 0; i < 32; i++)
		secret_fill(master)[i] = (uint8_t)i;
	(void)snprintf(path, sizeof(path), "%s/keyring", dir);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	secret_free(master);
	(void)unlink(path);
	return rmdir(dir);
}

static struct secret *
key_of(uint8_t byte, size_t len)
{
	struct secret *s = secret_new(len);

	assert_non_null(s);
	memset(secret_fill(s), byte, len);
	return s;
}

static struct keyring *
sample(void)
{
	struct keyring *k = keyring_new();

	assert_non_null(k);
	assert_int_equal(
	    keyring_add(k, KEYRING_KEK, "credentials", key_of(1, 32)), 0);
	assert_int_equal(
	    keyring_add(k, KEYRING_KEK, "credentials", key_of(2, 32)), 0);
	assert_int_equal(
	    keyring_add(k, KEYRING_HOSTKEY, "ed25519", key_of(3, 48)), 0);
	return k;
}

static void
encode_sample(struct buf *b)
{
	struct keyring *k = sample();

	buf_init(b, KEYRING_FILE_MAX);
	assert_int_equal(keyring_file_encode(k, master, b), 0);
	keyring_free(k);
}

static int
decode(struct span s, const struct secret *m)
{
	struct keyring *k;
	struct fail f = {0};
	int r = keyring_file_decode(&k, s, m, &f);

	assert_int_equal(f.code, r);
	assert_true((r == 0) == (k != NULL));
	keyring_free(k);
	return r;
}

static void
what_is_sealed_opens_to_the_same(void **state)
{
	const struct keyring_entry *a, *b;
	struct keyring *k = sample(), *l;
	struct buf buf;
	size_t i;

	(void)state;
	buf_init(&buf, KEYRING_FILE_MAX);
	assert_int_equal(keyring_file_encode(k, master, &buf), 0);
	assert_int_equal(
	    keyring_file_decode(&l, buf_span(&buf), master, NULL), 0);
	assert_int_equal(keyring_count(l), keyring_count(k));
	for (i = 0; i < keyring_count(k); i++) {
		a = keyring_at(k, i);
		b = keyring_at(l, i);
		assert_int_equal(a->kind, b->kind);
		assert_int_equal(a->version, b->version);
		assert_int_equal(a->created_us, b->created_us);
		assert_string_equal(a->name, b->name);
		assert_int_equal(secret_len(a->key), secret_len(b->key));
		assert_memory_equal(secret_show(a->key).p,
		    secret_show(b->key).p, secret_len(a->key));
	}
	keyring_free(k);
	keyring_free(l);
	buf_fini(&buf);
}

static void
no_key_stands_open_in_the_file(void **state)
{
	uint8_t run[16];
	struct buf b;
	uint8_t byte;

	(void)state;
	encode_sample(&b);
	for (byte = 1; byte <= 3; byte++) {
		memset(run, byte, sizeof(run));
		assert_null(
		    memmem(buf_head(&b), buf_len(&b), run, sizeof(run)));
	}
	buf_fini(&b);
}

static void
a_flipped_bit_anywhere_is_found(void **state)
{
	struct buf b;
	size_t i;
	int r;

	(void)state;
	encode_sample(&b);
	for (i = 0; i < buf_len(&b) * 8; i++) {
		buf_head(&b)[i / 8] ^= (uint8_t)(1 << i % 8);
		r = decode(buf_span(&b), master);
		assert_true(
		    r == FAIL_FORMAT || r == FAIL_MAC || r == FAIL_DENIED);
		buf_head(&b)[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	assert_int_equal(decode(buf_span(&b), master), 0);
	buf_fini(&b);
}

static void
a_file_that_is_cut_or_longer_is_refused(void **state)
{
	struct buf b;
	size_t n;
	int r;

	(void)state;
	encode_sample(&b);
	for (n = 0; n < buf_len(&b); n++) {
		r = decode(SPAN(buf_head(&b), n), master);
		assert_true(r == FAIL_FORMAT || r == FAIL_MAC);
	}
	assert_int_equal(buf_put_u8(&b, 0), 0);
	assert_true(decode(buf_span(&b), master) != 0);
	buf_fini(&b);
}

static void
another_master_key_is_one_clear_error(void **state)
{
	struct secret *other = key_of(9, MASTER_KEY_LEN);
	struct fail f = {0};
	struct keyring *k;
	struct buf b;

	(void)state;
	encode_sample(&b);
	assert_int_equal(
	    keyring_file_decode(&k, buf_span(&b), other, &f), FAIL_DENIED);
	assert_null(k);
	assert_non_null(strstr(f.why, "another master key"));
	secret_free(other);
	other = key_of(9, MASTER_KEY_LEN - 1);
	assert_int_equal(decode(buf_span(&b), other), FAIL_RANGE);
	secret_free(other);
	buf_fini(&b);
}

/* Offset and length of the n-th entry, by walking the structure. */
static size_t
entry_at(const struct buf *b, unsigned n, size_t *len)
{
	size_t at = 4 + 2 + 2 + 16 + 32 + 4, end;

	for (;; n--) {
		end = at + 2 + 4 + 8;
		end += 4 + be32_get(buf_head(b) + end);
		end += 12;
		end += 4 + be32_get(buf_head(b) + end);
		if (n == 0)
			break;
		at = end;
	}
	*len = end - at;
	return at;
}

static void
an_entry_that_is_left_out_or_moved_is_found(void **state)
{
	struct buf b, c;
	size_t at, len, at2, len2;

	(void)state;
	encode_sample(&b);
	at = entry_at(&b, 0, &len);
	at2 = entry_at(&b, 1, &len2);
	/* Without the first. */
	buf_init(&c, KEYRING_FILE_MAX);
	assert_int_equal(buf_put(&c, buf_head(&b), at), 0);
	be32_put(buf_head(&c) + at - 4, 2);
	assert_int_equal(buf_put(&c, buf_head(&b) + at2, buf_len(&b) - at2), 0);
	assert_int_equal(decode(buf_span(&c), master), FAIL_MAC);
	buf_fini(&c);
	/* The first two, of equal length, exchanged. */
	assert_int_equal(len, len2);
	buf_init(&c, KEYRING_FILE_MAX);
	assert_int_equal(buf_put(&c, buf_head(&b), at), 0);
	assert_int_equal(buf_put(&c, buf_head(&b) + at2, len), 0);
	assert_int_equal(buf_put(&c, buf_head(&b) + at, len), 0);
	assert_int_equal(
	    buf_put(&c, buf_head(&b) + at2 + len, buf_len(&b) - at2 - len), 0);
	assert_int_equal(decode(buf_span(&c), master), FAIL_MAC);
	buf_fini(&c);
	buf_fini(&b);
}

static void
a_file_is_stored_and_replaced_whole(void **state)
{
	struct keyring *k = sample(), *l;
	struct stat st;
	char tmp[128];

	(void)state;
	/* What a crash left over does not matter. */
	(void)snprintf(tmp, sizeof(tmp), "%s.new", path);
	assert_int_equal(symlink("/nowhere/at/all", tmp), 0);
	assert_int_equal(keyring_file_store(k, path, master, NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(lstat(tmp, &st), -1);
	assert_int_equal(
	    keyring_add(k, KEYRING_KEK, "credentials", key_of(7, 32)), 0);
	assert_int_equal(keyring_file_store(k, path, master, NULL), 0);
	assert_int_equal(keyring_file_load(&l, path, master, NULL), 0);
	assert_int_equal(
	    keyring_current(l, KEYRING_KEK, "credentials")->version, 3);
	keyring_free(k);
	keyring_free(l);
}

static void
errors_of_the_file_name_it(void **state)
{
	struct keyring *k = sample(), *l;
	struct fail f = {0};
	struct secret *other = key_of(9, MASTER_KEY_LEN);

	(void)state;
	assert_int_equal(
	    keyring_file_load(&l, path, master, &f), FAIL_NOTFOUND);
	assert_non_null(strstr(f.why, path));
	assert_int_equal(keyring_file_store(k, path, master, NULL), 0);
	f = (struct fail){0};
	assert_int_equal(keyring_file_load(&l, path, other, &f), FAIL_DENIED);
	assert_non_null(strstr(f.why, path));
	assert_non_null(strstr(f.why, "another master key"));
	f = (struct fail){0};
	assert_int_equal(keyring_file_load(&l, dir, master, &f), FAIL_FORMAT);
	f = (struct fail){0};
	assert_int_equal(
	    keyring_file_store(k, "/nowhere/at/all", master, &f), FAIL_SYS);
	secret_free(other);
	keyring_free(k);
}

static void
no_memory_is_an_error_and_leaks_nothing(void **state)
{
	struct keyring *k = sample(), *l;
	struct buf b;
	unsigned n;
	int r;

	(void)state;
	for (n = 1;; n++) {
		buf_init(&b, KEYRING_FILE_MAX);
		nomem_at(n);
		r = keyring_file_encode(k, master, &b);
		if (!nomem_hit())
			break;
		assert_int_equal(r, FAIL_NOMEM);
		buf_fini(&b);
	}
	assert_int_equal(r, 0);
	for (n = 1;; n++) {
		nomem_at(n);
		r = keyring_file_decode(&l, buf_span(&b), master, NULL);
		if (!nomem_hit())
			break;
		assert_int_equal(r, FAIL_NOMEM);
		assert_null(l);
	}
	assert_int_equal(r, 0);
	assert_true(n > 5);
	keyring_free(k);
	keyring_free(l);
	buf_fini(&b);
}

/* The bytes of the block that begins with ```hexdump in FORMAT.md. */
static void
read_hexdump(struct buf *b)
{
	char line[256], *p, *end;
	bool in = false;
	unsigned long v;
	int i;
	FILE *fp = fopen(SRCDIR "/gateway/vault/FORMAT.md", "r");

	assert_non_null(fp);
	while (fgets(line, sizeof(line), fp) != NULL) {
		if (strncmp(line, "```", 3) == 0) {
			in = strncmp(line, "```hexdump", 10) == 0;
			continue;
		}
		if (!in)
			continue;
		(void)strtoul(line, &p, 16); /* the offset */
		for (i = 0; i < 16; i++, p = end) {
			v = strtoul(p, &end, 16);
			if (end == p || end - p > 4)
				break;
			assert_int_equal(buf_put_u8(b, (uint8_t)v), 0);
		}
	}
	(void)fclose(fp);
}

static void
the_hexdump_of_the_document_opens(void **state)
{
	const struct keyring_entry *e;
	struct keyring *k;
	struct buf b;

	(void)state;
	buf_init(&b, KEYRING_FILE_MAX);
	read_hexdump(&b);
	assert_int_equal(
	    keyring_file_decode(&k, buf_span(&b), master, NULL), 0);
	assert_int_equal(keyring_count(k), 1);
	e = keyring_at(k, 0);
	assert_int_equal(e->kind, KEYRING_KEK);
	assert_string_equal(e->name, "credentials");
	assert_int_equal(e->version, 1);
	assert_int_equal(secret_len(e->key), 32);
	assert_int_equal(secret_show(e->key).p[0], 0xa0);
	assert_int_equal(secret_show(e->key).p[31], 0xbf);
	keyring_free(k);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	    T(what_is_sealed_opens_to_the_same),
	    T(no_key_stands_open_in_the_file),
	    T(a_flipped_bit_anywhere_is_found),
	    T(a_file_that_is_cut_or_longer_is_refused),
	    T(another_master_key_is_one_clear_error),
	    T(an_entry_that_is_left_out_or_moved_is_found),
	    T(a_file_is_stored_and_replaced_whole),
	    T(errors_of_the_file_name_it),
	    T(no_memory_is_an_error_and_leaks_nothing),
	    T(the_hexdump_of_the_document_opens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
