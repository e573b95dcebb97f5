/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Confinement of a process: landlock by its system calls, since no library for
 * it can be relied upon, and seccomp through libseccomp with the rows of
 * sandbox_tbl.h.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <seccomp.h>

#include "base/log.h"
#include "base/sandbox.h"

/* ---- landlock: numbers of the kernel's interface, linux/landlock.h */

enum {
	LL_CREATE = 444, /* system calls, the same on every architecture */
	LL_ADD_RULE = 445,
	LL_RESTRICT = 446,
	LL_VERSION = 1,	     /* flag of LL_CREATE */
	LL_PATH_BENEATH = 1, /* kind of rule */

	LL_EXECUTE = 1 << 0,
	LL_WRITE_FILE = 1 << 1,
	LL_READ_FILE = 1 << 2,
	LL_READ_DIR = 1 << 3,
	LL_MAKE_CHAR = 1 << 6,
	LL_MAKE_BLOCK = 1 << 11,
	LL_ABI1_ALL = (1 << 13) - 1,
	LL_REFER = 1 << 13,	/* ABI 2 */
	LL_TRUNCATE = 1 << 14,	/* ABI 3 */
	LL_IOCTL_DEV = 1 << 15, /* ABI 5 */

	LL_NET_BIND = 1,  /* ABI 4: bind TCP */
	LL_NET_ALL = 3,	  /* and connect it */
	LL_SCOPE_ALL = 3, /* ABI 6: abstract unix sockets, signals */

	/* What may be granted for a path that is not a folder. */
	LL_FILE_RIGHTS = LL_EXECUTE | LL_WRITE_FILE | LL_READ_FILE |
			 LL_TRUNCATE | LL_IOCTL_DEV,
};

