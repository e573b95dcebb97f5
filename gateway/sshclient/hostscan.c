/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches a server's host keys with libssh: a connection for each type of key,
 * in which only algorithms of that type are offered.  No configuration and no
 * known_hosts file is read, and nothing is sent but the key exchange; that is
 * why old algorithms may be offered here behind the good ones.
 */
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libssh/libssh.h>

#include "base/loop.h"

#include "sshclient/b64.h"
#include "sshclient/hostscan.h"

static const char *const types[] = {
    "ssh-ed25519",
    "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521",
    "rsa-sha2-512,rsa-sha2-256,ssh-rsa",
};

static const char kex[] =
    "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,"
    "ecdh-sha2-nistp384,ecdh-sha2-nistp521,diffie-hellman-group16-sha512,"
    "diffie-hellman-group18-sha512,diffie-hellman-group14-sha256,"
    "diffie-hellman-group-exchange-sha256,diffie-hellman-group14-sha1,"
    "diffie-hellman-group1-sha1";

static const char ciphers[] =
    "aes256-gcm@openssh.com,aes128-gcm@openssh.com,"
    "chacha20-poly1305@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr,"
    "aes256-cbc,aes128-cbc,3des-cbc";

static const char macs[] =
    "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,"
    "hmac-sha2-256,hmac-sha2-512,hmac-sha1";

void
hostscan_fini(struct hostscan *h)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		pubkey_line_fini(&h->key[i]);
	h->n = 0;
}

/* Milliseconds until deadline, 0 when it has passed. */
static int
ms_left(uint64_t deadline_ns)
{
	uint64_t now = mono_ns();
	uint64_t ms;

	if (now >= deadline_ns)
		return 0;
	ms = (deadline_ns - now) / 1000000 + 1;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

static int
wait_connected(int fd, uint64_t deadline_ns)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	socklen_t len = sizeof(int);
	int err = 0, n;

	do
		n = poll(&p, 1, ms_left(deadline_ns));
	while (n < 0 && errno == EINTR);
	if (n == 0) {
		errno = ETIMEDOUT;
		return FAIL_TIMEOUT;
	}
	if (n < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0)
		return FAIL_CONNECT;
	errno = err;
	return err == 0 ? 0 : FAIL_CONNECT;
}

/* Gives *out, connected; errno is set on failure. */
static int
connect_one(const struct addrinfo *a, uint64_t deadline_ns, int *out)
{
	int fd, r = 0, err;

	fd =
	    socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return FAIL_CONNECT;
	if (connect(fd, a->ai_addr, a->ai_addrlen) != 0)
		r = errno == EINPROGRESS ? wait_connected(fd, deadline_ns)
					 : FAIL_CONNECT;
	if (r != 0) {
		err = errno;
		(void)close(fd);
		errno = err;
		return r;
	}
	*out = fd;
	return 0;
}

/* To the first address that answers. */
static int
connect_any(
    const struct addrinfo *list, uint64_t deadline_ns, int *out, struct fail *f)
{
	const struct addrinfo *a;
	int r = FAIL_CONNECT;

	errno = EADDRNOTAVAIL;
	for (a = list; a != NULL && ms_left(deadline_ns) > 0; a = a->ai_next)
		if ((r = connect_one(a, deadline_ns, out)) == 0)
			return 0;
	if (r == FAIL_TIMEOUT || ms_left(deadline_ns) == 0)
		return fail_set(f, FAIL_TIMEOUT, "the host does not answer");
	return fail_set(
	    f, FAIL_CONNECT, "cannot connect: %s", strerrordesc_np(errno));
}

