/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is let in to log in: the worker asks before it says a word to a new
 * connection.  A key exchange costs more than a connection, a password more
 * than that; so what is not wanted is turned away where it costs least.
 */
#include <inttypes.h>

#include "base/hash.h"
#include "base/log.h"
#include "session/audit.h"
#include "sql/bulk.h"

#include "broker/broker_int.h"

enum { SAY_MS = 10000 };

/* Not of each one: there may be a thousand a second. */
void
broker_door_tick(struct broker *b)
{
	uint64_t now = broker_now_ms(b);
	struct broker_audit e;

	if (b->turned_away == 0 || now < b->said_ms + SAY_MS)
		return;
	log_warn(NULL,
	    "%" PRIu64 " connections were not let in: %u are logging in",
	    b->turned_away, door_inside(b->door));
	broker_audit_begin(&e, AUDIT_AUTH_CROWD, NULL);
	json_uint(&e.j, "refused", b->turned_away);
	json_uint(&e.j, "waiting", door_inside(b->door));
	broker_audit_end(b, &e);
	b->said_ms = now;
	b->turned_away = 0;
}

bool
broker_knock(struct broker *b, struct wlink *w, uint32_t id, struct wconn *c,
    const struct bm_knock *m)
{
	struct bm_knocked answer = {.conn = m->conn};
	struct buf body;
	uint32_t chance;
	char peer[65];
	bool in;

	(void)bulk_utf8(peer, sizeof(peer), m->peer);
	throttle_source(c->source, peer);
	random_bytes(&chance, sizeof(chance));
	in = door_ask(b->door, c->source,
	    throttle_knock(b->throttle, peer, broker_now_ms(b)), chance);
	if (!in) {
		b->turned_away++;
		broker_door_tick(b);
	}
	answer.admit = in;
	buf_init(&body, 64);
	if (bm_knocked_put(&body, &answer) == 0)
		broker_answer(
		    b, wlink_number(w), bm_knocked_type, id, buf_span(&body));
	buf_fini(&body);
	return in;
}
