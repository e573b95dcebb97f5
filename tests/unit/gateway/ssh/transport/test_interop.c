/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transport against OpenSSH: as server to ssh, as client to sshd, with each
 * algorithm that both have, new keys after every MiB, a stream both ways that
 * is compared byte by byte, and the connection moved between transports.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cmocka.h>

#include "ssh/transport/names.h"
#include "ssh/transport/sshkey.h"

#include "tests/bench/load/stream.h"

#include "drive.h"
#include "pair.h"

static const char ssh_path[] = "/usr/bin/ssh";
static const char sshd_path[] = "/usr/sbin/sshd";

static const uint64_t mib = 1024 * 1024;

/* What one run uses; NULL: ours and theirs are left to agree. */
struct run {
	const char *kex, *hostkey, *cipher, *mac;
	uint64_t bytes;
	uint64_t move_bytes;
	bool rekey; /* after each MiB, by both sides */
};

struct fixture {
	char dir[64];
	EVP_PKEY *user_key;
};

static struct fixture fx;

static const char *
or_default(const char *name, const char *list)
{
	return name != NULL ? name : list;
}

static struct ssh_algs
algs_of(const struct run *r)
{
	return (struct ssh_algs){
	    .kex = or_default(r->kex, ssh_algs_default.kex),
	    .hostkey = or_default(r->hostkey, ssh_algs_legacy.hostkey),
	    .cipher = or_default(r->cipher, ssh_algs_default.cipher),
	    .mac = or_default(r->mac, ssh_algs_default.mac),
	};
}

