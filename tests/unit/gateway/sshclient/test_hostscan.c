/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host keys of real servers on the loopback: sshd and dropbear, each started
 * for one connection; and of servers that are none.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/loop.h"
#include "sshclient/hostscan.h"
#include "tests/unit/gateway/sshclient/run.h"

enum { LIMIT_MS = 15000 };

/* A listener whose connections a program or a bad server gets. */
struct server {
	int fd;
	uint16_t port;
	pid_t pid;
};

static char dir[64];
static struct server server;

static void
server_stop(void)
{
	if (server.pid > 0) {
		(void)kill(server.pid, SIGKILL);
		(void)waitpid(server.pid, NULL, 0);
	}
	if (server.fd >= 0)
		(void)close(server.fd);
	server = (struct server){.fd = -1};
}

static int
setup(void **state)
{
	(void)state;
	server = (struct server){.fd = -1};
	(void)snprintf(dir, sizeof(dir), "/tmp/test_hostscan.XXXXXX");
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	const char *const argv[] = {"rm", "-rf", dir, NULL};

	(void)state;
	server_stop(); /* also when the test has failed */
	return run_program(argv);
}

static void
server_listen(void)
{
	struct sockaddr_in sa = {
	    .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(sa);

	server.pid = 0;
	server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(server.fd >= 0);
	assert_int_equal(
	    bind(server.fd, (const struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(
	    getsockname(server.fd, (struct sockaddr *)&sa, &len), 0);
	assert_int_equal(listen(server.fd, 8), 0);
	server.port = ntohs(sa.sin_port);
}

/* A process that gives each connection to the program, as inetd does. */
static void
server_start(char *const argv[])
{
	int fd, null;

	server_listen();
	if ((server.pid = fork()) != 0) {
		assert_true(server.pid > 0);
		return;
	}
	(void)signal(SIGCHLD, SIG_IGN);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	while ((fd = accept(server.fd, NULL, NULL)) >= 0) {
		if (fork() == 0) {
			null = open("/dev/null", O_WRONLY);
			if (dup2(fd, 0) != 0 || dup2(fd, 1) != 1 ||
			    dup2(null, 2) != 2)
				_exit(126);
			(void)execv(argv[0], argv);
			_exit(127);
		}
		(void)close(fd);
	}
	_exit(0);
}

static bool
keygen(const char *type, const char *bits, const char *name)
{
	char path[128];
	const char *const argv[] = {"ssh-keygen", "-q", "-t", type, "-b", bits,
	    "-N", "", "-C", "", "-f", path, NULL};

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return run_program(argv) == 0;
}

/* Is the scanned key the one in DIR/NAME.pub? */
static void
expect_key(const struct pubkey_line *k, const char *name)
{
	struct pubkey_line p;
	char path[128], line[2048];
	size_t n;
	FILE *fp;

	(void)snprintf(path, sizeof(path), "%s/%s.pub", dir, name);
	fp = fopen(path, "r");
	assert_non_null(fp);
	n = fread(line, 1, sizeof(line), fp);
	(void)fclose(fp);
	assert_int_equal(pubkey_line_parse(&p, SPAN(line, n), NULL), 0);
	assert_string_equal(k->fingerprint, p.fingerprint);
	assert_string_equal(k->type, p.type);
	assert_int_equal(k->blob_len, p.blob_len);
	pubkey_line_fini(&p);
}

static void
scan(struct hostscan *h, const char *host, uint16_t port)
{
	struct fail f = {0};

	if (hostscan_run(h, host, port, LIMIT_MS, &f) != 0)
		fail_msg("not scanned: %s", f.why);
}

static void
expect_refused(const char *host, uint16_t port, unsigned limit_ms, int code)
{
	uint64_t start = mono_ns();
	struct fail f = {0};
	struct hostscan h;
	int r = hostscan_run(&h, host, port, limit_ms, &f);

	if (r != code)
		fail_msg("%d, not %d: %s", r, code, f.why);
	assert_int_equal(f.code, code);
	assert_int_equal(h.n, 0);
	assert_true(f.why[0] != 0);
	/* A second for the machine's sake. */
	assert_true((mono_ns() - start) / 1000000 < limit_ms + 1500);
}

static void
sshd_start(const char *keys)
{
	static char conf[128], sshd[] = "/usr/sbin/sshd", i[] = "-i",
			       e[] = "-e", fl[] = "-f";
	char *const argv[] = {sshd, i, e, fl, conf, NULL};
	FILE *fp;

	(void)snprintf(conf, sizeof(conf), "%s/sshd_config", dir);
	fp = fopen(conf, "w");
	assert_non_null(fp);
	(void)fprintf(fp, "%s", keys);
	(void)fclose(fp);
	if (access(sshd, X_OK) != 0)
		fail_msg("a program that the test needs is missing");
	/* Where sshd shuts itself in; Debian makes it when it starts. */
	(void)mkdir("/run/sshd", 0755);
	server_start(argv);
}

static void
every_key_of_sshd_is_found(void **state)
{
	struct hostscan h;
	struct span blob, pins;
	struct buf b;
	char keys[512];
	size_t i;

	(void)state;
	if (!keygen("ed25519", "256", "ed") || !keygen("ecdsa", "384", "ec") ||
	    !keygen("rsa", "3072", "rsa"))
		fail_msg("a program that the test needs is missing");
	(void)snprintf(keys, sizeof(keys),
	    "HostKey %s/ed\nHostKey %s/ec\nHostKey %s/rsa\n", dir, dir, dir);
	sshd_start(keys);
	scan(&h, "127.0.0.1", server.port);
	assert_int_equal(h.n, 3);
	expect_key(&h.key[0], "ed");
	expect_key(&h.key[1], "ec");
	expect_key(&h.key[2], "rsa");
	buf_init(&b, 65536);
	assert_int_equal(hostscan_pins(&h, &b), 0);
	pins = buf_span(&b);
	for (i = 0; i < h.n; i++) {
		assert_int_equal(span_string(&pins, &blob), 0);
		assert_int_equal(blob.len, h.key[i].blob_len);
		assert_memory_equal(blob.p, h.key[i].blob, blob.len);
	}
	assert_int_equal(pins.len, 0);
	buf_fini(&b);
	hostscan_fini(&h);
	server_stop();
}

static void
a_server_with_one_key_gives_one(void **state)
{
	struct hostscan h;
	char keys[256];

	(void)state;
	if (!keygen("ecdsa", "521", "ec"))
		fail_msg("a program that the test needs is missing");
	(void)snprintf(keys, sizeof(keys), "HostKey %s/ec\n", dir);
	sshd_start(keys);
	scan(&h, "localhost", server.port);
	assert_int_equal(h.n, 1);
	expect_key(&h.key[0], "ec");
	hostscan_fini(&h);
	server_stop();
}

static void
an_old_server_with_sha1_only_is_scanned(void **state)
{
	struct hostscan h;
	char keys[512];

	(void)state;
	if (!keygen("rsa", "2048", "rsa"))
		fail_msg("a program that the test needs is missing");
	(void)snprintf(keys, sizeof(keys),
	    "HostKey %s/rsa\nHostKeyAlgorithms ssh-rsa\n"
	    "KexAlgorithms diffie-hellman-group14-sha1\n"
	    "Ciphers aes128-cbc\nMACs hmac-sha1\n",
	    dir);
	sshd_start(keys);
	scan(&h, "127.0.0.1", server.port);
	assert_int_equal(h.n, 1);
	expect_key(&h.key[0], "rsa");
	hostscan_fini(&h);
	server_stop();
}

static void
the_keys_of_dropbear_are_found(void **state)
{
	static char path[] = "/usr/sbin/dropbear", i[] = "-i", r[] = "-r";
	char ed[96], ec[96], rsa[96];
	char *const argv[] = {path, i, r, ed, r, ec, r, rsa, NULL};
	const char *const gen[3][8] = {
	    {"dropbearkey", "-t", "ed25519", "-f", ed, NULL},
	    {"dropbearkey", "-t", "ecdsa", "-s", "256", "-f", ec, NULL},
	    {"dropbearkey", "-t", "rsa", "-s", "2048", "-f", rsa, NULL}};
	struct hostscan h;

	(void)state;
	(void)snprintf(ed, sizeof(ed), "%s/ed", dir);
	(void)snprintf(ec, sizeof(ec), "%s/ec", dir);
	(void)snprintf(rsa, sizeof(rsa), "%s/rsa", dir);
	if (access(path, X_OK) != 0 || run_program(gen[0]) != 0 ||
	    run_program(gen[1]) != 0 || run_program(gen[2]) != 0)
		fail_msg("a program that the test needs is missing");
	server_start(argv);
	scan(&h, "127.0.0.1", server.port);
	assert_int_equal(h.n, 3);
	assert_string_equal(h.key[0].type, "ssh-ed25519");
	assert_string_equal(h.key[1].type, "ecdsa-sha2-nistp256");
	assert_string_equal(h.key[2].type, "ssh-rsa");
	assert_int_equal(h.key[2].bits, 2048);
	hostscan_fini(&h);
	server_stop();
}

static void
a_dropbear_that_hangs_up_for_other_keys_is_scanned(void **state)
{
	static char path[] = "/usr/sbin/dropbear", i[] = "-i", r[] = "-r";
	char ed[96];
	char *const argv[] = {path, i, r, ed, NULL};
	const char *const gen[] = {
	    "dropbearkey", "-t", "ed25519", "-f", ed, NULL};
	struct hostscan h;

	(void)state;
	(void)snprintf(ed, sizeof(ed), "%s/ed", dir);
	assert_int_equal(access(path, X_OK), 0);
	assert_int_equal(run_program(gen), 0);
	server_start(argv);
	scan(&h, "127.0.0.1", server.port);
	assert_int_equal(h.n, 1);
	assert_string_equal(h.key[0].type, "ssh-ed25519");
	hostscan_fini(&h);
	server_stop();
}

static void
a_name_that_does_not_resolve_is_told(void **state)
{
	struct fail f = {0};
	struct hostscan h;

	(void)state;
	assert_int_equal(
	    hostscan_run(&h, "no-such-host.invalid", 22, LIMIT_MS, &f),
	    FAIL_NOTFOUND);
	assert_non_null(strstr(f.why, "no-such-host.invalid"));
}

static void
a_port_where_nobody_listens_is_told(void **state)
{
	uint16_t port;

	(void)state;
	server_listen();
	port = server.port;
	server_stop();
	expect_refused("127.0.0.1", port, LIMIT_MS, FAIL_CONNECT);
}

static void
a_server_that_says_nothing_ends_in_time(void **state)
{

	(void)state;
	server_listen(); /* accepted by the kernel, read by nobody */
	expect_refused("127.0.0.1", server.port, 1500, FAIL_TIMEOUT);
	server_stop();
}

static void
expect_shell_refused(const char *script, unsigned limit_ms, int code)
{
	static char sh[] = "/bin/sh", c[] = "-c";
	char text[256];
	char *const argv[] = {sh, c, text, NULL};

	(void)snprintf(text, sizeof(text), "%s", script);
	server_start(argv);
	expect_refused("127.0.0.1", server.port, limit_ms, code);
	server_stop();
}

static void
a_server_that_is_not_ssh_is_told(void **state)
{
	(void)state;
	expect_shell_refused("exit 0", LIMIT_MS, FAIL_PROTO);
	expect_shell_refused("printf 'HTTP/1.1 400 Bad Request\\r\\n\\r\\n'",
	    LIMIT_MS, FAIL_PROTO);
	expect_shell_refused("printf 'SSH-2.0-x\\r\\n'; head -c 4000 /dev/zero",
	    LIMIT_MS, FAIL_PROTO);
	expect_shell_refused("printf 'SSH-2.0-x\\r\\n'", LIMIT_MS, FAIL_PROTO);
}

static void
a_server_that_drips_ends_in_time(void **state)
{
	(void)state;
	expect_shell_refused(
	    "while echo line; do sleep 0.2; done", 1500, FAIL_TIMEOUT);
	expect_shell_refused(
	    "printf 'SSH-2.0-x\\r\\n'; while printf '\\0'; do sleep 0.3; done",
	    1500, FAIL_TIMEOUT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	    T(every_key_of_sshd_is_found),
	    T(a_server_with_one_key_gives_one),
	    T(an_old_server_with_sha1_only_is_scanned),
	    T(the_keys_of_dropbear_are_found),
	    T(a_dropbear_that_hangs_up_for_other_keys_is_scanned),
	    T(a_name_that_does_not_resolve_is_told),
	    T(a_port_where_nobody_listens_is_told),
	    T(a_server_that_says_nothing_ends_in_time),
	    T(a_server_that_is_not_ssh_is_told),
	    T(a_server_that_drips_ends_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
