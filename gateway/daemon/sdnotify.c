/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams to the service manager.  Losing one is no error: the manager may
 * be gone, or was never there.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/loop.h"

#include "daemon/sdnotify.h"

static uint64_t
number(const char *name)
{
	const char *text = getenv(name);
	char *end;
	unsigned long long v;

	if (text == NULL || *text < '0' || *text > '9')
		return 0;
	v = strtoull(text, &end, 10);
	return *end == '\0' ? v : 0;
}

void
sdnotify_init(struct sdnotify *n)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	uint64_t pid = number("WATCHDOG_PID");
	size_t len;

	*n = (struct sdnotify){.fd = -1};
	if (path == NULL || (path[0] != '/' && path[0] != '@'))
		return;
	len = strlen(path);
	if (len >= sizeof(un.sun_path))
		return;
	memcpy(un.sun_path, path, len);
	/* An abstract name has a zero in front and none behind. */
	if (path[0] == '@')
		un.sun_path[0] = '\0';
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (n->fd < 0)
		return;
	if (connect(n->fd, (struct sockaddr *)&un,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) !=
	    0) {
		sdnotify_fini(n);
		return;
	}
	if (pid == 0 || pid == (uint64_t)getpid())
		n->watchdog_ms = number("WATCHDOG_USEC") / 1000;
}

void
sdnotify_fini(struct sdnotify *n)
{
	if (n->fd >= 0)
		(void)close(n->fd);
	n->fd = -1;
}

static void
tell(const struct sdnotify *n, const char *text)
{
	ssize_t sent;

	if (n->fd < 0)
		return;
	sent = send(n->fd, text, strlen(text), MSG_NOSIGNAL);
	(void)sent;
}

void
sdnotify_ready(const struct sdnotify *n)
{
	tell(n, "READY=1");
}

void
sdnotify_reloading(const struct sdnotify *n)
{
	char text[80];

	(void)snprintf(text, sizeof(text),
	    "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, mono_ns() / 1000);
	tell(n, text);
}

void
sdnotify_stopping(const struct sdnotify *n)
{
	tell(n, "STOPPING=1");
}

void
sdnotify_alive(const struct sdnotify *n)
{
	tell(n, "WATCHDOG=1");
}
