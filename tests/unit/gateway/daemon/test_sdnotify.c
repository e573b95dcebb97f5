/* SPDX-License-Identifier: Apache-2.0 */
/* What the service manager hears. */
#include <sys/socket.h>
#include <sys/un.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/sdnotify.h"

static int manager;
static char text[256];

/* Listen where NOTIFY_SOCKET says, as systemd does, on an abstract name. */
static int
setup(void **state UNUSED)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	char name[64];
	int n;

	n = snprintf(name, sizeof(name), "@test_sdnotify-%d", (int)getpid());
	memcpy(un.sun_path, name, (size_t)n);
	un.sun_path[0] = '\0';
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
	return setenv("NOTIFY_SOCKET", name, 1) != 0 ||
	       bind(manager, (struct sockaddr *)&un,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
			       (size_t)n)) != 0;
}

static int
teardown(void **state UNUSED)
{
	return close(manager);
}

static const char *
heard(void)
{
	ssize_t n = recv(manager, text, sizeof(text) - 1, 0);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void
each_state_is_one_datagram(void **state UNUSED)
{
	struct sdnotify n;
	unsigned long long usec;

	sdnotify_init(&n);
	sdnotify_ready(&n);
	assert_string_equal(heard(), "READY=1");
	sdnotify_stopping(&n);
	assert_string_equal(heard(), "STOPPING=1");
	sdnotify_alive(&n);
	assert_string_equal(heard(), "WATCHDOG=1");
	sdnotify_reloading(&n);
	assert_int_equal(
	    sscanf(heard(), "RELOADING=1\nMONOTONIC_USEC=%llu", &usec), 1);
	assert_true(usec > 0);
	sdnotify_fini(&n);
	sdnotify_ready(&n);
	assert_string_equal(heard(), "");
}

static void
without_a_manager_nothing_happens(void **state UNUSED)
{
	static const char *const bad[] = {
	    "", "relative", "/no/such/socket", "@no-such-name-at-all"};
	struct sdnotify n;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(setenv("NOTIFY_SOCKET", bad[i], 1), 0);
		sdnotify_init(&n);
		assert_int_equal(n.fd, -1);
		sdnotify_ready(&n);
	}
	(void)unsetenv("NOTIFY_SOCKET");
	sdnotify_init(&n);
	assert_int_equal(n.fd, -1);
}

static uint64_t
watchdog(const char *usec, const char *pid)
{
	struct sdnotify n;

	(void)setenv("WATCHDOG_USEC", usec, 1);
	if (pid != NULL)
		(void)setenv("WATCHDOG_PID", pid, 1);
	sdnotify_init(&n);
	sdnotify_fini(&n);
	return n.watchdog_ms;
}

static void
the_watchdog_is_for_the_process_that_is_named(void **state UNUSED)
{
	char pid[16];

	assert_int_equal(watchdog("30000000", NULL), 30000);
	assert_int_equal(watchdog("30000000", "1"), 0);
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	assert_int_equal(watchdog("2000000", pid), 2000);
	assert_int_equal(watchdog("soon", pid), 0);
	assert_int_equal(watchdog("-5", pid), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(each_state_is_one_datagram),
	    T(without_a_manager_nothing_happens),
	    T(the_watchdog_is_for_the_process_that_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
