/* SPDX-License-Identifier: Apache-2.0 */
/* What a captured process might try: see tries.h. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "base/cdefs.h"

#include "tries.h"

struct tries tries;

static const char *
in(const char *folder, const char *name)
{
	static char path[2][256];
	static unsigned turn;
	char *p = path[turn++ % 2];

	(void)snprintf(p, sizeof(path[0]), "%s/%s", folder, name);
	return p;
}

static enum try
result(long r)
{
	return r >= 0 ? TRY_WORKS : TRY_FAILS;
}

/* ---- files */

static enum try
reads(const char *folder, const char *name)
{
	char byte;
	int fd = open(in(folder, name), O_RDONLY | O_CLOEXEC);

	return fd >= 0 && read(fd, &byte, 1) == 1 ? TRY_WORKS : TRY_FAILS;
}

static enum try
writes(const char *folder)
{
	int fd = open(in(folder, "new"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return TRY_FAILS;
	if (write(fd, "x", 1) != 1 || close(fd) != 0)
		return TRY_BROKEN;
	(void)unlink(in(folder, "new"));
	return TRY_WORKS;
}

enum try
read_master_key(void)
{
	return reads(tries.state, "vault/master.key");
}

enum try
read_keyring(void)
{
	return reads(tries.state, "vault/keyring");
}

enum try
read_spool(void)
{
	return reads(tries.state, "spool/file");
}

enum try
read_recording(void)
{
	return reads(tries.state, "recordings/file");
}

enum try
read_journal(void)
{
	return reads(tries.state, "journal/file");
}

enum try
read_database(void)
{
	return reads(tries.state, "db/file");
}

enum try
read_system(void)
{
	return reads("/etc", "passwd");
}

enum try
read_other(void)
{
	return reads(tries.other, "file");
}

enum try
write_spool(void)
{
	return writes(in(tries.state, "spool"));
}

enum try
write_recording(void)
{
	return writes(in(tries.state, "recordings"));
}

enum try
write_journal(void)
{
	return writes(in(tries.state, "journal"));
}

enum try
write_database(void)
{
	return writes(in(tries.state, "db"));
}

enum try
write_other(void)
{
	return writes(tries.other);
}

enum try
remove_other(void)
{
	return result(unlink(in(tries.other, "victim")));
}

enum try
rename_other(void)
{
	return result(
	    rename(in(tries.other, "victim"), in(tries.other, "taken")));
}

enum try
chmod_master_key(void)
{
	return result(chmod(in(tries.state, "vault/master.key"), 0644));
}

/* ---- sockets */

static int
tcp(int type)
{
	return socket(AF_INET, type | SOCK_CLOEXEC, 0);
}

static struct sockaddr_in
loopback(unsigned short port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

enum try
tcp_connect(void)
{
	struct sockaddr_in sin = loopback(tries.tcp_port);
	int fd = tcp(SOCK_STREAM);

	return fd < 0
		   ? TRY_FAILS
		   : result(connect(fd, (struct sockaddr *)&sin, sizeof(sin)));
}

enum try
tcp_listen(void)
{
	struct sockaddr_in sin = loopback(0);
	int fd = tcp(SOCK_STREAM);

	if (fd < 0 || bind(fd, (struct sockaddr *)&sin, sizeof(sin)) != 0)
		return TRY_FAILS;
	return result(listen(fd, 1));
}

enum try
udp_send(void)
{
	struct sockaddr_in sin = loopback(9);
	int fd = tcp(SOCK_DGRAM);

	return fd < 0 ? TRY_FAILS
		      : result(sendto(fd, "x", 1, 0, (struct sockaddr *)&sin,
			    sizeof(sin)));
}

static struct sockaddr_un
unix_at(const char *name)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	(void)snprintf(
	    un.sun_path, sizeof(un.sun_path), "%s/%s", tries.run, name);
	return un;
}

enum try
unix_connect(void)
{
	struct sockaddr_un un = unix_at("stream");
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? TRY_FAILS
		      : result(connect(fd, (struct sockaddr *)&un, sizeof(un)));
}

/* To the socket of a log or a service manager. */
enum try
unix_datagram(void)
{
	struct sockaddr_un un = unix_at("dgram");
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? TRY_FAILS
		      : result(sendto(
			    fd, "x", 1, 0, (struct sockaddr *)&un, sizeof(un)));
}

/* One that was made as a pair needs no socket() to be sent anywhere. */
enum try
unix_pair(void)
{
	struct sockaddr_un un = unix_at("dgram");
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fd) != 0)
		return TRY_FAILS;
	if (connect(fd[0], (struct sockaddr *)&un, sizeof(un)) != 0)
		return TRY_FAILS;
	return result(write(fd[0], "x", 1));
}

