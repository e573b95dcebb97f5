/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the links between processes that links_tbl.h lists. */
#include <sys/socket.h>

#include <unistd.h>

#include "daemon/daemon_msg.h"
#include "daemon/links.h"

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

int
links_give(const struct procs *ps, struct proc *p)
{
	for (struct proc *q = ps->first; q != NULL; q = q->next) {
		int sv[2];
		int r;

		if (q == p || p->ctl == NULL || q->ctl == NULL || !q->current ||
		    q->state == PROC_KILLED || !joined(p->role, q->role))
			continue;
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) != 0)
			return FAIL_SYS;
		r = tell(p, q, sv[0]);
		if (r != 0) {
			(void)close(sv[1]);
			return r;
		}
		/* One whose control link is full or broken is on its way out.
		 */
		(void)!tell(q, p, sv[1]);
	}
	return 0;
}
