/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the configuration to the options of a connection: embedded mode speaks
 * to the private server's unix socket as the user of this process, cluster
 * mode to the listed hosts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/owner.h"
#include "sql/endpoints.h"

#include "sql/db.h"

#define OWNED_SIZE 4096
#define SOCKET_MAX (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1)

int
db_socket_path(char dst[108], const struct conf *c, struct fail *f)
{
	const char *state = c->node_state, *run = c->node_run;
	int n;

	if (strlen(state) + strlen("/db/db.sock") <= SOCKET_MAX)
		n = snprintf(dst, 108, "%s/db/db.sock", state);
	else
		n = snprintf(dst, 108, "%s/db.sock", run);
	if (n < 0 || (size_t)n > SOCKET_MAX)
		return fail_set(f, FAIL_CONF,
		    "[node] state and run are both too long for a unix socket "
		    "(a path has at most %zu bytes)",
		    SOCKET_MAX);
	return 0;
}

/* A piece of the options' own memory; text is cut off by no one. */
static int
keep(struct db_opts *o, size_t *used, const char **dst, const char *text,
    struct fail *f)
{
	size_t len = strlen(text) + 1;

	if (len > OWNED_SIZE - *used)
		return fail_set(
		    f, FAIL_CONF, "the settings in [database] are too long");
	memcpy(o->owned + *used, text, len);
	*dst = o->owned + *used;
	*used += len;
	return 0;
}

static int
keep_path(struct db_opts *o, size_t *used, const char **dst,
    const struct conf *c, const char *path, struct fail *f)
{
	char *full;
	int r;

	if (path[0] == '\0')
		return 0;
	full = conf_path(c, path);
	if (full == NULL)
		return fail_set(f, FAIL_NOMEM, "out of memory");
	r = keep(o, used, dst, full, f);
	free(full);
	return r;
}

static int
embedded_opts(
    struct db_opts *o, size_t *used, const struct conf *c, struct fail *f)
{
	char path[108];
	struct owner self;
	int r = db_socket_path(path, c, f);

	if (r)
		return r;
	if ((r = owner_find(&self, "", f)) != 0)
		return r;
	if (self.name[0] == '\0')
		return fail_set(f, FAIL_NOTFOUND,
		    "user id %u of this process has no name",
		    (unsigned)self.uid);
	r = keep(o, used, &o->socket, path, f);
	return r ? r : keep(o, used, &o->user, self.name, f);
}

static int
cluster_opts(
    struct db_opts *o, size_t *used, const struct conf *c, struct fail *f)
{
	int r = endpoints_new(&o->endpoints, c->database_hosts, f);

	if (r)
		return r;
	if (c->database_tls_ca[0] == '\0')
		return fail_set(f, FAIL_CONF,
		    "[database] tls_ca is needed in cluster mode");
	r = keep(o, used, &o->user, c->database_user, f);
	if (r == 0)
		r = keep_path(o, used, &o->password_file, c,
		    c->database_password_file, f);
	if (r == 0)
		r = keep_path(o, used, &o->tls_ca, c, c->database_tls_ca, f);
	return r;
}

int
db_opts_init(struct db_opts *dst, const struct conf *c, struct fail *f)
{
	size_t used = 0;
	int r;

	memset(dst, 0, sizeof(*dst));
	dst->owned = calloc(1, OWNED_SIZE);
	if (dst->owned == NULL)
		return fail_set(f, FAIL_NOMEM, "out of memory");
	dst->timeout_ms = c->database_timeout < 100 ? 100
			  : c->database_timeout > 3600000
			      ? 3600000
			      : (uint32_t)c->database_timeout;
	r = keep(dst, &used, &dst->name, c->database_name, f);
	if (r == 0 && strcmp(c->database_mode, "embedded") == 0)
		r = embedded_opts(dst, &used, c, f);
	else if (r == 0 && strcmp(c->database_mode, "cluster") == 0)
		r = cluster_opts(dst, &used, c, f);
	else if (r == 0)
		r = fail_set(f, FAIL_CONF,
		    "[database] mode is neither embedded nor cluster");
	if (r)
		db_opts_fini(dst);
	return r;
}

void
db_opts_fini(struct db_opts *o)
{
	endpoints_free(o->endpoints);
	free(o->owned);
	memset(o, 0, sizeof(*o));
}
