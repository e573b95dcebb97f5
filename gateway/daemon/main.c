/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sallyportd: reads the command line and becomes the supervisor, or the one
 * role that the supervisor has started this process for.
 */
#include <sys/prctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/log.h"
#include "base/secret.h"

#include "daemon/listeners.h"
#include "daemon/role.h"
#include "daemon/spawn.h"
#include "daemon/supervisor.h"

#ifndef SALLYPORT_VERSION
#define SALLYPORT_VERSION "unversioned"
#endif
#ifndef SALLYPORT_SYSCONFDIR
#define SALLYPORT_SYSCONFDIR "/etc"
#endif

#define CONF_FILE SALLYPORT_SYSCONFDIR "/sallyport/sallyport.conf"

enum { CONF_TEXT_MAX = 1024 * 1024 };

enum what { RUN = 300, CHECK, PRINT_CONF, PRINT_MAN };

struct args {
	enum what what;
	const char *conf_file;
	enum role role;
	uint32_t number;
	int conf_fd;
	int resume_fd;
};

static const char usage[] =
    "usage: sallyportd [-f] [-c FILE]\n"
    "       sallyportd --check | --print-config [-c FILE]\n"
    "       sallyportd --print-config-man | --version | --help\n"
    "\n"
    "  -c FILE              configuration, by default " CONF_FILE "\n"
    "  -f                   stay in the foreground; the only way there is\n"
    "  --check              read the configuration, say what is wrong, exit\n"
    "  --print-config       print the configuration in force\n"
    "  --print-config-man   print the settings as a part of a manual page\n";

static int
to_number(const char *text, uint32_t *v)
{
	char *end;
	unsigned long n;

	if (*text < '0' || *text > '9')
		return FAIL_FORMAT;
	n = strtoul(text, &end, 10);
	if (*end != '\0' || n > INT32_MAX)
		return FAIL_FORMAT;
	*v = (uint32_t)n;
	return 0;
}

static int
to_fd(const char *text, int *fd)
{
	uint32_t n;
	int r = to_number(text, &n);

	if (r == 0)
		*fd = (int)n;
	return r;
}

enum { OPT_ROLE = 256, OPT_NUMBER, OPT_CONF_FD, OPT_RESUME, OPT_VERSION };

static const struct option options[] = {
    {"check", no_argument, NULL, CHECK},
    {"print-config", no_argument, NULL, PRINT_CONF},
    {"print-config-man", no_argument, NULL, PRINT_MAN},
    {"version", no_argument, NULL, OPT_VERSION},
    {"help", no_argument, NULL, 'h'},
    {"role", required_argument, NULL, OPT_ROLE},
    {"number", required_argument, NULL, OPT_NUMBER},
    {"conf-fd", required_argument, NULL, OPT_CONF_FD},
    {"resume", required_argument, NULL, OPT_RESUME},
    {NULL, 0, NULL, 0},
};

/* 0: go on.  Otherwise *status is what to exit with. */
static int
parse(int argc, char **argv, struct args *a, int *status)
{
	int o, r = 0;

	*status = 2;
	while (r == 0 &&
	       (o = getopt_long(argc, argv, "c:fh", options, NULL)) != -1) {
		switch (o) {
		case CHECK:
		case PRINT_CONF:
		case PRINT_MAN:
			a->what = (enum what)o;
			break;
		case 'c':
			a->conf_file = optarg;
			break;
		case 'f':
			break;
		case 'h':
			(void)fputs(usage, stdout);
			*status = 0;
			return 1;
		case OPT_VERSION:
			(void)puts("sallyportd " SALLYPORT_VERSION);
			*status = 0;
			return 1;
		case OPT_ROLE:
			r = role_parse(optarg, &a->role);
			break;
		case OPT_NUMBER:
			r = to_number(optarg, &a->number);
			break;
		case OPT_CONF_FD:
			r = to_fd(optarg, &a->conf_fd);
			break;
		case OPT_RESUME:
			r = to_fd(optarg, &a->resume_fd);
			break;
		default:
			r = FAIL_FORMAT;
			break;
		}
	}
	if (r == 0 && optind == argc)
		return 0;
	(void)fputs(usage, stderr);
	return 1;
}

/* The program by a path under which an upgrade of it appears. */
static int
find_self(const char *arg0, char exe[PATH_MAX])
{
	char cwd[PATH_MAX];
	ssize_t n;
	int len = -1;

	if (arg0 != NULL && arg0[0] == '/')
		len = snprintf(exe, PATH_MAX, "%s", arg0);
	else if (arg0 != NULL && strchr(arg0, '/') != NULL &&
		 getcwd(cwd, sizeof(cwd)) != NULL)
		len = snprintf(exe, PATH_MAX, "%s/%s", cwd, arg0);
	if (len > 0 && len < PATH_MAX && access(exe, X_OK) == 0)
		return 0;
	n = readlink("/proc/self/exe", exe, PATH_MAX - 1);
	if (n <= 0)
		return FAIL_SYS;
	exe[n] = '\0';
	return 0;
}

static int
fail(const struct fail *f, int r)
{
	(void)fprintf(stderr, "sallyportd: %s\n", fail_why(f, r));
	return 1;
}

