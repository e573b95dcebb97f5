/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the links between processes that links_tbl.h lists. */
#include <sys/socket.h>

#include <unistd.h>

#include "base/log.h"

#include "daemon/daemon_msg.h"
#include "daemon/links.h"

enum {
	RELINKS = 8, /* for one process in RELINK_S */
	RELINK_S = 600,
	STOP_MS = 10000,
};

static const struct {
	enum role a, b;
} rows[] = {
#define LINK(x, y) {ROLE_##x, ROLE_##y},
#include "daemon/links_tbl.h"
#undef LINK
};

static bool
joined(enum role a, enum role b)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if ((rows[i].a == a && rows[i].b == b) ||
		    (rows[i].a == b && rows[i].b == a))
			return true;
	return false;
}

/* Tell p of peer; takes fd. */
static int
tell(struct proc *p, const struct proc *peer, int fd)
{
	struct dm_link x = {.role = (uint8_t)peer->role, .peer = peer->number};
	struct buf b;
	int r;

	buf_init(&b, 64);
	r = dm_link_put(&b, &x);
	if (r == 0)
		r = ipc_send(p->ctl, dm_link_type, 0, buf_span(&b), fd);
	else
		(void)close(fd);
	buf_fini(&b);
	return r;
}

/* Join p with q, if they are to be joined and q serves. */
static int
join(struct proc *p, struct proc *q)
{
	int sv[2];
	int r;

	if (q == p || p->ctl == NULL || q->ctl == NULL || !q->current ||
	    q->state == PROC_KILLED || !joined(p->role, q->role))
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) != 0)
		return FAIL_SYS;
	r = tell(p, q, sv[0]);
	if (r != 0) {
		(void)close(sv[1]);
		return r;
	}
	/* One whose control link is full or broken is on its way out. */
	(void)!tell(q, p, sv[1]);
	return 0;
}

int
links_give(const struct procs *ps, struct proc *p)
{
	int r = 0;

	for (struct proc *q = ps->first; q != NULL && r == 0; q = q->next)
		r = join(p, q);
	return r;
}

/* Not for ever: one side may be the cause. */
static bool
may_mend(struct proc *p)
{
	uint64_t now = mono_ns();

	if (now - p->relink_ns > RELINK_S * UINT64_C(1000000000)) {
		p->relink_ns = now;
		p->relinks = 0;
	}
	return ++p->relinks <= RELINKS;
}

static void
mend(struct procs *ps, struct proc *p)
{
	unsigned want = p->unlinked;
	char name[32];

	p->unlinked = 0;
	for (unsigned role = 0; role < 32 && p->state <= PROC_LEAVING; role++) {
		struct proc *q = proc_by_role(ps, (enum role)role);

		if ((want & BIT(role)) == 0 || q == NULL || q->ctl == NULL ||
		    q->state >= PROC_STOPPING)
			continue;
		log_warn(NULL, "%s has no link to the %s", proc_name(p, name),
		    role_name(q->role));
		if (!may_mend(p) || join(p, q) != 0) {
			log_err(NULL, "%s: no more links; it has to end", name);
			proc_stop(p, STOP_MS);
		}
	}
}

void
links_mend(struct procs *ps)
{
	for (struct proc *p = ps->first; p != NULL; p = p->next)
		if (p->unlinked != 0)
			mend(ps, p);
}
