/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Live control: an order of the command line goes to the worker that has the
 * session, its answer back to whoever asked.  For `watch` a pair of sockets is
 * made: one end goes with the order, the other with the answer; the live stream
 * then flows between the two without us.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "session/audit.h"
#include "sql/bulk.h"

#include "broker/broker_int.h"

enum { ORDERS_MAX = 256, ORDER_MS = 10000 };

struct order {
	struct order *next;
	uint32_t id;	 /* of our message to the worker */
	uint64_t worker; /* link */
	uint64_t asker;	 /* link */
	uint32_t asker_id;
	uint8_t session[16];
	uint8_t verb;
	char by[256];
	char text[1025];
	int fd; /* watch: the asker's end, else -1 */
	uint64_t due_ms;
};

struct orders {
	struct order *list;
	unsigned n;
	uint32_t last_id;
};

int
broker_orders_new(struct broker *b)
{
	b->orders = calloc(1, sizeof(*b->orders));
	return b->orders != NULL ? 0 : FAIL_NOMEM;
}

static void
order_free(struct order *o)
{
	if (o->fd >= 0)
		(void)close(o->fd);
	free(o);
}

void
broker_orders_free(struct broker *b)
{
	struct order *o;

	if (b->orders == NULL)
		return;
	while ((o = b->orders->list) != NULL) {
		b->orders->list = o->next;
		order_free(o);
	}
	free(b->orders);
	b->orders = NULL;
}

/* Answer an asker; takes fd (-1: none). */
static void
tell(struct broker *b, uint64_t asker, uint32_t id, const uint8_t *session,
    int code, const char *why, int fd)
{
	struct blink *l = broker_blink(b, asker);
	struct bm_controlled m = {
	    .code = (uint32_t)-code,
	    .why = SPAN(why, strlen(why)),
	};
	struct buf body;

	buf_init(&body, 512);
	if (session != NULL)
		memcpy(m.session_id, session, 16);
	if (l != NULL && bm_controlled_put(&body, &m) == 0) {
		if (ipc_send(l->ipc, bm_controlled_type, id, buf_span(&body),
			fd) != 0)
			log_warn(NULL, "an answer to an order is lost");
	} else if (fd >= 0) {
		(void)close(fd);
	}
	buf_fini(&body);
}

/* Take the order out of the list. */
static struct order *
take(struct broker *b, uint64_t worker, uint32_t id)
{
	struct order **at, *o;

	for (at = &b->orders->list; (o = *at) != NULL; at = &o->next) {
		if (o->worker != worker || o->id != id)
			continue;
		*at = o->next;
		b->orders->n--;
		return o;
	}
	return NULL;
}

static void
audit(struct broker *b, const struct order *o)
{
	static const uint32_t events[] = {
	    [CONTROL_PAUSE] = AUDIT_SESSION_PAUSE,
	    [CONTROL_RESUME] = AUDIT_SESSION_RESUME,
	    [CONTROL_MESSAGE] = AUDIT_SESSION_MESSAGE,
	    [CONTROL_TERMINATE] = AUDIT_SESSION_TERMINATE,
	    [CONTROL_WATCH] = AUDIT_SESSION_WATCH,
	};
	struct row r = {.kind = jr_pause_type};
	struct broker_audit a;

	broker_audit_begin(&a, events[o->verb], o->session);
	json_str(&a.j, "by", o->by);
	if (o->verb == CONTROL_MESSAGE)
		json_str(&a.j, "text", o->text);
	else if (o->verb == CONTROL_PAUSE || o->verb == CONTROL_TERMINATE)
		json_str(&a.j, "reason", o->text);
	broker_audit_end(b, &a);
	if (o->verb != CONTROL_PAUSE && o->verb != CONTROL_RESUME)
		return;
	memcpy(r.pause.session_id, o->session, 16);
	r.pause.paused = o->verb == CONTROL_PAUSE;
	(void)broker_row(b, &r, NULL);
}

int
broker_controlled(struct broker *b, struct wlink *w, uint32_t id,
    const struct bm_controlled *m)
{
	struct order *o = take(b, wlink_number(w), id);
	char why[256];
	int fd;

	if (o == NULL)
		return 0; /* nobody waits any more */
	(void)bulk_utf8(why, sizeof(why), m->why);
	if (m->code == 0)
		audit(b, o);
	fd = m->code == 0 ? o->fd : -1;
	if (fd >= 0)
		o->fd = -1;
	tell(b, o->asker, o->asker_id, o->session,
	    m->code > INT16_MAX ? FAIL_FORMAT : -(int)m->code, why, fd);
	order_free(o);
	return 0;
}

