/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens, keeps and hands out listening sockets.  A socket lives as long as the
 * node, across restarts of workers and of the supervisor's own program, so that
 * no connection is refused meanwhile.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#include "daemon/address.h"
#include "daemon/daemon_msg.h"
#include "daemon/listeners.h"

enum { BACKLOG = 4096 };

/* Who gets what. */
static const struct {
	const char *name;
	enum role role;
	const char *file; /* in the run folder; NULL: from [gateway] */
} kinds[] = {
    {"ssh", ROLE_WORKER, NULL},
    {"keeper", ROLE_KEEPER, "keeper.sock"},
    {"broker", ROLE_BROKER, "broker.sock"},
};

void
listeners_init(struct listeners *ls)
{
	ls->n = 0;
}

static void
drop(struct listeners *ls, size_t i)
{
	(void)close(ls->l[i].fd);
	ls->l[i] = ls->l[--ls->n];
}

void
listeners_fini(struct listeners *ls)
{
	while (ls->n > 0)
		drop(ls, 0);
}

void
listeners_unlink(const struct listeners *ls)
{
	for (size_t i = 0; i < ls->n; i++)
		if (ls->l[i].at[0] == '/')
			(void)unlink(ls->l[i].at);
}

int
listeners_adopt(struct listeners *ls, const char *name, const char *at, int fd)
{
	struct listener *l = &ls->l[ls->n];

	if (ls->n == LISTENERS_MAX || strlen(name) >= sizeof(l->name) ||
	    strlen(at) >= sizeof(l->at)) {
		(void)close(fd);
		return FAIL_FULL;
	}
	*l = (struct listener){.fd = fd, .kept = true};
	(void)snprintf(l->name, sizeof(l->name), "%s", name);
	(void)snprintf(l->at, sizeof(l->at), "%s", at);
	ls->n++;
	return 0;
}

static struct listener *
find(struct listeners *ls, const char *name, const char *at)
{
	for (size_t i = 0; i < ls->n; i++)
		if (strcmp(ls->l[i].name, name) == 0 &&
		    strcmp(ls->l[i].at, at) == 0)
			return &ls->l[i];
	return NULL;
}

static void
forget_unkept(struct listeners *ls, const char *name)
{
	for (size_t i = 0; i < ls->n;) {
		if (strcmp(ls->l[i].name, name) == 0 && !ls->l[i].kept)
			drop(ls, i);
		else
			i++;
	}
}

