/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets: opened, kept over a change of configuration, handed out.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/daemon_msg.h"
#include "daemon/listeners.h"

static struct listeners ls;
static struct conf *c;
static char dir[64];

static void
configure(const char *ssh)
{
	char text[512];
	int n;

	conf_free(c);
	n = snprintf(text, sizeof(text),
	    "[node]\nstate = %s\nrun = run\n[gateway]\nssh = %s\n", dir, ssh);
	assert_int_equal(conf_parse(&c, "test", text, (size_t)n, NULL), 0);
}

static int
setup(void **state UNUSED)
{
	char run[80];

	(void)snprintf(dir, sizeof(dir), "/tmp/test_listeners.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(run, sizeof(run), "%s/run", dir);
	if (mkdir(run, 0700) != 0)
		return -1;
	c = NULL;
	listeners_init(&ls);
	return 0;
}

static int
teardown(void **state UNUSED)
{
	char run[80];

	listeners_unlink(&ls);
	listeners_fini(&ls);
	conf_free(c);
	(void)snprintf(run, sizeof(run), "%s/run", dir);
	return rmdir(run) != 0 || rmdir(dir) != 0;
}

static in_port_t
port_of(int fd)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	return sa.ss_family == AF_INET6
		   ? ((struct sockaddr_in6 *)&sa)->sin6_port
		   : ((struct sockaddr_in *)&sa)->sin_port;
}

static bool
answers(int family, in_port_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET,
	    .sin_port = port,
	    .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
	    .sin6_port = port,
	    .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(family, SOCK_STREAM, 0);
	int r = family == AF_INET
		    ? connect(fd, (struct sockaddr *)&in, sizeof(in))
		    : connect(fd, (struct sockaddr *)&in6, sizeof(in6));

	(void)close(fd);
	return r == 0;
}

static void
the_any_address_is_both_families(void **state UNUSED)
{
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	if (fd < 0)
		skip();
	(void)close(fd);
	configure("[::]:0");
	assert_int_equal(listeners_open_tcp(&ls, c, NULL), 0);
	assert_int_equal(ls.n, 1);
	assert_true(answers(AF_INET, port_of(ls.l[0].fd)));
	assert_true(answers(AF_INET6, port_of(ls.l[0].fd)));
}

static void
a_new_configuration_keeps_what_stays(void **state UNUSED)
{
	int kept;
	in_port_t gone;

	configure("127.0.0.1:0, 127.0.0.2:0");
	assert_int_equal(listeners_open_tcp(&ls, c, NULL), 0);
	assert_int_equal(listeners_open_unix(&ls, c, NULL), 0);
	assert_int_equal(ls.n, 4);
	kept = ls.l[1].fd;
	gone = port_of(ls.l[0].fd);
	assert_string_equal(ls.l[1].at, "127.0.0.2:0");
	configure("127.0.0.3:0,127.0.0.2:0");
	assert_int_equal(listeners_open_tcp(&ls, c, NULL), 0);
	assert_int_equal(listeners_open_unix(&ls, c, NULL), 0);
	assert_int_equal(ls.n, 4);
	assert_false(answers(AF_INET, gone));
	for (size_t i = 0; i < ls.n; i++)
		if (strcmp(ls.l[i].at, "127.0.0.2:0") == 0)
			kept -= ls.l[i].fd;
	assert_int_equal(kept, 0);
}

static void
an_address_in_use_is_named(void **state UNUSED)
{
	struct fail f = {0};
	char at[32];

	configure("127.0.0.1:0");
	assert_int_equal(listeners_open_tcp(&ls, c, NULL), 0);
	(void)snprintf(
	    at, sizeof(at), "127.0.0.1:%u", ntohs(port_of(ls.l[0].fd)));
	configure(at);
	assert_int_equal(listeners_open_tcp(&ls, c, &f), FAIL_SYS);
	assert_non_null(strstr(f.why, at));
	assert_non_null(strstr(f.why, "Address already in use"));
}

