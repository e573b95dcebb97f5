/* SPDX-License-Identifier: Apache-2.0 */
/* Takes the command line of sallyport-replay apart. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "recorder/replay/pick.h"
#include "recorder/replay/words.h"

#include "cli/replay_args.h"

/* What getopt_long() answers: modes, then options. */
enum {
	CODE_MODE = 1000,
	CODE_OPTION = 2000,
};

enum option_name {
#define MODE(name, long_name, value, how, text)
#define OPTION(name, letter, long_name, value, text) OPTION_##name,
#include "cli/replay_tbl.h"
#undef MODE
#undef OPTION
};

static const struct row {
	const char *name;
	const char *value;
	const char *text;
	const char *how; /* of modes */
	int code;
	char letter;
} rows[] = {
#define MODE(mode, long_name, val, how_, text_)                                \
	{.name = (long_name),                                                  \
	    .value = (val),                                                    \
	    .text = (text_),                                                   \
	    .how = (how_),                                                     \
	    .code = CODE_MODE + REPLAY_##mode},
#define OPTION(opt, letter_, long_name, val, text_)                            \
	{.name = (long_name),                                                  \
	    .value = (val),                                                    \
	    .text = (text_),                                                   \
	    .code = CODE_OPTION + OPTION_##opt,                                \
	    .letter = (letter_)},
#include "cli/replay_tbl.h"
#undef MODE
#undef OPTION
};

enum { ROWS = ARRAY_LEN(rows) };

static int
bad_value(struct fail *f, const char *name, const char *val)
{
	return fail_set(
	    f, FAIL_FORMAT, "--%s: %s is no value for it", name, val);
}

static int
channel_parse(const char *text, int64_t *channel)
{
	char *end;
	unsigned long long v = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || v > UINT32_MAX)
		return FAIL_FORMAT;
	*channel = (int64_t)v;
	return 0;
}

static int
speed_parse(const char *text, uint64_t *milli)
{
	int r = words_milli_parse(text, milli);

	return r != 0 || *milli < 10 || *milli > 10000000 ? FAIL_FORMAT : 0;
}

/* An option with a value that is to be understood. */
static int
value_take(struct replay_args *a, enum option_name o, const char *val)
{
	switch (o) {
	case OPTION_NODE_KEY:
		a->has_node_key = true;
		return hex_decode(a->node_key, sizeof(a->node_key), val);
	case OPTION_SPEED:
		return speed_parse(val, &a->speed_milli);
	case OPTION_AT:
		return words_offset_parse(val, &a->at_us);
	case OPTION_MAX_IDLE:
		return words_offset_parse(val, &a->max_idle_us);
	case OPTION_CHANNEL:
		return channel_parse(val, &a->channel);
	case OPTION_CAST_VERSION:
		if (strcmp(val, "2") != 0 && strcmp(val, "3") != 0)
			return FAIL_FORMAT;
		a->cast_version = val[0] - '0';
		return 0;
	default:
		return FAIL_FORMAT;
	}
}

static int
option_take(struct replay_args *a, const struct row *row, const char *val,
    struct fail *f)
{
	enum option_name o = (enum option_name)(row->code - CODE_OPTION);

	switch (o) {
	case OPTION_CONF:
		a->conf = val;
		return 0;
	case OPTION_KEY:
		a->key = val;
		return 0;
	case OPTION_JSON:
		a->json = true;
		return 0;
	case OPTION_HELP:
		a->help = true;
		return 0;
	case OPTION_VERSION:
		a->version = true;
		return 0;
	default:
		return value_take(a, o, val) != 0 ? bad_value(f, row->name, val)
						  : 0;
	}
}

static int
mode_take(struct replay_args *a, const struct row *row, const char *val,
    struct fail *f)
{
	enum replay_mode mode = (enum replay_mode)(row->code - CODE_MODE);

	if (a->mode != REPLAY_PLAY && a->mode != mode)
		return fail_set(f, FAIL_FORMAT,
		    "--%s cannot be had together with another of its kind",
		    row->name);
	a->mode = mode;
	if (mode == REPLAY_CAST)
		a->cast = val;
	if (mode == REPLAY_BYTES && bytes_stream_parse(val, &a->stream) != 0)
		return bad_value(f, row->name, val);
	return 0;
}

