/* SPDX-License-Identifier: Apache-2.0 */
/* The server's side of user authentication, by scripts of packets. */
#include "../script.h"
#include "ssh/auth/userauth.h"
#include "ssh/transport/numbers.h"

#define METHODS "publickey,password,keyboard-interactive"
#define CONNECTION "ssh-connection"

struct rig {
	struct script script;
	struct userauth *ua;
	int asked;
	int ask_result;
	enum userauth_method method;
	char name[32];
	char user[64];
	char password[64];
	char alg[64];
	struct buf signed_data;
	struct buf signature;
};

static void
copy(char *dst, size_t size, struct span s)
{
	(void)snprintf(dst, size, "%.*s", (int)s.len, (const char *)s.p);
}

static int
on_ask(void *ctx, const struct userauth_ask *q)
{
	struct rig *g = ctx;

	g->asked++;
	g->method = q->method;
	(void)snprintf(g->name, sizeof(g->name), "%s", q->name);
	copy(g->user, sizeof(g->user), q->user);
	copy(g->password, sizeof(g->password), q->password);
	(void)snprintf(
	    g->alg, sizeof(g->alg), "%s", q->alg == NULL ? "" : q->alg);
	buf_reset(&g->signed_data);
	buf_reset(&g->signature);
	assert_int_equal(
	    buf_put(&g->signed_data, q->signed_data.p, q->signed_data.len), 0);
	assert_int_equal(
	    buf_put(&g->signature, q->signature.p, q->signature.len), 0);
	return g->ask_result;
}

static const struct userauth_ops ops = {script_send, on_ask};

static int
on_packet(void *rig, uint8_t *p, size_t len)
{
	struct rig *g = rig;

	return userauth_packet(g->ua, p, len);
}

static void
expect_failure(struct rig *g)
{
	expect(g, "bsb", SSH_MSG_USERAUTH_FAILURE, METHODS, 0);
}

static void
rig_open_with(struct rig *g, unsigned tries, const char *banner)
{
	const struct userauth_opts o = {
	    .ops = &ops,
	    .ctx = g,
	    .session_id = SPAN("session identifier", 18),
	    .banner = banner,
	    .max_tries = tries,
	    .max_probes = 4,
	};

	memset(g, 0, sizeof(*g));
	script_init(&g->script, on_packet);
	buf_init(&g->signed_data, 100000);
	buf_init(&g->signature, 100000);
	g->ua = userauth_new(&o);
	assert_non_null(g->ua);
	assert_int_equal(feed(g, "bs", SSH_MSG_SERVICE_REQUEST, "ssh-userauth"),
	    USERAUTH_MORE);
	expect(g, "bs", SSH_MSG_SERVICE_ACCEPT, "ssh-userauth");
}

static void
rig_open(struct rig *g)
{
	rig_open_with(g, 3, NULL);
}

static void
rig_close(struct rig *g)
{
	userauth_free(g->ua);
	script_fini(&g->script);
	buf_fini(&g->signed_data);
	buf_fini(&g->signature);
}

static int
password(struct rig *g, const char *user, const char *pw)
{
	return feed(g, "bsssbs", SSH_MSG_USERAUTH_REQUEST, user, CONNECTION,
	    "password", 0, pw);
}

static struct span
key_blob(const char *type)
{
	static uint8_t p[200];
	struct buf b;
	size_t n;

	buf_init(&b, sizeof(p));
	wire_put(&b, "ss", type, "the public half");
	n = buf_len(&b);
	memcpy(p, buf_head(&b), n);
	buf_fini(&b);
	return SPAN(p, n);
}

static int
probe(struct rig *g, const char *alg, const char *type)
{
	return feed(g, "bsssbsS", SSH_MSG_USERAUTH_REQUEST, "ana", CONNECTION,
	    "publickey", 0, alg, key_blob(type));
}

static void
none_is_answered_with_the_list(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	assert_int_equal(feed(&g, "bsss", SSH_MSG_USERAUTH_REQUEST, "ana",
			     CONNECTION, "none"),
	    USERAUTH_MORE);
	expect_failure(&g);
	assert_int_equal(g.asked, 0);
	assert_int_equal(userauth_tries(g.ua), 0);
	rig_close(&g);
}

