/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_HOSTKEYS_H
#define CLI_HOSTKEYS_H

#include <stdint.h>

#include "base/cdefs.h"
#include "cli/cli.h"
#include "sshclient/hostscan.h"

/* The host keys of a target: fetched, shown, confirmed, pinned. */

/*
 * Fetch the keys and let the person, or the options --yes and --fingerprint,
 * decide.  With --fingerprint only the key that has it is kept.  Release with
 * hostscan_fini(), also on failure.
 */
int hostkeys_choose(struct cli *c, struct hostscan *h, const char *address,
    uint16_t port) MUST_USE;
/* In a transaction: one that is pinned already is left. */
int hostkeys_pin(struct db *db, const uint8_t asset_id[16],
    const struct hostscan *h, struct fail *f) MUST_USE;

#endif /* CLI_HOSTKEYS_H */
