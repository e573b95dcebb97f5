/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_SOURCE_H
#define REPLAY_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"
#include "base/secret.h"
#include "recorder/reader.h"

/*
 * A recording as one reads it: its events in order of time, from the start or
 * from a place in time, and in words how it ends.  Times never run backwards
 * here, whatever the file says.
 */

struct source;

void source_free(struct source *s);
/*
 * fd: takes it, also on failure.  key: the data key, or one that opens all but
 * what was typed; lent; NULL: header only, and events are FAIL_DENIED.
 */
int source_open(struct source **out, int fd, const struct secret *key,
    struct fail *f) MUST_USE;
/* The key in a file of 64 hex digits; "-" is standard input.  Gives *out. */
int source_key(struct secret **out, const char *path, struct fail *f) MUST_USE;

/*
 * The next event; payload lent until the next call.  0; RCD_END, RCD_MORE (may
 * be asked again when the file has grown); FAIL_* with the cause in
 * source_fail().
 */
int source_next(struct source *s, struct rcd_event_view *e) MUST_USE;
/*
 * Go to a place from which the first event at or after t_us is reached; what
 * comes before it is to be passed over by the caller.
 */
int source_seek(struct source *s, uint64_t t_us) MUST_USE;

const struct rcd_header *source_header(const struct source *s);
int source_info(struct source *s, struct rcd_info *info) MUST_USE;
/* The session's JSON, lent; empty without a key. */
struct span source_session(struct source *s);
/* A member of it, escaped for a terminal, "" if there is none; returns dst. */
char *source_about(struct source *s, const char *key, char *dst, size_t size);
/* What was typed is closed to this key. */
bool source_is_partial(const struct source *s);
const struct fail *source_fail(const struct source *s);
/*
 * One sentence on how the recording ends, when reading answered how; NULL:
 * with its trailer and nothing to say.  dst holds 256 chars.
 */
enum { SOURCE_END_SIZE = 256 };
const char *source_end_text(
    struct source *s, int how, char dst[SOURCE_END_SIZE]);

#endif /* REPLAY_SOURCE_H */
