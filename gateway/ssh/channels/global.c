/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Global requests: what is answered here, what is swallowed, what is relayed;
 * and the answers, in the order in which they were asked.
 */
#include <stdio.h>
#include <string.h>

#include "ssh/channels/relay_priv.h"

enum what {
	REFUSE,	 /* record, audit, failure */
	FAIL,	 /* failure without a word */
	NO_MORE, /* relay, and hold the user to it */
};

enum { FROM_USER = BIT(LEG_USER), FROM_TARGET = BIT(LEG_TARGET), ANY = 3 };

static const struct {
	const char *name;
	unsigned from;
	enum what what;
	enum ssh_right right;
} requests[] = {
    {"tcpip-forward", ANY, REFUSE, SSH_RIGHT_REMOTE_FORWARD},
    {"cancel-tcpip-forward", ANY, FAIL, SSH_RIGHT_REMOTE_FORWARD},
    {"streamlocal-forward@openssh.com", ANY, REFUSE, SSH_RIGHT_STREAMLOCAL},
    {"cancel-streamlocal-forward@openssh.com", ANY, FAIL,
	SSH_RIGHT_STREAMLOCAL},
    {"no-more-sessions@openssh.com", FROM_USER, NO_MORE, SSH_RIGHT_GLOBAL},
    /* The target's host keys are not those that the user sees. */
    {"hostkeys-00@openssh.com", ANY, FAIL, SSH_RIGHT_GLOBAL},
    {"hostkeys@openssh.com", ANY, FAIL, SSH_RIGHT_GLOBAL},
    {"hostkeys-prove-00@openssh.com", ANY, FAIL, SSH_RIGHT_GLOBAL},
    {"hostkeys-prove@openssh.com", ANY, FAIL, SSH_RIGHT_GLOBAL},
};

static int
queue(struct ssh_relay *r, enum leg asker, enum pending_kind kind)
{
	int v = pending_push(&r->asked[asker], kind);

	if (v == FAIL_FULL)
		return relay_broken(
		    r, asker, "too many global requests without an answer");
	return v == 0 ? 0 : relay_error(r, v, "a global request");
}

static int
reply(struct ssh_relay *r, enum leg asker, enum pending_kind kind)
{
	uint8_t msg = kind == PENDING_OK ? SSH_MSG_REQUEST_SUCCESS
					 : SSH_MSG_REQUEST_FAILURE;

	return relay_send(r, asker, SPAN(&msg, 1), SPAN(NULL, 0));
}

/* Our own failure, at once or when its turn comes. */
static int
answer(struct ssh_relay *r, enum leg asker, bool want)
{
	if (!want)
		return RELAY_DONE;
	if (pending_head(&r->asked[asker]) == PENDING_NONE)
		return reply(r, asker, PENDING_FAIL);
	return queue(r, asker, PENDING_FAIL);
}

static int
relay_on(struct ssh_relay *r, const struct relay_packet *k, bool want)
{
	int v;

	if (want && (v = queue(r, k->from, PENDING_RELAYED)) != 0)
		return v;
	return relay_send(
	    r, relay_other(k->from), SPAN(k->p, k->len), SPAN(NULL, 0));
}

static int
refuse(struct ssh_relay *r, const struct relay_packet *k, struct span name,
    bool want, enum ssh_right right)
{
	char why[RELAY_REASON_MAX];
	int v;

	(void)snprintf(
	    why, sizeof(why), "%s is not permitted", right_noun(right));
	v = relay_refuse(r, k, r->next_number, right, name, why);
	if (v == CHAIN_HOLD)
		return RELAY_HOLD;
	if (v != 0)
		return v;
	r->next_number++;
	return answer(r, k->from, want);
}

/* Not in the table: relayed if the user may, and marked in the recording. */
static int
unknown(struct ssh_relay *r, const struct relay_packet *k, struct span name,
    bool want)
{
	const char *why = NULL;
	char mark[RELAY_NAME_MAX + 32];
	int v;

	if (k->from == LEG_USER &&
	    !r->ops->allow(r->ctx, SSH_RIGHT_GLOBAL, name, &why))
		return refuse(r, k, name, want, SSH_RIGHT_GLOBAL);
	(void)snprintf(mark, sizeof(mark), "global request %.*s",
	    name.len < RELAY_NAME_MAX ? (int)name.len : RELAY_NAME_MAX,
	    (const char *)name.p);
	v = relay_event(r, k, 0, RCD_EV_MARK, SPAN(mark, strlen(mark)));
	if (v == CHAIN_HOLD)
		return RELAY_HOLD;
	if (v < 0)
		return v;
	if (v == CHAIN_DROP)
		return answer(r, k->from, want);
	return relay_on(r, k, want);
}

int
global_packet(struct ssh_relay *r, const struct relay_packet *k)
{
	struct span s = SPAN(k->p + 1, k->len - 1), name;
	bool want;

	if (span_string(&s, &name) != 0 || span_bool(&s, &want) != 0)
		return relay_broken(r, k->from, "malformed global request");
	if (request_is_keepalive(name))
		return answer(r, k->from, want);
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		if (!span_eq(name, requests[i].name) ||
		    (requests[i].from & BIT(k->from)) == 0)
			continue;
		if (requests[i].what == REFUSE)
			return refuse(r, k, name, want, requests[i].right);
		if (requests[i].what == FAIL)
			return answer(r, k->from, want);
		r->no_more_sessions = true;
		return relay_on(r, k, want);
	}
	return unknown(r, k, name, want);
}

int
global_reply(struct ssh_relay *r, const struct relay_packet *k)
{
	enum leg asker = relay_other(k->from);
	struct pending *q = &r->asked[asker];
	enum pending_kind kind;
	int v;

	/* An answer that nobody waits for is ignored, as OpenSSH does. */
	if (pending_head(q) == PENDING_NONE)
		return RELAY_DONE;
	v = relay_send(r, asker, SPAN(k->p, k->len), SPAN(NULL, 0));
	if (v != 0)
		return v;
	pending_pop(q);
	while ((kind = pending_head(q)) == PENDING_OK || kind == PENDING_FAIL) {
		if ((v = reply(r, asker, kind)) != 0)
			return v;
		pending_pop(q);
	}
	return RELAY_DONE;
}