static void
a_right_password_lets_the_user_in(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	assert_int_equal(
	    password(&g, "ana@root@db1", "geheim"), USERAUTH_ASKED);
	assert_int_equal(g.method, USERAUTH_PASSWORD);
	assert_string_equal(g.name, "password");
	assert_string_equal(g.user, "ana@root@db1");
	assert_string_equal(g.password, "geheim");
	script_quiet(&g.script);
	assert_int_equal(userauth_answer(g.ua, true), USERAUTH_DONE);
	expect(&g, "b", SSH_MSG_USERAUTH_SUCCESS);
	assert_true(span_eq(userauth_user(g.ua), "ana@root@db1"));
	assert_string_equal(userauth_method(g.ua), "password");
	/* What comes later is ignored without a word. */
	assert_int_equal(password(&g, "root", "x"), USERAUTH_DONE);
	assert_int_equal(g.asked, 1);
	script_quiet(&g.script);
	assert_true(span_eq(userauth_user(g.ua), "ana@root@db1"));
	rig_close(&g);
}

static void
a_password_is_wiped_from_its_packet(void **state UNUSED)
{
	uint8_t zero[200] = {0};
	struct buf b;
	struct rig g;

	rig_open(&g);
	buf_init(&b, 1000);
	wire_put(&b, "bsssbs", SSH_MSG_USERAUTH_REQUEST, "ana", CONNECTION,
	    "password", 0, "geheim");
	assert_int_equal(
	    userauth_packet(g.ua, buf_head(&b), buf_len(&b)), USERAUTH_ASKED);
	assert_memory_equal(buf_head(&b), zero, buf_len(&b));
	buf_fini(&b);
	rig_close(&g);
}

static void
nothing_is_taken_while_a_question_is_open(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	assert_int_equal(password(&g, "ana", "one"), USERAUTH_ASKED);
	assert_int_equal(password(&g, "ana", "two"), FAIL_BUSY);
	assert_int_equal(g.asked, 1);
	assert_int_equal(userauth_answer(g.ua, false), USERAUTH_MORE);
	expect_failure(&g);
	assert_int_equal(userauth_answer(g.ua, true), FAIL_STATE);
	assert_int_equal(password(&g, "ana", "two"), USERAUTH_ASKED);
	assert_string_equal(g.password, "two");
	rig_close(&g);
}

static void
attempts_are_counted_across_names_and_methods(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	assert_int_equal(password(&g, "ana", "one"), USERAUTH_ASKED);
	assert_int_equal(userauth_answer(g.ua, false), USERAUTH_MORE);
	expect_failure(&g);
	assert_int_equal(password(&g, "ben", "two"), USERAUTH_ASKED);
	assert_string_equal(g.user, "ben");
	assert_int_equal(userauth_answer(g.ua, false), USERAUTH_MORE);
	expect_failure(&g);
	assert_int_equal(feed(&g, "bsss", SSH_MSG_USERAUTH_REQUEST, "ana",
			     CONNECTION, "hostbased"),
	    FAIL_AUTH);
	assert_int_equal(
	    userauth_reason(g.ua), SSH_DISCONNECT_NO_MORE_AUTH_METHODS);
	assert_int_equal(userauth_fail(g.ua)->code, FAIL_AUTH);
	/* And it stays so. */
	assert_int_equal(password(&g, "ana", "right"), FAIL_AUTH);
	assert_int_equal(g.asked, 2);
	rig_close(&g);
}

static void
a_probe_is_answered_with_the_same_key(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	assert_int_equal(probe(&g, "rsa-sha2-512", "ssh-rsa"), USERAUTH_ASKED);
	assert_int_equal(g.method, USERAUTH_PROBE);
	assert_string_equal(g.alg, "rsa-sha2-512");
	assert_int_equal(userauth_answer(g.ua, true), USERAUTH_MORE);
	expect(&g, "bsS", SSH_MSG_USERAUTH_PK_OK, "rsa-sha2-512",
	    key_blob("ssh-rsa"));
	assert_int_equal(userauth_tries(g.ua), 0);
	rig_close(&g);
}

