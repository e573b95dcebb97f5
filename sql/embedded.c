/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The private database server: makes its data folder, starts it, asks it
 * whether it answers, stops it.  Who decides when is database_main() or the
 * command line.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/owner.h"
#include "sql/db.h"

#include "sql/embedded.h"

#define PATH_SIZE 4096
#define INSTALL_MS 300000U
#define START_MS 120000U
#define LOG_MAX (16L * 1024 * 1024)

struct embedded {
	const struct conf *conf;
	struct db_opts opts;
	char dir[PATH_SIZE]; /* state/db */
	/*
	 * A server deletes the temporary tables that it finds when it starts,
	 * also those of another server: /tmp would be shared.
	 */
	char tmp[PATH_SIZE + 8];
	char socket[108];
	struct owner owner; /* whom the server runs as */
	pid_t pid;
};

/* Arguments of a program to be started; each a string of its own. */
struct argv {
	char *v[48];
	size_t n;
	bool bad;
};

static void argv_add(struct argv *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void
argv_add(struct argv *a, const char *fmt, ...)
{
	va_list ap;
	int n = -1;

	va_start(ap, fmt);
	if (a->n < ARRAY_LEN(a->v) - 1)
		n = vasprintf(&a->v[a->n], fmt, ap);
	va_end(ap);
	if (n < 0)
		a->bad = true;
	else
		a->v[++a->n] = NULL;
}

static void
argv_fini(struct argv *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->v[i]);
	memset(a, 0, sizeof(*a));
}

void
embedded_free(struct embedded *e)
{
	if (e == NULL)
		return;
	db_opts_fini(&e->opts);
	free(e);
}

static int
set_up(struct embedded *e, struct fail *f)
{
	int n = snprintf(e->dir, sizeof(e->dir), "%s/db", e->conf->node_state);
	int r;

	if (n < 0 || (size_t)n >= sizeof(e->dir) - 64)
		return fail_set(f, FAIL_CONF, "[node] state is too long");
	(void)snprintf(e->tmp, sizeof(e->tmp), "%s/tmp", e->dir);
	r = db_socket_path(e->socket, e->conf, f);
	if (r == 0)
		r = owner_find(&e->owner, e->conf->node_user, f);
	if (r == 0)
		r = owner_folder(&e->owner, e->dir, 0700, f);
	if (r == 0)
		r = owner_folder(&e->owner, e->tmp, 0700, f);
	if (r == 0)
		r = db_opts_init(&e->opts, e->conf, f);
	if (r)
		return r;
	e->opts.name = NULL;
	e->opts.budget_ms = 1;
	return 0;
}

int
embedded_new(struct embedded **out, const struct conf *conf, struct fail *f)
{
	struct embedded *e = calloc(1, sizeof(*e));
	int r;

	*out = NULL;
	if (e == NULL)
		return fail_set(f, FAIL_NOMEM, "out of memory");
	e->conf = conf;
	r = set_up(e, f);
	if (r)
		embedded_free(e);
	else
		*out = e;
	return r;
}

