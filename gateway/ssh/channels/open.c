/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening of channels: the user's session channels are relayed, every other
 * kind and direction is refused with a sentence.
 */
#include <stdio.h>

#include "ssh/channels/relay_priv.h"

static const struct {
	const char *type;
	enum ssh_right right;
} types[] = {
    {"direct-tcpip", SSH_RIGHT_LOCAL_FORWARD},
    {"forwarded-tcpip", SSH_RIGHT_REMOTE_FORWARD},
    {"direct-streamlocal@openssh.com", SSH_RIGHT_STREAMLOCAL},
    {"forwarded-streamlocal@openssh.com", SSH_RIGHT_STREAMLOCAL},
    {"x11", SSH_RIGHT_X11},
    {"auth-agent@openssh.com", SSH_RIGHT_AGENT},
    {"auth-agent", SSH_RIGHT_AGENT},
    {"tun@openssh.com", SSH_RIGHT_TUN},
    {"session", SSH_RIGHT_SESSION},
};

/* CHANNEL_OPEN taken apart. */
struct opening {
	struct span type;
	enum ssh_right right;
	uint8_t *id_at; /* where in the packet the sender's number stands */
	uint32_t id;
	uint32_t window;
	uint32_t max_packet;
};

static int
parse(struct ssh_relay *r, const struct relay_packet *k, struct opening *o)
{
	struct span s = SPAN(k->p + 1, k->len - 1);

	if (span_string(&s, &o->type) != 0)
		return relay_broken(r, k->from, "malformed channel open");
	o->id_at = k->p + 1 + 4 + o->type.len;
	if (span_u32(&s, &o->id) != 0 || span_u32(&s, &o->window) != 0 ||
	    span_u32(&s, &o->max_packet) != 0)
		return relay_broken(r, k->from, "malformed channel open");
	o->right = SSH_RIGHT_OTHER;
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (span_eq(o->type, types[i].type))
			o->right = types[i].right;
	return 0;
}

static int
refuse(struct ssh_relay *r, const struct relay_packet *k,
    const struct opening *o, uint32_t code, const char *why)
{
	int v = relay_refuse(r, k, r->next_number, o->right, o->type, why);

	if (v == CHAIN_HOLD)
		return RELAY_HOLD;
	if (v != 0)
		return v;
	r->next_number++;
	buf_reset(&r->scratch);
	(void)((v = buf_put_u8(&r->scratch, SSH_MSG_CHANNEL_OPEN_FAILURE)) !=
		   0 ||
	       (v = buf_put_u32(&r->scratch, o->id)) != 0 ||
	       (v = buf_put_u32(&r->scratch, code)) != 0 ||
	       (v = buf_put_cstring(&r->scratch, why)) != 0 ||
	       (v = buf_put_cstring(&r->scratch, "")) != 0);
	if (v != 0)
		return relay_error(r, v, "refusal of a channel");
	return relay_send(r, k->from, buf_span(&r->scratch), SPAN(NULL, 0));
}

/* Why this channel may not be, or NULL. */
static const char *
forbidden(struct ssh_relay *r, const struct relay_packet *k,
    const struct opening *o, char text[RELAY_REASON_MAX])
{
	const char *why = NULL;

	if (o->right != SSH_RIGHT_SESSION) {
		(void)snprintf(text, RELAY_REASON_MAX,
		    "Sallyport: %s is not permitted in this session",
		    right_noun(o->right));
		return text;
	}
	if (k->from != LEG_USER)
		return "Sallyport: the target may not open a session";
	if (r->no_more_sessions)
		return "Sallyport: the client said that it wants no more "
		       "sessions on this connection";
	if (r->ops->allow(r->ctx, SSH_RIGHT_SESSION, o->type, &why))
		return NULL;
	(void)snprintf(text, RELAY_REASON_MAX, "Sallyport: %s",
	    why != NULL ? why : "a session channel is not permitted");
	return text;
}

/* The chain has taken it: make the channel and ask the target. */
static int
relay_on(
    struct ssh_relay *r, const struct relay_packet *k, const struct opening *o)
{
	struct channel *ch;
	int v;

