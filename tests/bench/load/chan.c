/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages and windows of one channel.  What they mean is the owner's affair.
 */
#include <string.h>

#include "chan.h"

enum { MESSAGE_MAX = 4096 };

/* Send what was put into b; r is the outcome of putting it there. */
static int
flush(struct wire *w, struct buf *b, int r)
{
	if (r == 0)
		r = wire_send(w, buf_span(b));
	buf_fini(b);
	return r;
}

/* A message of a number and up to four u32. */
static int
send_nums(struct wire *w, uint8_t msg, const uint32_t *n, size_t count)
{
	uint8_t p[17] = {msg};

	for (size_t i = 0; i < count; i++)
		be32_put(p + 1 + 4 * i, n[i]);
	return wire_send(w, SPAN(p, 1 + 4 * count));
}

static int
send_one(struct wire *w, uint8_t msg, uint32_t n)
{
	return send_nums(w, msg, &n, 1);
}

int
chan_open(struct wire *w, struct chan *ch)
{
	struct buf b;
	int r;

	buf_init(&b, MESSAGE_MAX);
	if ((r = buf_put_u8(&b, SSH_MSG_CHANNEL_OPEN)) == 0 &&
	    (r = buf_put_cstring(&b, "session")) == 0 &&
	    (r = buf_put_u32(&b, ch->own)) == 0 &&
	    (r = buf_put_u32(&b, CHAN_WINDOW)) == 0)
		r = buf_put_u32(&b, CHAN_PACKET);
	return flush(w, &b, r);
}

int
chan_accept(struct wire *w, struct chan *ch, struct span s)
{
	int r = chan_confirmed(ch, s);

	if (r != 0)
		return r;
	return send_nums(w, SSH_MSG_CHANNEL_OPEN_CONFIRMATION,
	    (const uint32_t[]){ch->peer, ch->own, CHAN_WINDOW, CHAN_PACKET}, 4);
}

int
chan_refuse(struct wire *w, struct span s)
{
	uint32_t peer;
	int r;

	if ((r = span_u32(&s, &peer)) != 0)
		return r;
	/* Reason, and two empty strings. */
	return send_nums(w, SSH_MSG_CHANNEL_OPEN_FAILURE,
	    (const uint32_t[]){peer, SSH_OPEN_UNKNOWN_CHANNEL_TYPE, 0, 0}, 4);
}

int
chan_confirmed(struct chan *ch, struct span s)
{
	int r;

	if ((r = span_u32(&s, &ch->peer)) != 0 ||
	    (r = span_u32(&s, &ch->window)) != 0 ||
	    (r = span_u32(&s, &ch->packet)) != 0)
		return r;
	ch->open = true;
	return 0;
}

int
chan_adjusted(struct chan *ch, struct span s)
{
	uint32_t n;
	int r = span_u32(&s, &n);

	if (r == 0)
		ch->window += n;
	return r;
}

int
chan_request(struct wire *w, const struct chan *ch, const char *name,
    bool reply, struct span rest)
{
	struct buf b;
	int r;

	buf_init(&b, MESSAGE_MAX);
	if ((r = buf_put_u8(&b, SSH_MSG_CHANNEL_REQUEST)) == 0 &&
	    (r = buf_put_u32(&b, ch->peer)) == 0 &&
	    (r = buf_put_cstring(&b, name)) == 0 &&
	    (r = buf_put_u8(&b, reply ? 1 : 0)) == 0)
		r = buf_put(&b, rest.p, rest.len);
	return flush(w, &b, r);
}

int
chan_pty(struct wire *w, const struct chan *ch)
{
	/* "xterm", 80 by 24, no pixels, no modes but their end. */
	static const uint8_t rest[] = {0, 0, 0, 5, 'x', 't', 'e', 'r', 'm', 0,
	    0, 0, 80, 0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0};

	return chan_request(w, ch, "pty-req", true, SPAN(rest, sizeof(rest)));
}

int
chan_exec(struct wire *w, const struct chan *ch, const char *command)
{
	struct buf b;
	int r;

	buf_init(&b, MESSAGE_MAX);
	r = buf_put_cstring(&b, command);
	if (r == 0)
		r = chan_request(w, ch, "exec", true, buf_span(&b));
	buf_fini(&b);
	return r;
}

int
chan_exit_status(struct wire *w, const struct chan *ch, uint32_t status)
{
	uint8_t rest[4];

	be32_put(rest, status);
	return chan_request(
	    w, ch, "exit-status", false, SPAN(rest, sizeof(rest)));
}

int
chan_reply(struct wire *w, const struct chan *ch, bool yes)
{
	return send_one(w,
	    yes ? SSH_MSG_CHANNEL_SUCCESS : SSH_MSG_CHANNEL_FAILURE, ch->peer);
}

size_t
chan_room(const struct wire *w, const struct chan *ch, size_t want)
{
	size_t most = CHAN_PACKET;

	if (!ch->open || ch->sent_eof || ch->sent_close || !wire_room(w))
		return 0;
	if (most > ch->packet)
		most = ch->packet;
	if (most > ch->window)
		most = ch->window;
	return want < most ? want : most;
}

int
chan_data(struct wire *w, struct chan *ch, struct span data)
{
	uint8_t head[9] = {SSH_MSG_CHANNEL_DATA};

	be32_put(head + 1, ch->peer);
	be32_put(head + 5, (uint32_t)data.len);
	ch->window -= (uint32_t)data.len;
	return wire_send2(w, SPAN(head, sizeof(head)), data);
}

int
chan_stderr(struct wire *w, struct chan *ch, struct span data)
{
	uint8_t head[13] = {SSH_MSG_CHANNEL_EXTENDED_DATA};

	be32_put(head + 1, ch->peer);
	be32_put(head + 5, SSH_EXTENDED_DATA_STDERR);
	be32_put(head + 9, (uint32_t)data.len);
	ch->window -= (uint32_t)data.len;
	return wire_send2(w, SPAN(head, sizeof(head)), data);
}

int
chan_took(struct wire *w, struct chan *ch, size_t len)
{
	uint32_t n;

	ch->taken += (uint32_t)len;
	if (ch->taken < CHAN_WINDOW / 4 || ch->sent_close)
		return 0;
	n = ch->taken;
	ch->taken = 0;
	return send_nums(w, SSH_MSG_CHANNEL_WINDOW_ADJUST,
	    (const uint32_t[]){ch->peer, n}, 2);
}

int
chan_eof(struct wire *w, struct chan *ch)
{
	if (ch->sent_eof || ch->sent_close)
		return 0;
	ch->sent_eof = true;
	return send_one(w, SSH_MSG_CHANNEL_EOF, ch->peer);
}

int
chan_close(struct wire *w, struct chan *ch)
{
	if (ch->sent_close)
		return 0;
	ch->sent_close = true;
	return send_one(w, SSH_MSG_CHANNEL_CLOSE, ch->peer);
}
