/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channel requests: taken apart as far as the recording and the rights need,
 * refused or relayed, and their answers in the order in which they were asked.
 * A request that is not in the table is relayed as it is.
 */
#include <stdio.h>
#include <string.h>

#include "ssh/channels/relay_priv.h"

/* A channel request on its way. */
struct request {
	struct ssh_relay *r;
	const struct relay_packet *k;
	struct channel *ch;
	struct span name;
	bool want;	      /* a reply */
	enum ssh_right right; /* SSH_RIGHT_COUNT: nobody is asked */
	uint8_t event;
	enum pending_kind pending;
	struct span text;    /* for the rights and the audit */
	struct span payload; /* of the event */
	uint16_t size[4];    /* of a terminal */
};

typedef int parse_fn(struct request *q, struct span s);

static int
parse_nothing(struct request *q, struct span s)
{
	(void)s;
	q->text = q->name;
	return 0;
}

static int
parse_text(struct request *q, struct span s)
{
	int v = span_string(&s, &q->text);

	q->payload = q->text;
	return v;
}

static int
parse_name(struct request *q, struct span s)
{
	int v = parse_text(q, s);

	if (q->payload.len > RELAY_NAME_MAX)
		q->payload.len = RELAY_NAME_MAX;
	return v;
}

static int
parse_subsystem(struct request *q, struct span s)
{
	int v = parse_name(q, s);

	if (v == 0 && span_eq(q->text, "sftp"))
		q->right = SSH_RIGHT_SFTP;
	return v;
}

static int
parse_break(struct request *q, struct span s)
{
	uint32_t ms;

	q->text = q->payload = q->name;
	return span_u32(&s, &ms);
}

static int
parse_env(struct request *q, struct span s)
{
	struct buf *b = &q->r->scratch;
	struct span name, value;
	int v;

	if ((v = span_string(&s, &name)) != 0 ||
	    (v = span_string(&s, &value)) != 0 ||
	    (v = buf_put(b, name.p, name.len)) != 0 ||
	    (v = buf_put_u8(b, '=')) != 0 ||
	    (v = buf_put(b, value.p, value.len)) != 0)
		return v;
	q->text = q->payload = buf_span(b);
	return 0;
}

/* Four numbers, cut to 16 bits, into scratch. */
static int
parse_size(struct request *q, struct span *s)
{
	uint8_t le[2];
	uint32_t n;
	int v;

	for (size_t i = 0; i < ARRAY_LEN(q->size); i++) {
		if ((v = span_u32(s, &n)) != 0)
			return v;
		q->size[i] = n < UINT16_MAX ? (uint16_t)n : UINT16_MAX;
		le16_put(le, q->size[i]);
		if ((v = buf_put(&q->r->scratch, le, sizeof(le))) != 0)
			return v;
	}
	q->payload = buf_span(&q->r->scratch);
	return 0;
}

static int
parse_resize(struct request *q, struct span s)
{
	return parse_size(q, &s);
}

static int
parse_pty(struct request *q, struct span s)
{
	struct buf *b = &q->r->scratch;
	struct span modes;
	uint8_t le[2];
	int v;

	if ((v = span_string(&s, &q->text)) != 0 ||
	    (v = parse_size(q, &s)) != 0 || (v = span_string(&s, &modes)) != 0)
		return v;
	if (q->text.len > RELAY_NAME_MAX)
		return FAIL_RANGE;
	le16_put(le, (uint16_t)q->text.len);
	(void)((v = buf_put(b, le, sizeof(le))) != 0 ||
	       (v = buf_put(b, q->text.p, q->text.len)) != 0 ||
	       (v = buf_put(b, modes.p, modes.len)) != 0);
	q->payload = buf_span(b);
	return v;
}

static int
parse_exit(struct request *q, struct span s)
{
	uint8_t le[4];
	uint32_t status;
	int v;

	if ((v = span_u32(&s, &status)) != 0)
		return v;
	le32_put(le, status);
	v = buf_put(&q->r->scratch, le, sizeof(le));
	q->payload = buf_span(&q->r->scratch);
	return v;
}

