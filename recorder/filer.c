/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that moves bytes from segments to recordings.  The order makes a
 * crash harmless at any point: bytes are synced before the state that counts
 * them, the state before a segment goes, the file before its name, the name
 * before the state is forgotten.
 */
#include <sys/eventfd.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recorder/filer.h"
#include "recorder/spool.h"

enum {
	COPY = 256 * 1024,
	SEGS = 4,	  /* open segments */
	BATCH = 512,	  /* jobs, and so open files, at a time */
	SYNC_ALL_AT = 16, /* files from which one syncfs is cheaper */
};

struct open_seg {
	uint32_t number;
	int fd; /* -1: free */
};

struct filer {
	struct filer_opts opts;
	char *spool;
	char *folder;
	struct watch *watch;
	int event;
	pthread_t thread;
	bool started;

	/* Of the thread only. */
	uint8_t *mem;
	size_t used;
	struct open_seg seg[SEGS];
	size_t turn;

	/* Shared. */
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct filer_job *todo;
	struct filer_job **todo_end;
	struct filer_job *done;
	struct filer_job **done_end;
	bool stop;

	size_t waiting; /* of the loop's side */
};

void
filer_job_free(struct filer_job *j)
{
	if (j == NULL)
		return;
	free(j->ext);
	free(j);
}

struct filer_job *
filer_job_new(enum filer_what what, void *owner)
{
	struct filer_job *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	j->what = what;
	j->owner = owner;
	j->fd = -1;
	return j;
}

/* ---- the thread: bytes */

static int
seg_open(struct filer *f, uint32_t number, struct fail *e)
{
	char path[PLACE_PATH];
	struct open_seg *s;
	size_t i;

	for (i = 0; i < SEGS; i++)
		if (f->seg[i].fd >= 0 && f->seg[i].number == number)
			return f->seg[i].fd;
	s = &f->seg[f->turn++ % SEGS];
	if (s->fd >= 0)
		(void)close(s->fd);
	spool_path(path, sizeof(path), f->spool, number);
	s->number = number;
	s->fd = open(path, O_RDONLY | O_CLOEXEC);
	return s->fd >= 0 ? s->fd : fail_sys(e, "%s", path);
}

static void
segs_close(struct filer *f)
{
	size_t i;

	for (i = 0; i < SEGS; i++) {
		if (f->seg[i].fd >= 0)
			(void)close(f->seg[i].fd);
		f->seg[i].fd = -1;
	}
}

