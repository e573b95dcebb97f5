/* SPDX-License-Identifier: Apache-2.0 */
/* Connections over the network: TLS is enforced, verified and checked. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/loop.h"
#include "sql/endpoints.h"

#include "cert.h"
#include "server.h"

static uint16_t port;

/* Options of cluster mode for a host list; hosts may have one %u, the port. */
static void
net_opts(struct db_opts *o, struct server *s, const char *hosts, const char *ca)
{
	struct fail f = {0};
	struct conf *c;
	char text[1024], list[256], password[128];
	FILE *to;
	int r;

	snprintf(password, sizeof(password), "%s/password", s->dir);
	to = fopen(password, "w");
	assert_non_null(to);
	fprintf(to, "net\n");
	assert_int_equal(fclose(to), 0);
	snprintf(list, sizeof(list), "%s:%u", hosts, port);
	snprintf(text, sizeof(text),
	    "[node]\nstate = %s\n[database]\nmode = cluster\nhosts = %s\n"
	    "user = net\nname = mysql\npassword_file = password\n"
	    "tls_ca = %s\n",
	    s->dir, list, ca);
	r = conf_parse(&c, "test", text, strlen(text), &f);
	if (r)
		fail_msg("%s", f.why);
	r = db_opts_init(o, c, &f);
	if (r)
		fail_msg("%s", f.why);
	o->budget_ms = 300;
	conf_free(c);
}

static int
try_connect(struct db_opts *o, struct fail *f)
{
	struct db *db = db_new(o);
	int r;

	assert_non_null(db);
	r = db_connect(db, f);
	if (r == 0)
		assert_int_equal(
		    server_number(db, "SELECT COUNT(*) FROM "
				      "information_schema.session_status "
				      "WHERE variable_name='SSL_CIPHER' AND "
				      "variable_value<>''"),
		    1);
	db_free(db);
	return r;
}

static void
a_server_without_tls_is_refused(void **state)
{
	struct server *s = *state;
	struct db_opts o;
	struct fail f = {0};

	server_net_start(s, port, NULL);
	net_opts(&o, s, "127.0.0.1", "db.crt");
	assert_int_equal(try_connect(&o, &f), FAIL_SQL);
	if (strstr(f.why, "TLS") == NULL && strstr(f.why, "SSL") == NULL)
		fail_msg("%s", f.why);
	db_opts_fini(&o);
	server_net_stop(s);
}

static void
a_verified_server_is_accepted(void **state)
{
	struct server *s = *state;
	struct db_opts o;
	struct fail f = {0};
	char cert[128];

	snprintf(cert, sizeof(cert), "%s/db", s->dir);
	server_net_start(s, port, cert);
	net_opts(&o, s, "127.0.0.1", "db.crt");
	if (try_connect(&o, &f))
		fail_msg("%s", f.why);
	db_opts_fini(&o);
}

static void
a_certificate_of_another_authority_is_refused(void **state)
{
	struct server *s = *state;
	struct db_opts o;
	struct fail f = {0};

	net_opts(&o, s, "127.0.0.1", "other.crt");
	assert_int_equal(try_connect(&o, &f), FAIL_SQL);
	db_opts_fini(&o);
}

static void
a_certificate_for_another_name_is_refused(void **state)
{
	struct server *s = *state;
	struct db_opts o;
	struct fail f = {0};

	/* The certificate names 127.0.0.1 only. */
	net_opts(&o, s, "localhost", "db.crt");
	assert_int_equal(try_connect(&o, &f), FAIL_SQL);
	if (strstr(f.why, "ame") == NULL && strstr(f.why, "ertificate") == NULL)
		fail_msg("%s", f.why);
	db_opts_fini(&o);
}

static void
a_dead_host_is_passed_over_and_not_tried_again_soon(void **state)
{
	struct server *s = *state;
	struct db_opts o;
	struct fail f = {0};
	struct endpoint e;
	char hosts[64];

	/* Nothing listens on the first port. */
	snprintf(
	    hosts, sizeof(hosts), "127.0.0.1:%u,127.0.0.1", server_free_port());
	net_opts(&o, s, hosts, "db.crt");
	if (try_connect(&o, &f))
		fail_msg("%s", f.why);
	assert_int_equal(endpoints_pick(o.endpoints, 0, mono_ns(), &e), 0);
	assert_int_equal(e.index, 1);
	db_opts_fini(&o);
}

static void
reads_can_wait_for_the_cluster(void **state)
{
	struct server *s = *state;
	struct fail f = {0};
	struct db_opts o;
	struct db *db;
	uint64_t seen = 0;

	net_opts(&o, s, "127.0.0.1", "db.crt");
	db = db_new(&o);
	assert_non_null(db);
	assert_int_equal(server_number(db, "SELECT @@wsrep_sync_wait"), 0);
	assert_int_equal(
	    db_exec(db, DB_STMT_SYNC("DO ?", db_u64(1)), NULL, &f), 0);
	/* Still set: the next local read takes it back. */
	assert_int_equal(
	    db_exec(db, DB_STMT_SYNC("SET @was=@@wsrep_sync_wait+?", db_u64(0)),
		NULL, &f),
	    0);
	seen = server_number(db, "SELECT CAST(@was AS UNSIGNED)");
	assert_int_equal(seen, 1);
	assert_int_equal(server_number(db, "SELECT @@wsrep_sync_wait"), 0);
	db_free(db);
	db_opts_fini(&o);
}

