/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: who is let in, by the credentials of the process at the
 * other end, and what it may ask.
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "session/audit.h"
#include "sql/bulk.h"

#include "broker/broker_int.h"
#include "broker/jsonok.h"

enum {
	ADMINS_MAX = 64,
	LINKS_RESERVE = 16, /* descriptors for links and the database */
};

/* ---- what it asks */

static int
on_audit_cli(struct blink *l, const struct ipc_msg *m, struct fail *f)
{
	const struct rows_ref ref = {.link = l->number, .id = m->id};
	struct row row = {.kind = jr_audit_type};
	struct bm_audit_cli a;
	char fields[8193];
	int r;

	if ((r = bm_audit_cli_get(m->body, &a)) != 0)
		return fail_set(f, r, "audit_cli");
	row.audit.fields =
	    SPAN(fields, bulk_utf8(fields, sizeof(fields), a.fields));
	if ((a.event != AUDIT_ADMIN_CHANGE &&
		a.event != AUDIT_RECORDING_VIEW) ||
	    !jsonok_object(row.audit.fields)) {
		broker_error(l->b, l->number, m->id, FAIL_DENIED,
		    "not an event of the command line");
		return 0;
	}
	uuid_new(row.audit.row_id);
	row.audit.event = a.event;
	row.audit.at_us = unix_us();
	if ((r = broker_row(l->b, &row, &ref)) != 0)
		broker_error(l->b, l->number, m->id, r, fail_text(r));
	return 0;
}

static int
on_status(struct blink *l, uint32_t id)
{
	struct bm_status m;
	struct buf json, body;
	int r;

	buf_init(&json, 65536);
	buf_init(&body, 131072);
	if ((r = broker_status(l->b, &json)) == 0) {
		m.json = buf_span(&json);
		r = bm_status_put(&body, &m);
	}
	if (r == 0)
		broker_answer(
		    l->b, l->number, bm_status_type, id, buf_span(&body));
	else
		broker_error(l->b, l->number, id, r, fail_text(r));
	buf_fini(&json);
	buf_fini(&body);
	return 0;
}

int
broker_admin_message(struct blink *l, const struct ipc_msg *m, struct fail *f)
{
	struct bm_order order;
	int r;

	switch (m->type) {
	case bm_order_type:
		if ((r = bm_order_get(m->body, &order)) != 0)
			return fail_set(f, r, "order");
		return broker_order(l->b, l, m->id, &order);
	case bm_changed_type:
		return 0; /* every question is put to the database afresh */
	case bm_status_get_type:
		return on_status(l, m->id);
	case bm_audit_cli_type:
		return on_audit_cli(l, m, f);
	default:
		return fail_set(
		    f, FAIL_PROTO, "message %u of the command line", m->type);
	}
}

/* ---- who is let in */

static void
name_of(char *dst, size_t size, uid_t uid)
{
	struct passwd pw, *found = NULL;
	char room[4096];

	if (getpwuid_r(uid, &pw, room, sizeof(room), &found) == 0 &&
	    found != NULL)
		(void)snprintf(dst, size, "%s", pw.pw_name);
	else
		(void)snprintf(dst, size, "uid %u", (unsigned)uid);
}

static unsigned
count_admins(const struct broker *b)
{
	const struct blink *l;
	unsigned n = 0;
	size_t pos = 0;

	while ((l = idmap_next(b->links, &pos)) != NULL)
		n += l->kind == LINK_ADMIN;
	return n;
}

static void
on_accept(void *ctx, int c, const struct sockaddr_storage *from UNUSED,
    socklen_t from_len UNUSED)
{
	struct broker *b = ctx;
	struct ucred cred = {0};
	socklen_t len = sizeof(cred);
	struct blink *l;

	if (getsockopt(c, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0 ||
	    (cred.uid != 0 && cred.uid != geteuid())) {
		log_warn(NULL, "command line: uid %u is not let in",
		    (unsigned)cred.uid);
		(void)close(c);
		return;
	}
	if (count_admins(b) >= ADMINS_MAX) {
		log_warn(NULL, "command line: too many at one time");
		(void)close(c);
		return;
	}
	if ((l = broker_link_add(b, LINK_ADMIN, 0, c)) != NULL)
		name_of(l->by, sizeof(l->by), cred.uid);
}

void
broker_unlisten(struct broker *b)
{
	acceptor_free(b->listener);
	b->listener = NULL;
	if (b->listen_fd >= 0)
		(void)close(b->listen_fd);
	b->listen_fd = -1;
}

void
broker_listen(struct broker *b, int fd)
{
	const struct acceptor_opts o = {.what = "command line",
	    .got = on_accept,
	    .ctx = b,
	    .batch = 1,
	    .reserve = LINKS_RESERVE};

	broker_unlisten(b);
	b->listen_fd = fd;
	if ((b->listener = acceptor_new(b->loop, fd, &o)) == NULL)
		log_err(NULL, "the command line's socket is not watched");
	else
		acceptor_listen(b->listener, true);
}
