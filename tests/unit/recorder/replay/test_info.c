/* SPDX-License-Identifier: Apache-2.0 */
/* What a recording is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "recorder/replay/info.h"

#include "rp_make.h"

static const char *
why(int n)
{
	assert_int_equal(n, 1);
	return "the user left";
}

/* Of the first len bytes; with a key or without. */
static char *
info(const struct rec_make *m, size_t len, bool key, bool json)
{
	struct source *s;
	struct fail f = {0};
	struct rp_out o;
	char *text;

	assert_int_equal(
	    source_open(&s, rec_make_fd(SPAN(buf_head(&m->file), len)),
		key ? m->dek : NULL, &f),
	    0);
	rp_out_init(&o);
	assert_int_equal(
	    info_print(
		s, o.to, &(struct info_opts){.json = json, .why_text = why}),
	    0);
	text = strdup(rp_out_text(&o));
	assert_non_null(text);
	rp_out_fini(&o);
	source_free(s);
	return text;
}

static void
has(char *text, const char *const *what)
{
	for (; *what != NULL; what++)
		assert_non_null(strstr(text, *what));
	free(text);
}

static void
a_recording_is_described(void **state)
{
	static const char *const words[] = {"recording:  ", "protocol:   ssh\n",
	    "user:       ana\n", "asset:      db1\n",
	    "duration:   0:00:04.000\n", "state:      complete\n",
	    "reason:     1 the user left\n", "end signed: yes",
	    "events:     9, 1 typed lines\n",
	    "channel 0: shell; from 0:00:00.000 to 0:00:02.000; terminal 80x24 "
	    "xterm; 2 bytes shown; exit status 0\n",
	    "channel 1: exec id; from 0:00:02.500; 0 bytes shown\n", NULL};
	static const char *const json[] = {"\"user\":\"ana\"",
	    "\"duration_us\":4000000", "\"complete\":true", "\"damage\":null",
	    "\"reason\":1,\"reason_text\":\"the user left\"",
	    "\"channels\":[{\"channel\":0,\"kind\":\"shell\"", NULL};
	static const char *const sealed[] = {
	    "protocol:   ssh\n", "duration:   0:00:04.000\n", "sealed: ", NULL};
	static const char *const cut[] = {"state:      not ended", NULL};
	static const char *const bad[] = {
	    "state:      damaged\n", "damage:     chunk 0 at ", NULL};
	struct rec_make m;
	size_t len;

	(void)state;
	rec_make_init(&m);
	assert_int_equal(rec_make_start(&m), 0);
	rp_shell(&m, 0, 0, 80, 24);
	rp_event(&m, 1000, RCD_EV_KEYS_LINE, 0, "ls");
	rp_event(&m, 1000, RCD_EV_OUT, 0, "ok");
	rp_u32(&m, 2000, RCD_EV_EXIT, 0, 0);
	rp_close(&m, 2000, 0);
	rp_exec(&m, 2500, 1, "id");
	rec_make_end(&m, 4000000);
	len = buf_len(&m.file);
	has(info(&m, len, true, false), words);
	has(info(&m, len, true, true), json);
	has(info(&m, len, false, false), sealed);
	has(info(&m, len - 7, true, false), cut);
	m.file.data[m.file.off + m.place[0] + 44] ^= 4;
	has(info(&m, len, true, false), bad);
	rec_make_fini(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_recording_is_described),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
