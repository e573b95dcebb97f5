/* SPDX-License-Identifier: Apache-2.0 */
/* See session_drive.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ssh/session_impl.h"

#include "hostile.h"
#include "session_drive.h"
#include "session_scene.h"

enum { ROUNDS = 60, ALL = 255, STATE_MAX = 32 * 1024 * 1024 };

int __real_connect(int fd, const struct sockaddr *sa, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *sa, socklen_t len);

struct side {
	struct hostile h;
	int fd; /* -1: not connected */
};

static struct ssh_env env;
static struct ssh_session *alive;

static struct {
	struct side side[2]; /* by leg */
	uint8_t flags;
	bool asked; /* the user has sent its login */
	bool refuse;
} z;

/* ---- the gateway */

static void
on_known(void *ctx, struct ssh_session *s)
{
	(void)ctx;
	alive = s;
}

static void
on_gone(void *ctx, struct ssh_session *s)
{
	(void)ctx;
	(void)s;
	alive = NULL;
}

static const struct ssh_session_ops ops = {on_known, on_gone};

static struct ssh_transport *
make(enum ssh_role role)
{
	struct ssh_transport_opts o = {
	    .role = role, .software = "fuzz", .hostkeys = hostile_blobs()};
	struct ssh_transport *t = ssh_transport_new(&o);

	MUST(t != NULL);
	return t;
}

static int
pair(struct side *s)
{
	int sv[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		 sv) == 0);
	s->fd = sv[0];
	return sv[1];
}

static void
side_fini(struct side *s)
{
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = -1;
	hostile_fini(&s->h);
}

/* Nobody but the target sees the password of the account. */
static void
user_hears(const struct hostile *h, struct span p)
{
	(void)h;
	MUST(
	    memmem(p.p, p.len, SCENE_SECRET, sizeof(SCENE_SECRET) - 1) == NULL);
}

static void
say(enum leg leg, const void *p, size_t len)
{
	hostile_say(&z.side[leg].h, SPAN(p, len));
}

/* A target that lets everybody in. */
static void
target_hears(const struct hostile *h, struct span p)
{
	static const char accept[] = "\6\0\0\0\x0cssh-userauth";
	static const char offer[] = "\x33\0\0\0\x08password\0";
	static const char in[] = "\x34";

	(void)h;
	/* Nothing of the user's passes before it is recorded. */
	if (alive != NULL && p.p[0] >= SSH_MSG_GLOBAL_REQUEST)
		MUST(alive->state >= SESSION_RELAY && alive->relay != NULL);
	if ((z.flags & DRIVE_OBEDIENT) == 0)
		return;
	if (p.p[0] == SSH_MSG_SERVICE_REQUEST)
		say(LEG_TARGET, accept, sizeof(accept) - 1);
	else if (p.p[0] != SSH_MSG_USERAUTH_REQUEST)
		return;
	else if (memmem(p.p, p.len, "none", 4) != NULL)
		say(LEG_TARGET, offer, sizeof(offer) - 1);
	else
		say(LEG_TARGET, in, 1);
}

/* The way to the target ends here. */
int
__wrap_connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	struct side *t = &z.side[LEG_TARGET];
	int theirs;

	(void)sa;
	(void)len;
	if (z.refuse) {
		z.refuse = false;
		errno = ECONNREFUSED;
		return -1;
	}
	side_fini(t);
	theirs = pair(t);
	MUST(dup2(theirs, fd) == fd && fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	(void)close(theirs);
	hostile_init(&t->h, make(SSH_ROLE_SERVER));
	t->h.hears = target_hears;
	return 0;
}

/* ---- bytes */

static void
move_bytes(struct side *s)
{
	uint8_t bytes[32768];
	ssize_t n;

	if (s->fd < 0)
		return;
	while ((n = recv(s->fd, bytes, sizeof(bytes), 0)) > 0)
		IGNORE(buf_put(&s->h.in, bytes, (size_t)n));
	if (buf_len(&s->h.out) == 0)
		return;
	n = send(s->fd, buf_head(&s->h.out), buf_len(&s->h.out), MSG_NOSIGNAL);
	if (n > 0)
		buf_consume(&s->h.out, (size_t)n);
	else
		buf_reset(&s->h.out);
}

static void
spin(void)
{
	for (int i = 0; i < 3; i++) {
		move_bytes(&z.side[LEG_USER]);
		move_bytes(&z.side[LEG_TARGET]);
		MUST(loop_once(env.loop, 0) == 0);
	}
	move_bytes(&z.side[LEG_USER]);
	move_bytes(&z.side[LEG_TARGET]);
}

static void
talk(struct side *s, unsigned n)
{
	if (s->h.t == NULL)
		return;
	if (ssh_transport_start(s->h.t, &s->h.out) != 0)
		IGNORE(hostile_take(&s->h, n));
}

/* ---- those who behave */

static void
log_in(void)
{
	static const char service[] = "\5\0\0\0\x0cssh-userauth";
	static const char login[] =
	    "\x32\0\0\0\x0e" SCENE_USER "\0\0\0\x0essh-connection"
	    "\0\0\0\x08password\0\0\0\0\4" SCENE_PASSWORD;

	if (z.asked || z.side[LEG_USER].h.t == NULL ||
	    ssh_transport_kex_count(z.side[LEG_USER].h.t) == 0)
		return;
	z.asked = true;
	say(LEG_USER, service, sizeof(service) - 1);
	say(LEG_USER, login, sizeof(login) - 1);
}

static bool
is_there(enum session_state goal)
{
	return alive == NULL || alive->state >= goal;
}

