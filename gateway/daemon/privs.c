/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives up root.  Everything that needs it (folders, limits, listening
 * sockets) comes before privs_drop(); no child is started with it.
 */
#include <sys/prctl.h>
#include <sys/resource.h>

#include <grp.h>
#include <unistd.h>

#include "daemon/privs.h"

enum { PRIVS_MEMLOCK = 64 * 1024 * 1024, PRIVS_FILES = 1048576 };

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
privs_drop(const struct owner *o, struct fail *f)
{
	if (o->other) {
		if (setgroups(1, &o->gid) != 0 ||
		    setresgid(o->gid, o->gid, o->gid) != 0 ||
		    setresuid(o->uid, o->uid, o->uid) != 0)
			return fail_sys(
			    f, "becoming user %u", (unsigned)o->uid);
		if (setuid(0) == 0 || seteuid(0) == 0 ||
		    (o->gid != 0 && setgid(0) == 0))
			return fail_set(
			    f, FAIL_DENIED, "root could be regained");
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return fail_sys(f, "no_new_privs");
	return 0;
}
