/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's log: builds one line, escapes it, writes it with one write(2)
 * so that lines of several threads and processes do not mix.  A call site that
 * says more than 20 lines in a second is held back, and says afterwards how
 * many lines were.
 */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/utf8.h"

enum {
	LINE_MAX_BYTES = 2048, /* of a message, before escaping */
	SITES = 128,	       /* call sites that are counted at a time */
	SITE_RATE = 20,	       /* lines a second */
};

struct site {
	const char *fmt; /* a string literal: its address is the call site */
	time_t second;
	unsigned lines;
	unsigned held;
};

/* The one global of the program: where the log goes. */
static struct log_opts sink = {
    .program = "sallyport", .level = LOG_LEVEL_INFO, .fd = STDERR_FILENO};
static pthread_mutex_t sink_lock = PTHREAD_MUTEX_INITIALIZER;
static struct site sites[SITES];

static const char *const level_names[] = {
    [LOG_LEVEL_ERR] = "err",
    [LOG_LEVEL_WARN] = "warn",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

void
log_init(const struct log_opts *o)
{
	(void)pthread_mutex_lock(&sink_lock);
	sink = *o;
	if (sink.program == NULL)
		sink.program = "sallyport";
	(void)pthread_mutex_unlock(&sink_lock);
}

int
log_level_parse(const char *name, enum log_level *out)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(level_names); i++)
		if (strcmp(name, level_names[i]) == 0) {
			*out = (enum log_level)i;
			return 0;
		}
	return FAIL_RANGE;
}

/* May this site say a line now?  *held: lines it was not allowed before. */
static bool
site_may(const char *fmt, time_t now, unsigned *held)
{
	struct site *s = &sites[((uintptr_t)fmt >> 3) % SITES];

	*held = 0;
	if (s->fmt != fmt || s->second != now) {
		if (s->fmt == fmt)
			*held = s->held;
		*s = (struct site){.fmt = fmt, .second = now};
	}
	if (s->lines >= SITE_RATE) {
		s->held++;
		return false;
	}
	s->lines++;
	return true;
}

static void
put_escaped(struct buf *b, const char *text)
{
	const uint8_t *p = (const uint8_t *)text;
	size_t len = strlen(text), n, i;
	uint32_t cp;
	char hex[5];

	while (len > 0) {
		if ((n = utf8_get(p, len, &cp)) == 0) {
			n = 1;
			cp = UTF8_BAD;
		}
		if (utf8_printable(cp) && cp != UTF8_BAD) {
			(void)!buf_put(b, p, n);
		} else {
			for (i = 0; i < n; i++) {
				(void)snprintf(
				    hex, sizeof(hex), "\\x%02x", p[i]);
				(void)!buf_put(b, hex, 4);
			}
		}
		p += n;
		len -= n;
	}
}

static void
line_text(struct buf *b, const char *when, enum log_level level,
    const struct log_ctx *ctx, const char *msg)
{
	char head[128];
	int n;

	n = snprintf(head, sizeof(head), "%s %s[%d]: %s: ", when, sink.program,
	    (int)getpid(), level_names[level]);
	if (n > 0 && (size_t)n < sizeof(head))
		(void)!buf_put(b, head, (size_t)n);
	if (ctx != NULL && ctx->prefix[0] != '\0') {
		put_escaped(b, ctx->prefix);
		(void)!buf_put(b, " ", 1);
	}
	put_escaped(b, msg);
}

static void
line_json(struct buf *b, const char *when, enum log_level level,
    const struct log_ctx *ctx, const char *msg)
{
	struct json j;

	json_init(&j, b);
	json_object(&j, NULL);
	json_str(&j, "time", when);
	json_str(&j, "program", sink.program);
	json_int(&j, "pid", getpid());
	json_str(&j, "level", level_names[level]);
	if (ctx != NULL && ctx->prefix[0] != '\0')
		json_str(&j, "object", ctx->prefix);
	json_str(&j, "message", msg);
	json_close(&j, '}');
	(void)!json_end(&j);
}

static void
write_line(enum log_level level, const struct log_ctx *ctx,
    const struct timespec *ts, const char *msg)
{
	char when[48];
	struct buf b;
	struct tm tm;
	size_t n;
	ssize_t w;

	(void)gmtime_r(&ts->tv_sec, &tm);
	n = strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(when + n, sizeof(when) - n, ".%03uZ",
	    (unsigned)(ts->tv_nsec / 1000000) % 1000U);
	buf_init(&b, 8 * LINE_MAX_BYTES);
	if (sink.json)
		line_json(&b, when, level, ctx, msg);
	else
		line_text(&b, when, level, ctx, msg);
	if (buf_put(&b, "\n", 1) == 0) {
		do {
			w = write(sink.fd, buf_head(&b), buf_len(&b));
		} while (w < 0 && errno == EINTR);
	}
	buf_fini(&b);
}

static void PRINTF_LIKE(3, 0) vlog(enum log_level level,
    const struct log_ctx *ctx, const char *fmt, va_list ap)
{
	char msg[LINE_MAX_BYTES], note[64];
	struct timespec ts;
	unsigned held;
	int saved = errno;

	(void)pthread_mutex_lock(&sink_lock);
	if (level > sink.level)
		goto done;
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	if (!site_may(fmt, ts.tv_sec, &held))
		goto done;
	if (held > 0) {
		(void)snprintf(note, sizeof(note),
		    "%u lines like the next were held back", held);
		write_line(level, ctx, &ts, note);
	}
	errno = saved; /* for %m */
	if (vsnprintf(msg, sizeof(msg), fmt, ap) >= 0)
		write_line(level, ctx, &ts, msg);
done:
	(void)pthread_mutex_unlock(&sink_lock);
	errno = saved;
}

#define LOG_FN(name, level)                                                    \
	void name(const struct log_ctx *ctx, const char *fmt, ...)             \
	{                                                                      \
		va_list ap;                                                    \
                                                                               \
		va_start(ap, fmt);                                             \
		vlog(level, ctx, fmt, ap);                                     \
		va_end(ap);                                                    \
	}

LOG_FN(log_err, LOG_LEVEL_ERR)
LOG_FN(log_warn, LOG_LEVEL_WARN)
LOG_FN(log_info, LOG_LEVEL_INFO)
LOG_FN(log_debug, LOG_LEVEL_DEBUG)
