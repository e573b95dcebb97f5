/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verb `session watch`: shows a running session in this terminal until it
 * ends or the watcher leaves.  The stream is that of session/live.h.  Of what
 * the target shows only what draws reaches this terminal: a hostile target
 * cannot make it answer, or write its clipboard.  By then nothing is open here
 * but the stream and the terminal, and nothing can be opened.  The terminal is
 * put back as it was on every way out.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/uuid.h"
#include "cli/cli.h"
#include "cli/order.h"
#include "cli/verbs.h"
#include "cli/viewer.h"
#include "cli/when.h"
#include "recorder/event.h"
#include "recorder/replay/vtclean.h"
#include "session/live.h"

enum { FRAME_MAX = 1024 * 1024 };

struct watcher {
	struct cli *c;
	int stream;
	int signals;
	bool tty;   /* keys come from a terminal that we have changed */
	bool ended; /* the session has */
	struct termios before;
	struct vtclean clean;
	struct buf in;
};

/* Modes that a full-screen program may have left behind. */
static const char reset_screen[] = "\033[0m\033[?25h\033[?1049l\033[?1l\033>"
				   "\033[?1000l\033[?1002l\033[?1003l"
				   "\033[?1006l\033[?2004l";

static int
terminal_open(struct watcher *w)
{
	struct termios raw;

	if (w->c->args->json || !isatty(STDIN_FILENO) ||
	    tcgetattr(STDIN_FILENO, &w->before))
		return 0;
	raw = w->before;
	raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw))
		return fail_sys(&w->c->fail, "cannot set the terminal");
	w->tty = true;
	return 0;
}

static void
terminal_close(struct watcher *w)
{
	if (w->c->args->json)
		return;
	if (isatty(STDOUT_FILENO))
		fputs(reset_screen, stdout);
	fflush(stdout);
	if (w->tty)
		tcsetattr(STDIN_FILENO, TCSANOW, &w->before);
}

/* A line of ours among the session's output. */
static void
say(const char *what, struct span text)
{
	printf("\r\n[%s%s", what, text.len ? ": " : "");
	out_escape(stdout, text);
	printf("]\r\n");
}

struct live_frame {
	uint8_t type;
	uint32_t channel;
	uint64_t at_us;
	struct span payload;
};

static void
show_json(const struct live_frame *fr)
{
	char at[WHEN_SIZE];
	struct json j;
	struct buf b;

	buf_init(&b, 8 * FRAME_MAX);
	json_init(&j, &b);
	json_object(&j, NULL);
	json_str(&j, "time", when_text(at, fr->at_us));
	json_uint(&j, "channel", fr->channel);
	json_str(&j, "event",
	    fr->type == LIVE_SKIPPED ? "skipped"
				     : rcd_event_info(fr->type).name);
	if (fr->type == LIVE_SKIPPED && fr->payload.len == 8)
		json_uint(&j, "bytes",
		    (uint64_t)be32_get(fr->payload.p) << 32 |
			be32_get(fr->payload.p + 4));
	else
		json_bytes(&j, "data", fr->payload);
	json_close(&j, '}');
	if (json_end(&j) == 0) {
		fwrite(buf_head(&b), 1, buf_len(&b), stdout);
		fputc('\n', stdout);
	}
	buf_fini(&b);
}

static void
on_clean(void *ctx, const uint8_t *p, size_t n)
{
	(void)ctx;
	fwrite(p, 1, n, stdout);
}

static void
show(struct watcher *w, const struct live_frame *fr)
{
	switch (fr->type) {
	case RCD_EV_OUT:
	case RCD_EV_ERR:
		vtclean_push(&w->clean, fr->payload, on_clean, NULL);
		break;
	case RCD_EV_EXEC:
		say("command", fr->payload);
		break;
	case RCD_EV_SUBSYSTEM:
		say("subsystem", fr->payload);
		break;
	case RCD_EV_NOTE:
		say("note", fr->payload);
		break;
	case RCD_EV_POLICY:
		say("session", fr->payload);
		break;
	case RCD_EV_END:
		say("ended", fr->payload);
		break;
	case LIVE_SKIPPED:
		say("some output was skipped", SPAN("", 0));
		break;
	default:
		break;
	}
}

