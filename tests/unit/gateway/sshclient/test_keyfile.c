/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private keys that ssh-keygen writes in every format that it has.
 */
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "ssh/transport/sshkey.h"
#include "sshclient/keyfile.h"
#include "tests/unit/gateway/sshclient/run.h"

static char dir[64], path[96], pub_path[104];

static int
setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test_keyfile.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/key", dir);
	(void)snprintf(pub_path, sizeof(pub_path), "%s.pub", path);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)unlink(pub_path);
	return rmdir(dir);
}

static bool
keygen(const char *type, const char *bits, const char *format,
    const char *passphrase)
{
	const char *const argv[] = {"ssh-keygen", "-q", "-t", type, "-b", bits,
	    "-N", passphrase, "-m", format, "-C", "x", "-f", path, NULL};

	(void)unlink(path);
	(void)unlink(pub_path);
	return run_program(argv) == 0;
}

static void
read_pub(struct pubkey_line *p)
{
	char line[4096];
	size_t n;
	FILE *fp = fopen(pub_path, "r");

	assert_non_null(fp);
	n = fread(line, 1, sizeof(line), fp);
	(void)fclose(fp);
	assert_int_equal(pubkey_line_parse(p, SPAN(line, n), NULL), 0);
}

/* The PKCS#8 is that of the public key: by another way than keyfile's. */
static void
expect_pair(const struct keyfile *k, const struct pubkey_line *pub)
{
	const unsigned char *p = secret_show(k->pkcs8).p;
	PKCS8_PRIV_KEY_INFO *info =
	    d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)secret_len(k->pkcs8));
	struct buf blob;
	EVP_PKEY *key;

	assert_non_null(info);
	assert_ptr_equal(p, secret_show(k->pkcs8).p + secret_len(k->pkcs8));
	assert_non_null(key = EVP_PKCS82PKEY(info));
	buf_init(&blob, 8192);
	assert_int_equal(sshkey_public_blob(key, &blob), 0);
	assert_int_equal(buf_len(&blob), pub->blob_len);
	assert_memory_equal(buf_head(&blob), pub->blob, pub->blob_len);
	buf_fini(&blob);
	EVP_PKEY_free(key);
	PKCS8_PRIV_KEY_INFO_free(info);
}

static void
expect_imports(const char *passphrase)
{
	struct fail f = {0};
	struct pubkey_line pub;
	struct keyfile k;

	if (keyfile_load(&k, path, passphrase, &f) != 0)
		fail_msg("not imported: %s", f.why);
	read_pub(&pub);
	assert_string_equal(k.pub.fingerprint, pub.fingerprint);
	assert_string_equal(k.pub.type, pub.type);
	assert_int_equal(k.pub.bits, pub.bits);
	expect_pair(&k, &pub);
	keyfile_fini(&k);
	pubkey_line_fini(&pub);
}

static void
expect_refused(const char *passphrase, int code)
{
	struct fail f = {0};
	struct keyfile k;

	assert_int_equal(keyfile_load(&k, path, passphrase, &f), code);
	assert_null(k.pkcs8);
	assert_null(k.pub.blob);
	assert_int_equal(f.code, code);
}

static const struct {
	const char *type, *bits, *format;
} forms[] = {
    {"ed25519", "256", "RFC4716"},
    {"ecdsa", "256", "RFC4716"},
    {"ecdsa", "256", "PEM"},
    {"ecdsa", "256", "PKCS8"},
    {"ecdsa", "384", "PKCS8"},
    {"ecdsa", "521", "RFC4716"},
    {"ecdsa", "521", "PEM"},
    {"rsa", "2048", "RFC4716"},
    {"rsa", "2048", "PEM"},
    {"rsa", "3072", "PKCS8"},
};

static void
every_format_without_a_passphrase_is_imported(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(forms); i++) {
		if (!keygen(forms[i].type, forms[i].bits, forms[i].format, ""))
			fail_msg("a program that the test needs is missing");
		expect_imports(NULL);
		/* One that is not needed does no harm. */
		expect_imports("superfluous");
	}
}