/* For getopt_long(): room for a colon behind each letter, and the end. */
static void
getopt_tables(struct option lo[ROWS + 1], char letters[2 * ROWS + 2])
{
	size_t i, n = 0;

	memset(lo, 0, (ROWS + 1) * sizeof(lo[0]));
	letters[n++] = ':';
	for (i = 0; i < ROWS; i++) {
		lo[i].name = rows[i].name;
		lo[i].has_arg =
		    rows[i].value != NULL ? required_argument : no_argument;
		lo[i].val = rows[i].code;
		if (rows[i].letter == 0)
			continue;
		letters[n++] = rows[i].letter;
		if (rows[i].value != NULL)
			letters[n++] = ':';
	}
	letters[n] = '\0';
}

static const struct row *
row_find(int code)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		if (rows[i].code == code ||
		    (rows[i].letter != 0 && rows[i].letter == code))
			return &rows[i];
	return NULL;
}

static int
options_take(struct replay_args *a, int argc, char *const *argv, struct fail *f)
{
	struct option lo[ROWS + 1];
	char letters[2 * ROWS + 2];
	const struct row *row;
	int code, r = 0;

	getopt_tables(lo, letters);
	optind = 0; /* a new command line, also for glibc's own state */
	opterr = 0;
	while (r == 0 &&
	       (code = getopt_long(argc, argv, letters, lo, NULL)) != -1) {
		if (code == ':')
			return fail_set(f, FAIL_FORMAT, "%s wants a value",
			    argv[optind - 1]);
		if ((row = row_find(code)) == NULL)
			return fail_set(f, FAIL_FORMAT,
			    "%s is not an option; --help shows them",
			    argv[optind - 1]);
		r = row->how != NULL ? mode_take(a, row, optarg, f)
				     : option_take(a, row, optarg, f);
	}
	return r;
}

static int
combination_check(const struct replay_args *a, struct fail *f)
{
	if (a->json && (a->mode == REPLAY_PLAY || a->mode == REPLAY_TEXT ||
			   a->mode == REPLAY_CAST || a->mode == REPLAY_BYTES))
		return fail_set(f, FAIL_FORMAT,
		    "--json goes with --keys, --events, --info, --verify");
	if (a->has_node_key && a->mode != REPLAY_VERIFY)
		return fail_set(
		    f, FAIL_FORMAT, "--node-key goes with --verify");
	return 0;
}

int
replay_args_parse(
    struct replay_args *a, int argc, char *const *argv, struct fail *f)
{
	int r;

	memset(a, 0, sizeof(*a));
	a->speed_milli = 1000;
	a->channel = PICK_AUTO;
	a->cast_version = 3;
	if ((r = options_take(a, argc, argv, f)) != 0 || a->help || a->version)
		return r;
	if (optind >= argc)
		return fail_set(f, FAIL_FORMAT,
		    "which recording?  An id, a file, or last; --help says "
		    "more");
	if (optind + 1 < argc)
		return fail_set(f, FAIL_FORMAT, "one recording at a time: %s",
		    argv[optind + 1]);
	a->recording = argv[optind];
	return combination_check(a, f);
}

const char *
replay_args_how(const struct replay_args *a)
{
	const struct row *row = row_find(CODE_MODE + (int)a->mode);

	return a->mode == REPLAY_PLAY || row == NULL ? "play" : row->how;
}

void
replay_args_help(FILE *to)
{
	char head[40], letter[8];
	size_t i;

	(void)fputs("usage: sallyport-replay [OPTION]... RECORDING\n"
		    "RECORDING is an id, a file, or last (the newest one).  "
		    "Without an option it is\nplayed in this terminal.\n\n",
	    to);
	for (i = 0; i < ROWS; i++) {
		letter[0] = '\0';
		if (rows[i].letter != 0)
			(void)snprintf(
			    letter, sizeof(letter), "-%c,", rows[i].letter);
		(void)snprintf(head, sizeof(head), "%3s --%s%s%s", letter,
		    rows[i].name, rows[i].value != NULL ? " " : "",
		    rows[i].value != NULL ? rows[i].value : "");
		(void)fprintf(to, " %-24s %s\n", head, rows[i].text);
	}
	(void)fputs("\nKeys while playing: space pauses, left and right go 10 "
		    "s, up and down change\nthe speed, / searches, n searches "
		    "on, ? shows all keys, q quits.\n",
	    to);
}