static void
unknown_keys_cost_probes_and_not_attempts(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(
		    probe(&g, "ssh-ed25519", "ssh-ed25519"), USERAUTH_ASKED);
		assert_int_equal(userauth_answer(g.ua, false), USERAUTH_MORE);
		expect_failure(&g);
	}
	assert_int_equal(userauth_tries(g.ua), 0);
	assert_int_equal(
	    probe(&g, "ssh-ed25519", "ssh-ed25519"), USERAUTH_ASKED);
	assert_int_equal(userauth_answer(g.ua, false), FAIL_AUTH);
	rig_close(&g);
}

static void
a_good_key_cannot_be_asked_about_for_ever(void **state UNUSED)
{
	struct rig g;
	int v = 0;

	rig_open(&g);
	for (int i = 0; i < 200 && v >= 0; i++) {
		v = probe(&g, "ssh-ed25519", "ssh-ed25519");
		if (v == USERAUTH_ASKED)
			v = userauth_answer(g.ua, true);
	}
	assert_int_equal(v, FAIL_AUTH);
	rig_close(&g);
}

static void
a_signature_is_asked_about_with_what_it_is_over(void **state UNUSED)
{
	struct buf want, sig;
	struct rig g;

	rig_open(&g);
	buf_init(&want, 1000);
	buf_init(&sig, 1000);
	wire_put(&sig, "ss", "ssh-ed25519", "64 bytes");
	assert_int_equal(feed(&g, "bsssbsSS", SSH_MSG_USERAUTH_REQUEST, "ana",
			     CONNECTION, "publickey", 1, "ssh-ed25519",
			     key_blob("ssh-ed25519"), buf_span(&sig)),
	    USERAUTH_ASKED);
	assert_int_equal(g.method, USERAUTH_PUBLICKEY);
	wire_put(&want, "sbsssbsS", "session identifier",
	    SSH_MSG_USERAUTH_REQUEST, "ana", CONNECTION, "publickey", 1,
	    "ssh-ed25519", key_blob("ssh-ed25519"));
	assert_int_equal(buf_len(&g.signed_data), buf_len(&want));
	assert_memory_equal(
	    buf_head(&g.signed_data), buf_head(&want), buf_len(&want));
	assert_int_equal(buf_len(&g.signature), buf_len(&sig));
	assert_int_equal(userauth_answer(g.ua, true), USERAUTH_DONE);
	expect(&g, "b", SSH_MSG_USERAUTH_SUCCESS);
	buf_fini(&want);
	buf_fini(&sig);
	rig_close(&g);
}

static void
a_signature_by_another_algorithm_is_refused_unasked(void **state UNUSED)
{
	struct buf sig;
	struct rig g;

	rig_open(&g);
	buf_init(&sig, 1000);
	wire_put(&sig, "ss", "ssh-rsa", "sha-1");
	assert_int_equal(feed(&g, "bsssbsSS", SSH_MSG_USERAUTH_REQUEST, "ana",
			     CONNECTION, "publickey", 1, "rsa-sha2-256",
			     key_blob("ssh-rsa"), buf_span(&sig)),
	    USERAUTH_MORE);
	expect_failure(&g);
	assert_int_equal(
	    feed(&g, "bsssbsSS", SSH_MSG_USERAUTH_REQUEST, "ana", CONNECTION,
		"publickey", 1, "ssh-rsa", key_blob("ssh-rsa"), buf_span(&sig)),
	    USERAUTH_MORE);
	expect_failure(&g);
	assert_int_equal(g.asked, 0);
	assert_int_equal(userauth_tries(g.ua), 2);
	buf_fini(&sig);
	rig_close(&g);
}

