/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives up root.  Everything that needs it (folders, limits, listening
 * sockets) comes before privs_drop(); no child is started with it.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "daemon/privs.h"

enum { PRIVS_MEMLOCK = 64 * 1024 * 1024, PRIVS_FILES = 1048576 };

int
privs_lookup(const struct conf *c, struct privs *p, struct fail *f)
{
	char text[4096];
	struct passwd pw, *found = NULL;
	int err;

	*p = (struct privs){.uid = geteuid(), .gid = getegid()};
	if (geteuid() != 0 || c->node_user[0] == '\0' ||
	    strcmp(c->node_user, "root") == 0)
		return 0;
	err = getpwnam_r(c->node_user, &pw, text, sizeof(text), &found);
	if (err != 0 || found == NULL)
		return fail_set(
		    f, FAIL_CONF, "[node] user: no user \"%s\"", c->node_user);
	p->drop = pw.pw_uid != 0;
	p->uid = pw.pw_uid;
	p->gid = pw.pw_gid;
	return 0;
}

static int
own(const struct privs *p, const char *path, struct fail *f)
{
	struct stat st;
	int fd, r = 0;

	/* By descriptor: what was looked at is what is given away. */
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		r = fail_sys(f, "%s", path);
	else if (p->drop && (st.st_uid != p->uid || st.st_gid != p->gid) &&
		 fchown(fd, p->uid, p->gid) != 0)
		r = fail_sys(f, "chown %s", path);
	if (fd >= 0)
		(void)close(fd);
	return r;
}

int
privs_folder(const struct privs *p, const char *path, struct fail *f)
{
	char part[PATH_MAX];
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(part))
		return fail_set(f, FAIL_CONF, "folder name \"%.80s\"", path);
	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		mode_t mode = i == len ? 0750 : 0755;

		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (mkdir(part, mode) != 0 && errno != EEXIST)
			return fail_sys(f, "mkdir %s", part);
		part[i] = path[i];
	}
	return own(p, path, f);
}

static void
raise_limit(__rlimit_resource_t what, rlim_t want)
{
	struct rlimit r;

	if (getrlimit(what, &r) != 0 || r.rlim_cur >= want)
		return;
	if (geteuid() == 0 && r.rlim_max < want)
		r.rlim_max = want;
	r.rlim_cur = r.rlim_max < want ? r.rlim_max : want;
	(void)setrlimit(what, &r);
}

void
privs_limits(void)
{
	raise_limit(RLIMIT_MEMLOCK, PRIVS_MEMLOCK);
	raise_limit(RLIMIT_NOFILE, PRIVS_FILES);
}

int
privs_drop(const struct privs *p, struct fail *f)
{
	if (p->drop) {
		if (setgroups(1, &p->gid) != 0 ||
		    setresgid(p->gid, p->gid, p->gid) != 0 ||
		    setresuid(p->uid, p->uid, p->uid) != 0)
			return fail_sys(
			    f, "becoming user %u", (unsigned)p->uid);
		if (setuid(0) == 0 || seteuid(0) == 0 ||
		    (p->gid != 0 && setgid(0) == 0))
			return fail_set(
			    f, FAIL_DENIED, "root could be regained");
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return fail_sys(f, "no_new_privs");
	return 0;
}