enum try
netlink_route(void)
{
	return result(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
}

enum try
socket_other(void)
{
	static const int kinds[][3] = {
	    {AF_INET, SOCK_RAW, IPPROTO_ICMP},
	    {AF_INET6, SOCK_RAW, IPPROTO_ICMPV6},
	    {AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT},
	    {AF_PACKET, SOCK_RAW, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (socket(kinds[i][0], kinds[i][1] | SOCK_CLOEXEC,
			kinds[i][2]) >= 0)
			return TRY_WORKS;
	return TRY_FAILS;
}

/* ---- processes */

enum try
start_program(void)
{
	static char self[] = "/bin/true";
	char *const argv[] = {self, NULL};
	char *const env[] = {NULL};
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		(void)execve(self, argv, env);
		_exit(1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return TRY_FAILS;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? TRY_WORKS
							     : TRY_FAILS;
}

/* Without a fork, in place of itself. */
enum try
become_program(void)
{
	static char self[] = "/bin/true"; /* whose status is TRY_WORKS */
	char *const argv[] = {self, NULL};
	char *const env[] = {NULL};

	(void)execve(self, argv, env);
	return TRY_FAILS;
}

static void *
thread_main(void *arg)
{
	return arg;
}

enum try
start_thread(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, thread_main, NULL) != 0)
		return TRY_FAILS;
	return pthread_join(t, NULL) == 0 ? TRY_WORKS : TRY_BROKEN;
}

enum try
signal_other(void)
{
	return result(kill(getppid(), 0));
}

/* The kernel sends the signal, in the name of whoever set the owner. */
enum try
signal_by_owner(void)
{
	int fd = dup(STDIN_FILENO);

	return fd < 0 ? TRY_BROKEN : result(fcntl(fd, F_SETOWN, getppid()));
}

enum try
trace_other(void)
{
	return result(ptrace(PTRACE_SEIZE, getppid(), NULL, NULL));
}

enum try
read_memory_of_other(void)
{
	char byte;
	struct iovec to = {&byte, 1}, from = {&tries, 1};

	return result(process_vm_readv(getppid(), &to, 1, &from, 1, 0));
}

enum try
limit_other(void)
{
	struct rlimit r;

	return result(prlimit(getppid(), RLIMIT_NOFILE, NULL, &r));
}

/* ---- code */

enum try
map_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED
		   ? TRY_WORKS
		   : TRY_FAILS;
}

enum try
map_writable_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED
		   ? TRY_WORKS
		   : TRY_FAILS;
}

enum try
make_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return TRY_BROKEN;
	return result(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

/* ---- the kernel */

#define CALL(name)                                                             \
	{                                                                      \
#name, SYS_##name                                              \
	}

/* As bad arguments as can be: those that are let through do nothing. */
const struct try_call try_calls[] = {
    CALL(setuid),
    CALL(setgid),
    CALL(setresuid),
    CALL(setgroups),
    CALL(capset),
    CALL(unshare),
    CALL(setns),
    CALL(mount),
    CALL(umount2),
    CALL(pivot_root),
    CALL(chroot),
    CALL(chdir),
    CALL(bpf),
    CALL(add_key),
    CALL(keyctl),
    CALL(request_key),
    CALL(userfaultfd),
    CALL(io_uring_setup),
    CALL(io_uring_enter),
    CALL(perf_event_open),
    CALL(memfd_create),
    CALL(memfd_secret),
    CALL(inotify_init1),
    CALL(fanotify_init),
    CALL(open_by_handle_at),
    CALL(name_to_handle_at),
    CALL(openat2),
    CALL(personality),
    CALL(init_module),
    CALL(finit_module),
    CALL(kexec_load),
    CALL(reboot),
    CALL(swapon),
    CALL(acct),
    CALL(quotactl),
    CALL(sethostname),
    CALL(settimeofday),
    CALL(clock_settime),
    CALL(adjtimex),
    CALL(syslog),
    CALL(pidfd_open),
    CALL(pidfd_getfd),
    CALL(pidfd_send_signal),
    CALL(process_vm_writev),
    CALL(process_madvise),
    CALL(rt_sigqueueinfo),
    CALL(tkill),
    CALL(setpriority),
    CALL(sched_setscheduler),
    CALL(sched_setaffinity),
    CALL(ioprio_set),
    CALL(shmget),
    CALL(msgget),
    CALL(semget),
    CALL(mq_open),
    CALL(splice),
    CALL(vmsplice),
    CALL(tee),
    CALL(seccomp),
    CALL(landlock_create_ruleset),
    CALL(execveat),
    CALL(symlinkat),
    CALL(linkat),
    CALL(mknodat),
    CALL(fchownat),
    CALL(fchmodat),
    CALL(setxattr),
    CALL(listen),
    {NULL, 0},
};

enum try
try_call(long number)
{
	return result(syscall(number, -1L, -1L, -1L, -1L, -1L, -1L));
}