static int
set_options(ssh_session s, int fd, const char *type, uint64_t deadline_ns)
{
	const struct {
		enum ssh_options_e option;
		const char *value;
	} texts[] = {
	    {SSH_OPTIONS_HOST, "target"},
	    {SSH_OPTIONS_USER, "nobody"},
	    {SSH_OPTIONS_KNOWNHOSTS, "/dev/null"},
	    {SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null"},
	    {SSH_OPTIONS_HOSTKEYS, type},
	    {SSH_OPTIONS_KEY_EXCHANGE, kex},
	    {SSH_OPTIONS_CIPHERS_C_S, ciphers},
	    {SSH_OPTIONS_CIPHERS_S_C, ciphers},
	    {SSH_OPTIONS_HMAC_C_S, macs},
	    {SSH_OPTIONS_HMAC_S_C, macs},
	};
	long sec = ms_left(deadline_ns) / 1000;
	long usec = (long)(ms_left(deadline_ns) % 1000) * 1000;
	bool no = false;
	size_t i;

	if (ssh_options_set(s, SSH_OPTIONS_PROCESS_CONFIG, &no) != SSH_OK)
		return FAIL_SSH;
	for (i = 0; i < ARRAY_LEN(texts); i++)
		if (ssh_options_set(s, texts[i].option, texts[i].value) !=
		    SSH_OK)
			return FAIL_SSH;
	if (ssh_options_set(s, SSH_OPTIONS_TIMEOUT, &sec) != SSH_OK ||
	    ssh_options_set(s, SSH_OPTIONS_TIMEOUT_USEC, &usec) != SSH_OK ||
	    ssh_options_set(s, SSH_OPTIONS_FD, &fd) != SSH_OK)
		return FAIL_SSH;
	return 0;
}

/* libssh has one code for everything: what went wrong is in its words. */
static int
judge_error(ssh_session s, uint64_t deadline_ns, struct fail *f)
{
	const char *why = ssh_get_error(s);

	if (strstr(why, "no match for method server host key algo") != NULL)
		return FAIL_NOTFOUND;
	if (ms_left(deadline_ns) == 0 || strstr(why, "imeout") != NULL)
		return fail_set(f, FAIL_TIMEOUT,
		    "the host accepts a connection but its SSH server does "
		    "not answer");
	return fail_set(f, FAIL_PROTO, "no SSH key exchange: %s", why);
}

static int
take_key(ssh_session s, struct pubkey_line *out, struct fail *f)
{
	struct buf blob;
	ssh_key key = NULL;
	char *text = NULL;
	int r;

	buf_init(&blob, PUBKEY_LINE_BLOB_MAX);
	if (ssh_get_server_publickey(s, &key) != SSH_OK ||
	    ssh_pki_export_pubkey_base64(key, &text) != SSH_OK)
		r = fail_set(f, FAIL_SSH, "libssh gives no host key");
	else if ((r = b64_decode(SPAN(text, strlen(text)), &blob)) != 0)
		r = fail_set(f, r, "libssh gives no base64");
	else
		r = pubkey_line_from_blob(out, buf_span(&blob), f);
	ssh_string_free_char(text);
	ssh_key_free(key);
	buf_fini(&blob);
	return r;
}

/* Takes fd.  FAIL_NOTFOUND (not latched): the server has no such key. */
static int
scan_type(int fd, const char *type, uint64_t deadline_ns,
    struct pubkey_line *out, struct fail *f)
{
	ssh_session s = ssh_new();
	int r;

	if (s == NULL || set_options(s, fd, type, deadline_ns) != 0) {
		ssh_free(s);
		(void)close(fd);
		return fail_set(f, FAIL_SSH, "cannot set libssh up");
	}
	ssh_set_blocking(s, 1);
	if (ssh_connect(s) == SSH_OK)
		r = take_key(s, out, f);
	else
		r = judge_error(s, deadline_ns, f);
	ssh_disconnect(s);
	ssh_free(s); /* closes fd */
	return r;
}

/*
 * A server without a key of some type says so or, as dropbear, hangs up: that
 * counts only where no type is had.
 */
static int
scan_types(struct hostscan *h, const struct addrinfo *list,
    uint64_t deadline_ns, struct fail *f)
{
	struct fail hung_up = {0}, why;
	size_t i;
	int fd = -1, r;

	for (i = 0; i < ARRAY_LEN(types); i++) {
		if ((r = connect_any(list, deadline_ns, &fd, f)) != 0)
			return r;
		why = (struct fail){0};
		r = scan_type(fd, types[i], deadline_ns, &h->key[h->n], &why);
		if (r == 0)
			h->n++;
		else if (r == FAIL_PROTO && hung_up.code == 0)
			hung_up = why;
		else if (r != FAIL_PROTO && r != FAIL_NOTFOUND)
			return fail_set(f, r, "%s", why.why);
	}
	if (h->n > 0)
		return 0;
	if (hung_up.code != 0)
		return fail_set(f, hung_up.code, "%s", hung_up.why);
	return fail_set(f, FAIL_UNSUPPORTED,
	    "the SSH server has no host key of a type that can be pinned");
}

int
hostscan_run(struct hostscan *h, const char *host, uint16_t port,
    unsigned timeout_ms, struct fail *f)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	uint64_t deadline_ns = mono_ns() + (uint64_t)timeout_ms * 1000000;
	struct addrinfo *list = NULL;
	char service[8];
	int r;

	*h = (struct hostscan){0};
	(void)snprintf(service, sizeof(service), "%u", (unsigned)port);
	if ((r = getaddrinfo(host, service, &hints, &list)) != 0)
		return fail_set(f, FAIL_NOTFOUND, "%s does not resolve: %s",
		    host, gai_strerror(r));
	r = scan_types(h, list, deadline_ns, f);
	freeaddrinfo(list);
	if (r != 0)
		hostscan_fini(h);
	return r;
}

int
hostscan_pins(const struct hostscan *h, struct buf *out)
{
	size_t i;
	int r = 0;

	for (i = 0; i < h->n && r == 0; i++)
		r = buf_put_string(out, h->key[i].blob, h->key[i].blob_len);
	return r;
}
