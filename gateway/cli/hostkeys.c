/* SPDX-License-Identifier: Apache-2.0 */
/*
 * On-boarding of a target's host keys.  The keys are shown before anything is
 * stored, and nothing is pinned that nobody has agreed to.
 */
#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "base/uuid.h"
#include "cli/ask.h"

#include "cli/hostkeys.h"

#define SCAN_MS 15000U

/* Keep only the key with the fingerprint that was given. */
static int
keep_only(struct cli *c, struct hostscan *h, const char *fp)
{
	for (size_t i = 0; i < h->n; i++) {
		struct pubkey_line k;

		if (strcmp(h->key[i].fingerprint, fp) != 0)
			continue;
		k = h->key[0];
		h->key[0] = h->key[i];
		h->key[i] = k;
		for (size_t rest = 1; rest < h->n; rest++)
			pubkey_line_fini(&h->key[rest]);
		h->n = 1;
		return 0;
	}
	return fail_set(&c->fail, FAIL_HOSTKEY,
	    "the target has no host key %s: nothing was changed", fp);
}

int
hostkeys_choose(
    struct cli *c, struct hostscan *h, const char *address, uint16_t port)
{
	const char *fp = args_opt(c->args, "fingerprint");
	int r;

	memset(h, 0, sizeof(*h));
	r = hostscan_run(h, address, port, SCAN_MS, &c->fail);
	if (r)
		return r;
	if (fp)
		return keep_only(c, h, fp);
	/* For the person, beside what the verb answers. */
	fprintf(stderr, "host keys of %s port %u:\n", address, port);
	for (size_t i = 0; i < h->n; i++)
		fprintf(stderr, "  %-20s %s\n", h->key[i].type,
		    h->key[i].fingerprint);
	if (args_opt(c->args, "yes"))
		return 0;
	return ask_yes("Are these the target's own keys?", &c->fail);
}

int
hostkeys_pin(struct db *db, const uint8_t asset_id[16],
    const struct hostscan *h, struct fail *f)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < h->n; i++) {
		const struct pubkey_line *k = &h->key[i];
		uint8_t id[16];

		uuid_new(id);
		r = db_exec(db,
		    DB_STMT("INSERT INTO asset_hostkey (id,asset_id,alg,"
			    "key_blob,fingerprint,created_us) "
			    "VALUES (?,?,?,?,?,?) ON DUPLICATE KEY UPDATE "
			    "alg=asset_hostkey.alg",
			db_uuid(id), db_uuid(asset_id), db_text(k->type),
			db_bytes(SPAN(k->blob, k->blob_len)),
			db_text(k->fingerprint), db_u64(unix_us())),
		    NULL, f);
	}
	return r;
}
