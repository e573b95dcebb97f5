/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side of user authentication, by scripts of packets. */
#include "../script.h"
#include "ssh/auth/targetauth.h"
#include "ssh/transport/numbers.h"

#define CONNECTION "ssh-connection"
#define REQUEST SSH_MSG_USERAUTH_REQUEST
#define FAILURE SSH_MSG_USERAUTH_FAILURE

struct rig {
	struct script script;
	struct targetauth *ta;
	struct secret *password;
	const char *sig_algs;
	char alg[64];
	struct buf to_sign;
	int sign_result;
};

static int
on_sign(void *ctx, const char *alg, struct span data)
{
	struct rig *g = ctx;

	(void)snprintf(g->alg, sizeof(g->alg), "%s", alg);
	buf_reset(&g->to_sign);
	assert_int_equal(buf_put(&g->to_sign, data.p, data.len), 0);
	return g->sign_result;
}

static const char *
on_sig_algs(void *ctx)
{
	struct rig *g = ctx;

	return g->sig_algs;
}

static const struct targetauth_ops ops = {script_send, on_sign, on_sig_algs};

static int
on_packet(void *rig, uint8_t *p, size_t len)
{
	struct rig *g = rig;

	return targetauth_packet(g->ta, p, len);
}

static struct span
rsa_key(void)
{
	return SPAN("\0\0\0\7ssh-rsa\0\0\0\3key", 18);
}

static void
rig_open(struct rig *g, const char *password)
{
	struct targetauth_opts o = {
	    .ops = &ops,
	    .ctx = g,
	    .session_id = SPAN("session identifier", 18),
	    .login = "root",
	};

	memset(g, 0, sizeof(*g));
	g->sig_algs = "";
	script_init(&g->script, on_packet);
	buf_init(&g->to_sign, 100000);
	if (password != NULL) {
		g->password = secret_from(password, strlen(password));
		assert_non_null(g->password);
		o.password = g->password;
	} else {
		o.pubkey = rsa_key();
	}
	g->ta = targetauth_new(&o);
	assert_non_null(g->ta);
	assert_int_equal(targetauth_start(g->ta), 0);
	expect(g, "bs", SSH_MSG_SERVICE_REQUEST, "ssh-userauth");
}

static void
rig_close(struct rig *g)
{
	targetauth_free(g->ta);
	secret_free(g->password);
	script_fini(&g->script);
	buf_fini(&g->to_sign);
}

/* As far as the list of methods. */
static void
rig_open_to_list(struct rig *g, const char *list)
{
	rig_open(g, "geheim");
	assert_int_equal(
	    feed(g, "bs", SSH_MSG_SERVICE_ACCEPT, "ssh-userauth"), 0);
	expect(g, "bsss", REQUEST, "root", CONNECTION, "none");
	(void)feed(g, "bsb", FAILURE, list, 0);
}

static void
expect_password(struct rig *g)
{
	expect(
	    g, "bsssbs", REQUEST, "root", CONNECTION, "password", 0, "geheim");
}

static void
expect_keyboard(struct rig *g)
{
	expect(g, "bsssss", REQUEST, "root", CONNECTION, "keyboard-interactive",
	    "", "");
}

static int
prompt(struct rig *g, const char *text, int echo)
{
	return feed(g, "bsssusb", SSH_MSG_USERAUTH_INFO_REQUEST, "", "", "", 1,
	    text, echo);
}

static void
why_has(struct rig *g, const char *words)
{
	if (strstr(targetauth_fail(g->ta)->why, words) == NULL)
		fail_msg(
		    "\"%s\" lacks \"%s\"", targetauth_fail(g->ta)->why, words);
}

static void
a_password_goes_by_the_method_password(void **state UNUSED)
{
	struct rig g;

	rig_open_to_list(&g, "publickey,password,keyboard-interactive");
	expect_password(&g);
	assert_int_equal(
	    feed(&g, "b", SSH_MSG_USERAUTH_SUCCESS), TARGETAUTH_DONE);
	assert_string_equal(targetauth_method(g.ta), "password");
	assert_int_equal(
	    feed(&g, "b", SSH_MSG_USERAUTH_SUCCESS), TARGETAUTH_DONE);
	rig_close(&g);
}

