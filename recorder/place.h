/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORDER_PLACE_H
#define RECORDER_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "base/uuid.h"
#include "recorder/chain.h"

/*
 * Where things lie on disk:
 *
 *	FOLDER/yyyy/mm/dd/ID.rcd	a finished recording
 *	FOLDER/yyyy/mm/dd/ID.rcd.part	what was moved out of the spool so far
 *	SPOOL/open/ID			its state: how far that goes
 *
 * The day is that of the recording's UUIDv7, UTC.
 */

enum {
	PLACE_PATH = 4096,
	PLACE_NAME = 64, /* yyyy/mm/dd/ID.rcd */
	PLACE_STATE = 192,
};

/* The recording's path relative to the folder; FAIL_RANGE: absurd day. */
int place_name(char dst[PLACE_NAME], const uint8_t rec_id[UUID_LEN]) MUST_USE;
void place_path(char *dst, size_t size, const char *folder, const char *name,
    const char *suffix);
void place_state_path(
    char *dst, size_t size, const char *spool, const uint8_t rec_id[UUID_LEN]);

/* The chain at the end of the .part file, as it is kept in SPOOL/open/ID. */
void place_state_encode(uint8_t p[PLACE_STATE], const struct rcd_chain *c);
int place_state_decode(
    const uint8_t p[PLACE_STATE], struct rcd_chain *c) MUST_USE;

/* mkdir -p of the folders that path lies in, from the end of root on. */
int place_mkdirs(const char *root, const char *path) MUST_USE;
/* fsync of the folder that path lies in. */
int place_sync_folder(const char *path) MUST_USE;

#endif /* RECORDER_PLACE_H */
