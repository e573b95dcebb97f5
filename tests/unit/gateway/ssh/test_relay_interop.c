/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relay and both authentications between the real ssh and the real sshd:
 * what users run must come out as if nothing stood in between.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pty.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <openssl/pem.h>

#include "relay_gateway.h"
#include "ssh/transport/sshkey.h"
#include "wire.h"

enum { TEXT_MAX = 200000, PATIENCE_S = 120 };

static struct {
	char dir[64];
	char config[128], log[128];
	struct relay_gateway g;
	pid_t pid; /* of the gateway; 0: none */
	unsigned port;
	char out[TEXT_MAX], err[TEXT_MAX];
} fx;

/* What ssh is called with, in the shell: $SSH, or $DIRECT to sshd itself. */
static void
write_env(void)
{
	char path[128];
	FILE *fp;

	(void)snprintf(path, sizeof(path), "%s/env", fx.dir);
	fp = fopen(path, "w");
	assert_non_null(fp);
	(void)fprintf(fp,
	    "set -e\ncd %s\n"
	    "OPTS='-F /dev/null -o StrictHostKeyChecking=no "
	    "-o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=/dev/null "
	    "-o IdentityAgent=none -o IdentitiesOnly=yes -o LogLevel=ERROR "
	    "-o ConnectTimeout=20'\n"
	    "PORT=%u\nSSH=\"ssh $OPTS -i user -p $PORT ana@127.0.0.1\"\n"
	    "WORDY=\"ssh -o LogLevel=INFO ${SSH#ssh}\"\n"
	    "DIRECT=\"ssh $OPTS -i user -l %s "
	    "-o ProxyCommand='/usr/sbin/sshd -i -f %s' x\"\n",
	    fx.dir, fx.port, fx.g.login, fx.config);
	assert_int_equal(fclose(fp), 0);
}

static void
gateway_stop(void)
{
	if (fx.pid == 0)
		return;
	/* Its connections too: they are of its process group. */
	(void)kill(-fx.pid, SIGKILL);
	(void)waitpid(fx.pid, NULL, 0);
	fx.pid = 0;
}

/* Start the gateway anew as fx.g says. */
static void
gateway_start(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), log;

	gateway_stop();
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(fd, 32), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	fx.port = ntohs(sin.sin_port);
	fx.pid = fork();
	assert_true(fx.pid >= 0);
	if (fx.pid == 0) {
		(void)setpgid(0, 0);
		log = open(fx.log, O_WRONLY | O_CREAT | O_APPEND, 0600);
		(void)dup2(log, 2);
		relay_gateway_serve(&fx.g, fd);
		_exit(0);
	}
	(void)setpgid(fx.pid, fx.pid);
	(void)close(fd);
	write_env();
}

static void
slurp(const char *name, char *dst)
{
	char path[128];
	FILE *fp;
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/%s", fx.dir, name);
	fp = fopen(path, "r");
	assert_non_null(fp);
	n = fread(dst, 1, TEXT_MAX - 1, fp);
	dst[n] = '\0';
	(void)fclose(fp);
}

static void
show(const char *what, const char *text)
{
	print_error("%s: %.2000s\n", what, text);
}

/*
 * Run a script with the names above; its output is in fx.out and fx.err.
 * Returns its exit status.  tty: the terminal to run it in, or -1.
 */
