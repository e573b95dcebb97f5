/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of sessions.  What is done when one is closed, and how a claim is
 * checked against the database, is the caller's.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fail.h"
#include "base/uuid.h"

#include "broker/idmap.h"
#include "broker/sessions.h"

enum { PREFIX_MIN = 6 };

struct sessions {
	struct idmap *map;
	size_t live;
};

static void
release(struct sessions *s)
{
	struct session_ent *e;
	size_t pos = 0;

	if (s->map != NULL)
		while ((e = idmap_next(s->map, &pos)) != NULL)
			free(e);
	idmap_free(s->map);
	free(s);
}

void
sessions_free(struct sessions *s)
{
	if (s != NULL)
		release(s);
}

struct sessions *
sessions_new(void)
{
	struct sessions *s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	if ((s->map = idmap_new()) == NULL) {
		release(s);
		return NULL;
	}
	return s;
}

struct session_ent *
sessions_find(const struct sessions *s, const uint8_t id[16])
{
	return idmap_get(s->map, id);
}

struct session_ent *
sessions_add(struct sessions *s, const uint8_t id[16], enum sess_state state,
    uint64_t link)
{
	struct session_ent *e;

	if ((e = calloc(1, sizeof(*e))) == NULL)
		return NULL;
	memcpy(e->id, id, 16);
	e->state = state;
	e->link = link;
	if (idmap_put(s->map, id, e) != 0) {
		free(e);
		return NULL;
	}
	if (state != SESS_ENDED)
		s->live++;
	return e;
}

struct session_ent *
sessions_claim(struct sessions *s, const uint8_t id[16], uint64_t link)
{
	struct session_ent *e = sessions_find(s, id);

	if (e == NULL)
		return sessions_add(s, id, SESS_CLAIMED, link);
	if (e->link != link) {
		e->former = e->link;
		e->link = link;
	}
	if (e->state != SESS_ENDED) {
		/* The new holder may send unanswered rows of the old one. */
		e->state = SESS_CLAIMED;
		e->due_ms = 0;
	}
	return e;
}

int
sessions_event(struct sessions *s, struct session_ent *e, uint64_t link,
    enum sess_event ev, uint64_t now_ms)
{
	enum sess_state was = e->state;
	int r;

	if (link != e->link && (e->former == 0 || link != e->former))
		return FAIL_DENIED;
	if ((r = order_sess(&e->state, ev)) != 0)
		return r;
	if (e->state == SESS_ENDED && was != SESS_ENDED) {
		s->live--;
		e->due_ms = now_ms + SESSIONS_LINGER_MS;
	}
	return 0;
}

void
sessions_link_gone(struct sessions *s, uint64_t link, uint32_t worker,
    uint64_t due_ms, int why)
{
	struct session_ent *e;
	size_t pos = 0;

	while ((e = idmap_next(s->map, &pos)) != NULL) {
		if (e->former == link)
			e->former = 0;
		if (e->link != link)
			continue;
		e->link = 0;
		e->worker = worker;
		if (e->state == SESS_ENDED)
			continue;
		e->due_ms = due_ms;
		e->why = why;
	}
}

void
sessions_worker_gone(struct sessions *s, uint32_t worker, uint64_t due_ms)
{
	struct session_ent *e;
	size_t pos = 0;

	while ((e = idmap_next(s->map, &pos)) != NULL)
		if (e->link == 0 && e->worker == worker &&
		    e->state != SESS_ENDED && e->due_ms > due_ms)
			e->due_ms = due_ms;
}

void
sessions_expire(struct sessions *s, uint64_t now_ms, sessions_fn *fn, void *ctx)
{
	struct session_ent *e;
	size_t pos = 0;

	while ((e = idmap_next(s->map, &pos)) != NULL) {
		if (e->due_ms == 0 || e->due_ms > now_ms)
			continue;
		if (e->state != SESS_ENDED) {
			fn(e, ctx);
			s->live--;
		}
		(void)idmap_del(s->map, e->id);
		free(e);
	}
}

int
sessions_prefix(
    const struct sessions *s, const char *prefix, struct session_ent **found)
{
	char text[UUID_TEXT_SIZE];
	size_t pos = 0, len = strlen(prefix);
	struct session_ent *e;

	*found = NULL;
	if (len < PREFIX_MIN)
		return FAIL_RANGE;
	while ((e = idmap_next(s->map, &pos)) != NULL) {
		if (e->state == SESS_ENDED ||
		    strncasecmp(uuid_text(text, e->id), prefix, len) != 0)
			continue;
		if (*found != NULL)
			return FAIL_RANGE;
		*found = e;
	}
	return *found != NULL ? 0 : FAIL_NOTFOUND;
}

size_t
sessions_live(const struct sessions *s)
{
	return s->live;
}

void
sessions_unchecked(struct sessions *s, sessions_fn *fn, void *ctx)
{
	struct session_ent *e;
	size_t pos = 0;

	while ((e = idmap_next(s->map, &pos)) != NULL)
		if (!e->checked && e->state != SESS_ENDED)
			fn(e, ctx);
}
