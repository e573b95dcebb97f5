/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper process: opens the vault, gives up everything but its links, and
 * passes what comes over them to the core.  The links are given to it by the
 * supervisor; the administrator's socket is a listener that the supervisor
 * opened, and its peers are judged by their user.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/acceptor.h"
#include "base/ipc.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/secret.h"
#include "daemon/child.h"
#include "daemon/confine.h"
#include "vault/vault.h"

#include "keeper/core.h"
#include "keeper/keeper_msg.h"

enum {
	MSG_MAX = 96 * 1024, /* a credential of 64 KiB and its envelope */
	QUEUE_MAX = 1024 * 1024,
	ADMINS_MAX = 16,
	ADMIN_IDLE_S = 60,
	TICK_MS = 5000,
	LEAVE_MS = 5000, /* for logins that only this keeper can serve */
	LEAVE_STEP_MS = 20,
	KEY_HEAP = 256 * 1024, /* locked memory for OpenSSL's private keys */
	KEY_HEAP_MIN = 64,
	LINKS_RESERVE = 8, /* descriptors for the links of new processes */
};

struct keeper;

/* One peer.  In the keeper's list until it is gone. */
struct link {
	struct link *next;
	struct keeper *keeper;
	struct ipc *ipc;
	struct core_link *core;
	enum core_kind kind;
	uint32_t number; /* worker: the supervisor's number; admin: its uid */
	uint64_t used_ns;
	struct log_ctx log;
};

struct keeper {
	struct loop *loop;
	struct child *child;
	struct core *core;
	struct link *links;
	size_t admins;
	int listener; /* the administrator's socket, -1: none yet */
	struct acceptor *accept;
	struct timer *tick;
	uint64_t leave_ns; /* ends by then; 0: was not told to */
};

static const char *const kind_names[] = {
    [CORE_WORKER] = "worker",
    [CORE_BROKER] = "broker",
    [CORE_RECORDER] = "recorder",
    [CORE_ADMIN] = "administrator uid",
};

static void
link_free(struct link *l)
{
	struct link **at = &l->keeper->links;

	while (*at != NULL && *at != l)
		at = &(*at)->next;
	if (*at == l)
		*at = l->next;
	if (l->kind == CORE_ADMIN)
		l->keeper->admins--;
	ipc_free(l->ipc);
	core_link_free(l->core, mono_ns());
	free(l);
}

static void
on_gone(struct ipc *c UNUSED, const struct fail *f, void *ctx)
{
	struct link *l = ctx;

	if (f->code != FAIL_CLOSED)
		log_warn(&l->log, "link ends: %s", fail_why(f, f->code));
	link_free(l);
}

/* What an administrator asks for is in the log, also when it is granted. */
static void
log_request(const struct link *l, uint16_t request, enum core_next next,
    const struct fail *f)
{
	if (next == CORE_CLOSE)
		log_warn(&l->log, "request %u refused, link ends: %s",
		    (unsigned)request, f->why);
	else if (f->code != 0)
		log_info(&l->log, "request %u refused: %s", (unsigned)request,
		    f->why);
	else if (l->kind == CORE_ADMIN)
		log_info(&l->log, "request %u answered", (unsigned)request);
}

static int
on_msg(struct ipc *c, const struct ipc_msg *m, void *ctx)
{
	struct link *l = ctx;
	enum core_next next;
	uint16_t type = 0;
	struct buf out;
	struct fail f;
	int r = 0;

	/* No request comes with a descriptor. */
	if (m->fd >= 0) {
		(void)close(m->fd);
		log_warn(&l->log, "a descriptor came, link ends");
		link_free(l);
		return 0;
	}
	l->used_ns = loop_now_ns(l->keeper->loop);
	buf_init_secret(&out, CORE_ANSWER_MAX);
	next =
	    core_handle(l->core, l->used_ns, m->type, m->body, &out, &type, &f);
	log_request(l, m->type, next, &f);
	if (type != 0)
		r = ipc_send(c, type, m->id, buf_span(&out), -1);
	buf_fini(&out);
	if (r != 0)
		log_warn(&l->log, "cannot answer, link ends: %s", fail_text(r));
	if (next == CORE_CLOSE && r == 0)
		ipc_flush(c);
	if (next == CORE_CLOSE || r != 0)
		link_free(l);
	return 0;
}