static const struct rule {
	const char *name;
	enum leg from;
	parse_fn *parse;
	enum ssh_right right;
	uint8_t event;
	enum pending_kind pending;
} rules[] = {
#define REQUEST(name, from, parse, right, event, pending)                      \
	{name, LEG_##from, parse, SSH_RIGHT_##right, RCD_EV_##event,           \
	    PENDING_##pending},
#include "ssh/channels/request_tbl.h"
#undef REQUEST
};

bool
request_is_keepalive(struct span name)
{
	return (name.len > 10 && memcmp(name.p, "keepalive@", 10) == 0) ||
	       (name.len > 11 && memcmp(name.p, "keep-alive@", 11) == 0);
}

static int
queue(struct request *q, enum pending_kind kind)
{
	int v = pending_push(&q->ch->asked[q->k->from], kind);

	if (v == FAIL_FULL)
		return relay_broken(
		    q->r, q->k->from, "too many requests without an answer");
	return v == 0 ? 0 : relay_error(q->r, v, "a channel request");
}

static int
reply(struct ssh_relay *r, const struct channel *ch, enum leg asker,
    enum pending_kind kind)
{
	return relay_send_short(r, asker,
	    kind == PENDING_OK ? SSH_MSG_CHANNEL_SUCCESS
			       : SSH_MSG_CHANNEL_FAILURE,
	    ch->to[asker].id);
}

/* Our own failure, at once or when its turn comes. */
static int
answer(struct request *q)
{
	if (!q->want)
		return RELAY_DONE;
	if (pending_head(&q->ch->asked[q->k->from]) == PENDING_NONE)
		return reply(q->r, q->ch, q->k->from, PENDING_FAIL);
	return queue(q, PENDING_FAIL);
}

static int
refuse(struct request *q, const char *why)
{
	char text[RELAY_REASON_MAX];
	enum ssh_right right =
	    q->right < SSH_RIGHT_COUNT ? q->right : SSH_RIGHT_REQUEST;
	int v;

	if (why == NULL) {
		(void)snprintf(text, sizeof(text), "%s is not permitted",
		    right_noun(right));
		why = text;
	}
	v = relay_refuse(q->r, q->k, q->ch->info.number, right, q->name, why);
	if (v == CHAIN_HOLD)
		return RELAY_HOLD;
	if (v != 0)
		return v;
	/* Clients say only that it failed: say why, where there is room. */
	if (q->pending == PENDING_START) {
		char line[RELAY_REASON_MAX + 16];

		(void)snprintf(line, sizeof(line), "Sallyport: %s", why);
		v = inject_text(q->r, q->ch, SPAN(line, strlen(line)));
		if (v < 0)
			return v;
	}
	return answer(q);
}

/* It was recorded: what the channel is from now on. */
static int
apply(struct request *q)
{
	struct ssh_relay_channel *i = &q->ch->info;
	int v = 0;

	if (q->event == RCD_EV_PTY_REQ || q->event == RCD_EV_RESIZE) {
		i->cols = q->size[0];
		i->rows = q->size[1];
	}
	if (q->event == RCD_EV_PTY_REQ)
		i->pty = true;
	if (q->pending != PENDING_START)
		return 0;
	i->kind = q->right;
	relay_printable(i->text, sizeof(i->text),
	    q->event == RCD_EV_SHELL ? SPAN(NULL, 0) : q->text, false);
	if (q->event == RCD_EV_EXEC)
		v = relay_audit(
		    q->r, AUDIT_CHANNEL_EXEC, i->number, "command", q->text);
	if (q->event == RCD_EV_SUBSYSTEM)
		v = relay_audit(
		    q->r, AUDIT_CHANNEL_SUBSYSTEM, i->number, "name", q->text);
	if (v == 0)
		q->r->ops->channel(q->r->ctx, i, RELAY_CH_START);
	return v;
}

/* Record, then relay. */
static int
pass(struct request *q)
{
	enum leg to = relay_other(q->k->from);
	int v;

	v = relay_event(q->r, q->k, q->ch->info.number, q->event, q->payload);
	if (v == CHAIN_HOLD)
		return RELAY_HOLD;
	if (v < 0)
		return v;
	if (v == CHAIN_DROP)
		return answer(q);
	if ((v = apply(q)) != 0 || (q->want && (v = queue(q, q->pending)) != 0))
		return v;
	be32_put(q->k->p + 1, q->ch->to[to].id);
	return relay_send(q->r, to, SPAN(q->k->p, q->k->len), SPAN(NULL, 0));
}

/* Take the body apart as its rule says. */
static int
parse(struct request *q, struct span body)
{
	const struct rule *rule = NULL;

	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (rules[i].from == q->k->from &&
		    span_eq(q->name, rules[i].name))
			rule = &rules[i];
	q->right = SSH_RIGHT_COUNT;
	q->event = RCD_EV_REQUEST;
	q->pending = PENDING_RELAYED;
	if (rule != NULL) {
		q->right = rule->right;
		q->event = rule->event;
		q->pending = rule->pending;
		return rule->parse(q, body);
	}
	if (q->k->from == LEG_USER)
		q->right = SSH_RIGHT_REQUEST;
	q->text = q->payload = q->name;
	if (q->payload.len > RELAY_NAME_MAX)
		q->payload.len = RELAY_NAME_MAX;
	return 0;
}

static int
judge(struct request *q)
{
	const char *why = NULL;

	if (q->event == RCD_EV_CH_REFUSE)
		return refuse(q, NULL);
	/* Only the first may be undone: the target will refuse a second. */
	if ((q->pending == PENDING_START &&
		q->ch->info.kind != SSH_RIGHT_SESSION) ||
	    (q->pending == PENDING_PTY && q->ch->info.pty))
		q->pending = PENDING_RELAYED;
	if (q->right < SSH_RIGHT_COUNT &&
	    !q->r->ops->allow(q->r->ctx, q->right, q->text, &why))
		return refuse(q, why);
	return pass(q);
}

int
request_packet(struct ssh_relay *r, const struct relay_packet *k)
{
	struct request q = {.r = r, .k = k};
	struct span s = SPAN(k->p + 1, k->len - 1);
	uint32_t slot;
	int v;

	if (span_u32(&s, &slot) != 0 || span_string(&s, &q.name) != 0 ||
	    span_bool(&s, &q.want) != 0)
		return relay_broken(r, k->from, "malformed channel request");
	q.ch = channel_get(&r->table, slot);
	if (q.ch == NULL || !q.ch->info.open)
		return relay_broken(
		    r, k->from, "a request for an unknown channel");
	/*
	 * Late requests, e.g. crossing a CLOSE, reach nobody, but for those of
	 * the target: it tells how a command ended after its EOF, and the user
	 * may have closed at that.
	 */
	if (q.ch->closed[k->from] || (q.ch->closed[relay_other(k->from)] &&
					 (q.want || k->from == LEG_USER)))
		return RELAY_DONE;
	if (request_is_keepalive(q.name))
		return answer(&q);
	buf_reset(&r->scratch);
	if ((v = parse(&q, s)) != 0)
		return v == FAIL_NOMEM
			   ? relay_error(r, v, "a channel request")
			   : relay_broken(r, k->from, "malformed %.*s request",
				 q.name.len < 40 ? (int)q.name.len : 40,
				 (const char *)q.name.p);
	return judge(&q);
}

/* A relayed request failed: what it would have made is not so. */
static void
undo(struct channel *ch, enum pending_kind kind)
{
	if (kind == PENDING_PTY)
		ch->info.pty = false;
	if (kind == PENDING_START)
		ch->info.kind = SSH_RIGHT_SESSION;
}

int
request_reply(struct ssh_relay *r, const struct relay_packet *k)
{
	enum leg asker = relay_other(k->from);
	enum pending_kind kind;
	struct channel *ch;
	struct pending *q;
	int v;

	if (k->len != 5)
		return relay_broken(
		    r, k->from, "malformed answer to a channel request");
	ch = channel_get(&r->table, be32_get(k->p + 1));
	/* An answer that nobody waits for is ignored, as OpenSSH does. */
	if (ch == NULL || !ch->info.open || ch->closed[LEG_USER] ||
	    ch->closed[LEG_TARGET] ||
	    pending_head(q = &ch->asked[asker]) == PENDING_NONE)
		return RELAY_DONE;
	if (k->p[0] == SSH_MSG_CHANNEL_FAILURE)
		undo(ch, pending_head(q));
	be32_put(k->p + 1, ch->to[asker].id);
	v = relay_send(r, asker, SPAN(k->p, k->len), SPAN(NULL, 0));
	if (v != 0)
		return v;
	pending_pop(q);
	while ((kind = pending_head(q)) == PENDING_OK || kind == PENDING_FAIL) {
		if ((v = reply(r, ch, asker, kind)) != 0)
			return v;
		pending_pop(q);
	}
	return RELAY_DONE;
}
