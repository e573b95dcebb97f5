/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For whom a broker that is replaced stays: who has logged in, until he has
 * what he came for.  The broker's part is played by the ops.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "broker/wlink.h"

enum { CONN = 5 };

static uint64_t clock_ms;
static struct sessions *sessions;
static struct wlink *w;

static uint64_t
now_ms(void *ctx UNUSED)
{
	return clock_ms;
}

static int
auth(void *ctx UNUSED, struct wlink *l UNUSED, uint32_t id UNUSED,
    const struct bm_auth *m UNUSED)
{
	return 0;
}

static int
want(void *ctx UNUSED, struct wlink *l UNUSED, uint32_t id UNUSED,
    const struct wconn *c, const struct bm_want *m UNUSED)
{
	assert_non_null(c);
	return 0;
}

static const struct wlink_ops ops = {
    .auth = auth,
    .want = want,
    .now_ms = now_ms,
};

static int
setup(void **state UNUSED)
{
	clock_ms = 1000000;
	sessions = sessions_new();
	w = wlink_new(&ops, NULL, sessions, 1, 7);
	return w == NULL;
}

static int
teardown(void **state UNUSED)
{
	wlink_free(w);
	sessions_free(sessions);
	return 0;
}

static void
say(uint16_t type, int r, struct buf *b)
{
	struct fail f = {0};

	assert_int_equal(r, 0);
	assert_int_equal(wlink_message(w, type, 1, buf_span(b), &f), 0);
	buf_fini(b);
}

static void
log_in(void)
{
	const struct wlink_user user = {.name = "ana", .peer = "192.0.2.9"};
	struct bm_auth m = {.conn = CONN, .method = 1, .user = SPAN("ana", 3)};
	struct buf b;

	buf_init(&b, 1024);
	say(bm_auth_type, bm_auth_put(&b, &m), &b);
	assert_false(wlink_awaits(w, clock_ms));
	wlink_auth_done(w, CONN, &user);
}

static void
wish(void)
{
	struct bm_want m = {.conn = CONN,
	    .account = SPAN("root", 4),
	    .asset = SPAN("db1", 3),
	    .protocol = 1};
	struct buf b;

	buf_init(&b, 1024);
	say(bm_want_type, bm_want_put(&b, &m), &b);
}

static void
who_is_in_is_awaited_until_he_has_his_session(void **state UNUSED)
{
	static const uint8_t session[16] = {1};

	assert_false(wlink_awaits(w, clock_ms));
	log_in();
	assert_true(wlink_awaits(w, clock_ms));
	wish();
	clock_ms += 5000; /* the database is slow */
	assert_true(wlink_awaits(w, clock_ms));
	assert_true(wlink_want_done(w, CONN, session));
	assert_false(wlink_awaits(w, clock_ms));
}

static void
who_wants_nothing_is_not_awaited_for_long(void **state UNUSED)
{
	log_in();
	assert_true(wlink_awaits(w, clock_ms + WLINK_WANT_MS - 1));
	assert_false(wlink_awaits(w, clock_ms + WLINK_WANT_MS));
}

static void
who_left_is_not_awaited(void **state UNUSED)
{
	struct bm_conn_end m = {.conn = CONN};
	struct buf b;

	log_in();
	wish();
	buf_init(&b, 64);
	say(bm_conn_end_type, bm_conn_end_put(&b, &m), &b);
	assert_false(wlink_awaits(w, clock_ms));
	assert_false(wlink_want_done(w, CONN, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	    T(who_is_in_is_awaited_until_he_has_his_session),
	    T(who_wants_nothing_is_not_awaited_for_long),
	    T(who_left_is_not_awaited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
