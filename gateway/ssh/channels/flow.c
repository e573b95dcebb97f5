/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data, windows, EOF and CLOSE of channels.  A data packet is checked, pushed
 * down the chain, given the other leg's channel number in place, and sent: no
 * copy, no allocation.
 */
#include "ssh/channels/relay_priv.h"

enum {
	DATA_HEAD = 9,	/* number, channel, length */
	EXT_HEAD = 13,	/* with a data type before the length */
	SHORT_LEN = 5,	/* number, channel */
	ADJUST_LEN = 9, /* with the bytes to add */
};

/* Part of a data packet, as it is pushed and sent. */
struct piece {
	size_t head;   /* length of the packet's header */
	uint32_t len;  /* of all of its data */
	uint32_t from; /* what was sent already */
	uint32_t n;    /* what goes now */
};

static int
push_piece(struct ssh_relay *r, const struct relay_packet *k,
    const struct channel *ch, const struct piece *d)
{
	const struct chunk c = {
	    .mono_ns = k->mono_ns,
	    .channel = ch->info.number,
	    .flow = relay_flow(k->from),
	    .kind = d->head == EXT_HEAD ? CHUNK_ERR : CHUNK_DATA,
	    .data = k->p + d->head + d->from,
	    .len = d->n,
	};

	return relay_push(r, (enum relay_holder)k->from, &c);
}

static int
send_piece(struct ssh_relay *r, const struct relay_packet *k,
    const struct channel_half *h, const struct piece *d)
{
	uint8_t head[EXT_HEAD];

	if (d->n == d->len) {
		be32_put(k->p + 1, h->id);
		return relay_send(
		    r, relay_other(k->from), SPAN(k->p, k->len), SPAN(NULL, 0));
	}
	/* The packet is needed again for its rest: leave it as it is. */
	for (size_t i = 0; i < d->head; i++)
		head[i] = k->p[i];
	be32_put(head + 1, h->id);
	be32_put(head + d->head - 4, d->n);
	return relay_send(r, relay_other(k->from), SPAN(head, d->head),
	    SPAN(k->p + d->head + d->from, d->n));
}

/* A filter swallowed n bytes: the sender may send as many others. */
static int
give_back(struct ssh_relay *r, const struct relay_packet *k, struct channel *ch,
    uint32_t n)
{
	struct channel_half *h = &ch->to[relay_other(k->from)];
	uint8_t msg[ADJUST_LEN];

	msg[0] = SSH_MSG_CHANNEL_WINDOW_ADJUST;
	be32_put(msg + 1, ch->to[k->from].id);
	be32_put(msg + 5, n);
	h->given += n;
	return relay_send(r, k->from, SPAN(msg, sizeof(msg)), SPAN(NULL, 0));
}

/* Push and send one piece; h is the half that it goes through. */
static int
pass_piece(struct ssh_relay *r, const struct relay_packet *k,
    struct channel *ch, const struct piece *d)
{
	struct channel_half *h = &ch->to[relay_other(k->from)];
	int v = push_piece(r, k, ch, d);

	if (v == CHAIN_HOLD) {
		h->held = d->n;
		return RELAY_HOLD;
	}
	h->held = 0;
	if (v < 0)
		return v;
	h->given -= d->n;
	if (v == CHAIN_DROP)
		return give_back(r, k, ch, d->n);
	h->room -= d->n;
	h->bytes += d->n;
	r->bytes[relay_other(k->from)] += d->n;
	return send_piece(r, k, h, d);
}

/*
 * Data that a notice left too little room for: send what fits, keep the rest
 * held.  What the chain has in hand keeps its length.
 */
static int
pass_slowly(struct ssh_relay *r, const struct relay_packet *k,
    struct channel *ch, struct piece *d)
{
	struct channel_half *h = &ch->to[relay_other(k->from)];
	uint32_t rest;
	int v;

	d->from = h->resume;
	if (d->from > d->len)
		return relay_error(
		    r, FAIL_STATE, "another packet than the one that was held");
	rest = d->len - d->from;
	d->n = h->held != 0 ? h->held : rest;
	if (d->n > rest)
		return relay_error(
		    r, FAIL_STATE, "another packet than the one that was held");
	if (d->n > h->room)
		d->n = (uint32_t)h->room;
	if (d->n == 0)
		return RELAY_HOLD;
	if ((v = pass_piece(r, k, ch, d)) != 0)
		return v;
	h->resume = d->n == rest ? 0 : h->resume + d->n;
	return d->n == rest ? RELAY_DONE : RELAY_HOLD;
}

