/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vault's files of a node: made once by `sallyport init`, opened by the
 * keeper when it starts.  Nothing that exists is ever overwritten here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/owner.h"
#include "base/secret.h"

#include "vault/keygen.h"
#include "vault/keyring_file.h"
#include "vault/master.h"
#include "vault/vault.h"

/* Where the files are and whose they are. */
struct place {
	char *master;
	char *keyring;
	struct owner owner;
};

static void
place_fini(struct place *p)
{
	free(p->master);
	free(p->keyring);
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

/* The folder of a file, for the owner alone. */
static int
make_folder(const struct place *p, const char *file, struct fail *f)
{
	char *path = strdup(file);
	char *slash;
	int r = 0;

	if (path == NULL)
		return fail_set(f, FAIL_NOMEM, "no memory for a folder");
	if ((slash = strrchr(path, '/')) != NULL && slash != path) {
		*slash = '\0';
		r = owner_folder(&p->owner, path, S_IRWXU, f);
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
		return master_load(p->master, p->owner.uid, master, f);
	if ((r = make_folder(p, p->master, f)) != 0 ||
	    (r = master_create(p->master, master, f)) != 0)
		return r;
	if ((r = owner_give(&p->owner, p->master, f)) != 0) {
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
	    (r = owner_find(&p.owner, c->node_user, f)) != 0)
		goto done;
	if (lstat(p.keyring, &st) == 0) {
		r = fail_set(
		    f, FAIL_EXISTS, "keyring %s is there already", p.keyring);
		goto done;
	}
	if ((r = make_folder(&p, p.keyring, f)) != 0 ||
	    (r = get_master(&p, &master, f)) != 0)
		goto done;
	if ((ring = keyring_new()) == NULL) {
		r = fail_set(f, FAIL_NOMEM, "no memory for a keyring");
		goto done;
	}
	if ((r = keygen_all(ring, f)) == 0 &&
	    (r = keyring_file_store(ring, p.keyring, master, f)) == 0)
		r = owner_give(&p.owner, p.keyring, f);
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
	    (r = owner_find(&p.owner, c->node_user, f)) == 0 &&
	    (r = master_load(p.master, p.owner.uid, &master, f)) == 0)
		r = keyring_file_load(ring, p.keyring, master, f);
	secret_free(master);
	place_fini(&p);
	return r;
}
