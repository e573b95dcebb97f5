/* SPDX-License-Identifier: Apache-2.0 */
/* From RECORDING on the command line to an open file and its key. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/uuid.h"
#include "cli/cli.h"
#include "cli/recfile.h"
#include "recorder/replay/source.h"

#include "cli/replay_open.h"

void
replay_open_fini(struct replay_open *o)
{
	if (o->fd >= 0)
		(void)close(o->fd);
	secret_free(o->key);
	o->fd = -1;
	o->key = NULL;
}

static int
file_open(struct replay_open *o, const char *path, struct fail *f)
{
	struct stat st;

	/* Not to wait for the other end of a pipe. */
	o->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (o->fd < 0 || fstat(o->fd, &st) != 0)
		return fail_sys(f, "cannot open %s", path);
	if (!S_ISREG(st.st_mode))
		return fail_set(f, FAIL_FORMAT, "%s is not a file", path);
	return 0;
}

static bool
is_file(const char *text)
{
	return strchr(text, '/') != NULL || access(text, F_OK) == 0;
}

static bool
needs_key(const struct replay_args *a)
{
	return a->mode != REPLAY_VERIFY;
}

/* The id in the header of the file. */
static int
file_id(const struct replay_open *o, char text[UUID_TEXT_SIZE], struct fail *f)
{
	struct source *s;
	int fd = fcntl(o->fd, F_DUPFD_CLOEXEC, 0), r;

	if (fd < 0)
		return fail_sys(f, "cannot read the recording");
	if ((r = source_open(&s, fd, NULL, f)) != 0)
		return r;
	(void)uuid_text(text, source_header(s)->rec_id);
	source_free(s);
	return 0;
}

/* A file whose key was not given: perhaps this node knows it. */
static int
file_key(struct replay_open *o, struct cli *c, const struct replay_args *a,
    struct fail *f)
{
	char id[UUID_TEXT_SIZE];
	struct recfile rec;
	int r = file_id(o, id, f);

	if (r != 0)
		return r;
	r = cli_reach(c, NEED_DB | NEED_BROKER | NEED_KEEPER);
	if (r == 0)
		r = recfile_find(c, id, &rec);
	if (r == 0)
		r = recfile_key(c, &rec, replay_args_how(a), &o->key);
	c->usage = false;
	return r == 0 ? 0
		      : fail_set(f, r,
			    "the key of the recording is needed: --key FILE, "
			    "or from its node (%s)",
			    fail_why(&c->fail, r));
}

static int
open_file(struct replay_open *o, struct cli *c, const struct replay_args *a,
    struct fail *f)
{
	int r = file_open(o, a->recording, f);

	if (r != 0 || a->key != NULL || !needs_key(a) || a->mode == REPLAY_INFO)
		return r;
	return file_key(o, c, a, f);
}

static int
open_known(struct replay_open *o, struct cli *c, const struct replay_args *a)
{
	bool ask = needs_key(a) && a->key == NULL;
	struct recfile rec;
	char *path = NULL;
	int r;

	r = cli_reach(c, ask ? NEED_DB | NEED_BROKER | NEED_KEEPER : NEED_DB);
	if (r == 0)
		r = strcmp(a->recording, "last") == 0
			? recfile_last(c, &rec)
			: recfile_find(c, a->recording, &rec);
	if (r == 0)
		r = recfile_path(c, &rec, &path);
	if (r == 0)
		r = file_open(o, path, &c->fail);
	if (r == 0 && ask)
		r = recfile_key(c, &rec, replay_args_how(a), &o->key);
	if (r == 0 && rec.has_key && !o->has_node_key) {
		o->has_node_key = true;
		memcpy(o->node_key, rec.node_key, sizeof(o->node_key));
	}
	free(path);
	return r;
}

int
replay_open_init(
    struct replay_open *o, const struct replay_args *a, struct fail *f)
{
	struct args args = {.file = a->conf};
	struct cli c = {.args = &args, .broker = -1, .keeper = -1};
	int r = 0;

	memset(o, 0, sizeof(*o));
	o->fd = -1;
	o->has_node_key = a->has_node_key;
	memcpy(o->node_key, a->node_key, sizeof(o->node_key));
	if (a->key != NULL && needs_key(a))
		r = source_key(&o->key, a->key, f);
	if (r == 0 && is_file(a->recording))
		r = open_file(o, &c, a, f);
	else if (r == 0 && (r = open_known(o, &c, a)) != 0)
		(void)fail_set(f, r, "%s", fail_why(&c.fail, r));
	o->usage = c.usage;
	cli_part(&c);
	return r;
}