static void
keyboard_interactive_is_one_hidden_prompt(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	assert_int_equal(feed(&g, "bsssss", SSH_MSG_USERAUTH_REQUEST, "ana",
			     CONNECTION, "keyboard-interactive", "", "pam"),
	    USERAUTH_MORE);
	expect(&g, "bsssusb", SSH_MSG_USERAUTH_INFO_REQUEST, "", "", "", 1,
	    "Password: ", 0);
	assert_int_equal(
	    feed(&g, "bus", SSH_MSG_USERAUTH_INFO_RESPONSE, 1, "geheim"),
	    USERAUTH_ASKED);
	assert_int_equal(g.method, USERAUTH_PASSWORD);
	assert_string_equal(g.name, "keyboard-interactive");
	assert_string_equal(g.password, "geheim");
	assert_int_equal(userauth_answer(g.ua, false), USERAUTH_MORE);
	expect_failure(&g);
	/* The prompt is over: a second response has no question. */
	assert_int_equal(
	    feed(&g, "bus", SSH_MSG_USERAUTH_INFO_RESPONSE, 1, "again"),
	    FAIL_PROTO);
	rig_close(&g);
}

static void
another_request_abandons_the_prompt(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	assert_int_equal(feed(&g, "bsssss", SSH_MSG_USERAUTH_REQUEST, "ana",
			     CONNECTION, "keyboard-interactive", "", ""),
	    USERAUTH_MORE);
	expect(&g, "bsssusb", SSH_MSG_USERAUTH_INFO_REQUEST, "", "", "", 1,
	    "Password: ", 0);
	assert_int_equal(password(&g, "ana", "x"), USERAUTH_ASKED);
	assert_string_equal(g.name, "password");
	rig_close(&g);
}

static void
a_change_of_password_is_refused(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	assert_int_equal(feed(&g, "bsssbss", SSH_MSG_USERAUTH_REQUEST, "ana",
			     CONNECTION, "password", 1, "old", "new"),
	    USERAUTH_MORE);
	expect_failure(&g);
	assert_int_equal(g.asked, 0);
	rig_close(&g);
}

static void
the_banner_comes_once_before_the_first_answer(void **state UNUSED)
{
	struct rig g;

	rig_open_with(&g, 3, "Hello\n");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(feed(&g, "bsss", SSH_MSG_USERAUTH_REQUEST,
				     "ana", CONNECTION, "none"),
		    USERAUTH_MORE);
		if (i == 0)
			expect(
			    &g, "bss", SSH_MSG_USERAUTH_BANNER, "Hello\n", "");
		expect_failure(&g);
	}
	assert_int_equal(userauth_banner(g.ua, "wait\n"), 0);
	expect(&g, "bss", SSH_MSG_USERAUTH_BANNER, "wait\n", "");
	rig_close(&g);
}

static void
none_does_not_go_on_for_ever(void **state UNUSED)
{
	struct rig g;
	int v = 0;

	rig_open(&g);
	for (int i = 0; i < 100 && v == 0; i++)
		v = feed(&g, "bsss", SSH_MSG_USERAUTH_REQUEST, "ana",
		    CONNECTION, "none");
	assert_int_equal(v, FAIL_AUTH);
	rig_close(&g);
}

static void
malformed_and_misplaced_messages_end_it(void **state UNUSED)
{
	struct span junk = SPAN("\xff\xff\xff\xff", 4);
	struct rig g;

	rig_open(&g);
	assert_int_equal(
	    feed(&g, "br", SSH_MSG_USERAUTH_REQUEST, junk), FAIL_PROTO);
	assert_int_equal(userauth_reason(g.ua), SSH_DISCONNECT_PROTOCOL_ERROR);
	rig_close(&g);
	rig_open(&g);
	assert_int_equal(feed(&g, "bsss", SSH_MSG_USERAUTH_REQUEST, "ana",
			     CONNECTION, "password"),
	    FAIL_PROTO);
	rig_close(&g);
	rig_open(&g);
	assert_int_equal(feed(&g, "b", SSH_MSG_USERAUTH_SUCCESS), FAIL_PROTO);
	rig_close(&g);
	rig_open(&g);
	assert_int_equal(
	    feed(&g, "bsss", SSH_MSG_USERAUTH_REQUEST, "ana", "x", "none"),
	    FAIL_PROTO);
	assert_int_equal(
	    userauth_reason(g.ua), SSH_DISCONNECT_SERVICE_NOT_AVAILABLE);
	rig_close(&g);
	rig_open(&g);
	assert_int_equal(userauth_packet(g.ua, NULL, 0), FAIL_PROTO);
	rig_close(&g);
	rig_open(&g);
	assert_int_equal(
	    feed(&g, "bu", SSH_MSG_USERAUTH_INFO_RESPONSE, 1), FAIL_PROTO);
	rig_close(&g);
}

