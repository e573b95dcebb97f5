/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vault's files of a node: made once by `sallyport init`, opened by the
 * keeper when it starts.  Nothing that exists is ever overwritten here.
 */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"

#include "vault/keygen.h"
#include "vault/keyring_file.h"
#include "vault/master.h"
#include "vault/vault.h"

/* Where the files are and who owns them. */
struct place {
	char *master;
	char *keyring;
	uid_t uid;
	gid_t gid;
	bool give; /* we are root and the files are another user's */
};

static void
place_fini(struct place *p)
{
	free(p->master);
	free(p->keyring);
}

static int
find_owner(struct place *p, const char *user, struct fail *f)
{
	struct passwd pw, *found = NULL;
	char space[4096];

	p->uid = geteuid();
	p->gid = getegid();
	if (p->uid != 0 || user == NULL || user[0] == 0)
		return 0;
	if (getpwnam_r(user, &pw, space, sizeof(space), &found) != 0 ||
	    found == NULL)
		return fail_set(f, FAIL_CONF,
		    "user %s of [node] user does not exist", user);
	p->uid = pw.pw_uid;
	p->gid = pw.pw_gid;
	p->give = pw.pw_uid != 0;
	return 0;
}

static int
place_init(struct place *p, const struct conf *c, struct fail *f)
{
	*p = (struct place){
	    .master = conf_path(c, c->vault_master_key),
	    .keyring = conf_path(c, c->vault_keyring),
	};
	if (p->master == NULL || p->keyring == NULL)
		return fail_set(f, FAIL_NOMEM, "no memory to find the vault");
	return 0;
}

static int
give(const struct place *p, const char *path, struct fail *f)
{
	if (p->give && lchown(path, p->uid, p->gid) != 0)
		return fail_sys(f, "cannot give %s to its user", path);
	return 0;
}

/* Every missing folder above file, for its owner alone. */
static int
make_folders(const struct place *p, const char *file, struct fail *f)
{
	char *path = strdup(file);
	char *slash;
	int r = 0;

	if (path == NULL)
		return fail_set(f, FAIL_NOMEM, "no memory for a folder");
	for (slash = strchr(path + 1, '/'); slash != NULL && r == 0;
	     slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(path, S_IRWXU) == 0)
			r = give(p, path, f);
		else if (errno != EEXIST)
			r = fail_sys(f, "cannot make folder %s", path);
		*slash = '/';
	}
	free(path);
	return r;
}

/* A key left over by an interrupted start, or supplied, is used. */
static int
get_master(const struct place *p, struct secret **master, struct fail *f)
{
	struct stat st;
	int r;

	if (lstat(p->master, &st) == 0)
		return master_load(p->master, p->uid, master, f);
	if ((r = make_folders(p, p->master, f)) != 0 ||
	    (r = master_create(p->master, master, f)) != 0)
		return r;
	if ((r = give(p, p->master, f)) != 0) {
		secret_free(*master);
		*master = NULL;
	}
	return r;
}

int
vault_init(const struct conf *c, struct fail *f)
{
	struct secret *master = NULL;
	struct keyring *ring = NULL;
	struct place p;
	struct stat st;
	int r;

	if ((r = place_init(&p, c, f)) != 0 ||
	    (r = find_owner(&p, c->node_user, f)) != 0)
		goto done;
	if (lstat(p.keyring, &st) == 0) {
		r = fail_set(
		    f, FAIL_EXISTS, "keyring %s is there already", p.keyring);
		goto done;
	}
	if ((r = make_folders(&p, p.keyring, f)) != 0 ||
	    (r = get_master(&p, &master, f)) != 0)
		goto done;
	if ((ring = keyring_new()) == NULL) {
		r = fail_set(f, FAIL_NOMEM, "no memory for a keyring");
		goto done;
	}
	if ((r = keygen_all(ring, f)) == 0 &&
	    (r = keyring_file_store(ring, p.keyring, master, f)) == 0)
		r = give(&p, p.keyring, f);
done:
	keyring_free(ring);
	secret_free(master);
	place_fini(&p);
	return r;
}

int
vault_open(const struct conf *c, struct keyring **ring, struct fail *f)
{
	struct secret *master = NULL;
	struct place p;
	int r;

	*ring = NULL;
	if ((r = place_init(&p, c, f)) == 0 &&
	    (r = find_owner(&p, c->node_user, f)) == 0 &&
	    (r = master_load(p.master, p.uid, &master, f)) == 0)
		r = keyring_file_load(ring, p.keyring, master, f);
	secret_free(master);
	place_fini(&p);
	return r;
}