static pid_t
spawn(const char *const *argv, int in, int out, const char *log)
{
	pid_t pid = fork();
	int err;

	assert_true(pid >= 0);
	if (pid != 0)
		return pid;
	err = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(126);
	(void)execv(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

static void
path_of(char *dst, size_t size, const char *name)
{
	(void)snprintf(dst, size, "%s/%s", fx.dir, name);
}

static void
show_log(const char *name)
{
	char path[128], line[512];
	FILE *fp;

	path_of(path, sizeof(path), name);
	if ((fp = fopen(path, "r")) == NULL)
		return;
	while (fgets(line, sizeof(line), fp) != NULL)
		print_error("  %s", line);
	(void)fclose(fp);
}

/* ---- ssh as the client of our server */

struct feeder {
	int fd;
	uint64_t bytes;
	bool ok;
};

static void *
feed(void *arg)
{
	struct feeder *f = arg;
	uint8_t chunk[32768];
	uint64_t at = 0;

	while (at < f->bytes) {
		size_t len = f->bytes - at < sizeof(chunk)
				 ? (size_t)(f->bytes - at)
				 : sizeof(chunk);
		ssize_t n;

		stream_make(0, at, chunk, len);
		n = write(f->fd, chunk, len);
		if (n <= 0)
			break;
		at += (uint64_t)n;
	}
	(void)close(f->fd);
	f->ok = at == f->bytes;
	return NULL;
}

static void *
drain(void *arg)
{
	struct feeder *f = arg;
	uint8_t chunk[32768];
	uint64_t at = 0;
	ssize_t n;

	f->ok = true;
	while ((n = read(f->fd, chunk, sizeof(chunk))) > 0) {
		if (!stream_same(0, at, chunk, (size_t)n))
			f->ok = false;
		at += (uint64_t)n;
	}
	(void)close(f->fd);
	f->bytes = at;
	return NULL;
}

static int
listen_loopback(uint16_t *port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	*port = ntohs(sin.sin_port);
	return fd;
}

static pid_t
start_ssh(const struct run *r, uint16_t port, int in, int out)
{
	struct ssh_algs a = algs_of(r);
	char opt[6][2048], log[128], port_text[8];
	const char *argv[64];
	int n = 0;

	(void)snprintf(port_text, sizeof(port_text), "%u", port);
	(void)snprintf(opt[0], sizeof(opt[0]), "-oKexAlgorithms=%s",
	    r->kex != NULL ? a.kex : "+curve25519-sha256");
	(void)snprintf(opt[1], sizeof(opt[1]), "-oHostKeyAlgorithms=%s",
	    r->hostkey != NULL ? a.hostkey : "+ssh-ed25519");
	(void)snprintf(opt[2], sizeof(opt[2]), "-oCiphers=%s",
	    r->cipher != NULL ? a.cipher : "+aes128-ctr");
	(void)snprintf(opt[3], sizeof(opt[3]), "-oMACs=%s",
	    r->mac != NULL ? a.mac : "+hmac-sha2-256");
	(void)snprintf(opt[4], sizeof(opt[4]), "-oRekeyLimit=%s",
	    r->rekey ? "1M" : "default");
	argv[n++] = ssh_path;
	for (int i = 0; i < 5; i++)
		argv[n++] = opt[i];
	argv[n++] = "-F/dev/null";
	argv[n++] = "-oStrictHostKeyChecking=no";
	argv[n++] = "-oUserKnownHostsFile=/dev/null";
	argv[n++] = "-oGlobalKnownHostsFile=/dev/null";
	argv[n++] = "-oPreferredAuthentications=none";
	argv[n++] = "-oIdentityAgent=none";
	argv[n++] = "-oIdentityFile=/nonexistent";
	argv[n++] = "-oLogLevel=ERROR";
	argv[n++] = "-T";
	argv[n++] = "-p";
	argv[n++] = port_text;
	argv[n++] = "-ltester";
	argv[n++] = "127.0.0.1";
	argv[n++] = "echo";
	argv[n] = NULL;
	path_of(log, sizeof(log), "ssh.log");
	(void)unlink(log);
	return spawn(argv, in, out, log);
}

static const char *
key_type_for(const char *hostkey)
{
	if (hostkey == NULL || strcmp(hostkey, "ssh-ed25519") == 0)
		return "ED25519";
	if (strstr(hostkey, "nistp256") != NULL)
		return "P-256";
	if (strstr(hostkey, "nistp384") != NULL)
		return "P-384";
	if (strstr(hostkey, "nistp521") != NULL)
		return "P-521";
	return "RSA2048";
}

static void
check_result(const struct run *r, const struct drive_result *res,
    const char *peer, const char *log)
{
	if (res->code != 0 || res->bytes != r->bytes)
		show_log(log);
	if (res->code != 0)
		fail_msg("%s: %s (%s)", peer, res->why, res->algs);
	assert_int_equal(res->bytes, r->bytes);
	/* A MiB at a time both ways, by both. */
	if (r->rekey && r->bytes >= 4 * mib)
		assert_true(res->keys > r->bytes / mib / 2);
	if (r->move_bytes != 0)
		assert_true(res->moves > 2);
}

static void
with_ssh(const struct run *r)
{
	struct drive_opts o = {.role = SSH_ROLE_SERVER, .algs = algs_of(r)};
	struct feeder feeder = {.bytes = r->bytes}, drainer = {0};
	struct drive_result res;
	pthread_t feed_thread, drain_thread;
	int to[2], from[2], listener, status;
	uint16_t port;
	pid_t pid;

	listener = listen_loopback(&port);
	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	pid = start_ssh(r, port, to[0], from[1]);
	(void)close(to[0]);
	(void)close(from[1]);
	feeder.fd = to[1];
	drainer.fd = from[0];
	o.fd = accept(listener, NULL, NULL);
	assert_true(o.fd >= 0);
	(void)setsockopt(
	    o.fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	(void)close(listener);
	assert_int_equal(pthread_create(&feed_thread, NULL, feed, &feeder), 0);
	assert_int_equal(
	    pthread_create(&drain_thread, NULL, drain, &drainer), 0);
	o.key = pair_key(key_type_for(r->hostkey));
	o.rekey_bytes = r->rekey ? mib : 0;
	o.move_bytes = r->move_bytes;
	drive_run(&o, &res);
	if (res.code != 0)
		(void)kill(pid, SIGKILL);
	assert_int_equal(pthread_join(feed_thread, NULL), 0);
	assert_int_equal(pthread_join(drain_thread, NULL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	EVP_PKEY_free(o.key);
	check_result(r, &res, "ssh", "ssh.log");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_true(drainer.ok);
	assert_int_equal(drainer.bytes, r->bytes);
	assert_non_null(strstr(res.peer, "OpenSSH"));
}

/* ---- sshd as the server of our client */

static const char *
host_key_file(const char *hostkey)
{
	const char *type = key_type_for(hostkey);

	if (strcmp(type, "ED25519") == 0)
		return "host_ed25519";
	if (strcmp(type, "P-256") == 0)
		return "host_256";
	if (strcmp(type, "P-384") == 0)
		return "host_384";
	return strcmp(type, "P-521") == 0 ? "host_521" : "host_rsa";
}

static void
write_config(const struct run *r, const char *path)
{
	struct ssh_algs a = algs_of(r);
	FILE *fp = fopen(path, "w");

	assert_non_null(fp);
	(void)fprintf(fp,
	    "HostKey %s/%s\nAuthorizedKeysFile %s/authorized_keys\n"
	    "StrictModes no\nUsePAM no\nPermitRootLogin yes\n"
	    "PidFile none\nLogLevel ERROR\nAllowTcpForwarding no\n",
	    fx.dir, host_key_file(r->hostkey), fx.dir);
	(void)fprintf(fp, "KexAlgorithms %s\nHostKeyAlgorithms %s\n",
	    r->kex != NULL ? a.kex : "+curve25519-sha256",
	    r->hostkey != NULL ? a.hostkey : "+ssh-ed25519");
	(void)fprintf(fp, "Ciphers %s\nMACs %s\nRekeyLimit %s\n",
	    r->cipher != NULL ? a.cipher : "+aes128-ctr",
	    r->mac != NULL ? a.mac : "+hmac-sha2-256",
	    r->rekey ? "1M" : "default");
	assert_int_equal(fclose(fp), 0);
}

static void
with_sshd(const struct run *r)
{
	struct drive_opts o = {.role = SSH_ROLE_CLIENT, .algs = algs_of(r)};
	struct passwd *pw = getpwuid(getuid());
	char config[128], log[128];
	const char *argv[] = {sshd_path, "-i", "-e", "-f", config, NULL};
	struct drive_result res;
	int pair[2], status;
	pid_t pid;

	assert_non_null(pw);
	path_of(config, sizeof(config), "sshd_config");
	path_of(log, sizeof(log), "sshd.log");
	(void)unlink(log);
	write_config(r, config);
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	pid = spawn(argv, pair[1], pair[1], log);
	(void)close(pair[1]);
	o.fd = pair[0];
	o.key = fx.user_key;
	o.user = pw->pw_name;
	o.bytes = r->bytes;
	o.rekey_bytes = r->rekey ? mib : 0;
	o.move_bytes = r->move_bytes;
	drive_run(&o, &res);
	if (res.code != 0)
		(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	check_result(r, &res, "sshd", "sshd.log");
	assert_non_null(strstr(res.peer, "OpenSSH"));
	assert_non_null(strstr(res.sig_algs, "rsa-sha2-512"));
}

/* ---- what both have */

/* What `ssh -Q what` prints, as one list of names. */
static void
list_of_openssh(const char *what, char *list, size_t size)
{
	const char *argv[] = {ssh_path, "-Q", what, NULL};
	int out[2], status, null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	size_t at = 0;
	char log[128];
	ssize_t n;
	pid_t pid;

	path_of(log, sizeof(log), "ssh.log");
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	pid = spawn(argv, null, out[1], log);
	(void)close(out[1]);
	(void)close(null);
	while ((n = read(out[0], list + at, size - 1 - at)) > 0)
		at += (size_t)n;
	(void)close(out[0]);
	list[at] = '\0';
	for (char *nl = list; (nl = strchr(nl, '\n')) != NULL;)
		*nl = ',';
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Not every OpenSSL can do ML-KEM. */
static bool
kex_is_there(const char *name)
{
	struct ssh_algs a = ssh_algs_legacy;
	struct ssh_transport_opts o = {
	    .role = SSH_ROLE_CLIENT,
	    .algs = &a,
	    .software = "probe",
	};
	struct ssh_transport *t;

	a.kex = name;
	t = ssh_transport_new(&o);
	ssh_transport_free(t);
	return t != NULL;
}

/* Run fn for each name of ours that `ssh -Q what` has too. */
static void
each_common(const char *what, const char *ours, void (*fn)(const char *name))
{
	struct span rest = names_span(ours);
	char list[4096], line[128];
	struct span name;
	unsigned n = 0;

	list_of_openssh(what, list, sizeof(list));
	while (names_next(&rest, &name)) {
		if (!names_has(names_span(list), name))
			continue;
		(void)snprintf(line, sizeof(line), "%.*s", (int)name.len,
		    (const char *)name.p);
		if (strcmp(what, "kex") == 0 && !kex_is_there(line))
			continue;
		fn(line);
		n++;
	}
	assert_true(n > 3);
}

static void
both_ways(const struct run *r)
{
	with_ssh(r);
	with_sshd(r);
}

static void
one_cipher(const char *name)
{
	bool slow = strstr(name, "3des") != NULL;
	bool main = strchr(name, '@') != NULL || strstr(name, "256") != NULL;
	struct run r = {
	    .cipher = name,
	    .bytes = main ? 24 * mib : 8 * mib,
	    .move_bytes = 2 * mib,
	    .rekey = true,
	};

	if (slow) {
		r.bytes = 5 * mib;
		r.move_bytes = mib;
	}
	both_ways(&r);
}

static void
one_mac(const char *name)
{
	struct run r = {
	    .cipher = "aes256-ctr",
	    .mac = name,
	    .bytes = 8 * mib,
	    .move_bytes = mib,
	    .rekey = true,
	};

	both_ways(&r);
	r.cipher = "aes128-cbc";
	r.bytes = 4 * mib;
	both_ways(&r);
}

static void
one_kex(const char *name)
{
	struct run r = {.kex = name, .bytes = 4 * mib, .rekey = true};

	both_ways(&r);
}

static void
one_hostkey(const char *name)
{
	struct run r = {.hostkey = name, .bytes = 4 * mib, .rekey = true};

	both_ways(&r);
}

static void
each_cipher_carries_a_stream_through_rekeys_and_moves(void **state)
{
	(void)state;
	each_common("cipher", ssh_algs_legacy.cipher, one_cipher);
}

static void
each_mac_carries_a_stream_through_rekeys_and_moves(void **state)
{
	(void)state;
	each_common("mac", ssh_algs_legacy.mac, one_mac);
}

static void
each_key_exchange_is_understood(void **state)
{
	(void)state;
	each_common("kex", ssh_algs_legacy.kex, one_kex);
}

static void
each_host_key_algorithm_is_understood(void **state)
{
	(void)state;
	each_common("key-sig", ssh_algs_legacy.hostkey, one_hostkey);
}

static void
the_defaults_agree_with_those_of_openssh(void **state)
{
	struct run r = {.bytes = 2 * mib};

	(void)state;
	both_ways(&r);
}

/* ---- fixture */

static void
make_host_key(const char *name, const char *type, const char *bits)
{
	char path[128], log[128];
	const char *argv[] = {"/usr/bin/ssh-keygen", "-q", "-N", "", "-f", path,
	    "-t", type, "-b", bits, NULL};
	int status, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid;

	path_of(path, sizeof(path), name);
	path_of(log, sizeof(log), "keygen.log");
	pid = spawn(argv, null, null, log);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	(void)close(null);
}

static void
write_authorized_key(void)
{
	char path[128];
	unsigned char text[512];
	struct buf blob;
	FILE *fp;

	buf_init(&blob, 256);
	assert_int_equal(sshkey_public_blob(fx.user_key, &blob), 0);
	(void)EVP_EncodeBlock(text, buf_head(&blob), (int)buf_len(&blob));
	path_of(path, sizeof(path), "authorized_keys");
	fp = fopen(path, "w");
	assert_non_null(fp);
	(void)fprintf(fp, "ssh-ed25519 %s\n", text);
	assert_int_equal(fclose(fp), 0);
	buf_fini(&blob);
}

static int
set_up(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)snprintf(fx.dir, sizeof(fx.dir), "/tmp/sp-interop.XXXXXX");
	assert_non_null(mkdtemp(fx.dir));
	/* sshd insists on it when it runs as root. */
	if (getuid() == 0)
		(void)mkdir("/run/sshd", 0755);
	make_host_key("host_ed25519", "ed25519", "256");
	make_host_key("host_256", "ecdsa", "256");
	make_host_key("host_384", "ecdsa", "384");
	make_host_key("host_521", "ecdsa", "521");
	make_host_key("host_rsa", "rsa", "2048");
	fx.user_key = pair_key("ED25519");
	write_authorized_key();
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = {"host_ed25519", "host_ed25519.pub",
	    "host_256", "host_256.pub", "host_384", "host_384.pub", "host_521",
	    "host_521.pub", "host_rsa", "host_rsa.pub", "authorized_keys",
	    "sshd_config", "ssh.log", "sshd.log", "keygen.log"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char path[128];

		path_of(path, sizeof(path), names[i]);
		(void)unlink(path);
	}
	EVP_PKEY_free(fx.user_key);
	return rmdir(fx.dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_defaults_agree_with_those_of_openssh),
	    cmocka_unit_test(each_host_key_algorithm_is_understood),
	    cmocka_unit_test(each_key_exchange_is_understood),
	    cmocka_unit_test(
		each_mac_carries_a_stream_through_rekeys_and_moves),
	    cmocka_unit_test(
		each_cipher_carries_a_stream_through_rekeys_and_moves),
	};

	/* Automake's word for: skipped. */
	if (access(ssh_path, X_OK) != 0 || access(sshd_path, X_OK) != 0)
		return 77;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