static void
requests_before_the_service_end_it(void **state UNUSED)
{
	const struct userauth_opts o = {.ops = &ops};
	uint8_t p[] = {SSH_MSG_USERAUTH_REQUEST, 0, 0, 0, 0};
	uint8_t q[] = {SSH_MSG_SERVICE_REQUEST, 0, 0, 0, 1, 'x'};
	struct userauth *ua = userauth_new(&o);

	assert_int_equal(userauth_packet(ua, p, sizeof(p)), FAIL_PROTO);
	userauth_free(ua);
	ua = userauth_new(&o);
	assert_int_equal(userauth_packet(ua, q, sizeof(q)), FAIL_PROTO);
	assert_int_equal(
	    userauth_reason(ua), SSH_DISCONNECT_SERVICE_NOT_AVAILABLE);
	userauth_free(ua);
}

static void
huge_fields_are_refused_unasked(void **state UNUSED)
{
	static char big[200001];
	struct rig g;

	memset(big, 'x', sizeof(big) - 1);
	rig_open(&g);
	assert_int_equal(password(&g, "ana", big), USERAUTH_MORE);
	expect_failure(&g);
	assert_int_equal(
	    feed(&g, "bsssbsS", SSH_MSG_USERAUTH_REQUEST, "ana", CONNECTION,
		"publickey", 0, "ssh-ed25519", SPAN(big, 100000)),
	    USERAUTH_MORE);
	expect_failure(&g);
	assert_int_equal(g.asked, 0);
	assert_int_equal(password(&g, big, "x"), FAIL_PROTO);
	assert_int_equal(
	    userauth_reason(g.ua), SSH_DISCONNECT_ILLEGAL_USER_NAME);
	rig_close(&g);
}

static void
a_question_that_cannot_be_asked_ends_it(void **state UNUSED)
{
	struct rig g;

	rig_open(&g);
	g.ask_result = FAIL_CLOSED;
	assert_int_equal(password(&g, "ana", "x"), FAIL_CLOSED);
	assert_int_equal(userauth_answer(g.ua, true), FAIL_CLOSED);
	script_quiet(&g.script);
	rig_close(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(none_is_answered_with_the_list),
	    cmocka_unit_test(a_right_password_lets_the_user_in),
	    cmocka_unit_test(a_password_is_wiped_from_its_packet),
	    cmocka_unit_test(nothing_is_taken_while_a_question_is_open),
	    cmocka_unit_test(attempts_are_counted_across_names_and_methods),
	    cmocka_unit_test(a_probe_is_answered_with_the_same_key),
	    cmocka_unit_test(unknown_keys_cost_probes_and_not_attempts),
	    cmocka_unit_test(a_good_key_cannot_be_asked_about_for_ever),
	    cmocka_unit_test(a_signature_is_asked_about_with_what_it_is_over),
	    cmocka_unit_test(
		a_signature_by_another_algorithm_is_refused_unasked),
	    cmocka_unit_test(keyboard_interactive_is_one_hidden_prompt),
	    cmocka_unit_test(another_request_abandons_the_prompt),
	    cmocka_unit_test(a_change_of_password_is_refused),
	    cmocka_unit_test(the_banner_comes_once_before_the_first_answer),
	    cmocka_unit_test(none_does_not_go_on_for_ever),
	    cmocka_unit_test(malformed_and_misplaced_messages_end_it),
	    cmocka_unit_test(requests_before_the_service_end_it),
	    cmocka_unit_test(huge_fields_are_refused_unasked),
	    cmocka_unit_test(a_question_that_cannot_be_asked_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