/* All whole frames of what has come. */
static int
take_frames(struct watcher *w)
{
	struct live_frame fr;
	struct span s;
	uint32_t len = 0;

	for (;;) {
		s = buf_span(&w->in);
		if (s.len < 4)
			return 0;
		IGNORE(span_u32(&s, &len));
		if (len < LIVE_HEADER_LEN - 4 || len > FRAME_MAX)
			return fail_set(&w->c->fail, FAIL_PROTO,
			    "the live stream is damaged");
		if (s.len < len)
			return 0;
		s.len = len;
		IGNORE(span_u8(&s, &fr.type));
		IGNORE(span_u32(&s, &fr.channel));
		IGNORE(span_u64(&s, &fr.at_us));
		fr.payload = s;
		if (w->c->args->json)
			show_json(&fr);
		else
			show(w, &fr);
		if (fr.type == RCD_EV_END)
			w->ended = true;
		buf_consume(&w->in, len + 4);
	}
}

static int
take_stream(struct watcher *w)
{
	uint8_t *p;
	ssize_t n;
	int r = buf_reserve(&w->in, 65536, &p);

	if (r)
		return fail_set(&w->c->fail, r, "out of memory");
	n = read(w->stream, p, 65536);
	if (n < 0)
		return errno == EINTR ? 0
				      : fail_sys(&w->c->fail, "live stream");
	if (n == 0) {
		w->ended = true;
		return 0;
	}
	buf_commit(&w->in, (size_t)n);
	r = take_frames(w);
	fflush(stdout);
	return r;
}

/* True when the watcher wants to leave. */
static bool
take_keys(void)
{
	char keys[64];
	ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

	return n <= 0 || memchr(keys, 'q', (size_t)n) != NULL;
}

static int
follow(struct watcher *w)
{
	struct pollfd p[3] = {
	    {.fd = w->stream, .events = POLLIN},
	    {.fd = w->signals, .events = POLLIN},
	    {.fd = w->tty ? STDIN_FILENO : -1, .events = POLLIN},
	};
	int r = 0;

	while (r == 0 && !w->ended) {
		if (poll(p, 3, -1) < 0 && errno != EINTR)
			return fail_sys(&w->c->fail, "poll");
		if (p[1].revents || (p[2].revents && take_keys()))
			return 0;
		if (p[0].revents)
			r = take_stream(w);
	}
	return r;
}

/* Signals become a descriptor, so that the terminal is always put back. */
static int
catch_signals(struct watcher *w)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	w->signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (w->signals < 0)
		return fail_sys(&w->c->fail, "signalfd");
	return 0;
}

int
cmd_watch_run(struct cli *c)
{
	struct watcher w = {.c = c, .stream = -1, .signals = -1};
	char text[UUID_TEXT_SIZE];
	uint8_t id[16];
	int r = order_send(c, CONTROL_WATCH, "", id, &w.stream);

	if (r == 0 && w.stream < 0)
		r = fail_set(&c->fail, FAIL_PROTO, "no live stream came");
	if (r)
		return r;
	buf_init(&w.in, 2 * FRAME_MAX);
	/* No way from the stream to the node. */
	cli_part(c);
	r = viewer_confine(&c->fail);
	if (r == 0)
		r = catch_signals(&w);
	if (r == 0)
		r = terminal_open(&w);
	if (r == 0) {
		if (!c->args->json)
			fprintf(stderr, "[session %s, q leaves]\r\n",
			    uuid_text(text, id));
		r = follow(&w);
		terminal_close(&w);
	}
	buf_fini(&w.in);
	close(w.stream);
	if (w.signals >= 0)
		close(w.signals);
	return r;
}
