/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which folders each role may use, and which part of the sandbox it enters.
 * What the system calls of a role are is base/sandbox_tbl.h.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sandbox.h"

#include "daemon/confine.h"

enum { PATHS_MAX = 24 };

/* Paths of the configuration made absolute; freed together. */
struct paths {
	char *made[PATHS_MAX];
	size_t n_made;
	const char *read_only[PATHS_MAX];
	const char *read_write[PATHS_MAX];
	const char *execute[PATHS_MAX];
	const char *hidden[PATHS_MAX];
	bool bad; /* no memory */
};

static void
paths_fini(struct paths *p)
{
	while (p->n_made > 0)
		free(p->made[--p->n_made]);
}

static void
add(const char **list, const char *path)
{
	size_t n = 0;

	while (list[n] != NULL)
		n++;
	MUST(n + 1 < PATHS_MAX);
	list[n] = path;
}

/* A path of the configuration; an empty one is none. */
static void
add_conf(
    struct paths *p, const char **list, const struct conf *c, const char *path)
{
	if (path[0] == '\0')
		return;
	MUST(p->n_made < PATHS_MAX);
	if ((p->made[p->n_made] = conf_path(c, path)) == NULL)
		p->bad = true;
	else
		add(list, p->made[p->n_made++]);
}

/* A folder to write in, made now: a rule can only be for what is there. */
static void
add_folder(struct paths *p, const struct conf *c, const char *path, mode_t mode)
{
	size_t n = p->n_made;

	add_conf(p, p->read_write, c, path);
	/* Whether it is of use is seen by who uses it. */
	if (p->n_made > n)
		(void)mkdir(p->made[n], mode);
}

/* Keys and recordings, whatever folder they were put in. */
static void
hide(struct paths *p, const struct conf *c)
{
	add_conf(p, p->hidden, c, c->vault_master_key);
	add_conf(p, p->hidden, c, c->vault_keyring);
	add_conf(p, p->hidden, c, c->recording_spool);
	add_conf(p, p->hidden, c, c->recording_folder);
}

/* Name service, libraries that it loads, time zones, certificates. */
static void
system_files(struct paths *p)
{
	static const char *const system[] = {
	    "/etc", "/usr", "/lib", "/lib64", "/run", "/proc/self"};

	for (size_t i = 0; i < ARRAY_LEN(system); i++)
		add(p->read_only, system[i]);
}

static void
broker_paths(struct paths *p, const struct conf *c)
{
	system_files(p);
	add_conf(p, p->read_only, c, c->database_password_file);
	add_conf(p, p->read_only, c, c->database_tls_ca);
	add_folder(p, c, "journal", 0700);
	hide(p, c);
}

/* The server, and the shell script that makes its first tables. */
static void
database_paths(struct paths *p, const struct conf *c)
{
	static const char *const programs[] = {
	    "/bin", "/sbin", "/usr", "/lib", "/lib64"};

	for (size_t i = 0; i < ARRAY_LEN(programs); i++)
		add(p->execute, programs[i]);
	add_conf(p, p->execute, c, c->database_mariadbd);
	system_files(p);
	add(p->read_only, "/dev/urandom");
	add(p->read_write, "/dev/null");
	add_conf(p, p->read_write, c, "db");
	add_conf(p, p->read_write, c, c->node_run);
	hide(p, c);
}

static int
enter(enum role role, const struct conf *c, struct paths *p, struct fail *f)
{
	struct sandbox_opts o = {
	    .read_only = p->read_only,
	    .read_write = p->read_write,
	    .execute = p->execute,
	    .hidden = p->hidden,
	};

	switch (role) {
	case ROLE_WORKER:
		o.profile = SANDBOX_WORKER;
		break;
	case ROLE_KEEPER:
		o.profile = SANDBOX_KEEPER;
		break;
	case ROLE_RECORDER:
		o.profile = SANDBOX_RECORDER;
		add_folder(p, c, c->recording_spool, 0750);
		add_folder(p, c, c->recording_folder, 0750);
		break;
	case ROLE_BROKER:
		o.profile = SANDBOX_BROKER;
		broker_paths(p, c);
		break;
	case ROLE_DATABASE:
		o.profile = SANDBOX_PROGRAMS;
		database_paths(p, c);
		break;
	case ROLE_SUPERVISOR:
		return fail_set(
		    f, FAIL_STATE, "the supervisor starts programs");
	}
	if (p->bad)
		return fail_set(f, FAIL_NOMEM, "sandbox: out of memory");
	return o.profile == SANDBOX_PROGRAMS ? sandbox_files(&o, f)
					     : sandbox_enter(&o, f);
}

int
confine_role(enum role role, const struct conf *c, struct fail *f)
{
	struct paths p = {.n_made = 0};
	int r;

	if (!c->gateway_sandbox)
		return 0;
	r = enter(role, c, &p, f);
	paths_fini(&p);
	return r;
}