/* One answer of one of the other processes. */
static void
others_go_on(enum session_state goal)
{
	static const struct span none;

	if (is_there(goal))
		return;
	if (alive->state == SESSION_OPEN)
		scene_recorder(alive, SCENE_STATE, 0, none);
	if (!is_there(goal) && !scene_answer(PEER_KEEPER, SCENE_GOOD, none))
		IGNORE(scene_answer(PEER_BROKER, SCENE_GOOD, none));
}

/* All go on as they should until the session is in a state. */
static void
advance(enum session_state goal)
{
	uint8_t flags = z.flags;

	z.flags |= DRIVE_OBEDIENT;
	for (int i = 0; i < ROUNDS && !is_there(goal); i++) {
		talk(&z.side[LEG_USER], 1);
		talk(&z.side[LEG_TARGET], 1);
		if (goal > SESSION_AUTH)
			log_in();
		spin();
		others_go_on(goal);
		spin();
	}
	z.flags = flags;
}

/* ---- steps */

static void
step_leg(unsigned what, struct side *s, struct span body)
{
	switch (what) {
	case STEP_SAY:
		hostile_say(&s->h, body);
		break;
	case STEP_TALK:
		talk(s, body.len > 0 ? body.p[0] : ALL);
		break;
	case STEP_BEFORE:
		hostile_before(&s->h, body);
		break;
	case STEP_ALTER:
		hostile_alter(&s->h, body);
		break;
	case STEP_REKEY:
		if (s->h.t != NULL)
			IGNORE(ssh_transport_rekey(s->h.t, &s->h.out));
		break;
	case STEP_RAW:
		IGNORE(buf_put(&s->h.out, body.p, body.len));
		break;
	default:
		move_bytes(s);
		if (s->fd >= 0)
			IGNORE(shutdown(s->fd, SHUT_WR));
		break;
	}
}

static void
hand_over(void)
{
	struct ssh_session *s = NULL;
	struct buf state;
	int fd[2];

	buf_init_secret(&state, STATE_MAX);
	if (ssh_session_export(alive, &state, &fd[0], &fd[1]) == 0) {
		MUST(loop_once(env.loop, 0) == 0 && alive == NULL);
		peers_free(env.peers);
		MUST(ssh_session_import(
			 &env, buf_span(&state), fd[0], fd[1], &s, NULL) == 0);
		MUST(alive == s);
	}
	buf_fini(&state);
}

static void
order(uint8_t verb, struct span body)
{
	char text[64] = "";

	memcpy(text, body.p, body.len < 63 ? body.len : 63);
	IGNORE(ssh_session_control(alive, verb, "an auditor", text, -1, NULL));
}

static void
step_rest(unsigned what, struct span body)
{
	uint8_t a = 0, b = 0;

	if (body.len > 0)
		IGNORE(span_u8(&body, &a));
	if (body.len > 0 && (what == STEP_ANSWER || what == STEP_RECORDER))
		IGNORE(span_u8(&body, &b));
	switch (what) {
	case STEP_ANSWER:
		IGNORE(scene_answer((enum peer)(a % PEER_COUNT),
		    (enum scene_how)(b % SCENE_HOWS), body));
		break;
	case STEP_RECORDER:
		scene_recorder(alive, a, b, body);
		break;
	case STEP_ORDER:
		order(a, body);
		break;
	case STEP_MOVE:
		hand_over();
		break;
	case STEP_UP:
		ssh_session_writable(alive);
		ssh_session_peer_up(alive, (enum peer)(a % PEER_COUNT));
		break;
	case STEP_STOP:
		ssh_session_stop(alive);
		break;
	default:
		advance((enum session_state)(a % (SESSION_RELAY + 1)));
		break;
	}
}

static void
begin(void)
{
	struct side *user = &z.side[LEG_USER];

	if (env.loop == NULL)
		scene_start(&env, &ops);
	scene_reset(&env, (z.flags & DRIVE_KEY) != 0);
	z.asked = false;
	z.refuse = (z.flags & DRIVE_REFUSED) != 0;
	z.side[LEG_TARGET].fd = -1;
	hostile_init(&z.side[LEG_TARGET].h, NULL);
	hostile_init(&user->h, make(SSH_ROLE_CLIENT));
	user->h.hears = user_hears;
	alive = ssh_session_new(&env, pair(user), 1, "192.0.2.1");
	MUST(alive != NULL);
	advance((enum session_state)((z.flags & 15) % (SESSION_RELAY + 1)));
}

void
session_drive(struct span in)
{
	struct span body;
	uint8_t what;
	uint16_t len;

	/* One who knows the password already is no concern. */
	if (span_u8(&in, &z.flags) != 0 ||
	    memmem(in.p, in.len, SCENE_SECRET, sizeof(SCENE_SECRET) - 1) !=
		NULL)
		return;
	begin();
	while (alive != NULL && span_u8(&in, &what) == 0 &&
	       span_u16(&in, &len) == 0) {
		body = SPAN(in.p, len < in.len ? len : in.len);
		in.p += body.len;
		in.len -= body.len;
		what %= SESSION_STEPS;
		if (what < STEP_ANSWER)
			step_leg(what & ~1U, &z.side[what & 1], body);
		else
			step_rest(what, body);
		spin();
		if ((z.flags & DRIVE_OBEDIENT) != 0)
			advance(SESSION_CLOSED);
	}
	session_free(alive);
	scene_end(&env);
	side_fini(&z.side[LEG_USER]);
	side_fini(&z.side[LEG_TARGET]);
	MUST(loop_once(env.loop, 0) == 0);
}
