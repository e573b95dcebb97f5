/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts who is inside: in all, and by source.  A source has an entry exactly
 * while one of it is inside, so there are never more entries than connections.
 */
#include <stdlib.h>

#include "broker/door.h"
#include "broker/idmap.h"

struct source {
	unsigned inside;
};

struct door {
	struct idmap *sources;
	unsigned inside;
};

void
door_free(struct door *d)
{
	struct source *s;
	size_t pos = 0;

	if (d == NULL)
		return;
	if (d->sources != NULL)
		while ((s = idmap_next(d->sources, &pos)) != NULL)
			free(s);
	idmap_free(d->sources);
	free(d);
}

struct door *
door_new(void)
{
	struct door *d;

	if ((d = calloc(1, sizeof(*d))) == NULL)
		return NULL;
	if ((d->sources = idmap_new()) == NULL) {
		free(d);
		return NULL;
	}
	return d;
}

unsigned
door_inside(const struct door *d)
{
	return d->inside;
}

static bool
may_enter(const struct door *d, unsigned of_source, enum throttle_class class,
    uint32_t chance)
{
	switch (class) {
	case THROTTLE_KNOWN:
		return true;
	case THROTTLE_FAILING:
		return d->inside < DOOR_FREE && of_source < DOOR_SUSPECT;
	default:
		/* Refused with a chance that grows from 0 to 1. */
		return of_source < DOOR_SOURCE &&
		       (d->inside < DOOR_FREE ||
			   chance % (DOOR_FULL - DOOR_FREE) >=
			       d->inside - DOOR_FREE);
	}
}

bool
door_ask(struct door *d, const uint8_t source[THROTTLE_SOURCE_LEN],
    enum throttle_class class, uint32_t chance)
{
	struct source *s = idmap_get(d->sources, source);

	if (!may_enter(d, s != NULL ? s->inside : 0, class, chance))
		return false;
	if (s == NULL) {
		if ((s = calloc(1, sizeof(*s))) == NULL)
			return false;
		if (idmap_put(d->sources, source, s) != 0) {
			free(s);
			return false;
		}
	}
	s->inside++;
	d->inside++;
	return true;
}

void
door_left(struct door *d, const uint8_t source[THROTTLE_SOURCE_LEN])
{
	struct source *s = idmap_get(d->sources, source);

	if (s == NULL)
		return;
	d->inside--;
	if (--s->inside > 0)
		return;
	(void)idmap_del(d->sources, source);
	free(s);
}