static void
keyboard_interactive_follows_a_refused_password(void **state UNUSED)
{
	struct rig g;

	rig_open_to_list(&g, "password,keyboard-interactive");
	expect_password(&g);
	assert_int_equal(
	    feed(&g, "bsb", FAILURE, "password,keyboard-interactive", 0), 0);
	expect_keyboard(&g);
	assert_int_equal(prompt(&g, "Password: ", 0), 0);
	expect(&g, "bus", SSH_MSG_USERAUTH_INFO_RESPONSE, 1, "geheim");
	/* PAM ends with a round without prompts. */
	assert_int_equal(
	    feed(&g, "bsssu", SSH_MSG_USERAUTH_INFO_REQUEST, "", "", "", 0), 0);
	expect(&g, "bu", SSH_MSG_USERAUTH_INFO_RESPONSE, 0);
	assert_int_equal(
	    feed(&g, "b", SSH_MSG_USERAUTH_SUCCESS), TARGETAUTH_DONE);
	assert_string_equal(targetauth_method(g.ta), "keyboard-interactive");
	rig_close(&g);
}

static void
only_keyboard_interactive_is_enough(void **state UNUSED)
{
	struct rig g;

	rig_open_to_list(&g, "publickey,keyboard-interactive");
	expect_keyboard(&g);
	assert_int_equal(prompt(&g, "root's secret? ", 0), 0);
	expect(&g, "bus", SSH_MSG_USERAUTH_INFO_RESPONSE, 1, "geheim");
	assert_int_equal(
	    feed(&g, "bsb", FAILURE, "keyboard-interactive", 0), FAIL_AUTH);
	why_has(&g, "refused the password");
	rig_close(&g);
}

static void
a_target_that_takes_no_password_is_said_so(void **state UNUSED)
{
	struct rig g;

	rig_open_to_list(&g, "publickey,passwords,xpassword");
	script_quiet(&g.script);
	assert_int_equal(targetauth_fail(g.ta)->code, FAIL_AUTH);
	why_has(&g, "accepts no password");
	why_has(&g, "publickey");
	assert_int_equal(feed(&g, "b", SSH_MSG_USERAUTH_SUCCESS), FAIL_AUTH);
	rig_close(&g);
}

static void
a_target_that_asks_nothing_lets_us_in(void **state UNUSED)
{
	struct rig g;

	rig_open(&g, "geheim");
	assert_int_equal(
	    feed(&g, "bs", SSH_MSG_SERVICE_ACCEPT, "ssh-userauth"), 0);
	assert_int_equal(
	    feed(&g, "b", SSH_MSG_USERAUTH_SUCCESS), TARGETAUTH_DONE);
	rig_close(&g);
}

static void
a_wish_for_another_password_is_said_so(void **state UNUSED)
{
	struct rig g;

	rig_open_to_list(&g, "password");
	expect_password(&g);
	assert_int_equal(
	    feed(&g, "bss", SSH_MSG_USERAUTH_PASSWD_CHANGEREQ, "expired", ""),
	    FAIL_AUTH);
	why_has(&g, "wants the password changed");
	rig_close(&g);
}

static void
a_second_or_a_shown_prompt_gets_no_password(void **state UNUSED)
{
	struct rig g;

	rig_open_to_list(&g, "keyboard-interactive");
	expect_keyboard(&g);
	assert_int_equal(prompt(&g, "Password: ", 0), 0);
	expect(&g, "bus", SSH_MSG_USERAUTH_INFO_RESPONSE, 1, "geheim");
	assert_int_equal(prompt(&g, "One-time code: ", 0), FAIL_AUTH);
	why_has(&g, "One-time code:");
	script_quiet(&g.script);
	rig_close(&g);

	rig_open_to_list(&g, "keyboard-interactive");
	expect_keyboard(&g);
	assert_int_equal(prompt(&g, "Your name? ", 1), FAIL_AUTH);
	script_quiet(&g.script);
	rig_close(&g);

	rig_open_to_list(&g, "keyboard-interactive");
	expect_keyboard(&g);
	assert_int_equal(feed(&g, "bsssusbsb", SSH_MSG_USERAUTH_INFO_REQUEST,
			     "", "", "", 2, "Password: ", 0, "Code: ", 0),
	    FAIL_AUTH);
	script_quiet(&g.script);
	rig_close(&g);
}