static int
check(const struct args *a)
{
	const char *file = a->conf_file;
	struct conf *c = NULL;
	struct fail f = {0};
	int r;

	/* Before there is a file one wants to see the defaults. */
	if (a->what == PRINT_CONF && strcmp(file, CONF_FILE) == 0 &&
	    access(file, F_OK) != 0 && errno == ENOENT)
		file = NULL;
	r = conf_load(&c, file, &f);
	if (r == 0)
		r = listeners_check(c, &f);
	if (r == 0 && a->what == PRINT_CONF)
		conf_print(c, stdout);
	conf_free(c);
	if (r == 0 && fflush(stdout) != 0)
		r = FAIL_SYS;
	return r == 0 ? 0 : fail(&f, r);
}

static int
supervise(const struct args *a, const char *arg0)
{
	char exe[PATH_MAX], file[PATH_MAX];
	struct supervisor_opts o = {.exe = exe, .resume_fd = a->resume_fd};
	struct fail f = {0};

	if (find_self(arg0, exe) != 0)
		return fail(&f, fail_sys(&f, "/proc/self/exe"));
	/* Absolute, so that messages and the next exec mean the same. */
	o.conf_file = realpath(a->conf_file, file);
	if (o.conf_file == NULL)
		o.conf_file = a->conf_file;
	return supervisor_run(&o);
}

/* The configuration as the supervisor hands it down. */
static int
read_conf(const struct args *a, struct conf **c, struct fail *f)
{
	struct stat st;
	char *text;
	ssize_t n;
	int r;

	if (a->conf_fd < 0)
		return conf_load(c, a->conf_file, f);
	if (fstat(a->conf_fd, &st) != 0 || st.st_size < 0 ||
	    st.st_size > CONF_TEXT_MAX)
		return fail_sys(f, "descriptor of the configuration");
	text = malloc((size_t)st.st_size + 1);
	if (text == NULL)
		return FAIL_NOMEM;
	n = pread(a->conf_fd, text, (size_t)st.st_size, 0);
	if (n == (ssize_t)st.st_size)
		r = conf_parse(c, a->conf_file, text, (size_t)n, f);
	else
		r = fail_sys(f, "descriptor of the configuration");
	free(text);
	(void)close(a->conf_fd);
	return r;
}

static void
init_log(const struct conf *c, const struct args *a)
{
	static char name[32];
	struct log_opts o = {
	    .program = name,
	    .level = LOG_LEVEL_INFO,
	    .json = strcmp(c->log_format, "json") == 0,
	    .fd = STDERR_FILENO,
	};

	if (a->role == ROLE_WORKER)
		(void)snprintf(name, sizeof(name), "worker-%u", a->number);
	else
		(void)snprintf(name, sizeof(name), "%s", role_name(a->role));
	if (log_level_parse(c->log_level, &o.level) != 0)
		o.level = LOG_LEVEL_INFO;
	log_init(&o);
}

static int
run_role(const struct args *a)
{
	struct conf *c = NULL;
	struct fail f = {0};
	struct role_args ra;
	int r = read_conf(a, &c, &f);

	if (r != 0)
		return fail(&f, r);
	init_log(c, a);
	ra = (struct role_args){
	    .conf = c,
	    .number = a->number,
	    .control_fd = SPAWN_CONTROL_FD,
	};
	r = role_main(a->role)(&ra);
	conf_free(c);
	return r;
}

/*
 * SIGTERM waits for the loop.  What a terminal sends to all of us is for the
 * supervisor alone.
 */
static void
set_signals(bool supervisor)
{
	struct sigaction sa = {.sa_handler = SIG_IGN};
	sigset_t set;

	(void)sigaction(SIGPIPE, &sa, NULL);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	if (supervisor) {
		(void)sigaddset(&set, SIGCHLD);
		(void)sigaddset(&set, SIGINT);
		(void)sigaddset(&set, SIGHUP);
	} else {
		(void)sigaction(SIGINT, &sa, NULL);
		(void)sigaction(SIGHUP, &sa, NULL);
	}
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

/* For ps and top: after an exec by descriptor it would be a number. */
static void
set_name(const struct args *a)
{
	char name[16];

	if (a->role == ROLE_SUPERVISOR)
		(void)snprintf(name, sizeof(name), "sallyportd");
	else if (a->role == ROLE_WORKER)
		(void)snprintf(name, sizeof(name), "sp-worker-%u", a->number);
	else
		(void)snprintf(name, sizeof(name), "sp-%s", role_name(a->role));
	(void)prctl(PR_SET_NAME, name, 0, 0, 0);
}

int
main(int argc, char **argv)
{
	struct args a = {
	    .what = RUN,
	    .conf_file = CONF_FILE,
	    .conf_fd = -1,
	    .resume_fd = -1,
	};
	int status;

	if (parse(argc, argv, &a, &status) != 0)
		return status;
	switch (a.what) {
	case CHECK:
	case PRINT_CONF:
		return check(&a);
	case PRINT_MAN:
		conf_print_man(stdout);
		return fflush(stdout) == 0 ? 0 : 1;
	case RUN:
		break;
	}
	secret_harden_process();
	set_name(&a);
	set_signals(a.role == ROLE_SUPERVISOR);
	return a.role == ROLE_SUPERVISOR ? supervise(&a, argv[0])
					 : run_role(&a);
}
