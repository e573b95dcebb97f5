/* SPDX-License-Identifier: Apache-2.0 */
/* Name-lists: walking, searching and building them. */
#include <string.h>

#include "ssh/transport/names.h"

struct span
names_span(const char *list)
{
	return SPAN(list, strlen(list));
}

static bool
same(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool
names_next(struct span *list, struct span *name)
{
	while (list->len > 0) {
		const uint8_t *comma = memchr(list->p, ',', list->len);
		size_t n =
		    comma != NULL ? (size_t)(comma - list->p) : list->len;

		*name = (struct span){.p = list->p, .len = n};
		if (comma != NULL)
			n++;
		list->p += n;
		list->len -= n;
		if (name->len > 0)
			return true;
	}
	return false;
}

bool
names_has(struct span list, struct span name)
{
	struct span one;

	while (names_next(&list, &one)) {
		if (same(one, name))
			return true;
	}
	return false;
}

bool
names_match(struct span wish, struct span have, struct span *name)
{
	while (names_next(&wish, name)) {
		if (names_has(have, *name))
			return true;
	}
	return false;
}

bool
names_same_first(struct span a, struct span b)
{
	struct span first_a, first_b;

	return names_next(&a, &first_a) && names_next(&b, &first_b) &&
	       same(first_a, first_b);
}

int
names_add(struct buf *b, struct span name)
{
	int r = buf_len(b) > 0 ? buf_put_u8(b, ',') : 0;

	return r != 0 ? r : buf_put(b, name.p, name.len);
}