/* In the child: only what is safe after a fork of a process with threads. */
static void NORETURN
child_exec(
    const struct embedded *e, const struct argv *a, int log_fd, pid_t parent)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char locale[] = "LC_ALL=C";
	char *const env[] = {path, locale, NULL};
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(null, 0) < 0 || dup2(log_fd, 1) < 0 ||
	    dup2(log_fd, 2) < 0)
		_exit(126);
	/* Descriptors of the parent have no business there. */
	if (close_range(3, ~0U, 0))
		_exit(126);
	if (e->owner.other && (setgroups(0, NULL) || setgid(e->owner.gid) ||
				  setuid(e->owner.uid)))
		_exit(126);
	/* After the change of user, which forgets it. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) || getppid() != parent)
		_exit(126);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	execve(a->v[0], a->v, env);
	_exit(127);
}

/* Start a program with its output in dir/log. */
static int
start(const struct embedded *e, const struct argv *a, const char *log,
    pid_t *pid, struct fail *f)
{
	char path[PATH_SIZE + 32], old[PATH_SIZE + 40];
	pid_t parent = getpid();
	struct stat st;
	int fd;

	if (a->bad)
		return fail_set(f, FAIL_NOMEM, "out of memory");
	snprintf(path, sizeof(path), "%s/%s", e->dir, log);
	if (stat(path, &st) == 0 && st.st_size > LOG_MAX) {
		snprintf(old, sizeof(old), "%s.old", path);
		if (rename(path, old))
			return fail_sys(f, "cannot rename %s", path);
	}
	fd = open(
	    path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail_sys(f, "cannot open %s", path);
	if (e->owner.other && fchown(fd, e->owner.uid, e->owner.gid)) {
		int r =
		    fail_sys(f, "cannot give %s to %s", path, e->owner.name);
		close(fd);
		return r;
	}
	*pid = fork();
	if (*pid == 0)
		child_exec(e, a, fd, parent);
	close(fd);
	if (*pid < 0) {
		*pid = 0;
		return fail_sys(f, "cannot start %s", a->v[0]);
	}
	return 0;
}

static void
nap(unsigned ms)
{
	struct timespec ts = {
	    .tv_sec = ms / 1000,
	    .tv_nsec = (long)(ms % 1000) * 1000000,
	};

	nanosleep(&ts, NULL);
}

/* Wait for pid, at most wait_ms; FAIL_TIMEOUT leaves it running. */
static int
wait_for(pid_t pid, uint32_t wait_ms, int *status)
{
	uint64_t end = mono_ns() + (uint64_t)wait_ms * 1000000;

	for (;;) {
		pid_t got = waitpid(pid, status, WNOHANG);

		if (got == pid)
			return 0;
		if (got < 0 && errno != EINTR)
			return FAIL_SYS;
		if (mono_ns() >= end)
			return FAIL_TIMEOUT;
		nap(20);
	}
}

bool
embedded_installed(const struct embedded *e)
{
	char path[PATH_SIZE + 32];

	snprintf(path, sizeof(path), "%s/data/mysql", e->dir);
	return access(path, F_OK) == 0;
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static const char *
install_program(void)
{
	static const char *const known[] = {
	    "/usr/bin/mariadb-install-db",
	    "/usr/local/bin/mariadb-install-db",
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (access(known[i], X_OK) == 0)
			return known[i];
	}
	return NULL;
}

static int
run_install(const struct embedded *e, const char *program, const char *dir,
    struct fail *f)
{
	struct argv a = {0};
	int status = 0, r;
	pid_t pid;

	argv_add(&a, "%s", program);
	argv_add(&a, "--no-defaults");
	argv_add(&a, "--user=%s", e->owner.name);
	argv_add(&a, "--datadir=%s", dir);
	argv_add(&a, "--tmpdir=%s", e->tmp);
	argv_add(&a, "--auth-root-authentication-method=socket");
	argv_add(&a, "--auth-root-socket-user=%s", e->owner.name);
	argv_add(&a, "--skip-test-db");
	/* Also where this machine's own name does not resolve. */
	argv_add(&a, "--force");
	argv_add(&a, "--skip-name-resolve");
	argv_add(&a, "--innodb-log-file-size=48M");
	r = start(e, &a, "install.log", &pid, f);
	argv_fini(&a);
	if (r)
		return r;
	r = wait_for(pid, INSTALL_MS, &status);
	if (r == FAIL_TIMEOUT) {
		kill(pid, SIGKILL);
		(void)waitpid(pid, &status, 0);
	}
	if (r || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return fail_set(f, FAIL_SQL,
		    "%s failed, see %s/install.log (it needs the packages "
		    "mariadb-server-core and mariadb-client-core)",
		    program, e->dir);
	return 0;
}

int
embedded_install(struct embedded *e, struct fail *f)
{
	const char *program = install_program();
	char made[PATH_SIZE + 32], data[PATH_SIZE + 32];
	int r;

	if (program == NULL)
		return fail_set(f, FAIL_NOTFOUND,
		    "mariadb-install-db is not installed (package "
		    "mariadb-server-core)");
	snprintf(made, sizeof(made), "%s/data.new", e->dir);
	snprintf(data, sizeof(data), "%s/data", e->dir);
	log_info(
	    NULL, "making the database in %s, this takes some seconds", data);
	/* What an interrupted one left. */
	if (nftw(made, remove_entry, 16, FTW_DEPTH | FTW_PHYS) &&
	    errno != ENOENT)
		return fail_sys(f, "cannot remove %s", made);
	r = owner_folder(&e->owner, made, 0700, f);
	if (r == 0)
		r = run_install(e, program, made, f);
	if (r == 0 && rename(made, data))
		r = fail_sys(f, "cannot rename %s", made);
	if (r == 0)
		log_info(NULL, "the database is made");
	return r;
}

int
embedded_spawn(struct embedded *e, struct fail *f)
{
	static const char *const fixed[] = {
	    "--skip-networking",
	    "--skip-log-bin",
	    "--skip-name-resolve",
	    "--performance-schema=OFF",
	    "--innodb-buffer-pool-size=64M",
	    "--innodb-log-file-size=48M",
	    "--innodb-flush-log-at-trx-commit=1",
	    "--max-connections=64",
	    "--key-buffer-size=1M",
	    "--aria-pagecache-buffer-size=8M",
	    "--table-open-cache=256",
	    "--character-set-server=utf8mb4",
	    "--collation-server=utf8mb4_bin",
	    "--local-infile=OFF",
	    "--symbolic-links=OFF",
	};
	struct argv a = {0};
	int r;

	argv_add(&a, "%s", e->conf->database_mariadbd);
	argv_add(&a, "--no-defaults"); /* must be the first */
	if (e->owner.uid == 0)
		argv_add(&a, "--user=%s", e->owner.name);
	argv_add(&a, "--datadir=%s/data", e->dir);
	argv_add(&a, "--tmpdir=%s", e->tmp);
	argv_add(&a, "--socket=%s", e->socket);
	argv_add(&a, "--pid-file=%s/db.pid", e->dir);
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		argv_add(&a, "%s", fixed[i]);
	r = start(e, &a, "db.err", &e->pid, f);
	argv_fini(&a);
	return r;
}

pid_t
embedded_pid(const struct embedded *e)
{
	return e->pid;
}

int
embedded_answers(struct embedded *e, struct fail *f)
{
	struct db *db = db_new(&e->opts);
	struct fail why = {0};
	int r;

	if (db == NULL)
		return fail_set(f, FAIL_NOMEM, "out of memory");
	r = db_connect(db, &why);
	if (r)
		r = db_away(db) ? FAIL_BUSY : fail_set(f, r, "%s", why.why);
	db_free(db);
	return r;
}

bool
embedded_reap(struct embedded *e, int *status)
{
	if (e->pid <= 0 || waitpid(e->pid, status, WNOHANG) != e->pid)
		return false;
	e->pid = 0;
	return true;
}

int
embedded_start(struct embedded *e, struct fail *f)
{
	uint64_t end = mono_ns() + (uint64_t)START_MS * 1000000;
	int status, r = 0;

	if (!embedded_installed(e))
		r = embedded_install(e, f);
	if (r == 0)
		r = embedded_spawn(e, f);
	if (r)
		return r;
	while ((r = embedded_answers(e, f)) == FAIL_BUSY) {
		if (embedded_reap(e, &status))
			return fail_set(f, FAIL_SQL,
			    "the database server ended, see %s/db.err", e->dir);
		if (mono_ns() > end) {
			r = fail_set(f, FAIL_TIMEOUT,
			    "the database server does not answer, see "
			    "%s/db.err",
			    e->dir);
			break;
		}
		nap(50);
	}
	/* The first cause stays in f. */
	if (r && embedded_stop(e, 5000, f))
		log_warn(NULL, "the database server had to be killed");
	return r;
}

void
embedded_signal(struct embedded *e, int signo)
{
	if (e->pid > 0)
		kill(e->pid, signo);
}

int
embedded_stop(struct embedded *e, uint32_t wait_ms, struct fail *f)
{
	int status = 0, r;

	if (e->pid <= 0)
		return 0;
	kill(e->pid, SIGTERM);
	r = wait_for(e->pid, wait_ms, &status);
	if (r == FAIL_TIMEOUT) {
		kill(e->pid, SIGKILL);
		(void)waitpid(e->pid, &status, 0);
		r = fail_set(f, FAIL_TIMEOUT,
		    "the database server did not stop and was killed");
	}
	e->pid = 0;
	return r;
}