static void
every_format_with_a_passphrase_is_imported_or_told(void **state)
{
	struct fail f;
	struct keyfile k;
	size_t i;
	int r;

	(void)state;
	for (i = 0; i < ARRAY_LEN(forms); i++) {
		if (!keygen(forms[i].type, forms[i].bits, forms[i].format,
			"open sesame"))
			fail_msg("a program that the test needs is missing");
		expect_refused(NULL, FAIL_AUTH);
		expect_refused("open barley", FAIL_AUTH);
		expect_refused("", FAIL_AUTH);
		/* The one form that libssh 0.10 reads but gives out no more. */
		f = (struct fail){0};
		r = keyfile_load(&k, path, "open sesame", &f);
		keyfile_fini(&k);
		if (r == FAIL_UNSUPPORTED &&
		    strcmp(forms[i].type, "rsa") == 0 &&
		    strcmp(forms[i].format, "RFC4716") == 0)
			assert_non_null(strstr(f.why, "ssh-keygen -p -m PEM"));
		else
			expect_imports("open sesame");
	}
}

static void
the_advice_for_an_encrypted_rsa_key_works(void **state)
{
	const char *const argv[] = {"ssh-keygen", "-p", "-m", "PEM", "-P",
	    "open sesame", "-N", "open sesame", "-f", path, NULL};

	(void)state;
	if (!keygen("rsa", "2048", "RFC4716", "open sesame"))
		fail_msg("a program that the test needs is missing");
	assert_int_equal(run_program(argv), 0);
	expect_imports("open sesame");
}

static void
a_weak_key_is_refused(void **state)
{
	(void)state;
	if (!keygen("rsa", "1024", "PEM", ""))
		fail_msg("a program that the test needs is missing");
	expect_refused(NULL, FAIL_UNSUPPORTED);
}

static void
what_is_no_key_is_refused(void **state)
{
	static const char *const texts[] = {"", "hello", "\n\n",
	    "-----BEGIN OPENSSH PRIVATE KEY-----\n",
	    "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"
	    "-----END OPENSSH PRIVATE KEY-----\n",
	    "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n"
	    "-----END RSA PRIVATE KEY-----\n"};
	struct fail f;
	struct keyfile k;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		f = (struct fail){0};
		assert_int_equal(
		    keyfile_parse(
			&k, SPAN(texts[i], strlen(texts[i])), NULL, &f),
		    FAIL_FORMAT);
		assert_null(k.pkcs8);
	}
	assert_int_equal(
	    keyfile_parse(&k, SPAN("a\0b", 3), NULL, &f), FAIL_FORMAT);
}

static void
a_public_key_is_no_private_key(void **state)
{
	struct keyfile k;

	(void)state;
	if (!keygen("ed25519", "256", "RFC4716", ""))
		fail_msg("a program that the test needs is missing");
	assert_int_equal(keyfile_load(&k, pub_path, NULL, NULL), FAIL_FORMAT);
}

static void
a_file_that_is_missing_or_huge_is_an_error(void **state)
{
	FILE *fp;
	int i;

	(void)state;
	expect_refused(NULL, FAIL_SYS);
	fp = fopen(path, "w");
	assert_non_null(fp);
	for (i = 0; i < KEYFILE_MAX + 8192; i++)
		(void)fputc('A', fp);
	(void)fclose(fp);
	expect_refused(NULL, FAIL_FULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	    T(every_format_without_a_passphrase_is_imported),
	    T(every_format_with_a_passphrase_is_imported_or_told),
	    T(the_advice_for_an_encrypted_rsa_key_works),
	    T(a_weak_key_is_refused),
	    T(what_is_no_key_is_refused),
	    T(a_public_key_is_no_private_key),
	    T(a_file_that_is_missing_or_huge_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