static int
run_in(const char *script, int tty)
{
	char line[8192], out[128], err[128];
	int status;
	pid_t pid;

	(void)snprintf(line, sizeof(line), ". %s/env\n%s\n", fx.dir, script);
	(void)snprintf(out, sizeof(out), "%s/out", fx.dir);
	(void)snprintf(err, sizeof(err), "%s/err", fx.dir);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int o = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		int e = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		int i = tty >= 0 ? tty : open("/dev/null", O_RDONLY);

		if (tty >= 0)
			(void)login_tty(tty); /* a new session too */
		else
			(void)dup2(i, 0);
		(void)dup2(o, 1);
		(void)dup2(e, 2);
		(void)alarm(PATIENCE_S);
		(void)execl("/bin/sh", "sh", "-c", line, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	slurp("out", fx.out);
	slurp("err", fx.err);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
}

static int
run(const char *script)
{
	return run_in(script, -1);
}

static void
run_ok(const char *script)
{
	int status = run(script);
	static char log[TEXT_MAX];

	if (status == 0)
		return;
	show("out", fx.out);
	show("err", fx.err);
	slurp("gateway.log", log);
	show("gateway", log);
	fail_msg("status %d of: %s", status, script);
}

static void
status_and_stderr_arrive_apart(void **state UNUSED)
{
	assert_int_equal(run("$SSH 'echo out; echo err >&2; exit 7'"), 7);
	assert_string_equal(fx.out, "out\n");
	assert_string_equal(fx.err, "err\n");
	run_ok("printf abc | $SSH cat");
	assert_string_equal(fx.out, "abc");
}

static void
a_death_by_signal_is_told_as_it_is(void **state UNUSED)
{
	char direct[200];
	int status = run("eval \"$DIRECT 'kill -TERM \\$\\$'\" 2>&1");

	(void)snprintf(direct, sizeof(direct), "%.199s", fx.out);
	assert_int_equal(run("$SSH 'kill -TERM $$' 2>&1"), status);
	assert_string_equal(fx.out, direct);
}

static void
files_go_by_sftp_and_scp_unchanged(void **state UNUSED)
{
	run_ok("head -c 5000000 /dev/urandom > a\n"
	       "printf 'cd %s\\nput a b\\nget b c\\nmkdir d\\nput a d/e\\n' "
	       "$PWD > batch\n"
	       "sftp $OPTS -i user -P $PORT -b batch ana@127.0.0.1 >/dev/null\n"
	       "cmp a b && cmp a c && cmp a d/e\n"
	       "scp $OPTS -i user -P $PORT a ana@127.0.0.1:$PWD/f\n"
	       "scp -O $OPTS -i user -P $PORT ana@127.0.0.1:$PWD/f h\n"
	       "cmp a f && cmp a h && rm -rf a b c d f h");
}

static void
ten_sessions_share_a_connection(void **state UNUSED)
{
	run_ok("$SSH -M -S mux -o ControlPersist=yes -N -f >/dev/null 2>&1\n"
	       "head -c 300000 /dev/urandom > a\n"
	       "for i in 0 1 2 3 4 5 6 7 8 9; do\n"
	       "  $SSH -S mux \"cat; exit 1$i\" < a > o$i &\n"
	       "  eval p$i=$!\ndone\n"
	       "for i in 0 1 2 3 4 5 6 7 8 9; do\n"
	       "  eval p=\\$p$i; r=0; wait $p || r=$?\n"
	       "  test $r = 1$i; cmp a o$i\ndone\n"
	       "test \"$($SSH -S mux echo again)\" = again\n"
	       "$SSH -S mux -O exit 2>/dev/null; rm -f a o?");
}

/* A terminal with settings of its own, as a user might have. */
static int
odd_terminal(int *master)
{
	struct winsize size = {.ws_row = 33, .ws_col = 111};
	struct termios t;
	int tty;

	assert_int_equal(openpty(master, &tty, NULL, NULL, &size), 0);
	assert_int_equal(tcgetattr(tty, &t), 0);
	t.c_cc[VINTR] = 24;
	t.c_cc[VERASE] = 8;
	t.c_cc[VEOF] = 5;
	t.c_iflag |= IXANY | IUTF8;
	t.c_iflag &= ~(tcflag_t)IXON;
	t.c_lflag &= ~(tcflag_t)ECHOK;
	assert_int_equal(tcsetattr(tty, TCSANOW, &t), 0);
	return tty;
}

static void
terminals_have_the_same_modes_and_size(void **state UNUSED)
{
	static char direct[TEXT_MAX];
	int master, tty = odd_terminal(&master);

	assert_int_equal(run_in("eval $DIRECT -tt stty -a", tty), 0);
	memcpy(direct, fx.out, sizeof(direct));
	assert_non_null(strstr(direct, "rows 33; columns 111"));
	assert_non_null(strstr(direct, "intr = ^X"));
	(void)close(master);
	(void)close(tty);
	tty = odd_terminal(&master);
	assert_int_equal(run_in("$SSH -tt stty -a", tty), 0);
	assert_string_equal(fx.out, direct);
	(void)close(master);
	(void)close(tty);
}

static void
a_key_interrupts_in_the_terminal(void **state UNUSED)
{
	run_ok(
	    ": > o\n{ printf 'trap \"echo caught; exit 3\" INT; echo go\\n'; "
	    "printf 'sleep 30\\n'; until grep -q '^go' o; do sleep 0.1; done; "
	    "sleep 1; printf '\\003'; until grep -q '^.*caught' o; do "
	    "sleep 0.1; done; sleep 1; } | "
	    "$SSH -tt 'PS1= exec sh' > o 2>/dev/null || test $? = 3\n"
	    "grep -q '^.*caught' o && rm -f o");
}

#define STREAMS                                                                \
	"head -c 67108864 /dev/urandom > a\n"                                  \
	"s=$(sha256sum < a)\n"                                                 \
	"test \"$($SSH $R sha256sum < a)\" = \"$s\"\n"                         \
	"test \"$($SSH $R cat $PWD/a | sha256sum)\" = \"$s\"\n"                \
	"test \"$($SSH $R cat < a | sha256sum)\" = \"$s\"\n"                   \
	"rm -f a"

static void
bulk_survives_new_keys_asked_for_by_all(void **state UNUSED)
{
	fx.g.rekey_bytes = 3 * 1024 * 1024;
	gateway_start();
	run_ok("R='-o RekeyLimit=1M'\n" STREAMS);
	fx.g.rekey_bytes = 0;
	gateway_start();
}

static void
bulk_survives_holds_and_hand_overs(void **state UNUSED)
{
	fx.g.move_every = 501;
	fx.g.hold_every = 97;
	gateway_start();
	run_ok("R='-o RekeyLimit=16M'\n" STREAMS);
	fx.g.move_every = fx.g.hold_every = 0;
	gateway_start();
}

static void
notices_do_not_disturb_the_stream(void **state UNUSED)
{
	fx.g.notice_every = 50;
	fx.g.move_every = 333;
	gateway_start();
	run_ok("head -c 67108864 /dev/urandom > a\n"
	       "$SSH cat $PWD/a > b 2> e\ncmp a b\n"
	       "$SSH cat < a > b 2>> e\ncmp a b\n"
	       "test $(grep -cx 'a word of the gateway' e) = $(wc -l < e)\n"
	       "test $(wc -l < e) -gt 50\nrm -f a b e");
	fx.g.notice_every = fx.g.move_every = 0;
	gateway_start();
}

static void
forwarding_is_refused_in_words(void **state UNUSED)
{
	assert_int_equal(run("$WORDY -W 127.0.0.1:1 2>&1"), 255);
	assert_non_null(strstr(fx.out,
	    "administratively prohibited: Sallyport: port forwarding is not "
	    "permitted"));
	assert_int_equal(
	    run("$SSH -o ExitOnForwardFailure=yes -R 0:127.0.0.1:1 true 2>&1"),
	    255);
	run_ok("$SSH -A 'echo fine' 2>/dev/null");
	assert_string_equal(fx.out, "fine\n");
}

static void
keepalives_of_both_ends_are_answered(void **state UNUSED)
{
	run_ok("$SSH -o ServerAliveInterval=1 -o ServerAliveCountMax=1 "
	       "'sleep 4; echo still here'");
	assert_string_equal(fx.out, "still here\n");
}

static void
passwords_are_asked_for_in_both_ways(void **state UNUSED)
{
	run_ok("printf '#!/bin/sh\\ncat %s/password\\n' \"$PWD\" > ask\n"
	       "chmod 700 ask\n"
	       "export SSH_ASKPASS=./ask SSH_ASKPASS_REQUIRE=force\n"
	       "echo geheim > password\n"
	       "P='-o PubkeyAuthentication=no -o NumberOfPasswordPrompts=1'\n"
	       "for m in password keyboard-interactive; do\n"
	       "$SSH $P -o PreferredAuthentications=$m echo in; done\n"
	       "echo wrong > password\n"
	       "for m in password keyboard-interactive; do\n"
	       "! $SSH $P -o PreferredAuthentications=$m echo in 2>/dev/null\n"
	       "done");
	assert_string_equal(fx.out, "in\nin\n");
}

static void
a_refusal_says_why_to_every_client(void **state UNUSED)
{
	fx.g.refusal = "the target cannot be reached";
	gateway_start();
	assert_int_equal(run("$SSH true"), 255);
	assert_string_equal(fx.err, "the target cannot be reached\n");
	assert_int_equal(run("$SSH -tt 2>/dev/null"), 255);
	assert_int_equal(run("$SSH -s sftp"), 255);
	assert_string_equal(fx.err, "the target cannot be reached\n");
	assert_int_equal(run("$WORDY -W 127.0.0.1:1 2>&1"), 255);
	assert_non_null(strstr(fx.out, "the target cannot be reached"));
	fx.g.refusal = NULL;
	gateway_start();
}

static void
an_rsa_key_signs_for_the_target(void **state UNUSED)
{
	EVP_PKEY *key = fx.g.target_key;
	char path[128];
	FILE *fp;

	(void)snprintf(path, sizeof(path), "%s/rsa", fx.dir);
	run_ok("ssh-keygen -q -t rsa -b 2048 -m PEM -N '' -f rsa\n"
	       "cat rsa.pub >> authorized_keys");
	fp = fopen(path, "r");
	assert_non_null(fp);
	fx.g.target_key = PEM_read_PrivateKey(fp, NULL, NULL, NULL);
	(void)fclose(fp);
	assert_non_null(fx.g.target_key);
	gateway_start();
	run_ok("$SSH echo in");
	assert_string_equal(fx.out, "in\n");
	EVP_PKEY_free(fx.g.target_key);
	fx.g.target_key = key;
	gateway_start();
}

/* The line of authorized_keys for key. */
static void
authorize(EVP_PKEY *key)
{
	unsigned char text[400];
	char path[128];
	struct buf b;
	FILE *fp;

	buf_init(&b, 1000);
	assert_int_equal(sshkey_public_blob(key, &b), 0);
	assert_true(buf_len(&b) < 290);
	(void)EVP_EncodeBlock(text, wire_bytes(&b), (int)buf_len(&b));
	(void)snprintf(path, sizeof(path), "%s/authorized_keys", fx.dir);
	fp = fopen(path, "w");
	assert_non_null(fp);
	(void)fprintf(fp, "ssh-ed25519 %s\n", (char *)text);
	assert_int_equal(fclose(fp), 0);
	buf_fini(&b);
}

static int
set_up(void **state UNUSED)
{
	const struct passwd *pw = getpwuid(getuid());
	FILE *fp;

	assert_non_null(pw);
	(void)snprintf(fx.dir, sizeof(fx.dir), "/tmp/sp-relay-XXXXXX");
	assert_non_null(mkdtemp(fx.dir));
	(void)snprintf(fx.config, sizeof(fx.config), "%s/sshd_config", fx.dir);
	(void)snprintf(fx.log, sizeof(fx.log), "%s/gateway.log", fx.dir);
	if (getuid() == 0)
		(void)mkdir("/run/sshd", 0755);
	fp = fopen(fx.config, "w");
	assert_non_null(fp);
	(void)fprintf(fp,
	    "HostKey %s/host\nAuthorizedKeysFile %s/authorized_keys "
	    "%s/user.pub\n"
	    "StrictModes no\nUsePAM no\nPermitRootLogin yes\nPidFile none\n"
	    "LogLevel ERROR\nRekeyLimit 5M\nSubsystem sftp internal-sftp\n"
	    "MaxSessions 20\nClientAliveInterval 1\nClientAliveCountMax 2\n",
	    fx.dir, fx.dir, fx.dir);
	assert_int_equal(fclose(fp), 0);
	fx.g = (struct relay_gateway){
	    .sshd_config = fx.config,
	    .sshd_log = fx.log,
	    .login = pw->pw_name,
	    .host_key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),
	    .target_key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),
	    .password = "geheim",
	};
	assert_non_null(fx.g.host_key);
	assert_non_null(fx.g.target_key);
	authorize(fx.g.target_key);
	write_env();
	run_ok("ssh-keygen -q -t ed25519 -N '' -f host\n"
	       "ssh-keygen -q -t ed25519 -N '' -f user\n: > gateway.log");
	gateway_start();
	return 0;
}

