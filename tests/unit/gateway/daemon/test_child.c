/* SPDX-License-Identifier: Apache-2.0 */
/* A child's end of the control link: messages become calls, once and exactly.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/child.h"
#include "daemon/daemon_msg.h"

static struct loop *loop;
static struct ipc *sup; /* the supervisor's end */
static struct child *child;
static char calls[1024];
static int got_ready;
static int got_unlinked;
static uint32_t got_load;
static bool sup_gone;

static void PRINTF_LIKE(1, 2) note(const char *fmt, ...)
{
	size_t at = strlen(calls);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(calls + at, sizeof(calls) - at, fmt, ap);
	va_end(ap);
}

static void
op_link(void *ctx, enum role role, uint32_t peer, int fd)
{
	assert_ptr_equal(ctx, &loop);
	note("link %s %u %d;", role_name(role), peer, fd >= 0);
	(void)close(fd);
}

static void
op_listener(void *ctx UNUSED, const char *name, int fd)
{
	note("listener %s %d;", name, fd >= 0);
	(void)close(fd);
}

static void
op_drain(void *ctx UNUSED)
{
	note("drain;");
}

static void
op_stop(void *ctx UNUSED)
{
	note("stop;");
}

static void
op_handover(void *ctx UNUSED, uint32_t to, int fd)
{
	note("handover %u %d;", to, fd >= 0);
	(void)close(fd);
}

static void
op_takeover(void *ctx UNUSED, uint32_t from, int fd)
{
	note("takeover %u %d;", from, fd >= 0);
	(void)close(fd);
}

static void
op_worker_gone(void *ctx UNUSED, uint32_t number, uint32_t status)
{
	note("worker_gone %u %u;", number, status);
}

static int needed; /* how often it is still needed when asked */

static bool
op_orphan(void *ctx UNUSED)
{
	note("orphan;");
	return needed-- <= 0;
}

static void
op_alone(void *ctx UNUSED)
{
	note("alone;");
}

static const struct child_ops all = {
    .link = op_link,
    .listener = op_listener,
    .drain = op_drain,
    .stop = op_stop,
    .handover = op_handover,
    .takeover = op_takeover,
    .worker_gone = op_worker_gone,
    .orphan = op_orphan,
    .alone = op_alone,
};
static const struct child_ops few = {.link = op_link, .stop = op_stop};

static int
on_msg(struct ipc *c UNUSED, const struct ipc_msg *m, void *ctx UNUSED)
{
	struct dm_unlinked u;
	struct dm_load x;

	if (m->type == dm_unlinked_type) {
		assert_int_equal(dm_unlinked_get(m->body, &u), 0);
		assert_int_equal(u.role, ROLE_BROKER);
		got_unlinked++;
		return 0;
	}
	if (m->type == dm_ready_type) {
		got_ready++;
		return 0;
	}
	assert_int_equal(m->type, dm_load_type);
	assert_int_equal(dm_load_get(m->body, &x), 0);
	got_load = x.sessions;
	return 0;
}

static void
on_gone(struct ipc *c, const struct fail *f UNUSED, void *ctx UNUSED)
{
	ipc_free(c);
	sup = NULL;
	sup_gone = true;
}

static int
make(const struct child_ops *ops)
{
	struct ipc_opts o = {.max_msg = 4096,
	    .max_queue = 65536,
	    .msg = on_msg,
	    .gone = on_gone};
	struct role_args a = {.number = 5};
	int sv[2];

	loop = loop_new();
	calls[0] = '\0';
	got_ready = 0;
	got_unlinked = 0;
	got_load = 0;
	sup_gone = false;
	if (loop == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, sv) != 0)
		return -1;
	sup = ipc_new(loop, sv[0], &o);
	a.control_fd = sv[1];
	child = child_new(loop, &a, ops, &loop);
	return sup == NULL || child == NULL;
}

static int
setup(void **state UNUSED)
{
	return make(&all);
}

static int
setup_few(void **state UNUSED)
{
	return make(&few);
}

static int
teardown(void **state UNUSED)
{
	child_free(child);
	ipc_free(sup);
	sup = NULL;
	loop_free(loop);
	return 0;
}

static void
rounds(int n)
{
	for (int i = 0; i < n; i++)
		assert_int_equal(loop_once(loop, 0), 0);
}