struct ll_ruleset {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

struct ll_path {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

int
sandbox_landlock_abi(void)
{
	long r = syscall(LL_CREATE, NULL, (size_t)0, LL_VERSION);

	return r > 0 ? (int)r : 0;
}

/* A set of rules in the making. */
struct ll {
	const struct sandbox_opts *o;
	int fd;
	struct fail *f;
};

/* flags: O_NOFOLLOW where a name was found and not given. */
static int
ll_add_path(const struct ll *l, const char *path, uint64_t rights, int flags)
{
	struct ll_path rule = {.allowed = rights};
	struct stat st;
	int r = 0;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC | flags);
	if (rule.parent_fd < 0) {
		if (errno == ENOENT || errno == ENOTDIR || errno == EACCES)
			return 0;
		return fail_sys(l->f, "sandbox: %s", path);
	}
	if (fstat(rule.parent_fd, &st) != 0)
		r = fail_sys(l->f, "sandbox: %s", path);
	else if (!S_ISDIR(st.st_mode))
		rule.allowed &= LL_FILE_RIGHTS;
	/* A link that was found would lead to who knows where. */
	if (r == 0 && !S_ISLNK(st.st_mode) &&
	    syscall(LL_ADD_RULE, l->fd, LL_PATH_BENEATH, &rule, 0U) != 0)
		r = fail_sys(l->f, "sandbox: landlock rule for %s", path);
	(void)close(rule.parent_fd);
	return r;
}

/* Is inner, which has no links in it, outer or below it? */
static bool
is_below(const char *inner, const char *outer)
{
	size_t n = strlen(outer);

	return strncmp(inner, outer, n) == 0 &&
	       (inner[n] == '/' || inner[n] == '\0' || strcmp(outer, "/") == 0);
}

/* A path without links in it, against what is to stay out of reach. */
enum reach {
	REACH_OPEN,
	REACH_PART, /* something below it is hidden */
	REACH_NONE, /* it is, or is below what is hidden */
};

static enum reach
reach_of(const struct ll *l, const char *path)
{
	const char *const *h = l->o->hidden;
	enum reach reach = REACH_OPEN;
	char real[PATH_MAX];

	for (; h != NULL && *h != NULL; h++) {
		if (realpath(*h, real) == NULL)
			continue;
		if (is_below(path, real))
			return REACH_NONE;
		if (is_below(real, path))
			reach = REACH_PART;
	}
	return reach;
}

/*
 * A folder without what is hidden in it: its entries one by one.  Rules add
 * up, there is none that takes away.
 */
static int
ll_add_around(const struct ll *l, const char *path, uint64_t rights)
{
	char below[PATH_MAX];
	const struct dirent *e;
	enum reach reach;
	int n, r = 0;
	DIR *d;

	if ((d = opendir(path)) == NULL)
		return 0; /* not ours to read, so nobody's */
	while (r == 0 && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		n = snprintf(below, sizeof(below), "%s/%s",
		    strcmp(path, "/") == 0 ? "" : path, e->d_name);
		if (n < 0 || (size_t)n >= sizeof(below))
			continue;
		reach = reach_of(l, below);
		if (reach == REACH_OPEN)
			r = ll_add_path(l, below, rights, O_NOFOLLOW);
		else if (reach == REACH_PART)
			r = ll_add_around(l, below, rights);
	}
	(void)closedir(d);
	return r;
}

static int
ll_add_paths(const struct ll *l, const char *const *paths, uint64_t rights)
{
	char real[PATH_MAX];
	enum reach reach;
	int r = 0;

	for (; r == 0 && paths != NULL && *paths != NULL; paths++) {
		if (realpath(*paths, real) == NULL)
			continue;
		reach = reach_of(l, real);
		if (reach == REACH_OPEN)
			r = ll_add_path(l, real, rights, 0);
		if (reach != REACH_PART)
			continue;
		log_warn(NULL,
		    "keys or recordings lie below %s: files that are put there "
		    "from now on cannot be read by this process",
		    real);
		r = ll_add_around(l, real, rights);
	}
	return r;
}

/* What the rules are to cover on this kernel; returns their size. */
static size_t
ll_cover(struct ll_ruleset *rs, enum sandbox_profile profile, int abi)
{
	size_t size = sizeof(rs->fs);

	*rs = (struct ll_ruleset){.fs = LL_ABI1_ALL};
	if (abi >= 2)
		rs->fs |= LL_REFER;
	if (abi >= 3)
		rs->fs |= LL_TRUNCATE;
	if (abi >= 4) {
		size = 2 * sizeof(uint64_t);
		rs->net = profile == SANDBOX_WORKER || profile == SANDBOX_BROKER
			      ? LL_NET_BIND
			      : LL_NET_ALL;
	}
	if (abi >= 5)
		rs->fs |= LL_IOCTL_DEV;
	if (abi >= 6) {
		size = sizeof(*rs);
		rs->scoped = LL_SCOPE_ALL;
	}
	return size;
}

static int
landlock_enter(const struct sandbox_opts *o, struct fail *f)
{
	const uint64_t read = LL_READ_FILE | LL_READ_DIR;
	/* A library that is loaded later is mapped, which needs no right. */
	const uint64_t never = LL_EXECUTE | LL_MAKE_CHAR | LL_MAKE_BLOCK;
	struct ll l = {.o = o, .f = f};
	struct ll_ruleset rs;
	int abi = sandbox_landlock_abi();
	size_t size;
	int r;

	if (abi == 0) {
		log_info(NULL,
		    "this kernel has no landlock: files are confined by "
		    "permissions only");
		return 0;
	}
	size = ll_cover(&rs, o->profile, abi);
	l.fd = (int)syscall(LL_CREATE, &rs, size, 0U);
	if (l.fd < 0)
		return fail_sys(f, "sandbox: landlock ruleset");
	r = ll_add_paths(&l, o->read_only, read);
	if (r == 0)
		r = ll_add_paths(&l, o->read_write, rs.fs & ~never);
	if (r == 0)
		r = ll_add_paths(&l, o->execute, read | LL_EXECUTE);
	if (r == 0 && syscall(LL_RESTRICT, l.fd, 0U) != 0)
		r = fail_sys(f, "sandbox: landlock");
	(void)close(l.fd);
	return r;
}

/* ---- seccomp */

enum {
	W = BIT(SANDBOX_WORKER),
	K = BIT(SANDBOX_KEEPER),
	R = BIT(SANDBOX_RECORDER),
	B = BIT(SANDBOX_BROKER),
	V = BIT(SANDBOX_VIEWER),
	NODE = W | K | R | B,
	ALL = NODE | V
};

/* Stands for the number of this process, which a table cannot know. */
#define SANDBOX_SELF UINT64_MAX
#define SANDBOX_PR_SET_VMA 0x53564d41
#define SANDBOX_SOCK_TYPE 0xf /* without SOCK_CLOEXEC and the like */

struct cond {
	bool set;
	unsigned arg;
	uint64_t mask;
	uint64_t value;
};

struct rule {
	const char *call;
	unsigned profiles;
	int error; /* 0: allow */
	struct cond cond[2];
};

#define NO_COND                                                                \
	{                                                                      \
		false, 0, 0, 0                                                 \
	}

static const struct rule rules[] = {
#define ALLOW(call, profiles) {#call, profiles, 0, {NO_COND, NO_COND}},
#define ALLOW_IF(call, profiles, arg, mask, value)                             \
	{#call, profiles, 0, {{true, arg, mask, value}, NO_COND}},
#define ALLOW_IF2(call, profiles, arg1, mask1, value1, arg2, mask2, value2)    \
	{#call, profiles, 0,                                                   \
	    {{true, arg1, mask1, value1}, {true, arg2, mask2, value2}}},
#define ERRNO(call, profiles, error)                                           \
	{#call, profiles, error, {NO_COND, NO_COND}},
#define ERRNO_IF(call, profiles, arg, mask, value, error)                      \
	{#call, profiles, error, {{true, arg, mask, value}, NO_COND}},
#include "base/sandbox_tbl.h"
#undef ALLOW
#undef ALLOW_IF
#undef ALLOW_IF2
#undef ERRNO
#undef ERRNO_IF
};

static int
rule_add(scmp_filter_ctx ctx, const struct rule *rule)
{
	struct scmp_arg_cmp cmp[ARRAY_LEN(rule->cond)];
	uint32_t action = SCMP_ACT_ALLOW;
	int nr = seccomp_syscall_resolve_name(rule->call);
	unsigned n = 0;

	/* An architecture may lack the older calls. */
	if (nr < 0)
		return 0;
	if (rule->error != 0)
		action = SCMP_ACT_ERRNO((uint32_t)rule->error);
	for (size_t i = 0; i < ARRAY_LEN(rule->cond); i++) {
		const struct cond *c = &rule->cond[i];
		uint64_t value = c->value;

		if (!c->set)
			continue;
		if (value == SANDBOX_SELF)
			value = (uint64_t)getpid();
		cmp[n++] = (struct scmp_arg_cmp){.arg = c->arg,
		    .op = SCMP_CMP_MASKED_EQ,
		    .datum_a = c->mask,
		    .datum_b = value};
	}
	return seccomp_rule_add_array(ctx, action, nr, n, n == 0 ? NULL : cmp);
}

/*
 * A refused call: say its number, then let the signal have its way.  Only
 * what is safe in a signal handler.
 */
static void
on_refused(int signo, siginfo_t *info, void *uc)
{
	static const char text[] = "sandbox: refused system call ";
	char line[sizeof(text) + 16];
	unsigned v = (unsigned)info->si_syscall;
	size_t at = sizeof(line);

	(void)uc;
	line[--at] = '\n';
	do {
		line[--at] = (char)('0' + v % 10);
	} while ((v /= 10) != 0);
	at -= sizeof(text) - 1;
	memcpy(line + at, text, sizeof(text) - 1);
	(void)!write(STDERR_FILENO, line + at, sizeof(line) - at);
	/* The handler was reset when it was entered. */
	(void)raise(signo);
}

static int
seccomp_enter(enum sandbox_profile profile, struct fail *f)
{
	struct sigaction sa = {.sa_sigaction = on_refused,
	    .sa_flags = SA_SIGINFO | SA_NODEFER | (int)SA_RESETHAND};
	scmp_filter_ctx ctx;
	size_t i;
	int r;

	if ((ctx = seccomp_init(SCMP_ACT_TRAP)) == NULL)
		return fail_set(f, FAIL_UNSUPPORTED, "sandbox: no seccomp");
	for (i = 0, r = 0; r == 0 && i < ARRAY_LEN(rules); i++) {
		if (!(rules[i].profiles & BIT(profile)))
			continue;
		if ((r = rule_add(ctx, &rules[i])) != 0)
			(void)fail_set(f, FAIL_UNSUPPORTED,
			    "sandbox: rule for %s: %s", rules[i].call,
			    strerror(-r));
	}
	if (r == 0) {
		/* All threads, and a tree in place of a list of rules. */
		(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
		(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
		(void)sigaction(SIGSYS, &sa, NULL);
		if ((r = seccomp_load(ctx)) != 0)
			(void)fail_set(f, FAIL_UNSUPPORTED,
			    "sandbox: seccomp: %s", strerror(-r));
	}
	seccomp_release(ctx);
	return r == 0 ? 0 : FAIL_UNSUPPORTED;
}

/* Landlock binds the thread that asks for it and those that it starts. */
static int
is_alone(struct fail *f)
{
	DIR *d = opendir("/proc/self/task");
	const struct dirent *e;
	unsigned n = 0;

	if (d == NULL)
		return 0; /* it cannot be told */
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	(void)closedir(d);
	return n <= 1 ? 0
		      : fail_set(f, FAIL_STATE,
			    "sandbox: %u threads are running already", n);
}

int
sandbox_files(const struct sandbox_opts *o, struct fail *f)
{
	int r = is_alone(f);

	if (r != 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return fail_sys(f, "sandbox: no new privileges");
	return landlock_enter(o, f);
}

int
sandbox_enter(const struct sandbox_opts *o, struct fail *f)
{
	int r = sandbox_files(o, f);

	return r != 0 ? r : seccomp_enter(o->profile, f);
}