static int
tear_down(void **state UNUSED)
{
	pid_t pid;

	gateway_stop();
	if ((pid = fork()) == 0) {
		(void)execl("/bin/rm", "rm", "-rf", fx.dir, (char *)NULL);
		_exit(127);
	}
	(void)waitpid(pid, NULL, 0);
	EVP_PKEY_free(fx.g.host_key);
	EVP_PKEY_free(fx.g.target_key);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(status_and_stderr_arrive_apart),
	    cmocka_unit_test(a_death_by_signal_is_told_as_it_is),
	    cmocka_unit_test(files_go_by_sftp_and_scp_unchanged),
	    cmocka_unit_test(ten_sessions_share_a_connection),
	    cmocka_unit_test(terminals_have_the_same_modes_and_size),
	    cmocka_unit_test(a_key_interrupts_in_the_terminal),
	    cmocka_unit_test(bulk_survives_new_keys_asked_for_by_all),
	    cmocka_unit_test(bulk_survives_holds_and_hand_overs),
	    cmocka_unit_test(notices_do_not_disturb_the_stream),
	    cmocka_unit_test(forwarding_is_refused_in_words),
	    cmocka_unit_test(keepalives_of_both_ends_are_answered),
	    cmocka_unit_test(passwords_are_asked_for_in_both_ways),
	    cmocka_unit_test(a_refusal_says_why_to_every_client),
	    cmocka_unit_test(an_rsa_key_signs_for_the_target),
	};

	if (access("/usr/sbin/sshd", X_OK) != 0 ||
	    access("/usr/bin/ssh", X_OK) != 0)
		return 77;
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
