/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the gateway itself to the user, inside the channels: on the
 * screen of a terminal, else on stderr, never in anybody's stdout.  They take
 * of the room that the user offered to the target; flow.c pays it back out of
 * the credit that the user returns.
 */
#include "ssh/channels/relay_priv.h"

/* The line as it goes out: CR LF around it on a screen. */
static int
put_text(struct buf *b, struct span text, bool pty)
{
	int v = 0;

	if (pty)
		v = buf_put(b, "\r\n", 2);
	for (size_t i = 0; v == 0 && i < text.len; i++) {
		if (text.p[i] == '\n' && pty)
			v = buf_put_u8(b, '\r');
		if (v == 0)
			v = buf_put_u8(b, text.p[i]);
	}
	if (v == 0)
		v = pty ? buf_put(b, "\r\n", 2) : buf_put(b, "\n", 1);
	return v;
}

int
inject_text(struct ssh_relay *r, struct channel *ch, struct span text)
{
	struct channel_half *h = &ch->to[LEG_USER];
	struct buf *b = &r->scratch;
	size_t head = ch->info.pty ? 9 : 13, n;
	int v = 0;

	if (!h->flows)
		return 0;
	buf_reset(b);
	if (ch->info.pty) {
		(void)((v = buf_put_u8(b, SSH_MSG_CHANNEL_DATA)) != 0 ||
		       (v = buf_put_u32(b, h->id)) != 0);
	} else {
		(void)((v = buf_put_u8(b, SSH_MSG_CHANNEL_EXTENDED_DATA)) !=
			   0 ||
		       (v = buf_put_u32(b, h->id)) != 0 ||
		       (v = buf_put_u32(b, SSH_EXTENDED_DATA_STDERR)) != 0);
	}
	if (v != 0 || (v = buf_put_u32(b, 0)) != 0 ||
	    (v = put_text(b, text, ch->info.pty)) != 0)
		return relay_error(r, v, "a notice");
	n = buf_len(b) - head;
	be32_put(buf_head(b) + head - 4, (uint32_t)n);
	/* What the chain has in hand was promised its room. */
	if (n > h->max_packet || n + h->held > h->room)
		v = 0;
	else if ((v = relay_send(r, LEG_USER, buf_span(b), SPAN(NULL, 0))) ==
		 0) {
		h->room -= n;
		v = 1;
	}
	buf_reset(b);
	return v;
}

int
inject_notice(struct ssh_relay *r, struct span text)
{
	int shown = 0, v;

	for (uint32_t i = 0; i < r->table.cap; i++) {
		struct channel *ch = r->table.slot[i];

		if (ch == NULL || ch->info.kind == SSH_RIGHT_SESSION)
			continue;
		if ((v = inject_text(r, ch, text)) < 0)
			return v;
		shown += v;
	}
	return shown;
}