	if ((v = channel_add(&r->table, &ch)) != 0)
		return relay_error(r, v, "a new channel");
	ch->info.number = r->next_number++;
	ch->info.kind = SSH_RIGHT_SESSION;
	ch->to[LEG_USER].id = o->id;
	ch->to[LEG_USER].max_packet = o->max_packet;
	ch->to[LEG_USER].room = ch->to[LEG_USER].given = o->window;
	be32_put(o->id_at, ch->slot);
	return relay_send(r, LEG_TARGET, SPAN(k->p, k->len), SPAN(NULL, 0));
}

int
open_request(struct ssh_relay *r, const struct relay_packet *k)
{
	char text[RELAY_REASON_MAX];
	struct opening o;
	const char *why;
	int v;

	if ((v = parse(r, k, &o)) != 0)
		return v;
	if ((why = forbidden(r, k, &o, text)) != NULL)
		return refuse(
		    r, k, &o, SSH_OPEN_ADMINISTRATIVELY_PROHIBITED, why);
	if (channel_id_used(&r->table, LEG_USER, o.id))
		return relay_broken(
		    r, k->from, "channel number %u is in use already", o.id);
	if (r->table.n >= r->table.max)
		return refuse(r, k, &o, SSH_OPEN_RESOURCE_SHORTAGE,
		    "Sallyport: too many channels are open");
	v = relay_event(r, k, r->next_number, RCD_EV_CH_OPEN, o.type);
	if (v == CHAIN_HOLD)
		return RELAY_HOLD;
	if (v == CHAIN_DROP)
		return refuse(r, k, &o, SSH_OPEN_ADMINISTRATIVELY_PROHIBITED,
		    "Sallyport: a filter refused the channel");
	return v < 0 ? v : relay_on(r, k, &o);
}

/* The channel that an answer to an open is about. */
static int
find(struct ssh_relay *r, const struct relay_packet *k, size_t min,
    struct channel **ch)
{
	if (k->len < min)
		return relay_broken(
		    r, k->from, "malformed answer to a channel open");
	*ch = channel_get(&r->table, be32_get(k->p + 1));
	if (k->from != LEG_TARGET || *ch == NULL || (*ch)->info.open)
		return relay_broken(r, k->from,
		    "an answer to a channel open that was not asked");
	return 0;
}

int
open_confirmed(struct ssh_relay *r, const struct relay_packet *k)
{
	struct channel *ch;
	struct channel_half *h;
	uint32_t id;
	int v;

	if ((v = find(r, k, 17, &ch)) != 0)
		return v;
	id = be32_get(k->p + 5);
	if (channel_id_used(&r->table, LEG_TARGET, id))
		return relay_broken(
		    r, k->from, "channel number %u is in use already", id);
	h = &ch->to[LEG_TARGET];
	h->id = id;
	h->room = h->given = be32_get(k->p + 9);
	h->max_packet = be32_get(k->p + 13);
	ch->info.open = true;
	channel_update(ch);
	v = relay_audit(
	    r, AUDIT_CHANNEL_OPEN, ch->info.number, "type", SPAN("session", 7));
	if (v != 0)
		return v;
	r->ops->channel(r->ctx, &ch->info, RELAY_CH_OPEN);
	be32_put(k->p + 1, ch->to[LEG_USER].id);
	be32_put(k->p + 5, ch->slot);
	return relay_send(r, LEG_USER, SPAN(k->p, k->len), SPAN(NULL, 0));
}

int
open_failed(struct ssh_relay *r, const struct relay_packet *k)
{
	struct span s, words;
	struct channel *ch;
	char why[RELAY_REASON_MAX];
	int v;

	if ((v = find(r, k, 9, &ch)) != 0)
		return v;
	s = SPAN(k->p + 9, k->len - 9);
	if (span_string(&s, &words) != 0)
		words = SPAN(NULL, 0);
	relay_printable(why, sizeof(why), words, false);
	v = relay_refuse(
	    r, k, ch->info.number, SSH_RIGHT_SESSION, SPAN("session", 7), why);
	if (v == CHAIN_HOLD)
		return RELAY_HOLD;
	if (v != 0)
		return v;
	be32_put(k->p + 1, ch->to[LEG_USER].id);
	channel_remove(&r->table, ch);
	return relay_send(r, LEG_USER, SPAN(k->p, k->len), SPAN(NULL, 0));
}
