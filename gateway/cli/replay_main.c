/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program `sallyport-replay`.  What it prints and plays is made in
 * recorder/replay; here it is found, opened and named.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secret.h"
#include "cli/cli.h"
#include "cli/replay_args.h"
#include "cli/replay_open.h"
#include "cli/viewer.h"
#include "recorder/replay/bytes.h"
#include "recorder/replay/cast.h"
#include "recorder/replay/check.h"
#include "recorder/replay/events.h"
#include "recorder/replay/info.h"
#include "recorder/replay/keys.h"
#include "recorder/replay/player.h"
#include "recorder/replay/text.h"
#include "session/why.h"

static void
complain(const char *text)
{
	(void)fprintf(stderr, "sallyport-replay: %s\n", text);
}

/* What is opened while files can be: where a cast goes, a terminal for keys. */
static int
outputs_open(FILE **cast, const struct replay_args *a, struct fail *f)
{
	int fd;

	*cast = stdout;
	if (a->mode == REPLAY_PLAY && !isatty(STDIN_FILENO) &&
	    (fd = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY)) >= 0) {
		(void)dup2(fd, STDIN_FILENO);
		(void)close(fd);
	}
	if (a->mode != REPLAY_CAST || strcmp(a->cast, "-") == 0)
		return 0;
	/* What was shown is for the auditor's eyes. */
	fd = open(a->cast, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_sys(f, "cannot write %s", a->cast);
	if ((*cast = fdopen(fd, "w")) == NULL) {
		(void)close(fd);
		return fail_sys(f, "cannot write %s", a->cast);
	}
	return 0;
}

static int
cast_write(
    struct source *s, const struct replay_args *a, FILE *to, struct fail *f)
{
	const struct cast_opts o = {.channel = a->channel,
	    .version = a->cast_version,
	    .max_idle_us = a->max_idle_us};
	int r = cast_print(s, to, &o);

	if (to != stdout && fclose(to) != 0 && r >= 0)
		r = fail_sys(f, "cannot write %s", a->cast);
	return r;
}

static int
bytes_write(struct source *s, const struct replay_args *a, struct fail *f)
{
	const struct bytes_opts o = {
	    .channel = a->channel, .stream = a->stream};
	uint64_t missing;
	int r;

	if (isatty(STDOUT_FILENO))
		return fail_set(f, FAIL_DENIED,
		    "--bytes writes to a file or a pipe, not to a terminal");
	r = bytes_print(s, stdout, &o, &missing);
	if (r >= 0 && missing != 0)
		return fail_set(f, FAIL_NOTFOUND,
		    "%" PRIu64 " bytes of the stream are not in the recording",
		    missing);
	return r;
}

static int
print(struct source *s, const struct replay_args *a, FILE *cast, struct fail *f)
{
	switch (a->mode) {
	case REPLAY_TEXT:
		return text_print(s, stdout,
		    &(struct text_opts){
			.channel = a->channel, .from_us = a->at_us});
	case REPLAY_CAST:
		return cast_write(s, a, cast, f);
	case REPLAY_KEYS:
		return keys_print(s, stdout,
		    &(struct keys_opts){
			.channel = a->channel, .json = a->json});
	case REPLAY_EVENTS:
		return events_print(s, stdout,
		    &(struct events_opts){
			.channel = a->channel, .json = a->json});
	case REPLAY_BYTES:
		return bytes_write(s, a, f);
	default:
		return FAIL_UNSUPPORTED;
	}
}

static int
play(struct source *s, const struct replay_args *a, struct fail *f)
{
	const struct player_opts o = {.channel = a->channel,
	    .speed_milli = a->speed_milli,
	    .max_idle_us = a->max_idle_us,
	    .at_us = a->at_us};
	int sig, r = player_run(s, &o, &sig, f);

	/* The terminal is as it was: now the signal does what it does. */
	if (sig != 0)
		(void)raise(sig);
	return r;
}

/* Words on how it ended; exit status. */
static int
conclude(struct source *s, int r, struct fail *f)
{
	char text[SOURCE_END_SIZE];
	const char *end;

	if (f->code != 0 || r == FAIL_SYS || r == FAIL_NOMEM) {
		complain(r == FAIL_SYS && f->code == 0 ? "cannot write"
						       : fail_why(f, r));
		return CLI_FAILED;
	}
	if (r == FAIL_DENIED) {
		complain("the key does not open what was typed");
		return CLI_FAILED;
	}
	/* 0: left before the end, of which nothing is known then. */
	if (r != 0 && (end = source_end_text(s, r, text)) != NULL)
		complain(end);
	return r < 0 ? CLI_FAILED : CLI_DONE;
}

static int
replay(struct replay_open *o, const struct replay_args *a, struct fail *f)
{
	struct source *s = NULL;
	int fd = o->fd, r, status;
	FILE *cast;

	o->fd = -1;
	if ((r = outputs_open(&cast, a, f)) != 0 ||
	    (r = viewer_confine(f)) != 0) {
		(void)close(fd);
		complain(fail_why(f, r));
		return CLI_FAILED;
	}
	if ((r = source_open(&s, fd, o->key, f)) != 0) {
		complain(fail_why(f, r));
		return CLI_FAILED;
	}
	if (a->mode == REPLAY_INFO) {
		r = info_print(s, stdout,
		    &(struct info_opts){.json = a->json, .why_text = why_text});
		if (r != 0)
			complain(fail_why(source_fail(s), r));
		status = r != 0 ? CLI_FAILED : CLI_DONE;
	} else {
		r = a->mode == REPLAY_PLAY ? play(s, a, f)
					   : print(s, a, cast, f);
		status = conclude(s, r, f);
	}
	source_free(s);
	return status;
}

static int
verify(const struct replay_open *o, const struct replay_args *a, struct fail *f)
{
	const struct check_opts co = {
	    .node_key = o->has_node_key ? o->node_key : NULL, .json = a->json};
	int r = viewer_confine(f);

	if (r == 0)
		r = check_print(o->fd, stdout, &co, f);
	if (f->code != 0)
		complain(f->why);
	return r != 0 ? CLI_FAILED : CLI_DONE;
}

static int
run(const struct replay_args *a)
{
	struct replay_open o;
	struct fail f = {0};
	int status = CLI_FAILED, r;

	/* A peer that hangs up is no signal; a reader of ours that does is. */
	(void)signal(SIGPIPE, SIG_IGN);
	r = replay_open_init(&o, a, &f);
	(void)signal(SIGPIPE, SIG_DFL);
	if (r != 0) {
		complain(fail_why(&f, r));
		status = o.usage ? CLI_USAGE : CLI_FAILED;
	} else if (a->mode == REPLAY_VERIFY) {
		status = verify(&o, a, &f);
	} else {
		status = replay(&o, a, &f);
	}
	replay_open_fini(&o);
	return status;
}

int
main(int argc, char **argv)
{
	struct replay_args a;
	struct fail f = {0};

	secret_harden_process();
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	log_init(&(struct log_opts){
	    .program = "sallyport-replay", .level = LOG_LEVEL_WARN, .fd = 2});
	if (replay_args_parse(&a, argc, argv, &f) != 0) {
		complain(f.why);
		return CLI_USAGE;
	}
	if (a.help) {
		replay_args_help(stdout);
		return fflush(stdout) != 0 ? CLI_FAILED : CLI_DONE;
	}
	if (a.version)
		return printf("sallyport-replay %s\n", SALLYPORT_VERSION) < 0
			   ? CLI_FAILED
			   : CLI_DONE;
	return run(&a);
}