static void
addresses_are_checked_without_opening(void **state UNUSED)
{
	struct fail f = {0};

	configure("127.0.0.1:22, [::]:4422");
	assert_int_equal(listeners_check(c, NULL), 0);
	configure("somewhere:22");
	assert_int_equal(listeners_check(c, &f), FAIL_CONF);
	f = (struct fail){0};
	configure("");
	assert_int_equal(listeners_check(c, &f), FAIL_CONF);
	assert_int_equal(ls.n, 0);
}

static void
a_leftover_socket_is_replaced_and_a_live_one_is_not(void **state UNUSED)
{
	struct listeners second;
	struct fail f = {0};
	struct stat st;

	configure("127.0.0.1:0");
	assert_int_equal(listeners_open_unix(&ls, c, NULL), 0);
	assert_int_equal(stat(ls.l[0].at, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	listeners_init(&second);
	assert_int_equal(listeners_open_unix(&second, c, &f), FAIL_BUSY);
	assert_non_null(strstr(f.why, "another node is running"));
	/* Closed but not unlinked, as after a crash. */
	listeners_fini(&ls);
	assert_int_equal(listeners_open_unix(&ls, c, NULL), 0);
}

static void
what_is_no_socket_is_left_alone(void **state UNUSED)
{
	struct fail f = {0};
	char path[100];
	FILE *file;

	configure("127.0.0.1:0");
	(void)snprintf(path, sizeof(path), "%s/run/keeper.sock", dir);
	file = fopen(path, "w");
	assert_non_null(file);
	(void)fclose(file);
	assert_int_equal(listeners_open_unix(&ls, c, &f), FAIL_EXISTS);
	assert_int_equal(unlink(path), 0);
}

static char names[128];

static int
on_msg(struct ipc *i UNUSED, const struct ipc_msg *m, void *ctx UNUSED)
{
	struct dm_listener x;
	size_t at = strlen(names);

	assert_int_equal(m->type, dm_listener_type);
	assert_int_equal(dm_listener_get(m->body, &x), 0);
	assert_true(m->fd >= 0);
	(void)close(m->fd);
	(void)snprintf(names + at, sizeof(names) - at, "%.*s;", (int)x.name.len,
	    (const char *)x.name.p);
	return 0;
}

static void
on_gone(struct ipc *i UNUSED, const struct fail *f UNUSED, void *ctx UNUSED)
{
	fail_msg("the link closed");
}

static void
each_role_gets_its_own(void **state UNUSED)
{
	static const struct {
		enum role role;
		const char *names;
	} want[] = {{ROLE_WORKER, "ssh;ssh;"}, {ROLE_KEEPER, "keeper;"},
	    {ROLE_BROKER, "broker;"}, {ROLE_RECORDER, ""}, {ROLE_DATABASE, ""}};
	struct ipc_opts o = {
	    .max_msg = 4096, .max_queue = 4096, .msg = on_msg, .gone = on_gone};
	struct loop *l = loop_new();
	struct ipc *a, *b;
	int sv[2];

	configure("127.0.0.1:0,127.0.0.2:0");
	assert_int_equal(listeners_open_tcp(&ls, c, NULL), 0);
	assert_int_equal(listeners_open_unix(&ls, c, NULL), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	a = ipc_new(l, sv[0], &o);
	b = ipc_new(l, sv[1], &o);
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		names[0] = '\0';
		assert_int_equal(listeners_give(&ls, want[i].role, a), 0);
		for (int k = 0; k < 5; k++)
			assert_int_equal(loop_once(l, 0), 0);
		assert_string_equal(names, want[i].names);
	}
	ipc_free(a);
	ipc_free(b);
	loop_free(l);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(the_any_address_is_both_families),
	    T(a_new_configuration_keeps_what_stays),
	    T(an_address_in_use_is_named),
	    T(addresses_are_checked_without_opening),
	    T(a_leftover_socket_is_replaced_and_a_live_one_is_not),
	    T(what_is_no_socket_is_left_alone),
	    T(each_role_gets_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
