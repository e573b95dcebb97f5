/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What new watchers of a session are told first, from another process: taken
 * as it is, told to a watcher in whole frames, and given on the same.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "recorder/event.h"
#include "session/live.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STATE_MAX = 1 << 20, STREAM_MAX = 1 << 20 };

static struct loop *loop;

/* The next process's, and what it would export in turn; NULL: refused. */
static struct live *
import(struct span state, struct buf *again)
{
	struct live *l = live_new(loop);

	MUST(l != NULL);
	if (live_import(l, &state) != 0) {
		live_free(l);
		return NULL;
	}
	MUST(live_export(l, again) == 0);
	return l;
}

static void
push(struct live *l, enum chunk_kind kind, uint8_t type, const char *text)
{
	const struct chunk c = {
	    .channel = 1,
	    .flow = FLOW_TO_USER,
	    .kind = kind,
	    .type = type,
	    .data = (const uint8_t *)text,
	    .len = strlen(text),
	};

	live_push(l, &c);
}

/* All that came is frames, but for the last, of which a part may have come. */
static void
check_stream(int fd)
{
	static uint8_t stream[STREAM_MAX];
	size_t off = 0, n = 0, len;
	ssize_t r;

	while (n < sizeof(stream) &&
	       (r = recv(fd, stream + n, sizeof(stream) - n, MSG_DONTWAIT)) > 0)
		n += (size_t)r;
	for (; n - off >= LIVE_HEADER_LEN; off += len) {
		len = be32_get(stream + off) + 4U;
		MUST(len >= LIVE_HEADER_LEN &&
		     len <= LIVE_HEADER_LEN + LIVE_TAIL);
		switch (stream[off + 4]) {
		case RCD_EV_PTY_REQ:
		case RCD_EV_RESIZE:
		case RCD_EV_OUT:
		case RCD_EV_CH_CLOSE:
			break;
		default:
			MUST(stream[off + 4] == LIVE_SKIPPED);
		}
		if (len > n - off)
			return;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf first, second;
	struct live *a, *b;
	int sv[2];

	if (loop == NULL)
		MUST((loop = loop_new()) != NULL);
	buf_init(&first, STATE_MAX);
	buf_init(&second, STATE_MAX);
	if ((a = import(SPAN(data, size), &first)) != NULL) {
		MUST((b = import(buf_span(&first), &second)) != NULL);
		MUST(buf_len(&first) == buf_len(&second) &&
		     memcmp(buf_head(&first), buf_head(&second),
			 buf_len(&first)) == 0);
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
		MUST(live_watch(b, sv[1]) == 0 && live_watchers(b) == 1);
		push(b, CHUNK_EVENT, RCD_EV_PTY_REQ, "terminal");
		push(b, CHUNK_DATA, 0, "text");
		push(b, CHUNK_EVENT, RCD_EV_RESIZE, "eight by");
		push(b, CHUNK_EVENT, RCD_EV_CH_CLOSE, "");
		live_free(b);
		check_stream(sv[0]);
		(void)close(sv[0]);
		live_free(a);
	}
	buf_fini(&first);
	buf_fini(&second);
	return 0;
}
