/* SPDX-License-Identifier: Apache-2.0 */
/* The version lines: made, found in the input, and judged. */
#include <stdio.h>
#include <string.h>

#include "ssh/transport/version.h"

enum {
	BEFORE_MAX = 1024, /* of those before the version */
	BEFORE_LINES = 32,
	SOFTWARE_MAX = 200,
};

static const char prefix[] = "SSH-";
static const char ours[] = "SSH-2.0-";
static const char both[] = "SSH-1.99-";

bool
version_set(struct versions *v, const char *software)
{
	size_t len = strlen(software);

	if (len == 0 || len > SOFTWARE_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (software[i] < 0x20 || software[i] > 0x7e)
			return false;
	}
	(void)snprintf(v->ours, sizeof(v->ours), "%s%s", ours, software);
	return true;
}

static bool
begins(struct span line, const char *text)
{
	size_t len = strlen(text);

	return line.len >= len && memcmp(line.p, text, len) == 0;
}

static int
take_version(struct versions *v, struct span line, struct fail *f)
{
	if (line.len >= sizeof(v->theirs))
		return fail_set(f, FAIL_PROTO, "version line too long");
	if (memchr(line.p, '\0', line.len) != NULL ||
	    memchr(line.p, '\r', line.len) != NULL)
		return fail_set(f, FAIL_PROTO, "bad version line");
	memcpy(v->theirs, line.p, line.len);
	v->theirs[line.len] = '\0';
	state_escape(v->shown, sizeof(v->shown), line);
	if (!begins(line, ours) && !begins(line, both))
		return fail_set(
		    f, FAIL_PROTO, "peer is not SSH 2: %s", v->shown);
	return 1;
}

/* 1: a line without its end is in front; *n bytes are to be consumed. */
static int
find_line(
    struct buf *in, size_t max, struct span *line, size_t *n, struct fail *f)
{
	size_t len = buf_len(in);
	const uint8_t *end;

	if (len > max)
		len = max;
	end = len > 0 ? memchr(buf_head(in), '\n', len) : NULL;
	if (end == NULL)
		return len < max ? 0
				 : fail_set(f, FAIL_PROTO,
				       "no version line from peer");
	line->p = buf_head(in);
	line->len = (size_t)(end - line->p);
	*n = line->len + 1;
	if (line->len > 0 && line->p[line->len - 1] == '\r')
		line->len--;
	return 1;
}

int
version_read(
    struct versions *v, enum ssh_role role, struct buf *in, struct fail *f)
{
	for (;;) {
		struct span start = buf_span(in);
		bool is_version = begins(start, prefix);
		struct span line = {0};
		size_t n = 0;
		int r;

		if (start.len == 0 ||
		    (start.len < strlen(prefix) &&
			memcmp(prefix, start.p, start.len) == 0))
			return 0;
		/* Only a server may have something to say first. */
		if (!is_version && role == SSH_ROLE_SERVER)
			return fail_set(f, FAIL_PROTO, "peer is not SSH");
		r = find_line(in, is_version ? STATE_VERSION_MAX : BEFORE_MAX,
		    &line, &n, f);
		if (r <= 0)
			return r;
		if (is_version)
			r = take_version(v, line, f);
		else if (++v->lines > BEFORE_LINES)
			r = fail_set(f, FAIL_PROTO, "no version from peer");
		buf_consume(in, n);
		if (r < 0 || is_version)
			return r;
	}
}