/* Two servers that are one: what hangs for one handle is left by the other. */
static void
a_server_that_hangs_is_left_by_all(void **state)
{
	struct server *s = *state;
	struct db_opts o;
	struct fail f = {0};
	struct db_stmt once = {.sql = "SET @a=1", .once = true};
	struct db *one, *two;
	char hosts[64];
	uint64_t id;
	int status;

	snprintf(hosts, sizeof(hosts), "127.0.0.1:%u,127.0.0.1", port);
	net_opts(&o, s, hosts, "db.crt");
	o.timeout_ms = 100;
	one = db_new(&o);
	two = db_new(&o);
	assert_non_null(one);
	assert_non_null(two);
	id = server_number(two, "SELECT CONNECTION_ID()");
	assert_int_equal(server_number(two, "SELECT CONNECTION_ID()"), id);
	assert_int_equal(server_number(one, "SELECT 1"), 1);
	/* Prepared now, so that the next time it is executed at once. */
	assert_int_equal(db_exec(one, &once, NULL, &f), 0);
	assert_int_equal(kill(s->net_pid, SIGSTOP), 0);
	assert_int_equal(waitpid(s->net_pid, &status, WUNTRACED), s->net_pid);
	assert_true(WIFSTOPPED(status));
	/* It may have been done: a statement marked once is not sent again. */
	assert_int_equal(db_exec(one, &once, NULL, &f), FAIL_SQL);
	if (strstr(f.why, "2026") == NULL || strstr(f.why, "lost") == NULL)
		fail_msg("%s", f.why);
	assert_true(db_away(one));
	assert_int_equal(kill(s->net_pid, SIGCONT), 0);
	assert_true(server_number(two, "SELECT CONNECTION_ID()") > id);
	db_free(one);
	db_free(two);
	db_opts_fini(&o);
}

static void
cluster_mode_without_a_ca_is_refused(void **state UNUSED)
{
	const char text[] =
	    "[database]\nmode = cluster\nhosts = a\nuser = u\n"
	    "password_file = p\ntls_ca = b\n";
	struct fail f = {0};
	struct db_opts o;
	struct conf *c;

	assert_int_equal(conf_parse(&c, "test", text, strlen(text), &f), 0);
	c->database_tls_ca[0] = '\0';
	assert_int_equal(db_opts_init(&o, c, &f), FAIL_CONF);
	conf_free(c);
}

static void
a_socket_path_too_long_is_said_so(void **state UNUSED)
{
	struct fail f = {0};
	struct conf *c;
	char text[512], path[108], lng[121];

	memset(lng, 'x', 120);
	lng[120] = '\0';
	snprintf(text, sizeof(text), "[node]\nstate=/%s\nrun=/tmp\n", lng);
	assert_int_equal(conf_parse(&c, "test", text, strlen(text), &f), 0);
	assert_int_equal(db_socket_path(path, c, &f), 0);
	assert_string_equal(path, "/tmp/db.sock");
	conf_free(c);
	snprintf(text, sizeof(text), "[node]\nstate=/%s\nrun=/%s\n", lng, lng);
	assert_int_equal(conf_parse(&c, "test", text, strlen(text), &f), 0);
	assert_int_equal(db_socket_path(path, c, &f), FAIL_CONF);
	assert_non_null(strstr(f.why, "107"));
	conf_free(c);
}

static int
setup(void **state)
{
	struct server *s;
	char path[128];
	int r = server_setup_schema(state);

	s = *state;
	port = server_free_port();
	snprintf(path, sizeof(path), "%s/db", s->dir);
	assert_int_equal(cert_make(path, "127.0.0.1"), 0);
	snprintf(path, sizeof(path), "%s/other", s->dir);
	assert_int_equal(cert_make(path, "127.0.0.1"), 0);
	return r;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_server_without_tls_is_refused),
	    cmocka_unit_test(a_verified_server_is_accepted),
	    cmocka_unit_test(a_certificate_of_another_authority_is_refused),
	    cmocka_unit_test(a_certificate_for_another_name_is_refused),
	    cmocka_unit_test(
		a_dead_host_is_passed_over_and_not_tried_again_soon),
	    cmocka_unit_test(reads_can_wait_for_the_cluster),
	    cmocka_unit_test(a_server_that_hangs_is_left_by_all),
	    cmocka_unit_test(cluster_mode_without_a_ca_is_refused),
	    cmocka_unit_test(a_socket_path_too_long_is_said_so),
	};

	return cmocka_run_group_tests(tests, setup, server_teardown);
}
