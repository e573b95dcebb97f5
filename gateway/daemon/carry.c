/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carries the supervisor's state over an exec of its own program: writes it to
 * a memfd with everything that has to stay open, and picks it up again.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#include "daemon/resume.h"
#include "daemon/supervisor_impl.h"

enum { CARRY_MAX = 16 * 1024 * 1024 };

enum { FLAG_ASKED = 1, FLAG_CURRENT = 2 };

static void
keep_open(struct supervisor *sv, bool open)
{
	int flags = open ? 0 : FD_CLOEXEC;

	for (size_t i = 0; i < sv->listeners.n; i++)
		(void)fcntl(sv->listeners.l[i].fd, F_SETFD, flags);
	for (struct proc *p = sv->procs.first; p != NULL; p = p->next)
		if (p->ctl != NULL)
			(void)fcntl(ipc_fd(p->ctl), F_SETFD, flags);
}

static int
fill(struct supervisor *sv, struct resume *x)
{
	size_t n = 0;

	for (struct proc *p = sv->procs.first; p != NULL; p = p->next)
		n++;
	x->procs = calloc(n + 1, sizeof(x->procs[0]));
	if (x->procs == NULL)
		return FAIL_NOMEM;
	for (struct proc *p = sv->procs.first; p != NULL; p = p->next)
		x->procs[x->n_procs++] = (struct resume_proc){
		    .role = (uint8_t)p->role,
		    .state = (uint8_t)p->state,
		    .flags = (uint8_t)((p->asked ? FLAG_ASKED : 0) |
				       (p->current ? FLAG_CURRENT : 0)),
		    .number = p->number,
		    .pid = (uint32_t)p->pid,
		    .fd =
			p->ctl == NULL ? UINT32_MAX : (uint32_t)ipc_fd(p->ctl),
		    .load = p->load,
		    .start_ns = p->start_ns,
		    .idle_ns = p->idle_ns,
		    .due_ns = p->due_ns,
		};
	x->next_number = sv->procs.next_number;
	x->listeners = sv->listeners;
	return 0;
}

/* All of a file; the text of the configuration or the state. */
static int
slurp(int fd, struct buf *to)
{
	struct stat st;
	uint8_t *p;
	size_t len, at = 0;
	int r;

	if (fstat(fd, &st) != 0 || st.st_size < 0 || st.st_size > CARRY_MAX)
		return FAIL_SYS;
	len = (size_t)st.st_size;
	r = buf_reserve(to, len + 1, &p);
	while (r == 0 && at < len) {
		ssize_t n = pread(fd, p + at, len - at, (off_t)at);

		if (n <= 0)
			return FAIL_SYS;
		at += (size_t)n;
	}
	if (r == 0)
		buf_commit(to, len);
	return r;
}

/* The state in a memfd that survives exec, or -1. */
static int
save(struct supervisor *sv)
{
	struct resume x = {0};
	struct buf conf, b;
	int fd = -1;
	int r;

	buf_init(&conf, CARRY_MAX);
	buf_init(&b, CARRY_MAX);
	r = slurp(sv->conf_fd, &conf);
	if (r == 0) {
		x.conf = buf_span(&conf);
		r = fill(sv, &x);
	}
	if (r == 0)
		r = resume_encode(&x, &b);
	if (r == 0) {
		fd = memfd_create("sallyportd-state", 0);
		if (fd >= 0 && write(fd, buf_head(&b), buf_len(&b)) !=
				   (ssize_t)buf_len(&b)) {
			(void)close(fd);
			fd = -1;
		}
	}
	resume_fini(&x);
	buf_fini(&conf);
	buf_fini(&b);
	return fd;
}

void
carry_exec(struct supervisor *sv)
{
	char number[16];
	const char *argv[] = {
	    sv->opts->exe, "-c", sv->opts->conf_file, "--resume", number, NULL};
	int fd = save(sv);

	if (fd < 0) {
		log_err(NULL, "cannot save the state; not reloading");
		return;
	}
	(void)snprintf(number, sizeof(number), "%d", fd);
	keep_open(sv, true);
	(void)execv(sv->opts->exe, (char *const *)(uintptr_t)argv);
	log_err(NULL, "exec %s: %s; not reloading", sv->opts->exe,
	    strerrordesc_np(errno));
	keep_open(sv, false);
	(void)close(fd);
}

static void
adopt_proc(struct supervisor *sv, const struct resume_proc *x)
{
	struct proc *p;
	int fd = (int)x->fd;

	if (x->fd == UINT32_MAX) {
		/* Without a link it can only be waited for. */
		(void)kill((pid_t)x->pid, SIGKILL);
		return;
	}
	p = proc_add(
	    &sv->procs, (enum role)x->role, x->number, (pid_t)x->pid, fd);
	if (p == NULL) {
		(void)kill((pid_t)x->pid, SIGKILL);
		return;
	}
	p->state = (enum proc_state)x->state;
	p->asked = (x->flags & FLAG_ASKED) != 0;
	p->current = (x->flags & FLAG_CURRENT) != 0;
	p->load = x->load;
	p->start_ns = x->start_ns;
	p->idle_ns = x->idle_ns;
	p->due_ns = x->due_ns;
}

static int
adopt(struct supervisor *sv, struct resume *x)
{
	for (size_t i = 0; i < x->listeners.n; i++) {
		const struct listener *l = &x->listeners.l[i];
		int r = listeners_adopt(&sv->listeners, l->name, l->at, l->fd);

		if (r != 0)
			return r;
	}
	sv->procs.next_number = x->next_number;
	/* Back to front, so that the list has its order again. */
	for (size_t i = x->n_procs; i > 0; i--) {
		const struct resume_proc *p = &x->procs[i - 1];

		if (role_name((enum role)p->role) == NULL ||
		    p->state > PROC_KILLED)
			return FAIL_FORMAT;
		adopt_proc(sv, p);
	}
	keep_open(sv, false);
	return 0;
}

int
carry_resume(struct supervisor *sv, int fd, bool *conf_is_new, struct fail *f)
{
	struct fail cf = {0};
	struct resume x;
	struct buf b;
	int r;

	buf_init(&b, CARRY_MAX);
	r = slurp(fd, &b);
	(void)close(fd);
	if (r == 0)
		r = resume_decode(&x, buf_span(&b));
	if (r != 0) {
		buf_fini(&b);
		return fail_set(f, r, "the state passed on is unreadable");
	}
	*conf_is_new = conf_load(&sv->conf, sv->opts->conf_file, &cf) == 0 &&
		       listeners_check(sv->conf, &cf) == 0;
	if (!*conf_is_new) {
		conf_free(sv->conf);
		sv->conf = NULL;
		log_err(NULL, "%s; going on with what was in force", cf.why);
		r = conf_parse(&sv->conf, sv->opts->conf_file,
		    (const char *)x.conf.p, x.conf.len, f);
	}
	if (r == 0)
		r = adopt(sv, &x);
	resume_fini(&x);
	buf_fini(&b);
	return r;
}