/* Send what was encoded, with a descriptor or without. */
static void
send_body(uint16_t type, struct buf *b, int r, bool with_fd)
{
	assert_int_equal(r, 0);
	assert_int_equal(
	    ipc_send(sup, type, 0, buf_span(b), with_fd ? dup(0) : -1), 0);
	buf_reset(b);
}

#define SEND(name, with_fd, ...)                                               \
	do {                                                                   \
		struct dm_##name x_ = {__VA_ARGS__};                           \
		send_body(                                                     \
		    dm_##name##_type, &b, dm_##name##_put(&b, &x_), with_fd);  \
	} while (0)

static void
send_all(void)
{
	struct buf b;

	buf_init(&b, 256);
	SEND(link, true, .role = ROLE_KEEPER, .peer = 9);
	SEND(listener, true, .name = SPAN("ssh", 3));
	SEND(handover, true, .to = 7);
	SEND(takeover, true, .from = 8);
	SEND(worker_gone, false, .number = 3, .status = 11);
	SEND(alone, false, .msg_end = 0);
	SEND(drain, false, .msg_end = 0);
	SEND(stop, false, .msg_end = 0);
	SEND(stop, false, .msg_end = 0);
	buf_fini(&b);
	rounds(12);
}

static void
every_message_is_a_call_in_order_and_stop_is_one(void **state UNUSED)
{
	send_all();
	assert_string_equal(calls,
	    "link keeper 9 1;listener ssh 1;handover 7 1;takeover 8 1;"
	    "worker_gone 3 11;alone;drain;stop;");
}

static void
a_message_without_use_loses_its_descriptor(void **state UNUSED)
{
	int before = dup(0), after;

	(void)close(before);
	send_all();
	assert_string_equal(calls, "link keeper 9 1;stop;");
	after = dup(0);
	(void)close(after);
	assert_int_equal(after, before);
}

static void
what_a_child_says_arrives(void **state UNUSED)
{
	assert_int_equal(child_ready(child), 0);
	assert_int_equal(child_load(child, 42), 0);
	rounds(3);
	assert_int_equal(got_ready, 1);
	assert_int_equal(got_load, 42);
}

/* One that died and comes back at once is not asked for. */
static void
a_link_that_stays_away_is_asked_for(void **state UNUSED)
{
	uint64_t start = mono_ns();

	child_missing(child, ROLE_BROKER);
	rounds(3);
	assert_int_equal(got_unlinked, 0);
	while (got_unlinked < 2 && mono_ns() - start < 20000000000U) {
		child_missing(child, ROLE_BROKER);
		(void)usleep(10000);
		rounds(3);
	}
	assert_int_equal(got_unlinked, 2);
	assert_true(mono_ns() - start >= 2 * CHILD_MISSING_MS * 1000000U);
}

static void
the_end_of_the_supervisor_is_a_stop(void **state UNUSED)
{
	needed = 0;
	ipc_free(sup);
	sup = NULL;
	assert_false(child_orphaned(child));
	rounds(3);
	assert_string_equal(calls, "orphan;stop;");
	assert_true(child_orphaned(child));
	assert_int_equal(child_ready(child), FAIL_CLOSED);
	assert_int_equal(child_load(child, 1), FAIL_CLOSED);
}

static void
a_child_that_nobody_asks_stops_with_its_supervisor(void **state UNUSED)
{
	ipc_free(sup);
	sup = NULL;
	rounds(3);
	assert_string_equal(calls, "stop;");
}

/* Run until it was stopped; how long that took in ms. */
static uint64_t
until_stop(void)
{
	uint64_t since = mono_ns();

	while (strstr(calls, "stop;") == NULL &&
	       mono_ns() - since < UINT64_C(10000000000)) {
		calls[0] = '\0';
		assert_int_equal(loop_once(loop, 100), 0);
	}
	assert_non_null(strstr(calls, "stop;"));
	return (mono_ns() - since) / 1000000;
}

static void
an_orphan_stays_while_it_is_needed(void **state UNUSED)
{
	needed = 5;
	ipc_free(sup);
	sup = NULL;
	assert_true(until_stop() < CHILD_ORPHAN_MS);
	assert_int_equal(needed, -1);
}

static void
but_not_for_ever(void **state UNUSED)
{
	needed = INT32_MAX;
	ipc_free(sup);
	sup = NULL;
	assert_in_range(until_stop(), CHILD_ORPHAN_MS, 2 * CHILD_ORPHAN_MS);
}

/* What the kernel sends when the supervisor dies, before the link breaks. */
static char
grandchild(int made)
{
	pid_t parent = getppid();

	if (make(&all) != 0 || write(made, "", 1) != 1)
		return '0';
	needed = 0;
	while (getppid() == parent)
		(void)usleep(1000);
	if (raise(SIGTERM) != 0 || loop_once(loop, 1000) != 0)
		return '1';
	return strcmp(calls, "orphan;stop;") == 0 ? 'y' : '2';
}

static void
the_signal_of_its_death_is_known(void **state UNUSED)
{
	int made[2], said[2];
	char c = 0;

	assert_int_equal(pipe(made), 0);
	assert_int_equal(pipe(said), 0);
	child_free(child);
	ipc_free(sup);
	loop_free(loop);
	if (fork() == 0) {
		/* A supervisor, which has a child and dies. */
		if (fork() == 0) {
			c = grandchild(made[1]);
			(void)!write(said[1], &c, 1);
			_exit(0);
		}
		_exit(read(made[0], &c, 1) == 1 ? 0 : 1);
	}
	(void)close(said[1]);
	assert_int_equal(read(said[0], &c, 1), 1);
	assert_int_equal(c, 'y');
	(void)close(said[0]);
	(void)close(made[0]);
	(void)close(made[1]);
	(void)wait(NULL);
	assert_int_equal(make(&all), 0);
}

static void
a_termination_signal_is_a_stop(void **state UNUSED)
{
	assert_int_equal(raise(SIGTERM), 0);
	rounds(2);
	assert_string_equal(calls, "stop;");
	assert_int_equal(raise(SIGTERM), 0);
	rounds(2);
	assert_string_equal(calls, "stop;");
}

static void
expect_closed(void)
{
	rounds(5);
	assert_true(sup_gone);
	assert_string_equal(calls, "stop;");
}

static void
an_unknown_message_ends_the_link(void **state UNUSED)
{
	assert_int_equal(ipc_send(sup, 999, 0, SPAN(NULL, 0), dup(0)), 0);
	expect_closed();
}

static void
a_malformed_message_ends_the_link(void **state UNUSED)
{
	assert_int_equal(
	    ipc_send(sup, dm_link_type, 0, SPAN("\1\0\0", 3), dup(0)), 0);
	expect_closed();
}

static void
a_link_to_no_role_ends_the_link(void **state UNUSED)
{
	struct buf b;

	buf_init(&b, 64);
	SEND(link, true, .role = 77, .peer = 1);
	buf_fini(&b);
	expect_closed();
}

static void
a_link_without_its_descriptor_ends_the_link(void **state UNUSED)
{
	struct buf b;

	buf_init(&b, 64);
	SEND(link, false, .role = ROLE_BROKER, .peer = 1);
	buf_fini(&b);
	expect_closed();
}

static void
an_order_with_a_descriptor_ends_the_link(void **state UNUSED)
{
	struct buf b;

	buf_init(&b, 64);
	SEND(drain, true, .msg_end = 0);
	buf_fini(&b);
	expect_closed();
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(every_message_is_a_call_in_order_and_stop_is_one),
	    cmocka_unit_test_setup_teardown(
		a_message_without_use_loses_its_descriptor, setup_few,
		teardown),
	    T(what_a_child_says_arrives),
	    T(a_link_that_stays_away_is_asked_for),
	    T(the_end_of_the_supervisor_is_a_stop),
	    cmocka_unit_test_setup_teardown(
		a_child_that_nobody_asks_stops_with_its_supervisor, setup_few,
		teardown),
	    T(an_orphan_stays_while_it_is_needed),
	    T(but_not_for_ever),
	    T(the_signal_of_its_death_is_known),
	    T(a_termination_signal_is_a_stop),
	    T(an_unknown_message_ends_the_link),
	    T(a_malformed_message_ends_the_link),
	    T(a_link_to_no_role_ends_the_link),
	    T(a_link_without_its_descriptor_ends_the_link),
	    T(an_order_with_a_descriptor_ends_the_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
