/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/secret.h"

/* The address sanitizer turns mlock() off. */
#ifndef BUILT_WITH_SANITIZER
/*
 * The mapping that p lies in: kB of it that are locked, and its flags, as
 * /proc/self/smaps tells.
 */
static int
mapping_of(const void *p, char *flags, size_t size)
{
	FILE *fp = fopen("/proc/self/smaps", "re");
	uintptr_t lo = 0, hi = 0, at = (uintptr_t)p;
	int locked = -1, kb;
	char line[512];

	assert_non_null(fp);
	flags[0] = '\0';
	while (fgets(line, sizeof(line), fp) != NULL) {
		(void)sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &lo, &hi);
		if (at < lo || at >= hi)
			continue;
		if (sscanf(line, "Locked: %d kB", &kb) == 1)
			locked = kb;
		if (strncmp(line, "VmFlags:", 8) == 0) {
			(void)snprintf(flags, size, "%s", line);
			break;
		}
	}
	(void)fclose(fp);
	return locked;
}

static void
a_secret_is_locked_and_left_out_of_core_dumps(void **state)
{
	static const size_t sizes[] = {1, 32, 4096, 100000};
	struct secret *s;
	char flags[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_non_null(s = secret_random(sizes[i]));
		assert_true(
		    mapping_of(secret_show(s).p, flags, sizeof(flags)) > 0);
		assert_non_null(strstr(flags, " lo"));
		assert_non_null(strstr(flags, " dd"));
		assert_int_equal(secret_len(s), sizes[i]);
		secret_free(s);
	}
}

#endif

static void
a_freed_secret_is_wiped(void **state)
{
	struct secret *keep, *s;
	const uint8_t *at;
	size_t i;

	(void)state;
	/* Keeps the arena, so that the bytes can be looked at afterwards. */
	assert_non_null(keep = secret_new(1));
	assert_non_null(s = secret_from("the password is here", 20));
	at = secret_show(s).p;
	assert_memory_equal(at, "the password is here", 20);
	secret_free(s);
	for (i = 0; i < 20; i++)
		assert_int_equal(at[i], 0);
	secret_free(keep);
}

static void
new_secrets_are_zero_and_do_not_overlap(void **state)
{
	enum { N = 600 };
	struct secret *s[N];
	size_t i, j, len;

	(void)state;
	for (i = 0; i < N; i++) {
		len = i * 7 % 300;
		assert_non_null(s[i] = secret_new(len));
		for (j = 0; j < len; j++)
			assert_int_equal(secret_show(s[i]).p[j], 0);
		if (len > 0)
			memset(secret_fill(s[i]), (int)(i & 0xff), len);
	}
	for (i = 0; i < N; i++)
		for (j = 0; j < secret_len(s[i]); j++)
			assert_int_equal(secret_show(s[i]).p[j], i & 0xff);
	for (i = 0; i < N; i++)
		secret_free(s[i * 7 % N]);
}

static void
reading_past_the_end_faults(void **state)
{
	struct secret *s = secret_new(8192);
	int status;
	pid_t pid;

	(void)state;
	assert_non_null(s);
	if ((pid = fork()) == 0) {
		(void)signal(SIGSEGV, SIG_DFL);
		_exit(((const volatile uint8_t *)secret_show(s).p)[8192]);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
	secret_free(s);
}

#ifndef BUILT_WITH_SANITIZER
static int
locks_within_limits(rlim_t soft, rlim_t hard)
{
	const struct rlimit lim = {soft, hard};
	struct secret *s;

	/* Root may lock what it likes. */
	if (setrlimit(RLIMIT_MEMLOCK, &lim) != 0 || setgid(65534) != 0 ||
	    setuid(65534) != 0)
		return 2;
	s = secret_new(200000);
	if (s == NULL)
		return 1;
	secret_free(s);
	return 0;
}

static int
in_child(rlim_t soft, rlim_t hard)
{
	int status;
	pid_t pid;

	if ((pid = fork()) == 0)
		_exit(locks_within_limits(soft, hard));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
the_soft_limit_is_raised_and_the_hard_one_is_respected(void **state)
{
	int r = in_child(65536, 1U << 20);

	(void)state;
	if (r == 2)
		skip();
	assert_int_equal(r, 0);
	assert_int_equal(in_child(65536, 65536), 1);
}

#endif

static void
comparison_looks_at_every_byte(void **state)
{
	(void)state;
	assert_int_equal(secret_cmp("abc", "abc", 3), 0);
	assert_int_not_equal(secret_cmp("abc", "abd", 3), 0);
	assert_int_not_equal(secret_cmp("abc", "bbc", 3), 0);
	assert_int_equal(secret_cmp("a", "b", 0), 0);
}

static void *
take_and_give(void *arg)
{
	struct secret *s[16] = {NULL};
	unsigned i;

	for (i = 0; i < 4000; i++) {
		secret_free(s[i % 16]);
		if ((s[i % 16] = secret_random(1 + i * 13 % 500)) == NULL)
			return NULL;
	}
	for (i = 0; i < 16; i++)
		secret_free(s[i]);
	return arg;
}

static void
threads_may_hold_secrets(void **state)
{
	pthread_t t[3];
	void *got;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++)
		assert_int_equal(
		    pthread_create(&t[i], NULL, take_and_give, t), 0);
	for (i = 0; i < 3; i++) {
		assert_int_equal(pthread_join(t[i], &got), 0);
		assert_ptr_equal(got, t);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#ifndef BUILT_WITH_SANITIZER
	    cmocka_unit_test(a_secret_is_locked_and_left_out_of_core_dumps),
	    cmocka_unit_test(
		the_soft_limit_is_raised_and_the_hard_one_is_respected),
#endif
	    cmocka_unit_test(a_freed_secret_is_wiped),
	    cmocka_unit_test(new_secrets_are_zero_and_do_not_overlap),
	    cmocka_unit_test(reading_past_the_end_faults),
	    cmocka_unit_test(comparison_looks_at_every_byte),
	    cmocka_unit_test(threads_may_hold_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
