/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions that come from another process: a real one, and broken ones. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/broker_msg.h"
#include "recorder/codec.h"
#include "ssh/session.h"

#define REAL_STATE SRCDIR "/tests/corpus/session_import/shared"

enum { STATE_MAX = 65536 };

static struct ssh_env env;
static struct conf *conf;
static struct ssh_session *alive;
static uint8_t state[STATE_MAX];
static size_t state_len;
static int user[2], target[2]; /* ours, and the session's */

static void
on_known(void *ctx, struct ssh_session *s)
{
	(void)ctx;
	alive = s;
}

static void
on_gone(void *ctx, struct ssh_session *s)
{
	(void)ctx;
	(void)s;
	alive = NULL;
}

static const struct ssh_session_ops ops = {on_known, on_gone};
static const struct peers_ops no_peers = {.message = NULL};

static int
setup(void **unused)
{
	/* An SSH string that holds a public key. */
	static const uint8_t key[] = "\0\0\0\x33\0\0\0\x0bssh-ed25519\0\0\0\x20"
				     "0123456789abcdef0123456789abcdef";
	FILE *fp = fopen(REAL_STATE, "rb");

	(void)unused;
	assert_non_null(fp);
	state_len = fread(state, 1, sizeof(state), fp);
	(void)fclose(fp);
	assert_true(state_len > 0 && state_len < sizeof(state));
	assert_int_equal(conf_load(&conf, NULL, NULL), 0);
	alive = NULL;
	env = (struct ssh_env){
	    .conf = conf,
	    .loop = loop_new(),
	    .codec = rcd_codec_new(),
	    .hostkeys = SPAN(key, sizeof(key) - 1),
	    .banner = "",
	    .writable = true,
	    .ops = &ops,
	};
	env.peers = peers_new(env.loop, &no_peers, NULL);
	assert_non_null(env.peers);
	return 0;
}

static int
teardown(void **unused)
{
	(void)unused;
	peers_free(env.peers);
	rcd_codec_free(env.codec);
	loop_free(env.loop);
	conf_free(conf);
	return 0;
}

static void
connect_both(void)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, user), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, target), 0);
}

static int
import(struct span s)
{
	struct ssh_session *out;

	return ssh_session_import(&env, s, user[1], target[1], &out, NULL);
}

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

/* The session has let go of both, and only it. */
static void
expect_closed(void)
{
	assert_null(alive);
	assert_false(is_open(user[1]) || is_open(target[1]));
	assert_true(is_open(user[0]) && is_open(target[0]));
	(void)close(user[0]);
	(void)close(target[0]);
}

static void
a_session_that_has_moved_moves_on_the_same(void **unused UNUSED)
{
	struct buf first, second;
	int user_fd, target_fd;

	buf_init_secret(&first, STATE_MAX);
	buf_init_secret(&second, STATE_MAX);
	connect_both();
	assert_int_equal(import(SPAN(state, state_len)), 0);
	assert_true(ssh_session_live(alive));
	assert_int_equal(
	    ssh_session_export(alive, &first, &user_fd, &target_fd), 0);
	assert_int_equal(loop_once(env.loop, 0), 0);
	assert_null(alive);
	/* The sockets are ours again, open. */
	assert_int_equal(user_fd, user[1]);
	assert_int_equal(target_fd, target[1]);
	assert_true(is_open(user_fd) && is_open(target_fd));
	assert_int_equal(import(buf_span(&first)), 0);
	assert_int_equal(
	    ssh_session_export(alive, &second, &user_fd, &target_fd), 0);
	assert_int_equal(loop_once(env.loop, 0), 0);
	assert_int_equal(buf_len(&first), buf_len(&second));
	assert_memory_equal(
	    buf_head(&first), buf_head(&second), buf_len(&first));
	(void)close(user_fd);
	(void)close(target_fd);
	expect_closed();
	buf_fini(&first);
	buf_fini(&second);
}

static void
a_state_that_was_cut_or_is_too_long_is_refused(void **unused UNUSED)
{
	size_t len;

	for (len = 0; len < state_len; len += 31) {
		connect_both();
		assert_true(import(SPAN(state, len)) < 0);
		expect_closed();
	}
	connect_both();
	assert_int_equal(import(SPAN(state, state_len + 1)), FAIL_FORMAT);
	expect_closed();
}

static void
descriptors_that_cannot_be_watched_are_closed(void **unused UNUSED)
{
	int i, fd;

	for (i = 0; i < 2; i++) {
		connect_both();
		fd = open(REAL_STATE, O_RDONLY);
		assert_true(fd >= 0);
		assert_int_equal(dup2(fd, i == 0 ? user[1] : target[1]),
		    i == 0 ? user[1] : target[1]);
		(void)close(fd);
		assert_true(import(SPAN(state, state_len)) < 0);
		expect_closed();
	}
	/* The same of a new connection. */
	fd = open(REAL_STATE, O_RDONLY);
	assert_true(fd >= 0);
	assert_null(ssh_session_new(&env, fd, 1, "127.0.0.1:1"));
	assert_false(is_open(fd));
}

static void
an_order_lets_go_of_a_descriptor_that_is_not_to_watch(void **unused UNUSED)
{
	int verb, fds[2], user_fd, target_fd;
	struct buf out;
	struct fail f;

	connect_both();
	assert_int_equal(import(SPAN(state, state_len)), 0);
	for (verb = 0; verb < 8; verb++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		f = (struct fail){0};
		if (verb == CONTROL_WATCH) {
			assert_int_equal(
			    ssh_session_control(
				alive, (uint8_t)verb, "by", "", fds[1], &f),
			    0);
			assert_true(is_open(fds[1]));
		} else {
			assert_int_equal(
			    ssh_session_control(
				alive, (uint8_t)verb, "by", "", fds[1], &f),
			    FAIL_FORMAT);
			assert_false(is_open(fds[1]));
		}
		(void)close(fds[0]);
	}
	buf_init_secret(&out, STATE_MAX);
	assert_int_equal(
	    ssh_session_export(alive, &out, &user_fd, &target_fd), 0);
	assert_int_equal(loop_once(env.loop, 0), 0);
	buf_fini(&out);
	(void)close(user_fd);
	(void)close(target_fd);
	expect_closed();
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(a_session_that_has_moved_moves_on_the_same),
	    T(a_state_that_was_cut_or_is_too_long_is_refused),
	    T(descriptors_that_cannot_be_watched_are_closed),
	    T(an_order_lets_go_of_a_descriptor_that_is_not_to_watch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
