/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_POLICY_H
#define BROKER_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cdefs.h"

/*
 * Which policy, if any, lets a user use an account: a decision over rows, no
 * database.  A row is one subject and one object of one policy.  Of those that
 * match, the one with the highest priority counts; among equals the narrower
 * object (account, asset, all), then the narrower subject (user, group), then
 * the older policy.
 */

struct policy_rules {
	uint8_t record_shell, record_exec, record_sftp; /* enum record_rule */
	uint8_t on_fail;				/* enum on_fail */
	uint32_t idle_s, length_s;			/* 0: no limit */
};

struct policy_row {
	uint8_t policy_id[16];
	int32_t priority;
	bool disabled;
	uint8_t subject_kind; /* enum subject_kind */
	uint8_t subject_id[16];
	uint8_t object_kind; /* enum object_kind */
	uint8_t object_id[16];
	struct policy_rules rules;
};

/* Who wants what. */
struct policy_query {
	uint8_t user_id[16];
	const uint8_t (*groups)[16]; /* those that the user is in */
	size_t n_groups;
	uint8_t account_id[16];
	uint8_t asset_id[16];
};

struct policy_choice {
	bool allowed;
	struct policy_row row; /* what allowed it */
};

/* Start with a zeroed choice; then call for every row, in any order. */
void policy_consider(struct policy_choice *c, const struct policy_query *q,
    const struct policy_row *row);

#endif /* BROKER_POLICY_H */
