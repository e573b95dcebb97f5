/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys from files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/keyline.h"
#include "tests/unit/gateway/sshclient/pubkey_samples.h"

static char path[64];

static void
write_file(const char *text)
{
	int fd;

	(void)snprintf(path, sizeof(path), "/tmp/test_keyline.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

static int
read_text(const char *text, struct pubkey_line *k, struct fail *f)
{
	int r;

	*f = (struct fail){0};
	write_file(text);
	r = keyline_read(k, path, f);
	(void)unlink(path);
	return r;
}

static void
the_first_line_that_is_no_comment_is_the_key(void **state UNUSED)
{
	struct pubkey_line k;
	struct fail f;
	char text[2048];

	(void)snprintf(text, sizeof(text),
	    "\n# ssh-ed25519 not this one\n \t\n  %s %s ana@web\r\n%s %s b\n",
	    samples[0].type, samples[0].b64, samples[1].type, samples[1].b64);
	assert_int_equal(read_text(text, &k, &f), 0);
	assert_string_equal(k.type, samples[0].type);
	assert_string_equal(k.fingerprint, samples[0].fingerprint);
	assert_string_equal(k.comment, "ana@web");
	pubkey_line_fini(&k);
}

static void
a_file_without_a_key_is_refused_in_words(void **state UNUSED)
{
	struct pubkey_line k;
	struct fail f;

	assert_true(read_text("", &k, &f) < 0);
	assert_non_null(strstr(f.why, "holds no public key"));
	assert_true(read_text("# nothing\n\n", &k, &f) < 0);
	assert_true(
	    read_text("-----BEGIN OPENSSH PRIVATE KEY-----\n", &k, &f) < 0);
	assert_true(f.why[0] != '\0');
	f = (struct fail){0};
	assert_true(keyline_read(&k, "/nonexistent/key", &f) < 0);
	assert_non_null(strstr(f.why, "cannot open /nonexistent/key"));
}

static void
a_key_is_shown_by_its_fingerprint(void **state UNUSED)
{
	char text[2048], *shown;
	struct pubkey_line k;
	struct fail f;
	struct out o;
	size_t len;
	FILE *to = open_memstream(&shown, &len);

	assert_non_null(to);
	(void)snprintf(
	    text, sizeof(text), "%s %s\n", samples[0].type, samples[0].b64);
	assert_int_equal(read_text(text, &k, &f), 0);
	out_init(&o, to, false);
	out_one(&o);
	keyline_out(&o, &k);
	assert_int_equal(out_end(&o), 0);
	out_fini(&o);
	assert_int_equal(fclose(to), 0);
	assert_non_null(strstr(shown, samples[0].fingerprint));
	assert_null(strstr(shown, "AAAAC3NzaC1lZDI1NTE5"));
	free(shown);
	pubkey_line_fini(&k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_line_that_is_no_comment_is_the_key),
	    cmocka_unit_test(a_file_without_a_key_is_refused_in_words),
	    cmocka_unit_test(a_key_is_shown_by_its_fingerprint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
