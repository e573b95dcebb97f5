/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of a recording with its file and its key, and the words for its
 * end.  What the events mean is the business of others.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/json.h"

#include "recorder/replay/source.h"
#include "recorder/replay/words.h"

struct source {
	struct rcd_reader *reader;
	int fd;
	uint64_t last_us;
	bool partial;
};

void
source_free(struct source *s)
{
	if (s == NULL)
		return;
	rcd_reader_free(s->reader);
	(void)close(s->fd);
	free(s);
}

/* The data key, or else the key of class A. */
static int
reader_open(struct source *s, const struct secret *key, struct fail *f)
{
	struct fail why = {0};
	int r;

	if (key == NULL)
		return rcd_reader_open(&s->reader, s->fd, RCD_KEY_NONE, key, f);
	r = rcd_reader_open(&s->reader, s->fd, RCD_KEY_DEK, key, &why);
	if (r == FAIL_DENIED) {
		s->partial = true;
		why = (struct fail){0};
		r = rcd_reader_open(
		    &s->reader, s->fd, RCD_KEY_CLASS_A, key, &why);
		if (r == FAIL_DENIED)
			return fail_set(
			    f, r, "the key is not this recording's");
	}
	return r != 0 ? fail_set(f, r, "%s", fail_why(&why, r)) : 0;
}

int
source_open(
    struct source **out, int fd, const struct secret *key, struct fail *f)
{
	struct source *s = calloc(1, sizeof(*s));
	int r;

	*out = NULL;
	if (s == NULL) {
		(void)close(fd);
		return fail_set(f, FAIL_NOMEM, "out of memory");
	}
	s->fd = fd;
	if ((r = reader_open(s, key, f)) != 0) {
		source_free(s);
		return r;
	}
	*out = s;
	return 0;
}

/* All of a small file. */
static int
read_small(int fd, char *p, size_t size, size_t *len)
{
	ssize_t n;

	for (*len = 0; *len < size; *len += (size_t)n) {
		do
			n = read(fd, p + *len, size - *len);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return FAIL_SYS;
		if (n == 0)
			break;
	}
	return 0;
}

static int
key_parse(char *text, size_t len, struct secret **out)
{
	uint8_t key[RCD_KEY_LEN];

	while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
		len--;
	text[len] = '\0';
	if (len != 2 * RCD_KEY_LEN || hex_decode(key, RCD_KEY_LEN, text) != 0)
		return FAIL_FORMAT;
	*out = secret_from(key, RCD_KEY_LEN);
	wipe(key, sizeof(key));
	return *out != NULL ? 0 : FAIL_NOMEM;
}

int
source_key(struct secret **out, const char *path, struct fail *f)
{
	char text[2 * RCD_KEY_LEN + 16];
	size_t len = 0;
	int fd = STDIN_FILENO, r;

	*out = NULL;
	if (strcmp(path, "-") != 0 &&
	    (fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) < 0)
		return fail_sys(f, "cannot open the key %s", path);
	if ((r = read_small(fd, text, sizeof(text) - 1, &len)) != 0)
		r = fail_sys(f, "cannot read the key %s", path);
	if (fd != STDIN_FILENO)
		(void)close(fd);
	if (r == 0 && (r = key_parse(text, len, out)) != 0)
		(void)fail_set(f, r, "%s holds no key: 64 hex digits", path);
	wipe(text, sizeof(text));
	return r;
}

int
source_next(struct source *s, struct rcd_event_view *e)
{
	int r = rcd_reader_event(s->reader, e);

	if (r != 0)
		return r;
	if (e->t_us < s->last_us)
		e->t_us = s->last_us;
	s->last_us = e->t_us;
	return 0;
}

int
source_seek(struct source *s, uint64_t t_us)
{
	s->last_us = 0;
	return rcd_reader_seek(s->reader, t_us);
}

const struct rcd_header *
source_header(const struct source *s)
{
	return rcd_reader_header(s->reader);
}

int
source_info(struct source *s, struct rcd_info *info)
{
	return rcd_reader_info(s->reader, info);
}

struct span
source_session(struct source *s)
{
	struct span json;

	if (rcd_reader_session(s->reader, &json) != 0)
		return SPAN(NULL, 0);
	return json;
}

char *
source_about(struct source *s, const char *key, char *dst, size_t size)
{
	struct span json = source_session(s);
	char raw[1024];

	dst[0] = '\0';
	if (json.len > 0 && json_find_str(json, key, raw, sizeof(raw)) == 0)
		(void)words_escape_to(dst, size, SPAN(raw, strlen(raw)));
	return dst;
}

bool
source_is_partial(const struct source *s)
{
	return s->partial;
}

const struct fail *
source_fail(const struct source *s)
{
	return rcd_reader_fail(s->reader);
}

const char *
source_end_text(struct source *s, int how, char dst[SOURCE_END_SIZE])
{
	const struct fail *why = source_fail(s);
	struct rcd_info info;

	if (how == RCD_MORE)
		return "the recording stops here without its end: it is still "
		       "being written, or was cut";
	if (how < 0) {
		(void)snprintf(dst, SOURCE_END_SIZE,
		    "the recording cannot be read beyond this: %s",
		    fail_why(why, how));
		return dst;
	}
	if (source_info(s, &info) == 0 && info.truncated)
		return "the recording was closed by the recorder, because the "
		       "process that wrote it died: up to a second is missing";
	return NULL;
}
