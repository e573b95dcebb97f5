/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every process against what it must not do: each try of tries_tbl.h is made
 * in a process that has confined itself by the code that the real one uses.
 * The same table stands in SECURITY.md.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/conf.h"
#include "base/sandbox.h"
#include "cli/viewer.h"
#include "daemon/confine.h"

#include "tries.h"

enum { NOT_CONFINED = 77 };

enum verdict { YES, NO, END, ANY };

/* The processes, in the order of the table's columns. */
enum who { NONE, WORKER, KEEPER, BROKER, RECORDER, DATABASE, VIEWER, WHO_N };

static const char *const who_names[] = {
    "nobody", "worker", "keeper", "broker", "recorder", "database", "viewer"};
static const char *const verdict_words[] = {"yes", "no", "ends", "-"};

static const struct row {
	const char *name;
	const char *text;
	try_fn *fn;
	enum verdict want[WHO_N];
} rows[] = {
#define TRY(name, text, none, worker, keeper, broker, recorder, db, viewer)    \
	{#name, text, name,                                                    \
	    {none, worker, keeper, broker, recorder, db, viewer}},
#include "tries_tbl.h"
#undef TRY
};

static struct conf *conf;
static char top[] = "/tmp/test_confine.XXXXXX";

static int
confine(enum who who, struct fail *f)
{
	switch (who) {
	case WORKER:
		return confine_role(ROLE_WORKER, conf, f);
	case KEEPER:
		return confine_role(ROLE_KEEPER, conf, f);
	case BROKER:
		return confine_role(ROLE_BROKER, conf, f);
	case RECORDER:
		return confine_role(ROLE_RECORDER, conf, f);
	case DATABASE:
		return confine_role(ROLE_DATABASE, conf, f);
	case VIEWER:
		return viewer_confine(f);
	case NONE:
	case WHO_N:
		break;
	}
	return 0;
}

/* Have who make the try: fn, or the system call. */
static enum verdict
outcome(enum who who, try_fn *fn, long call)
{
	struct fail f = {0};
	int status, null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pid_t pid;

	if ((pid = fork()) == 0) {
		(void)alarm(20);
		if (confine(who, &f) != 0) {
			(void)fprintf(stderr, "%s\n", f.why);
			_exit(NOT_CONFINED);
		}
		/* What was refused is said by the process itself. */
		(void)dup2(null, STDERR_FILENO);
		_exit((int)(fn != NULL ? fn() : try_call(call)));
	}
	assert_true(pid > 0);
	(void)close(null);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status)) {
		assert_int_equal(WTERMSIG(status), SIGSYS);
		return END;
	}
	if (WEXITSTATUS(status) == TRY_WORKS)
		return YES;
	assert_int_equal(WEXITSTATUS(status), TRY_FAILS);
	return NO;
}

/* Is got as good as want, on this kernel and in this build? */
static bool
fits(enum who who, enum verdict want, enum verdict got)
{
	int abi = sandbox_landlock_abi();

	if (want == ANY || want == got)
		return true;
	/* What landlock does not know yet; SECURITY.md says so. */
	if (want == NO && got == YES)
		return abi == 0 || (who == DATABASE && abi < 6);
#ifdef BUILT_WITH_SANITIZER
	/* Its rows let some calls through to where landlock stops them. */
	if (want == END)
		return got == NO;
#endif
	return want == NO && got == END && abi < 4;
}

static void
victim_make(void)
{
	char path[256];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/taken", tries.other);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/victim", tries.other);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
}

static bool
skipped(const struct row *row, enum who who)
{
#ifdef BUILT_WITH_SANITIZER
	/* The leak check is a thread, and traces. */
	if (row->fn == start_thread || row->fn == trace_other)
		return who != NONE;
#endif
	(void)row;
	(void)who;
	return false;
}

static void
check_all(enum who who)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		enum verdict got;

		if (row->want[who] == ANY || skipped(row, who))
			continue;
		victim_make();
		got = outcome(who, row->fn, 0);
		if (fits(who, row->want[who], got))
			continue;
		print_error("%s: %s: %s, but must be %s\n", who_names[who],
		    row->name, verdict_words[got],
		    verdict_words[row->want[who]]);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void
check_calls(enum who who)
{
	unsigned wrong = 0;

	for (const struct try_call *c = try_calls; c->name != NULL; c++)
		if (outcome(who, NULL, c->number) != END) {
			print_error(
			    "%s: %s is let through\n", who_names[who], c->name);
			wrong++;
		}
	assert_int_equal(wrong, 0);
}

/* Otherwise a try that can never work would prove nothing. */
static void
every_try_works_where_nothing_is_confined(void **state)
{
	(void)state;
	check_all(NONE);
}

static void
the_worker_is_confined(void **state)
{
	(void)state;
	check_all(WORKER);
	check_calls(WORKER);
}

