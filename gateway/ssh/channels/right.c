/* SPDX-License-Identifier: Apache-2.0 */
/* The words of right_tbl.h. */
#include "ssh/channels/right.h"
#include "base/cdefs.h"

static const struct {
	const char *name;
	const char *noun;
} rights[SSH_RIGHT_COUNT] = {
#define RIGHT(id, num, text, words) [num] = {text, words},
#include "ssh/channels/right_tbl.h"
#undef RIGHT
};

const char *
right_name(enum ssh_right r)
{
	MUST(r < SSH_RIGHT_COUNT);
	return rights[r].name;
}

const char *
right_noun(enum ssh_right r)
{
	MUST(r < SSH_RIGHT_COUNT);
	return rights[r].noun;
}