static void
rounds_do_not_go_on_for_ever(void **state UNUSED)
{
	struct rig g;
	int v = 0;

	rig_open_to_list(&g, "keyboard-interactive");
	for (int i = 0; i < 100 && v == 0; i++)
		v = feed(
		    &g, "bsssu", SSH_MSG_USERAUTH_INFO_REQUEST, "", "", "", 0);
	assert_int_equal(v, FAIL_AUTH);
	why_has(&g, "without end");
	rig_close(&g);
}

static void
a_key_signs_over_session_and_request(void **state UNUSED)
{
	struct buf want;
	struct rig g;

	rig_open(&g, NULL);
	g.sig_algs = "ssh-ed25519,rsa-sha2-256";
	assert_int_equal(feed(&g, "bs", SSH_MSG_SERVICE_ACCEPT, "ssh-userauth"),
	    TARGETAUTH_SIGN);
	assert_string_equal(g.alg, "rsa-sha2-256");
	buf_init(&want, 1000);
	wire_put(&want, "sbsssbsS", "session identifier", REQUEST, "root",
	    CONNECTION, "publickey", 1, "rsa-sha2-256", rsa_key());
	assert_int_equal(buf_len(&g.to_sign), buf_len(&want));
	assert_memory_equal(
	    buf_head(&g.to_sign), buf_head(&want), buf_len(&want));
	buf_fini(&want);
	script_quiet(&g.script);
	/* A banner in between changes nothing. */
	assert_int_equal(feed(&g, "bss", SSH_MSG_USERAUTH_BANNER, "hi\n", ""),
	    TARGETAUTH_SIGN);
	assert_int_equal(targetauth_signed(g.ta, SPAN("signature", 9)), 0);
	expect(&g, "bsssbsSs", REQUEST, "root", CONNECTION, "publickey", 1,
	    "rsa-sha2-256", rsa_key(), "signature");
	assert_int_equal(targetauth_signed(g.ta, SPAN("again", 5)), FAIL_STATE);
	assert_int_equal(
	    feed(&g, "b", SSH_MSG_USERAUTH_SUCCESS), TARGETAUTH_DONE);
	rig_close(&g);
}

static void
a_refused_key_is_said_so(void **state UNUSED)
{
	struct rig g;

	rig_open(&g, NULL);
	assert_int_equal(feed(&g, "bs", SSH_MSG_SERVICE_ACCEPT, "ssh-userauth"),
	    TARGETAUTH_SIGN);
	assert_string_equal(g.alg, "rsa-sha2-512");
	assert_int_equal(targetauth_signed(g.ta, SPAN("signature", 9)), 0);
	assert_int_equal(
	    feed(&g, "bsb", FAILURE, "publickey,password", 0), FAIL_AUTH);
	why_has(&g, "refused the key");
	rig_close(&g);
}

static void
half_a_success_is_none(void **state UNUSED)
{
	struct rig g;

	rig_open_to_list(&g, "password");
	expect_password(&g);
	assert_int_equal(
	    feed(&g, "bsb", FAILURE, "keyboard-interactive", 1), FAIL_AUTH);
	why_has(&g, "more than one proof");
	rig_close(&g);
}

static void
a_key_that_cannot_sign_fails(void **state UNUSED)
{
	struct rig g;

	rig_open(&g, NULL);
	g.sig_algs = "ssh-ed25519";
	assert_int_equal(
	    feed(&g, "bs", SSH_MSG_SERVICE_ACCEPT, "ssh-userauth"), FAIL_AUTH);
	rig_close(&g);

	rig_open(&g, NULL);
	g.sign_result = FAIL_CLOSED;
	assert_int_equal(feed(&g, "bs", SSH_MSG_SERVICE_ACCEPT, "ssh-userauth"),
	    FAIL_CLOSED);
	rig_close(&g);

	rig_open(&g, NULL);
	assert_int_equal(feed(&g, "bs", SSH_MSG_SERVICE_ACCEPT, "ssh-userauth"),
	    TARGETAUTH_SIGN);
	assert_int_equal(
	    targetauth_signed(g.ta, SPAN(NULL, 0)), FAIL_SIGNATURE);
	rig_close(&g);
}

