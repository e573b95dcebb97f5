/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REPLAY_ARGS_H
#define CLI_REPLAY_ARGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/cdefs.h"
#include "base/fail.h"
#include "recorder/replay/bytes.h"

/* The command line of sallyport-replay, against replay_tbl.h. */

enum replay_mode {
	REPLAY_PLAY,
#define MODE(name, long_name, value, how, text) REPLAY_##name,
#define OPTION(name, letter, long_name, value, text)
#include "cli/replay_tbl.h"
#undef MODE
#undef OPTION
};

struct replay_args {
	enum replay_mode mode;
	const char *recording; /* id, file or "last" */
	const char *conf;      /* NULL: the default */
	const char *key;       /* file; NULL: ask the keeper */
	const char *cast;      /* file */
	enum bytes_stream stream;
	bool has_node_key;
	uint8_t node_key[32];
	uint64_t speed_milli; /* 1000: as it was */
	uint64_t at_us;
	uint64_t max_idle_us; /* 0: pauses as they were */
	int64_t channel;      /* or PICK_AUTO */
	int cast_version;
	bool json;
	bool help;
	bool version;
};

/* argv is kept a pointer to.  FAIL_FORMAT: f says what is wrong. */
int replay_args_parse(struct replay_args *a, int argc, char *const *argv,
    struct fail *f) MUST_USE;
/* What is done, for the audit: "play", "text", ... */
const char *replay_args_how(const struct replay_args *a);
void replay_args_help(FILE *to);

#endif /* CLI_REPLAY_ARGS_H */