static int
send_control(struct broker *b, struct order *o, int fd)
{
	struct blink *l = broker_blink(b, o->worker);
	struct bm_control m = {
	    .verb = o->verb,
	    .by = SPAN(o->by, strlen(o->by)),
	    .text = SPAN(o->text, strlen(o->text)),
	};
	struct buf body;
	int r;

	memcpy(m.session_id, o->session, 16);
	buf_init(&body, 4096);
	r = l != NULL ? bm_control_put(&body, &m) : FAIL_CLOSED;
	if (r == 0)
		r = ipc_send(
		    l->ipc, bm_control_type, o->id, buf_span(&body), fd);
	else if (fd >= 0)
		(void)close(fd);
	buf_fini(&body);
	return r;
}

/* Both ends for `watch`; the worker's end is given to it. */
static int
make_pair(struct order *o, int *worker_fd)
{
	int fds[2];

	*worker_fd = -1;
	if (o->verb != CONTROL_WATCH)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return FAIL_SYS;
	o->fd = fds[0];
	*worker_fd = fds[1];
	return 0;
}

static int
start(struct broker *b, struct blink *from, uint32_t id,
    const struct bm_order *m, const struct session_ent *e)
{
	struct order *o;
	int fd, r;

	if (b->orders->n >= ORDERS_MAX)
		return FAIL_FULL;
	if ((o = calloc(1, sizeof(*o))) == NULL)
		return FAIL_NOMEM;
	o->fd = -1;
	o->worker = e->link;
	o->asker = from->number;
	o->asker_id = id;
	o->verb = m->verb;
	memcpy(o->session, e->id, 16);
	memcpy(o->by, from->by, sizeof(o->by));
	(void)bulk_utf8(o->text, sizeof(o->text), m->text);
	o->due_ms = broker_now_ms(b) + ORDER_MS;
	if (++b->orders->last_id == 0)
		b->orders->last_id = 1;
	o->id = b->orders->last_id;
	if ((r = make_pair(o, &fd)) == 0)
		r = send_control(b, o, fd);
	if (r != 0) {
		order_free(o);
		return r;
	}
	o->next = b->orders->list;
	b->orders->list = o;
	b->orders->n++;
	return 0;
}

int
broker_order(
    struct broker *b, struct blink *from, uint32_t id, const struct bm_order *m)
{
	struct session_ent *e = NULL;
	const char *why = NULL;
	char text[37];
	int r;

	(void)bulk_utf8(text, sizeof(text), m->session);
	if (m->verb < CONTROL_PAUSE || m->verb > CONTROL_WATCH)
		r = FAIL_FORMAT;
	else
		r = sessions_prefix(b->sessions, text, &e);
	if (r == FAIL_NOTFOUND)
		why = "no such session lives on this node";
	else if (r == FAIL_RANGE)
		why = "the session's id is too short or not unique";
	if (r == 0 && e->link == 0) {
		r = FAIL_CLOSED;
		why = "the session's worker is gone";
	}
	if (r == 0)
		r = start(b, from, id, m, e);
	if (r != 0)
		tell(b, from->number, id, e != NULL ? e->id : NULL, r,
		    why != NULL ? why : fail_text(r), -1);
	return 0;
}

/* Answer all orders that are due, or whose worker is gone (link not 0). */
static void
give_up(struct broker *b, uint64_t link, uint64_t now_ms)
{
	struct order **at = &b->orders->list, *o;
	int code = link != 0 ? FAIL_CLOSED : FAIL_TIMEOUT;

	while ((o = *at) != NULL) {
		if (link != 0 ? o->worker != link : o->due_ms > now_ms) {
			at = &o->next;
			continue;
		}
		*at = o->next;
		b->orders->n--;
		tell(b, o->asker, o->asker_id, o->session, code,
		    "the session's worker does not answer", -1);
		order_free(o);
	}
}

void
broker_orders_gone(struct broker *b, uint64_t link)
{
	give_up(b, link, 0);
}

void
broker_orders_tick(struct broker *b)
{
	give_up(b, 0, broker_now_ms(b));
}
