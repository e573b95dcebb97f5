/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a whole session from another process, with two sockets: taken
 * as it is and given on the same, and then run on until it is terminated.
 * There are no other processes; what the recorder would say is given by hand.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "recorder/codec.h"
#include "recorder/recorder_msg.h"
#include "ssh/session_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STATE_MAX = 32 * 1024 * 1024, ROUNDS = 4 };

/* One leg's sockets: ours, and the session's. */
struct pair {
	int ours, theirs;
};

static struct ssh_env env;
static struct ssh_session *alive;

static void
on_known(void *ctx, struct ssh_session *s)
{
	(void)ctx;
	MUST(alive == NULL);
	alive = s;
}

static void
on_gone(void *ctx, struct ssh_session *s)
{
	(void)ctx;
	MUST(alive == NULL || alive == s);
	alive = NULL;
}

static const struct ssh_session_ops ops = {on_known, on_gone};
static const struct peers_ops no_peers = {.message = NULL};

static void
start(void)
{
	/* An SSH string that holds a public key. */
	static const uint8_t key[] = "\0\0\0\x33\0\0\0\x0bssh-ed25519\0\0\0\x20"
				     "0123456789abcdef0123456789abcdef";
	struct conf *conf;

	MUST(conf_load(&conf, NULL, NULL) == 0);
	env = (struct ssh_env){
	    .conf = conf,
	    .loop = loop_new(),
	    .codec = rcd_codec_new(),
	    .hostkeys = SPAN(key, sizeof(key) - 1),
	    .banner = "",
	    .writable = true,
	    .ops = &ops,
	};
	MUST(env.loop != NULL && env.codec != NULL);
	log_init(&(struct log_opts){.level = LOG_LEVEL_ERR, .fd = -1});
}

static bool
is_closed(int fd)
{
	return fcntl(fd, F_GETFD) == -1 && errno == EBADF;
}

static struct pair
pair_new(void)
{
	int sv[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	return (struct pair){sv[0], sv[1]};
}

/* Takes the sessions' ends of both, and closes them when it is refused. */
static struct ssh_session *
import(struct span state, const struct pair leg[2])
{
	struct ssh_session *s = NULL;

	if (ssh_session_import(
		&env, state, leg[0].theirs, leg[1].theirs, &s, NULL) != 0) {
		MUST(is_closed(leg[0].theirs) && is_closed(leg[1].theirs));
		MUST(alive == NULL);
		return NULL;
	}
	MUST(alive == s && ssh_session_live(s));
	return s;
}

static void
move_on(struct ssh_session *s, const struct pair leg[2], struct buf *out)
{
	int user_fd, target_fd;

	MUST(ssh_session_export(s, out, &user_fd, &target_fd) == 0);
	MUST(user_fd == leg[0].theirs && target_fd == leg[1].theirs);
	MUST(loop_once(env.loop, 0) == 0);
	MUST(alive == NULL && !is_closed(user_fd) && !is_closed(target_fd));
}

static void
spin(void)
{
	int i;

	for (i = 0; i < ROUNDS; i++)
		MUST(loop_once(env.loop, 0) == 0);
}

/* Everything is on the recorder's disk. */
static void
committed(void)
{
	struct rm_committed m = {.next_seq = UINT64_MAX};
	struct buf b;

	buf_init(&b, 256);
	MUST(rm_committed_put(&b, &m) == 0);
	MUST(ssh_session_recorder(
		 alive, &(struct ipc_msg){.type = rm_committed_type,
			    .body = buf_span(&b)}) == 0);
	buf_fini(&b);
}

static void
use(const struct pair leg[2])
{
	static const char bytes[] = "bytes that are no packet, or half of one";
	struct pair watcher = pair_new();
	int i;

	committed();
	spin();
	if (alive != NULL && ssh_session_control(alive, CONTROL_WATCH, "by", "",
				 watcher.theirs, NULL) == 0)
		spin();
	for (i = 0; i < 2 && alive != NULL; i++) {
		IGNORE(ssh_session_control(
		    alive, CONTROL_PAUSE, "by", "", -1, NULL));
		IGNORE(ssh_session_control(
		    alive, CONTROL_MESSAGE, "by", "words", -1, NULL));
		IGNORE(ssh_session_control(
		    alive, CONTROL_RESUME, "by", "", -1, NULL));
		MUST(
		    send(leg[i].ours, bytes, sizeof(bytes), MSG_NOSIGNAL) > 0 ||
		    errno == EPIPE);
		spin();
	}
	if (alive != NULL)
		IGNORE(ssh_session_control(
		    alive, CONTROL_TERMINATE, "by", "words", -1, NULL));
	spin();
	/* It waits for the end of its recording, which nobody tells it. */
	session_free(alive);
	(void)close(watcher.ours);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pair leg[2] = {pair_new(), pair_new()};
	struct buf first, second;

	if (env.loop == NULL)
		start();
	MUST((env.peers = peers_new(env.loop, &no_peers, NULL)) != NULL);
	buf_init_secret(&first, STATE_MAX);
	buf_init_secret(&second, STATE_MAX);
	if (import(SPAN(data, size), leg) != NULL) {
		move_on(alive, leg, &first);
		MUST(import(buf_span(&first), leg) != NULL);
		move_on(alive, leg, &second);
		MUST(buf_len(&first) == buf_len(&second) &&
		     memcmp(buf_head(&first), buf_head(&second),
			 buf_len(&first)) == 0);
		MUST(import(buf_span(&second), leg) != NULL);
		use(leg);
	}
	buf_fini(&first);
	buf_fini(&second);
	peers_free(env.peers);
	(void)close(leg[0].ours);
	(void)close(leg[1].ours);
	return 0;
}
