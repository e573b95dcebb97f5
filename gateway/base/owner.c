/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the node's user and gives it what root makes. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/owner.h"

int
owner_find(struct owner *o, const char *user, struct fail *f)
{
	struct passwd pw, *found = NULL;
	char room[4096];
	int n;

	*o = (struct owner){.uid = geteuid(), .gid = getegid()};
	if (o->uid != 0 || user[0] == '\0') {
		(void)getpwuid_r(o->uid, &pw, room, sizeof(room), &found);
		if (found == NULL)
			return 0;
	} else {
		(void)getpwnam_r(user, &pw, room, sizeof(room), &found);
		if (found == NULL)
			return fail_set(f, FAIL_CONF,
			    "[node] user: there is no user \"%s\"", user);
		o->uid = pw.pw_uid;
		o->gid = pw.pw_gid;
		o->other = pw.pw_uid != 0;
	}
	n = snprintf(o->name, sizeof(o->name), "%s", pw.pw_name);
	if (n < 0 || (size_t)n >= sizeof(o->name))
		return fail_set(f, FAIL_CONF, "the user's name is too long");
	return 0;
}

int
owner_give(const struct owner *o, const char *path, struct fail *f)
{
	if (o->other && lchown(path, o->uid, o->gid) != 0)
		return fail_sys(f, "cannot give %s to user %s", path, o->name);
	return 0;
}

/* By descriptor: what was looked at is what is given away. */
static int
give_folder(const struct owner *o, const char *path, struct fail *f)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (fd < 0 || fstat(fd, &st) != 0)
		r = fail_sys(f, "%s", path);
	else if (o->other && (st.st_uid != o->uid || st.st_gid != o->gid) &&
		 fchown(fd, o->uid, o->gid) != 0)
		r = fail_sys(f, "cannot give %s to user %s", path, o->name);
	if (fd >= 0)
		(void)close(fd);
	return r;
}

int
owner_folder(
    const struct owner *o, const char *path, mode_t mode, struct fail *f)
{
	char part[PATH_MAX];
	size_t len = strlen(path), i;

	if (len == 0 || len >= sizeof(part))
		return fail_set(f, FAIL_CONF, "folder name \"%.80s\"", path);
	memcpy(part, path, len + 1);
	for (i = 1; i <= len; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (mkdir(part, i == len ? mode : 0755) != 0 && errno != EEXIST)
			return fail_sys(f, "cannot make the folder %s", part);
		part[i] = path[i];
	}
	return give_folder(o, path, f);
}