static int
open_tcp(const char *at, int *fd, struct fail *f)
{
	struct sockaddr_storage sa;
	socklen_t len;
	int one = 1, zero = 0;
	int r = address_parse(at, &sa, &len, f);

	if (r != 0)
		return r;
	*fd =
	    socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return fail_sys(f, "%s", at);
	(void)setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (sa.ss_family == AF_INET6)
		(void)setsockopt(
		    *fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (bind(*fd, (struct sockaddr *)&sa, len) == 0 &&
	    listen(*fd, BACKLOG) == 0)
		return 0;
	r = fail_sys(f, "listening on %s", at);
	(void)close(*fd);
	return r;
}

/* A system without IPv6 still listens on every address that it has. */
static int
open_any(const char *at, int *fd, struct fail *f)
{
	struct fail first = {0};
	char v4[ADDRESS_TEXT_SIZE + 8];
	int r = open_tcp(at, fd, &first);

	if (r != 0 && errno == EAFNOSUPPORT && strncmp(at, "[::]:", 5) == 0) {
		(void)snprintf(v4, sizeof(v4), "0.0.0.0:%s", at + 5);
		log_warn(NULL, "%s; using %s", first.why, v4);
		return open_tcp(v4, fd, f);
	}
	if (r != 0)
		(void)fail_set(f, r, "%s", first.why);
	return r;
}

int
listeners_check(const struct conf *c, struct fail *f)
{
	const char *list = c->gateway_ssh;
	char at[ADDRESS_TEXT_SIZE];
	size_t n = 0;
	int r;

	while ((r = address_next(&list, at, f)) == 1) {
		struct sockaddr_storage sa;
		socklen_t len;

		r = address_parse(at, &sa, &len, f);
		if (r != 0)
			return r;
		n++;
	}
	if (r == 0 && (n == 0 || n > LISTENERS_MAX / 2))
		return fail_set(f, FAIL_CONF,
		    "[gateway] ssh: %zu addresses to listen on", n);
	return r;
}

int
listeners_open_tcp(struct listeners *ls, const struct conf *c, struct fail *f)
{
	const char *list = c->gateway_ssh;
	char at[ADDRESS_TEXT_SIZE];
	int r;

	for (size_t i = 0; i < ls->n; i++)
		ls->l[i].kept = false;
	while ((r = address_next(&list, at, f)) == 1) {
		struct listener *l = find(ls, "ssh", at);
		int fd = -1;

		if (l != NULL) {
			l->kept = true;
			continue;
		}
		r = open_any(at, &fd, f);
		if (r == 0)
			r = listeners_adopt(ls, "ssh", at, fd);
		if (r != 0)
			return fail_set(f, r, "%s", fail_text(r));
		log_info(NULL, "listening on %s for ssh", at);
	}
	if (r == 0)
		forget_unkept(ls, "ssh");
	return r;
}

/* A socket at path that nobody answers on is a leftover. */
static int
clear_path(const char *path, const struct sockaddr_un *un, struct fail *f)
{
	struct stat st;
	int fd, r;

	if (lstat(path, &st) != 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return fail_set(f, FAIL_EXISTS, "%s is not a socket", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail_sys(f, "socket");
	r = connect(fd, (const struct sockaddr *)un, sizeof(*un));
	(void)close(fd);
	if (r == 0 || errno == EAGAIN)
		return fail_set(
		    f, FAIL_BUSY, "another node is running: %s answers", path);
	if (unlink(path) != 0)
		return fail_sys(f, "unlink %s", path);
	return 0;
}

static int
open_unix(const char *path, int *fd, struct fail *f)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	mode_t mask;
	int r;

	if (strlen(path) >= sizeof(un.sun_path))
		return fail_set(
		    f, FAIL_CONF, "too long for a socket: %s", path);
	memcpy(un.sun_path, path, strlen(path));
	r = clear_path(path, &un, f);
	if (r != 0)
		return r;
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return fail_sys(f, "socket");
	mask = umask(0177);
	r = bind(*fd, (struct sockaddr *)&un, sizeof(un));
	(void)umask(mask);
	if (r == 0 && listen(*fd, BACKLOG) == 0)
		return 0;
	r = fail_sys(f, "listening on %s", path);
	(void)close(*fd);
	return r;
}

static int
open_kind(
    struct listeners *ls, const char *name, const char *path, struct fail *f)
{
	struct listener *l = find(ls, name, path);
	int fd = -1;
	int r;

	if (l != NULL) {
		l->kept = true;
		return 0;
	}
	r = open_unix(path, &fd, f);
	if (r == 0)
		r = listeners_adopt(ls, name, path, fd);
	return r == 0 ? 0 : fail_set(f, r, "%s: %s", path, fail_text(r));
}

int
listeners_open_unix(struct listeners *ls, const struct conf *c, struct fail *f)
{
	char *run = conf_path(c, c->node_run);
	int r = 0;

	if (run == NULL)
		return FAIL_NOMEM;
	for (size_t i = 0; i < ls->n; i++)
		ls->l[i].kept = false;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(kinds); i++) {
		char *path;

		if (kinds[i].file == NULL)
			continue;
		if (asprintf(&path, "%s/%s", run, kinds[i].file) < 0) {
			r = FAIL_NOMEM;
			break;
		}
		r = open_kind(ls, kinds[i].name, path, f);
		free(path);
		if (r == 0)
			forget_unkept(ls, kinds[i].name);
	}
	free(run);
	return r;
}

int
listeners_give(const struct listeners *ls, enum role role, struct ipc *to)
{
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		if (kinds[k].role != role)
			continue;
		for (size_t i = 0; i < ls->n; i++) {
			struct dm_listener x = {
			    .name = SPAN(ls->l[i].name, strlen(ls->l[i].name))};
			struct buf b;
			int fd, r;

			if (strcmp(ls->l[i].name, kinds[k].name) != 0)
				continue;
			fd = fcntl(ls->l[i].fd, F_DUPFD_CLOEXEC, 0);
			if (fd < 0)
				return FAIL_SYS;
			buf_init(&b, 64);
			r = dm_listener_put(&b, &x);
			if (r == 0)
				r = ipc_send(
				    to, dm_listener_type, 0, buf_span(&b), fd);
			else
				(void)close(fd);
			buf_fini(&b);
			if (r != 0)
				return r;
		}
	}
	return 0;
}