static void
banners_are_kept_printable_and_bounded(void **state UNUSED)
{
	static char big[6000];
	struct span s;
	struct rig g;

	rig_open(&g, "geheim");
	assert_int_equal(feed(&g, "bss", SSH_MSG_USERAUTH_BANNER,
			     "Gr\xc3\xbc\xc3\x9f\x1b[2J\xff Gott\r\n", ""),
	    0);
	assert_true(
	    span_eq(targetauth_banner(g.ta), "Gr\xc3\xbc\xc3\x9f[2J Gott\n"));
	memset(big, 'x', sizeof(big) - 1);
	assert_int_equal(feed(&g, "bss", SSH_MSG_USERAUTH_BANNER, big, ""), 0);
	s = targetauth_banner(g.ta);
	assert_int_equal(s.len, TARGETAUTH_BANNER_MAX);
	for (int i = 0; i < 200; i++)
		if (feed(&g, "bss", SSH_MSG_USERAUTH_BANNER, big, "") != 0)
			break;
	assert_int_equal(targetauth_fail(g.ta)->code, FAIL_PROTO);
	rig_close(&g);
}

static void
misplaced_messages_break_the_protocol(void **state UNUSED)
{
	static const uint8_t early[] = {SSH_MSG_USERAUTH_SUCCESS,
	    SSH_MSG_USERAUTH_FAILURE, SSH_MSG_USERAUTH_INFO_REQUEST,
	    SSH_MSG_USERAUTH_INFO_RESPONSE, SSH_MSG_SERVICE_REQUEST,
	    SSH_MSG_GLOBAL_REQUEST};
	struct rig g;

	for (size_t i = 0; i < ARRAY_LEN(early); i++) {
		rig_open(&g, "geheim");
		assert_int_equal(
		    feed(&g, "bsb", early[i], "password", 0), FAIL_PROTO);
		script_quiet(&g.script);
		rig_close(&g);
	}
	rig_open(&g, "geheim");
	assert_int_equal(
	    feed(&g, "bs", SSH_MSG_SERVICE_ACCEPT, "ssh-connection"),
	    FAIL_PROTO);
	rig_close(&g);
	rig_open(&g, "geheim");
	assert_int_equal(
	    feed(&g, "bu", SSH_MSG_USERAUTH_BANNER, 0xffffffff), FAIL_PROTO);
	rig_close(&g);
	rig_open(&g, NULL);
	assert_int_equal(feed(&g, "bs", SSH_MSG_SERVICE_ACCEPT, "ssh-userauth"),
	    TARGETAUTH_SIGN);
	/* In before the signature was even sent: not by us. */
	assert_int_equal(feed(&g, "b", SSH_MSG_USERAUTH_SUCCESS), FAIL_PROTO);
	rig_close(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_password_goes_by_the_method_password),
	    cmocka_unit_test(keyboard_interactive_follows_a_refused_password),
	    cmocka_unit_test(only_keyboard_interactive_is_enough),
	    cmocka_unit_test(a_target_that_takes_no_password_is_said_so),
	    cmocka_unit_test(a_target_that_asks_nothing_lets_us_in),
	    cmocka_unit_test(a_wish_for_another_password_is_said_so),
	    cmocka_unit_test(a_second_or_a_shown_prompt_gets_no_password),
	    cmocka_unit_test(rounds_do_not_go_on_for_ever),
	    cmocka_unit_test(a_key_signs_over_session_and_request),
	    cmocka_unit_test(a_refused_key_is_said_so),
	    cmocka_unit_test(half_a_success_is_none),
	    cmocka_unit_test(a_key_that_cannot_sign_fails),
	    cmocka_unit_test(banners_are_kept_printable_and_bounded),
	    cmocka_unit_test(misplaced_messages_break_the_protocol),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
