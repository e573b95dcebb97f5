/* SPDX-License-Identifier: Apache-2.0 */
/* The relay's callbacks, and what tests say about what came of them. */
#include "relay_rig.h"

static int
rig_send(void *ctx, enum leg to, struct span head, struct span tail)
{
	struct rig *g = ctx;

	if (g->send_error != 0)
		return g->send_error;
	return wire_log_add(&g->sent, to, head, tail);
}

static int
rig_push(void *ctx, const struct chunk *c)
{
	struct rig *g = ctx;
	uint8_t head[6];

	if (g->push_error != 0)
		return g->push_error;
	if (g->hold > 0) {
		g->hold--;
		return CHAIN_HOLD;
	}
	head[0] = (uint8_t)c->kind;
	head[1] = c->type;
	be32_put(head + 2, c->channel);
	(void)wire_log_add(&g->pushed, c->flow, SPAN(head, sizeof(head)),
	    SPAN(c->data, c->len));
	if (g->drop > 0) {
		g->drop--;
		return CHAIN_DROP;
	}
	return CHAIN_PASS;
}

static bool
rig_allow(void *ctx, enum ssh_right what, struct span text, const char **why)
{
	struct rig *g = ctx;

	(void)snprintf(g->asked, sizeof(g->asked), "%.*s", (int)text.len,
	    (const char *)text.p);
	if (g->why != NULL)
		*why = g->why;
	return (g->deny & BIT(what)) == 0;
}

static int
rig_audit(void *ctx, unsigned event, struct span fields)
{
	struct rig *g = ctx;

	if (g->audit_error != 0)
		return g->audit_error;
	return wire_log_add(&g->audited, (int)event, fields, SPAN(NULL, 0));
}

static void
rig_channel(
    void *ctx, const struct ssh_relay_channel *ch, enum ssh_relay_change what)
{
	struct rig *g = ctx;

	g->last = *ch;
	g->opened += what == RELAY_CH_OPEN;
	g->started += what == RELAY_CH_START;
	g->closed += what == RELAY_CH_CLOSE;
}

const struct ssh_relay_ops rig_ops = {
    rig_send, rig_push, rig_allow, rig_audit, rig_channel};

struct ssh_relay_opts
rig_opts(struct rig *g)
{
	return (struct ssh_relay_opts){.ops = &rig_ops,
	    .ctx = g,
	    .max_channels = 8,
	    .metadata = BIT(SSH_RIGHT_SFTP)};
}

void
rig_open(struct rig *g)
{
	struct ssh_relay_opts o = rig_opts(g);

	memset(g, 0, sizeof(*g));
	buf_init(&g->sent.b, 64000000);
	buf_init(&g->pushed.b, 64000000);
	buf_init(&g->audited.b, 64000000);
	g->r = ssh_relay_new(&o);
	assert_non_null(g->r);
}

void
rig_close(struct rig *g)
{
	ssh_relay_free(g->r);
	buf_fini(&g->sent.b);
	buf_fini(&g->pushed.b);
	buf_fini(&g->audited.b);
}

int
rig_feed(struct rig *g, enum leg from, const char *fmt, ...)
{
	struct buf b;
	va_list ap;
	int v;

	buf_init(&b, 400000);
	va_start(ap, fmt);
	wire_putv(&b, fmt, ap);
	va_end(ap);
	v = ssh_relay_packet(g->r, from, buf_head(&b), buf_len(&b), 1000);
	buf_fini(&b);
	return v;
}

void
rig_expect(struct rig *g, enum leg to, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	wire_expectv(&g->sent, to, fmt, ap);
	va_end(ap);
}

void
rig_expect_chunk(struct rig *g, enum flow flow, enum chunk_kind kind, int type,
    unsigned channel, struct span bytes)
{
	uint8_t head[2] = {(uint8_t)kind, (uint8_t)type}, number[4];
	struct buf b;

	buf_init(&b, 400000);
	be32_put(number, channel);
	wire_put(&b, "rrr", SPAN(head, 2), SPAN(number, 4), bytes);
	if (buf_len(&g->pushed.b) == 0)
		fail_msg("nothing was pushed");
	{
		static uint8_t got[400000];
		int tag;
		size_t n = wire_log_take(&g->pushed, &tag, got, sizeof(got));

		if (n != buf_len(&b) || memcmp(got, buf_head(&b), n) != 0 ||
		    tag != (int)flow)
			fail_msg("flow %d kind %d type 0x%02x of %zu bytes was "
				 "pushed, not flow %d type 0x%02x of %zu",
			    tag, got[0], got[1], n, (int)flow, (unsigned)type,
			    buf_len(&b));
	}
	buf_fini(&b);
}

void
rig_expect_event(
    struct rig *g, enum flow flow, int type, unsigned channel, const char *text)
{
	rig_expect_chunk(
	    g, flow, CHUNK_EVENT, type, channel, SPAN(text, strlen(text)));
}

void
rig_quiet(struct rig *g)
{
	if (buf_len(&g->sent.b) != 0)
		fail_msg("message %u was sent", wire_bytes(&g->sent.b)[5]);
	if (buf_len(&g->pushed.b) != 0)
		fail_msg("type 0x%02x was pushed", wire_bytes(&g->pushed.b)[6]);
}

void
rig_forget(struct rig *g)
{
	buf_reset(&g->sent.b);
	buf_reset(&g->pushed.b);
	buf_reset(&g->audited.b);
}

void
rig_expect_audit(struct rig *g, int event, const char *json)
{
	static uint8_t got[RELAY_JSON_MAX + 1];
	int tag;
	size_t n = wire_log_take(&g->audited, &tag, got, RELAY_JSON_MAX);

	got[n] = '\0';
	assert_int_equal(tag, event);
	assert_string_equal((char *)got, json);
}

void
rig_channel_open(struct rig *g, unsigned user, unsigned target, unsigned ours)
{
	assert_int_equal(rig_feed(g, U, "bsuuu", SSH_MSG_CHANNEL_OPEN,
			     "session", user, WINDOW, MAXPACKET),
	    RELAY_DONE);
	rig_expect(g, T, "bsuuu", SSH_MSG_CHANNEL_OPEN, "session", ours, WINDOW,
	    MAXPACKET);
	assert_int_equal(
	    rig_feed(g, T, "buuuu", SSH_MSG_CHANNEL_OPEN_CONFIRMATION, ours,
		target, WINDOW, MAXPACKET),
	    RELAY_DONE);
	rig_expect(g, U, "buuuu", SSH_MSG_CHANNEL_OPEN_CONFIRMATION, user, ours,
	    WINDOW, MAXPACKET);
	buf_reset(&g->pushed.b);
	buf_reset(&g->audited.b);
}

int
rig_data(struct rig *g, enum leg from, unsigned slot, const char *text)
{
	return rig_feed(g, from, "bus", SSH_MSG_CHANNEL_DATA, slot, text);
}

void
rig_why_has(struct rig *g, const char *words)
{
	if (strstr(ssh_relay_fail(g->r)->why, words) == NULL)
		fail_msg(
		    "\"%s\" lacks \"%s\"", ssh_relay_fail(g->r)->why, words);
}

void
rig_broken_by(struct rig *g, enum leg leg)
{
	assert_int_equal(ssh_relay_fail(g->r)->code, FAIL_PROTO);
	assert_int_equal(ssh_relay_culprit(g->r), leg);
	rig_why_has(g, leg == U ? "the user's side" : "the target");
}