static void
the_keeper_is_confined(void **state)
{
	(void)state;
	check_all(KEEPER);
	check_calls(KEEPER);
}

static void
the_broker_is_confined(void **state)
{
	(void)state;
	check_all(BROKER);
	check_calls(BROKER);
}

static void
the_recorder_is_confined(void **state)
{
	(void)state;
	check_all(RECORDER);
	check_calls(RECORDER);
}

static void
the_database_is_confined(void **state)
{
	(void)state;
	check_all(DATABASE);
}

static void
the_viewer_is_confined(void **state)
{
	(void)state;
	check_all(VIEWER);
	check_calls(VIEWER);
}

static void
without_a_sandbox_nothing_is_refused(void **state)
{
	(void)state;
	conf->gateway_sandbox = false;
	assert_int_equal(outcome(KEEPER, read_system, 0), YES);
	conf->gateway_sandbox = true;
}

/* ---- SECURITY.md */

static void
table_line(char *dst, size_t size, const struct row *row)
{
	int n = snprintf(dst, size, "| %s |", row->text);

	for (int who = WORKER; who < WHO_N; who++)
		n += snprintf(dst + n, size - (size_t)n, " %s |",
		    verdict_words[row->want[who]]);
	(void)snprintf(dst + n, size - (size_t)n, "\n");
}

static void
security_md_says_the_same(void **state)
{
	FILE *fp = fopen(SRCDIR "/SECURITY.md", "re");
	char line[512], want[512];
	size_t i, wrong = 0;
	bool found;

	(void)state;
	assert_non_null(fp);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		table_line(want, sizeof(want), &rows[i]);
		rewind(fp);
		found = false;
		while (!found && fgets(line, sizeof(line), fp) != NULL)
			found = strcmp(line, want) == 0;
		if (!found) {
			print_error("SECURITY.md lacks: %s", want);
			wrong++;
		}
	}
	(void)fclose(fp);
	assert_int_equal(wrong, 0);
}

/* ---- the node that they are up against */

static void
make_file(const char *folder, const char *name)
{
	char path[256];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(close(fd), 0);
}

static void
make_folders(void)
{
	static const char *const in_state[] = {
	    "vault", "spool", "recordings", "journal", "db"};
	char path[256];

	(void)snprintf(tries.state, sizeof(tries.state), "%s/state", top);
	(void)snprintf(tries.run, sizeof(tries.run), "%s/run", top);
	(void)snprintf(tries.other, sizeof(tries.other), "%s/other", top);
	assert_int_equal(mkdir(tries.state, 0700), 0);
	assert_int_equal(mkdir(tries.run, 0700), 0);
	assert_int_equal(mkdir(tries.other, 0700), 0);
	for (size_t i = 0; i < sizeof(in_state) / sizeof(in_state[0]); i++) {
		(void)snprintf(
		    path, sizeof(path), "%s/%s", tries.state, in_state[i]);
		assert_int_equal(mkdir(path, 0700), 0);
		make_file(path, "file");
	}
	make_file(tries.state, "vault/master.key");
	make_file(tries.state, "vault/keyring");
	make_file(tries.other, "file");
}

/* They stay open for as long as this program runs. */
static void
make_sockets(void)
{
	struct sockaddr_in sin = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	socklen_t len = sizeof(sin);
	int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int stream = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int dgram = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(tcp, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(listen(tcp, 64), 0);
	assert_int_equal(getsockname(tcp, (struct sockaddr *)&sin, &len), 0);
	tries.tcp_port = ntohs(sin.sin_port);
	(void)snprintf(
	    un.sun_path, sizeof(un.sun_path), "%s/stream", tries.run);
	assert_int_equal(bind(stream, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(stream, 64), 0);
	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s/dgram", tries.run);
	assert_int_equal(bind(dgram, (struct sockaddr *)&un, sizeof(un)), 0);
}

static int
setup(void **state)
{
	char text[512];
	struct fail f = {0};
	int n;

	(void)state;
	if (mkdtemp(top) == NULL)
		return -1;
	make_folders();
	make_sockets();
	n = snprintf(text, sizeof(text),
	    "[node]\nstate = %s\nrun = %s\nuser =\n", tries.state, tries.run);
	return conf_parse(&conf, "test", text, (size_t)n, &f);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int
teardown(void **state)
{
	(void)state;
	conf_free(conf);
	return nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_try_works_where_nothing_is_confined),
	    cmocka_unit_test(the_worker_is_confined),
	    cmocka_unit_test(the_keeper_is_confined),
	    cmocka_unit_test(the_broker_is_confined),
	    cmocka_unit_test(the_recorder_is_confined),
	    cmocka_unit_test(the_database_is_confined),
	    cmocka_unit_test(the_viewer_is_confined),
	    cmocka_unit_test(without_a_sandbox_nothing_is_refused),
	    cmocka_unit_test(security_md_says_the_same),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