static int
link_new(struct keeper *k, enum core_kind kind, uint32_t number, int fd)
{
	struct link *l = calloc(1, sizeof(*l));
	struct ipc_opts o = {
	    .max_msg = MSG_MAX,
	    .max_queue = QUEUE_MAX,
	    .msg = on_msg,
	    .gone = on_gone,
	    .ctx = l,
	    .secret = true,
	};

	if (l == NULL) {
		(void)close(fd);
		return FAIL_NOMEM;
	}
	l->keeper = k;
	l->kind = kind;
	l->number = number;
	l->used_ns = mono_ns();
	(void)snprintf(l->log.prefix, sizeof(l->log.prefix), "%s %u",
	    kind_names[kind], (unsigned)number);
	l->core = core_link_new(k->core, kind, number, l->used_ns);
	if (l->core == NULL || (l->ipc = ipc_new(k->loop, fd, &o)) == NULL) {
		core_link_free(l->core, l->used_ns);
		free(l);
		(void)close(fd);
		return FAIL_NOMEM;
	}
	l->next = k->links;
	k->links = l;
	if (kind == CORE_ADMIN)
		k->admins++;
	return 0;
}

/* A process has one link: a new one replaces the old. */
static void
end_old(struct keeper *k, enum core_kind kind, uint32_t number)
{
	struct link *l, *next;

	for (l = k->links; l != NULL; l = next) {
		next = l->next;
		if (l->kind == kind && l->number == number)
			link_free(l);
	}
}

static void
on_link(void *ctx, enum role role, uint32_t peer, int fd)
{
	struct keeper *k = ctx;
	enum core_kind kind;

	switch (role) {
	case ROLE_WORKER:
		kind = CORE_WORKER;
		break;
	case ROLE_BROKER:
		kind = CORE_BROKER;
		break;
	case ROLE_RECORDER:
		kind = CORE_RECORDER;
		break;
	default:
		log_warn(NULL, "a link to role %d came", (int)role);
		(void)close(fd);
		return;
	}
	end_old(k, kind, peer);
	if (link_new(k, kind, peer, fd) != 0)
		log_err(NULL, "no memory for a link");
}

/* Root, or the user that the node runs as. */
static int
check_peer(int fd, uint32_t *uid)
{
	struct ucred cred = {0};
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0 ||
	    len != sizeof(cred))
		return FAIL_SYS;
	*uid = cred.uid;
	return cred.uid == 0 || cred.uid == geteuid() ? 0 : FAIL_DENIED;
}

static void
on_accept(void *ctx, int fd, const struct sockaddr_storage *from UNUSED,
    socklen_t len UNUSED)
{
	struct keeper *k = ctx;
	uint32_t uid = 0;

	if (check_peer(fd, &uid) != 0) {
		log_warn(NULL, "administrator's socket: uid %u refused",
		    (unsigned)uid);
		(void)close(fd);
	} else if (k->admins >= ADMINS_MAX) {
		log_warn(NULL, "administrator's socket: too many connections");
		(void)close(fd);
	} else if (link_new(k, CORE_ADMIN, uid, fd) != 0) {
		log_err(NULL, "no memory for a link");
	}
}

static void
on_listener(void *ctx, const char *name, int fd)
{
	struct keeper *k = ctx;
	const struct acceptor_opts o = {.what = "administrator's socket",
	    .got = on_accept,
	    .ctx = k,
	    .batch = 1,
	    .reserve = LINKS_RESERVE};
	int flags = fcntl(fd, F_GETFL);

	if (strcmp(name, "keeper") != 0 || k->listener >= 0 || flags < 0 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
		log_warn(NULL, "a listener that is not the keeper's came");
		(void)close(fd);
		return;
	}
	if ((k->accept = acceptor_new(k->loop, fd, &o)) == NULL) {
		log_err(NULL, "cannot watch the administrator's socket");
		(void)close(fd);
		return;
	}
	k->listener = fd;
	acceptor_listen(k->accept, true);
}