int
flow_data(struct ssh_relay *r, const struct relay_packet *k)
{
	struct piece d = {.head = DATA_HEAD};
	struct channel *ch;
	struct channel_half *h;

	if (k->p[0] == SSH_MSG_CHANNEL_EXTENDED_DATA)
		d.head = EXT_HEAD;
	if (k->len < d.head || be32_get(k->p + d.head - 4) != k->len - d.head)
		return relay_broken(r, k->from, "malformed channel data");
	ch = channel_get(&r->table, be32_get(k->p + 1));
	if (ch == NULL || !ch->info.open)
		return relay_broken(r, k->from, "data for an unknown channel");
	h = &ch->to[relay_other(k->from)];
	d.len = d.n = (uint32_t)(k->len - d.head);
	if (d.len - h->resume > h->given)
		return relay_broken(r, k->from,
		    "%u bytes of data where the window had %llu", d.len,
		    (unsigned long long)h->given);
	if (!h->flows) {
		/* Late data, e.g. crossing a CLOSE, reaches nobody. */
		h->given -= d.len - h->resume;
		h->resume = h->held = 0;
		return RELAY_DONE;
	}
	if (d.len == 0)
		return send_piece(r, k, h, &d);
	if ((h->resume | h->held) != 0 || d.len > h->room)
		return pass_slowly(r, k, ch, &d);
	return pass_piece(r, k, ch, &d);
}

int
flow_adjust(struct ssh_relay *r, const struct relay_packet *k)
{
	struct channel *ch;
	struct channel_half *h;
	uint64_t pass;

	if (k->len != ADJUST_LEN)
		return relay_broken(r, k->from, "malformed window adjust");
	ch = channel_get(&r->table, be32_get(k->p + 1));
	/* Late credit is harmless, and seen in the wild. */
	if (ch == NULL || !ch->info.open)
		return RELAY_DONE;
	h = &ch->to[k->from];
	h->room += be32_get(k->p + 5);
	if (h->room > UINT32_MAX)
		return relay_broken(r, k->from, "a window beyond 2^32 - 1");
	if (ch->closed[LEG_USER] || ch->closed[LEG_TARGET])
		return RELAY_DONE;
	pass = h->room > h->given ? h->room - h->given : 0;
	if (pass == 0)
		return RELAY_DONE;
	h->given += pass;
	be32_put(k->p + 1, ch->to[relay_other(k->from)].id);
	be32_put(k->p + 5, (uint32_t)pass);
	return relay_send(
	    r, relay_other(k->from), SPAN(k->p, k->len), SPAN(NULL, 0));
}

/* The open channel of an EOF or CLOSE. */
static int
find(struct ssh_relay *r, const struct relay_packet *k, struct channel **ch)
{
	if (k->len != SHORT_LEN)
		return relay_broken(r, k->from, "malformed end of a channel");
	*ch = channel_get(&r->table, be32_get(k->p + 1));
	if (*ch == NULL || !(*ch)->info.open)
		return relay_broken(r, k->from, "end of an unknown channel");
	return 0;
}

int
flow_eof(struct ssh_relay *r, const struct relay_packet *k)
{
	enum leg to = relay_other(k->from);
	struct channel *ch;
	int v;

	if ((v = find(r, k, &ch)) != 0)
		return v;
	if (!ch->to[to].flows)
		return RELAY_DONE;
	v = relay_event(r, k, ch->info.number,
	    k->from == LEG_USER ? RCD_EV_EOF_UP : RCD_EV_EOF_DOWN,
	    SPAN(NULL, 0));
	if (v == CHAIN_HOLD)
		return RELAY_HOLD;
	if (v < 0)
		return v;
	ch->to[to].eof = true;
	channel_update(ch);
	return relay_send_short(r, to, SSH_MSG_CHANNEL_EOF, ch->to[to].id);
}

int
flow_close(struct ssh_relay *r, const struct relay_packet *k)
{
	enum leg to = relay_other(k->from);
	struct channel *ch;
	uint32_t id;
	int v;

	if ((v = find(r, k, &ch)) != 0)
		return v;
	if (ch->closed[k->from])
		return RELAY_DONE;
	/* What the chain has in hand may belong to this channel. */
	if (r->holder == (enum relay_holder)to)
		return RELAY_HOLD;
	id = ch->to[to].id;
	if (ch->closed[to]) {
		v = relay_drop(r, ch, (enum relay_holder)k->from, k->mono_ns);
		if (v == CHAIN_HOLD)
			return RELAY_HOLD;
		if (v < 0)
			return v;
	} else {
		ch->closed[k->from] = true;
		channel_update(ch);
	}
	return relay_send_short(r, to, SSH_MSG_CHANNEL_CLOSE, id);
}
