/* SPDX-License-Identifier: Apache-2.0 */
/* From settings to the options of a connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/conf.h"
#include "sql/db.h"

static struct conf *
settings(const char *text)
{
	struct fail f = {0};
	struct conf *c;

	if (conf_parse(&c, "test", text, strlen(text), &f) != 0)
		fail_msg("%s", f.why);
	return c;
}

static int
options(struct db_opts *o, const char *text, struct fail *f)
{
	struct conf *c = settings(text);
	int r;

	*f = (struct fail){0};
	r = db_opts_init(o, c, f);
	conf_free(c);
	return r;
}

static void
embedded_mode_speaks_to_the_private_socket(void **state UNUSED)
{
	struct db_opts o;
	struct fail f;

	assert_int_equal(options(&o, "[node]\nstate = /var/x\n", &f), 0);
	assert_string_equal(o.socket, "/var/x/db/db.sock");
	assert_non_null(o.user);
	assert_null(o.endpoints);
	assert_null(o.password_file);
	db_opts_fini(&o);
	assert_null(o.owned);
}

static void
a_long_state_folder_moves_the_socket(void **state UNUSED)
{
	char text[600], path[101], tail[101];
	struct db_opts o;
	struct fail f;

	memset(path, 'x', 100);
	path[0] = '/';
	path[100] = '\0';
	memcpy(tail, path, sizeof(tail));
	(void)snprintf(
	    text, sizeof(text), "[node]\nstate = %s\nrun = /run/y\n", path);
	assert_int_equal(options(&o, text, &f), 0);
	assert_string_equal(o.socket, "/run/y/db.sock");
	db_opts_fini(&o);
	(void)snprintf(
	    text, sizeof(text), "[node]\nstate = %s\nrun = %s\n", path, tail);
	assert_int_equal(options(&o, text, &f), FAIL_CONF);
	assert_non_null(strstr(f.why, "too long"));
	assert_null(o.owned);
}

static void
cluster_mode_has_hosts_and_a_ca(void **state UNUSED)
{
	struct db_opts o;
	struct fail f;

	assert_int_equal(
	    options(&o,
		"[node]\nstate = /var/x\n[database]\nmode = cluster\n"
		"hosts = db1,db2:3307\nuser = sp\ntls_ca = ca.pem\n"
		"password_file = /etc/pw\n",
		&f),
	    0);
	assert_null(o.socket);
	assert_non_null(o.endpoints);
	assert_string_equal(o.user, "sp");
	assert_string_equal(o.tls_ca, "/var/x/ca.pem");
	assert_string_equal(o.password_file, "/etc/pw");
	db_opts_fini(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(embedded_mode_speaks_to_the_private_socket),
	    cmocka_unit_test(a_long_state_folder_moves_the_socket),
	    cmocka_unit_test(cluster_mode_has_hosts_and_a_ca),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