static bool
has_link(const struct keeper *k, enum core_kind kind)
{
	const struct link *l = k->links;

	while (l != NULL && l->kind != kind)
		l = l->next;
	return l != NULL;
}

/* The broker lets go of its link when it has its answers. */
static bool
has_left(struct keeper *k, uint64_t now)
{
	return now >= k->leave_ns ||
	       (!has_link(k, CORE_BROKER) && !core_awaited(k->core, now));
}

static void
on_tick(struct timer *t, void *ctx)
{
	struct keeper *k = ctx;
	uint64_t now = loop_now_ns(k->loop);
	struct link *l, *next;

	if (k->leave_ns != 0 && has_left(k, now)) {
		loop_stop(k->loop);
		return;
	}
	core_tick(k->core, now);
	for (l = k->links; l != NULL; l = next) {
		next = l->next;
		if (l->kind == CORE_ADMIN &&
		    now > l->used_ns + ADMIN_IDLE_S * UINT64_C(1000000000))
			link_free(l);
	}
	timer_set(t, k->leave_ns != 0 ? LEAVE_STEP_MS : TICK_MS);
}

static void
listener_close(struct keeper *k)
{
	acceptor_free(k->accept);
	k->accept = NULL;
	if (k->listener >= 0)
		(void)close(k->listener);
	k->listener = -1;
}

static void
on_stop(void *ctx)
{
	struct keeper *k = ctx;
	uint64_t ms = child_orphaned(k->child) ? 0 : LEAVE_MS;

	listener_close(k);
	k->leave_ns = mono_ns() + ms * UINT64_C(1000000);
	timer_set(k->tick, 0);
}

/* Workers have checkpoints signed until their sessions have ended. */
static bool
on_orphan(void *ctx)
{
	struct keeper *k = ctx;

	listener_close(k);
	return !has_link(k, CORE_WORKER);
}

static const struct child_ops child_ops = {
    .link = on_link,
    .listener = on_listener,
    .stop = on_stop,
    .orphan = on_orphan,
};

static void
keeper_fini(struct keeper *k)
{
	while (k->links != NULL)
		link_free(k->links);
	listener_close(k);
	timer_free(k->tick);
	child_free(k->child);
	core_free(k->core);
	loop_free(k->loop);
}

/* Everything that needs a file; afterwards nothing does. */
static int
open_vault(struct keeper *k, const struct conf *c, struct fail *f)
{
	struct keyring *ring;
	int r;

	if (CRYPTO_secure_malloc_init(KEY_HEAP, KEY_HEAP_MIN) != 1)
		log_warn(NULL, "private keys lie in memory that is not locked "
			       "(RLIMIT_MEMLOCK, LimitMEMLOCK=)");
	if ((r = vault_open(c, &ring, f)) != 0)
		return r;
	return core_new(&k->core, ring, f);
}

static int
start(struct keeper *k, const struct role_args *a, struct fail *f)
{
	int r;

	/* The control link and what is below it: log, and nothing else. */
	if (close_range((unsigned)a->control_fd + 1, ~0U, 0) != 0)
		return fail_sys(f, "cannot close what is open");
	if ((r = open_vault(k, a->conf, f)) != 0)
		return r;
	k->loop = loop_new();
	if (k->loop == NULL ||
	    (k->tick = timer_new(k->loop, on_tick, k)) == NULL ||
	    (k->child = child_new(k->loop, a, &child_ops, k)) == NULL)
		return fail_set(f, FAIL_NOMEM, "no memory for the keeper");
	if ((r = confine_role(ROLE_KEEPER, a->conf, f)) != 0)
		return r;
	timer_set(k->tick, TICK_MS);
	if ((r = child_ready(k->child)) != 0)
		return fail_set(f, r, "cannot tell the supervisor");
	return 0;
}

int
keeper_main(const struct role_args *a)
{
	struct keeper k = {.listener = -1};
	struct fail f = {0};
	int r;

	secret_harden_process();
	if ((r = start(&k, a, &f)) != 0)
		log_err(NULL, "%s", fail_why(&f, r));
	else if ((r = loop_run(k.loop)) != 0)
		log_err(NULL, "event loop: %s", fail_text(r));
	keeper_fini(&k);
	return r == 0 ? 0 : 1;
}