static int
out_flush(struct filer *f, struct filer_job *j)
{
	size_t n = 0;

	while (n < f->used) {
		ssize_t got = write(j->fd, f->mem + n, f->used - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return fail_sys(&j->fail, "%s", j->name);
		n += (size_t)got;
	}
	f->used = 0;
	return 0;
}

static int
extent_copy(struct filer *f, struct filer_job *j, struct extent x)
{
	int fd = seg_open(f, x.seg, &j->fail);
	int r;

	if (fd < 0)
		return fd;
	while (x.len > 0) {
		size_t want = COPY - f->used < x.len ? COPY - f->used : x.len;
		ssize_t got = pread(fd, f->mem + f->used, want, (off_t)x.off);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return fail_sys(&j->fail, "segment %u", x.seg);
		f->used += (size_t)got;
		x.off += (uint32_t)got;
		x.len -= (uint32_t)got;
		if (f->used == COPY && (r = out_flush(f, j)) != 0)
			return r;
	}
	return 0;
}

/* Open the .part at exactly part_off bytes. */
static int
part_open(struct filer *f, struct filer_job *j)
{
	char path[PLACE_PATH];
	struct stat st;
	int flags = O_RDWR | O_CREAT | O_CLOEXEC;

	place_path(path, sizeof(path), f->folder, j->name, ".part");
	j->fd = open(path, flags, 0640);
	if (j->fd < 0 && errno == ENOENT && place_mkdirs(f->folder, path) == 0)
		j->fd = open(path, flags, 0640);
	if (j->fd < 0 || fstat(j->fd, &st) != 0)
		return fail_sys(&j->fail, "%s", path);
	if ((uint64_t)st.st_size < j->part_off)
		return fail_set(&j->fail, FAIL_RECORDING,
		    "%s is shorter than it was", path);
	/* More than that is what an earlier try left. */
	if (ftruncate(j->fd, (off_t)j->part_off) != 0 ||
	    lseek(j->fd, (off_t)j->part_off, SEEK_SET) < 0)
		return fail_sys(&j->fail, "%s", path);
	return 0;
}

/* An earlier try got as far as the new name. */
static bool
renamed_already(struct filer *f, struct filer_job *j)
{
	char path[PLACE_PATH];

	place_path(path, sizeof(path), f->folder, j->name, ".part");
	if (access(path, F_OK) == 0)
		return false;
	place_path(path, sizeof(path), f->folder, j->name, "");
	j->fd = open(path, O_RDONLY | O_CLOEXEC);
	j->renamed = j->fd >= 0;
	return j->renamed;
}

static int
part_write(struct filer *f, struct filer_job *j)
{
	size_t i;
	int r;

	if (j->what == FILER_FINISH && renamed_already(f, j))
		return 0;
	r = part_open(f, j);

	f->used = 0;
	for (i = 0; r == 0 && i < j->n_ext; i++)
		r = extent_copy(f, j, j->ext[i]);
	if (r == 0)
		r = out_flush(f, j);
	if (r == 0 && j->tail_len > 0) {
		memcpy(f->mem, j->tail, j->tail_len);
		f->used = j->tail_len;
		r = out_flush(f, j);
	}
	return r;
}

static void
part_close(struct filer_job *j)
{
	if (j->fd >= 0)
		(void)close(j->fd);
	j->fd = -1;
}

static int
state_write(struct filer *f, struct filer_job *j, bool sync)
{
	uint8_t mem[PLACE_STATE];
	char path[PLACE_PATH];
	bool fresh;
	int fd;

	place_state_path(path, sizeof(path), f->spool, j->rec_id);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	fresh = fd < 0 && errno == ENOENT;
	if (fresh)
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_sys(&j->fail, "%s", path);
	place_state_encode(mem, &j->chain);
	if (pwrite(fd, mem, sizeof(mem), 0) != (ssize_t)sizeof(mem) ||
	    (sync && (fdatasync(fd) != 0 ||
			 (fresh && place_sync_folder(path) != 0)))) {
		int r = fail_sys(&j->fail, "%s", path);

		(void)close(fd);
		return r;
	}
	(void)close(fd);
	return 0;
}

static int
part_rename(struct filer *f, struct filer_job *j)
{
	char from[PLACE_PATH], to[PLACE_PATH];

	if (j->renamed)
		return 0;
	place_path(from, sizeof(from), f->folder, j->name, ".part");
	place_path(to, sizeof(to), f->folder, j->name, "");
	if (fchmod(j->fd, 0440) != 0 || rename(from, to) != 0)
		return fail_sys(&j->fail, "%s", to);
	return 0;
}

/* ---- the thread: batches */

static bool
has_file(const struct filer_job *j)
{
	return (j->what == FILER_MOVE || j->what == FILER_FINISH) &&
	       j->fail.code == 0;
}

static int
part_sync(const struct filer *f, const struct filer_job *j)
{
	char path[PLACE_PATH];

	if (fsync(j->fd) != 0)
		return FAIL_SYS;
	if (j->what != FILER_MOVE || j->part_off != 0)
		return 0;
	place_path(path, sizeof(path), f->folder, j->name, ".part");
	return place_sync_folder(path); /* the name is new as well */
}

static int
sync_all(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	r = fd >= 0 && syncfs(fd) == 0 ? 0 : FAIL_SYS;
	if (fd >= 0)
		(void)close(fd);
	return r;
}

/* Everything written so far is on disk, or the jobs have failed. */
static void
batch_sync(struct filer *f, struct filer_job *list, size_t n)
{
	struct filer_job *j;
	bool all = n >= SYNC_ALL_AT;
	int r = all ? sync_all(f->folder) : 0;

	for (j = list; j != NULL; j = j->next) {
		if (!has_file(j))
			continue;
		if (all ? r != 0 : part_sync(f, j) != 0)
			(void)fail_sys(&j->fail, "%s", j->name);
	}
}

static void
job_begin(struct filer *f, struct filer_job *j)
{
	char path[PLACE_PATH];

	switch (j->what) {
	case FILER_MOVE:
	case FILER_FINISH:
		IGNORE(part_write(f, j));
		break;
	case FILER_FORGET:
		place_state_path(path, sizeof(path), f->spool, j->rec_id);
		(void)unlink(path);
		break;
	case FILER_REMOVE:
		segs_close(f);
		spool_path(path, sizeof(path), f->spool, j->seg);
		(void)unlink(path);
		break;
	}
}

/* Folders of the renamed files, each once where neighbours share it. */
static void
folders_sync(struct filer *f, struct filer_job *list)
{
	char path[PLACE_PATH], last[PLACE_NAME] = "";
	struct filer_job *j;

	for (j = list; j != NULL; j = j->next) {
		if (j->what != FILER_FINISH || j->fail.code != 0 ||
		    strncmp(last, j->name, 10) == 0)
			continue;
		memcpy(last, j->name, PLACE_NAME);
		place_path(path, sizeof(path), f->folder, j->name, "");
		if (place_sync_folder(path) != 0)
			(void)fail_sys(&j->fail, "%s", path);
	}
}

/* Of those that move: their states, on disk, or the jobs have failed. */
static void
states_write(struct filer *f, struct filer_job *list, size_t n)
{
	bool all = n >= SYNC_ALL_AT;
	struct filer_job *j;

	for (j = list; j != NULL; j = j->next)
		if (has_file(j) && j->what == FILER_MOVE)
			IGNORE(state_write(f, j, !all));
	if (!all || sync_all(f->spool) == 0)
		return;
	for (j = list; j != NULL; j = j->next)
		if (has_file(j) && j->what == FILER_MOVE)
			(void)fail_sys(&j->fail, "%s", f->spool);
}

static void
batch_do(struct filer *f, struct filer_job *list)
{
	struct filer_job *j;
	size_t n = 0;

	for (j = list; j != NULL; j = j->next) {
		job_begin(f, j);
		n += has_file(j);
	}
	if (n > 0)
		batch_sync(f, list, n);
	states_write(f, list, n);
	for (j = list; j != NULL; j = j->next)
		if (has_file(j) && j->what == FILER_FINISH)
			IGNORE(part_rename(f, j));
	folders_sync(f, list);
	for (j = list; j != NULL; j = j->next)
		part_close(j);
}

/* At most BATCH jobs off the head of the queue; NULL: stop. */
static struct filer_job *
batch_take(struct filer *f)
{
	struct filer_job *list, *j;
	size_t n = 1;

	pthread_mutex_lock(&f->lock);
	while (f->todo == NULL && !f->stop)
		pthread_cond_wait(&f->cond, &f->lock);
	list = j = f->todo;
	if (list != NULL) {
		for (; n < BATCH && j->next != NULL; n++)
			j = j->next;
		f->todo = j->next;
		j->next = NULL;
		if (f->todo == NULL)
			f->todo_end = &f->todo;
	}
	pthread_mutex_unlock(&f->lock);
	return list;
}

static void *
filer_thread(void *arg)
{
	struct filer *f = arg;
	struct filer_job *list, *last;
	uint64_t one = 1;

	while ((list = batch_take(f)) != NULL) {
		batch_do(f, list);
		for (last = list; last->next != NULL; last = last->next)
			;
		pthread_mutex_lock(&f->lock);
		*f->done_end = list;
		f->done_end = &last->next;
		pthread_mutex_unlock(&f->lock);
		IGNORE(write(f->event, &one, sizeof(one)));
	}
	segs_close(f);
	return NULL;
}

/* ---- the loop's side */

static void
on_event(struct watch *w, int fd, unsigned events, void *ctx)
{
	struct filer *f = ctx;
	struct filer_job *j;
	uint64_t n;

	(void)w;
	(void)events;
	IGNORE(read(fd, &n, sizeof(n)));
	pthread_mutex_lock(&f->lock);
	j = f->done;
	f->done = NULL;
	f->done_end = &f->done;
	pthread_mutex_unlock(&f->lock);
	while (j != NULL) {
		struct filer_job *next = j->next;

		f->waiting--;
		f->opts.done(f->opts.ctx, j);
		j = next;
	}
}

static void
jobs_free(struct filer_job *j)
{
	while (j != NULL) {
		struct filer_job *next = j->next;

		filer_job_free(j);
		j = next;
	}
}

void
filer_free(struct filer *f)
{
	if (f == NULL)
		return;
	if (f->started) {
		pthread_mutex_lock(&f->lock);
		f->stop = true;
		pthread_cond_signal(&f->cond);
		pthread_mutex_unlock(&f->lock);
		(void)pthread_join(f->thread, NULL);
	}
	watch_free(f->watch);
	jobs_free(f->todo);
	jobs_free(f->done);
	if (f->event >= 0)
		(void)close(f->event);
	(void)pthread_cond_destroy(&f->cond);
	(void)pthread_mutex_destroy(&f->lock);
	free(f->mem);
	free(f->spool);
	free(f->folder);
	free(f);
}

int
filer_new(struct filer **out, struct loop *l, const struct filer_opts *o)
{
	struct filer *f = calloc(1, sizeof(*f));
	sigset_t all, old;
	int r = FAIL_NOMEM;

	if (f == NULL)
		return FAIL_NOMEM;
	(void)pthread_mutex_init(&f->lock, NULL);
	(void)pthread_cond_init(&f->cond, NULL);
	f->opts = *o;
	f->todo_end = &f->todo;
	f->done_end = &f->done;
	for (size_t i = 0; i < SEGS; i++)
		f->seg[i].fd = -1;
	f->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	f->spool = strdup(o->spool);
	f->folder = strdup(o->folder);
	f->mem = malloc(COPY);
	if (f->event < 0 || f->spool == NULL || f->folder == NULL ||
	    f->mem == NULL ||
	    (f->watch = watch_new(l, f->event, LOOP_READ, on_event, f)) == NULL)
		goto fail;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	f->started = pthread_create(&f->thread, NULL, filer_thread, f) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	r = FAIL_SYS;
	if (!f->started)
		goto fail;
	*out = f;
	return 0;
fail:
	filer_free(f);
	return r;
}

void
filer_put(struct filer *f, struct filer_job *j)
{
	f->waiting++;
	j->next = NULL;
	pthread_mutex_lock(&f->lock);
	*f->todo_end = j;
	f->todo_end = &j->next;
	pthread_cond_signal(&f->cond);
	pthread_mutex_unlock(&f->lock);
}

size_t
filer_waiting(const struct filer *f)
{
	return f->waiting;
}
