/* SPDX-License-Identifier: Apache-2.0 */
/* Orders, over a socket whose other end is a script. */
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

#include "base/frame.h"
#include "base/ipc.h"
#include "broker/broker_msg.h"
#include "cli/order.h"

struct rig {
	struct args a;
	struct cli c;
	int far; /* the broker's end */
};

static void
start(struct rig *g, const char *session)
{
	int pair[2];

	memset(g, 0, sizeof(*g));
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	g->a.pos[0] = session;
	g->a.n_pos = 1;
	g->c = (struct cli){.args = &g->a, .broker = pair[0], .keeper = -1};
	g->far = pair[1];
}

static void
end(struct rig *g)
{
	(void)close(g->c.broker);
	(void)close(g->far);
}

/* What the broker says, before it is asked. */
static void
say(struct rig *g, uint16_t type, struct span body)
{
	struct frame fr = {.type = type, .body = body};
	uint8_t h[FRAME_HEADER_LEN];

	frame_header(h, &fr);
	assert_int_equal(write(g->far, h, sizeof(h)), sizeof(h));
	assert_int_equal(write(g->far, body.p, body.len), body.len);
}

static void
say_controlled(struct rig *g, uint16_t code, const char *why)
{
	struct bm_controlled a = {.code = code, .why = SPAN(why, strlen(why))};
	struct buf b;

	memset(a.session_id, 7, sizeof(a.session_id));
	buf_init(&b, 4096);
	assert_int_equal(bm_controlled_put(&b, &a), 0);
	say(g, bm_controlled_type, buf_span(&b));
	buf_fini(&b);
}

static void
an_order_names_its_session_verb_and_text(void **state UNUSED)
{
	uint8_t id[16], got[4096];
	struct bm_order q;
	struct rig g;
	ssize_t n;

	start(&g, "019b");
	say_controlled(&g, 0, "");
	assert_int_equal(
	    order_send(&g.c, CONTROL_MESSAGE, "lunch", id, NULL), 0);
	assert_int_equal(id[0], 7);
	n = read(g.far, got, sizeof(got));
	assert_true(n > FRAME_HEADER_LEN);
	assert_int_equal(
	    bm_order_get(
		SPAN(got + FRAME_HEADER_LEN, (size_t)n - FRAME_HEADER_LEN), &q),
	    0);
	assert_true(span_eq(q.session, "019b"));
	assert_int_equal(q.verb, CONTROL_MESSAGE);
	assert_true(span_eq(q.text, "lunch"));
	end(&g);
}

static void
a_refusal_has_its_code_and_words(void **state UNUSED)
{
	uint8_t id[16];
	struct rig g;

	start(&g, "019b");
	say_controlled(&g, (uint16_t)-FAIL_NOTFOUND, "no such session");
	assert_int_equal(
	    order_send(&g.c, CONTROL_PAUSE, "", id, NULL), FAIL_NOTFOUND);
	assert_string_equal(g.c.fail.why, "no such session");
	end(&g);
	/* A code that is none of ours. */
	start(&g, "019b");
	say_controlled(&g, 0x8000, "odd");
	assert_int_equal(
	    order_send(&g.c, CONTROL_PAUSE, "", id, NULL), FAIL_PROTO);
	end(&g);
}

static void
a_bad_answer_or_none_is_an_error(void **state UNUSED)
{
	uint8_t id[16];
	struct rig g;

	start(&g, "019b");
	say(&g, bm_controlled_type, SPAN("short", 5));
	assert_int_equal(
	    order_send(&g.c, CONTROL_RESUME, "", id, NULL), FAIL_PROTO);
	end(&g);
	start(&g, "019b");
	say(&g, bm_stored_type, SPAN("", 0));
	assert_true(order_send(&g.c, CONTROL_RESUME, "", id, NULL) < 0);
	end(&g);
	start(&g, "019b");
	(void)shutdown(g.far, SHUT_RDWR);
	assert_true(order_send(&g.c, CONTROL_RESUME, "", id, NULL) < 0);
	assert_true(g.c.fail.why[0] != '\0');
	end(&g);
}

static void
too_long_a_text_is_the_callers_fault(void **state UNUSED)
{
	char *text = malloc(3 * 1024 * 1024);
	uint8_t id[16];
	struct rig g;
	int fd = 5;

	assert_non_null(text);
	memset(text, 'x', 3 * 1024 * 1024 - 1);
	text[3 * 1024 * 1024 - 1] = '\0';
	start(&g, "019b");
	assert_true(order_send(&g.c, CONTROL_MESSAGE, text, id, &fd) < 0);
	assert_true(g.c.usage);
	assert_int_equal(fd, -1);
	end(&g);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_order_names_its_session_verb_and_text),
	    cmocka_unit_test(a_refusal_has_its_code_and_words),
	    cmocka_unit_test(a_bad_answer_or_none_is_an_error),
	    cmocka_unit_test(too_long_a_text_is_the_callers_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
