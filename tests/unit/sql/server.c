/* SPDX-License-Identifier: Apache-2.0 */
/* Starts and stops real database servers for the tests of sql/. */
#include <arpa/inet.h>
#include <ftw.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/loop.h"
#include "sql/migrate.h"

#include "server.h"

static void
must(int r, const struct fail *f)
{
	if (r)
		fail_msg("%s", fail_why(f, r));
}

int
server_setup(void **state)
{
	struct server *s = calloc(1, sizeof(*s));
	struct fail f = {0};
	char text[256];

	assert_non_null(s);
	log_init(&(struct log_opts){
	    .program = "test", .level = LOG_LEVEL_ERR, .fd = 2});
	must(db_library_init(&f), &f);
	snprintf(s->dir, sizeof(s->dir), "/tmp/sallyport-sql.XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	snprintf(text, sizeof(text),
	    "[node]\nstate = %s\nrun = %s\nuser =\n[database]\n"
	    "timeout = 2s\n",
	    s->dir, s->dir);
	must(conf_parse(&s->conf, "test", text, strlen(text), &f), &f);
	must(embedded_new(&s->e, s->conf, &f), &f);
	must(embedded_start(s->e, &f), &f);
	must(db_opts_init(&s->opts, s->conf, &f), &f);
	*state = s;
	return 0;
}

int
server_setup_schema(void **state)
{
	struct fail f = {0};
	struct server *s;
	int r = server_setup(state);

	s = *state;
	must(migrate_run(&s->opts, NULL, &f), &f);
	return r;
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int
server_teardown(void **state)
{
	struct server *s = *state;
	struct fail f = {0};

	server_net_stop(s);
	must(embedded_stop(s->e, 30000, &f), &f);
	embedded_free(s->e);
	db_opts_fini(&s->opts);
	conf_free(s->conf);
	assert_int_equal(
	    nftw(s->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
	free(s);
	db_library_fini();
	return 0;
}

void
server_crash(struct server *s)
{
	int status;

	embedded_signal(s->e, SIGKILL);
	while (!embedded_reap(s->e, &status))
		usleep(1000);
}

void
server_again(struct server *s)
{
	struct fail f = {0};

	must(embedded_start(s->e, &f), &f);
}

uint16_t
server_free_port(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	close(fd);
	return ntohs(sin.sin_port);
}

static int
first_number(const struct db_row *row, void *ctx, struct fail *f)
{
	(void)f;
	*(uint64_t *)ctx = db_row_u64(row, 0);
	return 0;
}

uint64_t
server_number(struct db *db, const char *sql)
{
	struct fail f = {0};
	uint64_t n = UINT64_MAX;

	must(db_one(db, DB_STMT0(sql), first_number, &n, &f), &f);
	return n;
}

static void
make_net_user(struct server *s)
{
	struct fail f = {0};
	struct db *db = db_new(&s->opts);

	assert_non_null(db);
	must(db_exec(db,
		 DB_STMT0("CREATE OR REPLACE USER net@127.0.0.1 "
			  "IDENTIFIED BY 'net'"),
		 NULL, &f),
	    &f);
	must(db_exec(
		 db, DB_STMT0("GRANT ALL ON *.* TO net@127.0.0.1"), NULL, &f),
	    &f);
	db_free(db);
}

static void
exec_server(const struct server *s, uint16_t port, const char *cert)
{
	char data[128], sock[128], err[128], nport[32], crt[160], key[160];
	char *argv[16];
	size_t n = 0;
	char *const fixed[] = {(char[]){"mariadbd"}, (char[]){"--no-defaults"},
	    (char[]){"--bind-address=127.0.0.1"}, (char[]){"--skip-log-bin"},
	    (char[]){"--skip-name-resolve"}, (char[]){"--user=root"}};

	snprintf(data, sizeof(data), "--datadir=%s/db/data", s->dir);
	snprintf(sock, sizeof(sock), "--socket=%s/db/net.sock", s->dir);
	snprintf(err, sizeof(err), "--log-error=%s/db/net.err", s->dir);
	snprintf(nport, sizeof(nport), "--port=%u", port);
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
		if (i < 5 || geteuid() == 0)
			argv[n++] = fixed[i];
	}
	argv[n++] = data;
	argv[n++] = sock;
	argv[n++] = err;
	argv[n++] = nport;
	if (cert) {
		snprintf(crt, sizeof(crt), "--ssl-cert=%s.crt", cert);
		snprintf(key, sizeof(key), "--ssl-key=%s.key", cert);
		argv[n++] = crt;
		argv[n++] = key;
	}
	argv[n] = NULL;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execv(s->conf->database_mariadbd, argv);
	_exit(127);
}

void
server_net_start(struct server *s, uint16_t port, const char *cert)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	struct fail f = {0};
	int fd, status, r = -1;

	if (embedded_pid(s->e)) {
		make_net_user(s);
		must(embedded_stop(s->e, 30000, &f), &f);
	}
	s->net_pid = fork();
	assert_true(s->net_pid >= 0);
	if (s->net_pid == 0)
		exec_server(s, port, cert);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons(port);
	for (unsigned i = 0; r && i < 600; i++) {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_true(fd >= 0);
		r = connect(fd, (struct sockaddr *)&sin, sizeof(sin));
		close(fd);
		if (r)
			usleep(50000);
		assert_int_equal(waitpid(s->net_pid, &status, WNOHANG), 0);
	}
	assert_int_equal(r, 0);
}

void
server_net_stop(struct server *s)
{
	int status;

	if (s->net_pid <= 0)
		return;
	kill(s->net_pid, SIGTERM);
	/* A test that failed may have left it stopped. */
	kill(s->net_pid, SIGCONT);
	assert_int_equal(waitpid(s->net_pid, &status, 0), s->net_pid);
	s->net_pid = 0;
}
