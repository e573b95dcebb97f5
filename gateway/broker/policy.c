/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decision of policies.  Rows come from the database already narrowed down;
 * they are matched here once more, so that the rule stands in one place and a
 * wider query could never give more.
 */
#include <string.h>

#include "sql/types.h"

#include "broker/policy.h"

static bool
subject_matches(const struct policy_query *q, const struct policy_row *row)
{
	size_t i;

	if (row->subject_kind == SUBJECT_USER)
		return memcmp(row->subject_id, q->user_id, 16) == 0;
	if (row->subject_kind != SUBJECT_GROUP)
		return false;
	for (i = 0; i < q->n_groups; i++)
		if (memcmp(row->subject_id, q->groups[i], 16) == 0)
			return true;
	return false;
}

static bool
object_matches(const struct policy_query *q, const struct policy_row *row)
{
	switch (row->object_kind) {
	case OBJECT_ACCOUNT:
		return memcmp(row->object_id, q->account_id, 16) == 0;
	case OBJECT_ASSET:
		return memcmp(row->object_id, q->asset_id, 16) == 0;
	case OBJECT_ALL:
		return true;
	default:
		return false;
	}
}

/* Does a go before b? */
static bool
before(const struct policy_row *a, const struct policy_row *b)
{
	if (a->priority != b->priority)
		return a->priority > b->priority;
	if (a->object_kind != b->object_kind)
		return a->object_kind < b->object_kind;
	if (a->subject_kind != b->subject_kind)
		return a->subject_kind < b->subject_kind;
	return memcmp(a->policy_id, b->policy_id, 16) < 0;
}

void
policy_consider(struct policy_choice *c, const struct policy_query *q,
    const struct policy_row *row)
{
	if (row->disabled || !subject_matches(q, row) ||
	    !object_matches(q, row))
		return;
	if (c->allowed && !before(row, &c->row))
		return;
	c->allowed = true;
	c->row = *row;
}
