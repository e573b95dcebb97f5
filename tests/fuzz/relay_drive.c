/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relay's callbacks, the packets that it holds, and the checks: what a
 * model does not know must never be sent to it.
 */
#include "relay_drive.h"
#include "relay_model.h"

enum { CHANNELS = 20 };

static struct drive {
	struct ssh_relay *r;
	struct model_leg leg[2];
	struct {
		uint8_t p[256];
		size_t len; /* 0: none is held */
	} held[2];
	uint32_t deny;
	int hold, drop;
} z;

static int
on_send(void *ctx, enum leg to, struct span head, struct span tail)
{
	uint8_t p[2048];

	(void)ctx;
	if (head.len == 0 || head.len + tail.len > sizeof(p))
		abort();
	memcpy(p, head.p, head.len);
	if (tail.len > 0)
		memcpy(p + head.len, tail.p, tail.len);
	model_receives(&z.leg[to], p, head.len + tail.len);
	return 0;
}

static int
on_push(void *ctx, const struct chunk *c)
{
	(void)ctx;
	(void)c;
	if (z.hold > 0)
		return z.hold--, CHAIN_HOLD;
	return z.drop > 0 ? z.drop--, CHAIN_DROP : CHAIN_PASS;
}

static bool
on_allow(void *ctx, enum ssh_right what, struct span text, const char **why)
{
	(void)ctx;
	(void)text;
	(void)why;
	return (z.deny >> what & 1) == 0;
}

static int
on_audit(void *ctx, unsigned event, struct span fields)
{
	(void)ctx;
	return event == 0 || fields.len > 8192 ? abort(), 1 : 0;
}

static void
on_channel(
    void *ctx, const struct ssh_relay_channel *ch, enum ssh_relay_change what)
{
	(void)ctx;
	(void)ch;
	(void)what;
}

static const struct ssh_relay_ops ops = {
    on_send, on_push, on_allow, on_audit, on_channel};
static const struct ssh_relay_opts opts = {
    .ops = &ops, .max_channels = CHANNELS};

static int
hand_over(void)
{
	struct ssh_relay *r;
	struct span s;
	struct buf b;
	int v;

	buf_init(&b, 1 << 20);
	if ((v = ssh_relay_export(z.r, &b)) == 0) {
		s = buf_span(&b);
		if (ssh_relay_import(&r, &opts, &s, NULL) != 0)
			abort();
		ssh_relay_free(z.r);
		z.r = r;
	}
	buf_fini(&b);
	return v == FAIL_BUSY ? 0 : v;
}

static int
packet(enum leg from, const uint8_t *data, size_t len)
{
	uint32_t slot;
	int v;

	if (z.held[from].len == 0) {
		if (len == 0 || z.leg[from].n == MODEL_CHANNELS)
			return 0;
		memcpy(z.held[from].p, data, len);
		z.held[from].len = len;
		model_sends(&z.leg[from], data, len);
	}
	len = z.held[from].len;
	slot = len >= 5 ? be32_get(z.held[from].p + 1) : 0;
	v = ssh_relay_packet(z.r, from, z.held[from].p, len, 1);
	if (v == RELAY_HOLD)
		return 0;
	z.held[from].len = 0;
	if (v == RELAY_DONE)
		model_sent(&z.leg[from], z.held[from].p, len, slot);
	return v;
}

int
drive_start(void)
{
	memset(z.held, 0, sizeof(z.held));
	z.leg[0].n = z.leg[1].n = 0;
	z.deny = 0;
	z.hold = z.drop = 0;
	z.r = ssh_relay_new(&opts);
	return z.r == NULL ? -1 : 0;
}

int
drive_step(enum drive_step what, unsigned shift, const uint8_t *p, size_t n)
{
	int v;

	switch (what) {
	case DRIVE_USER:
		return packet(LEG_USER, p, n);
	case DRIVE_TARGET:
		return packet(LEG_TARGET, p, n);
	case DRIVE_HOLD:
		z.hold = (int)(n & 3);
		return 0;
	case DRIVE_DROP:
		z.drop = 1;
		return 0;
	case DRIVE_NOTICE:
		v = ssh_relay_notice(z.r, "a notice\nof two lines", 1);
		return v == FAIL_BUSY ? 0 : v;
	case DRIVE_HAND_OVER:
		return hand_over();
	case DRIVE_PAUSE:
		ssh_relay_pause(z.r, (n & 1) != 0);
		return 0;
	default:
		z.deny = (uint32_t)n << (shift & 15);
		return 0;
	}
}

void
drive_end(void)
{
	if (ssh_relay_count(z.r) > CHANNELS)
		abort();
	while (ssh_relay_finish(z.r, 1) == RELAY_HOLD)
		continue;
	ssh_relay_free(z.r);
	z.r = NULL;
}

static int
swallow(void *ctx, enum leg to, struct span head, struct span tail)
{
	(void)ctx;
	(void)to;
	(void)tail;
	return head.len == 0 ? abort(), 1 : 0;
}

void
drive_import(const uint8_t *p, size_t n)
{
	const struct ssh_relay_ops o = {
	    swallow, on_push, on_allow, on_audit, on_channel};
	const struct ssh_relay_opts with = {
	    .ops = &o, .max_channels = CHANNELS};
	static const struct {
		uint8_t msg, len;
	} kinds[] = {{SSH_MSG_CHANNEL_WINDOW_ADJUST, 9},
	    {SSH_MSG_CHANNEL_DATA, 10}, {SSH_MSG_CHANNEL_REQUEST, 11},
	    {SSH_MSG_CHANNEL_SUCCESS, 5}, {SSH_MSG_CHANNEL_EOF, 5},
	    {SSH_MSG_CHANNEL_CLOSE, 5}};
	struct span s = SPAN(p, n);
	struct ssh_relay *r;
	int v = 0;

	z.hold = z.drop = 0;
	z.deny = 0;
	if (ssh_relay_import(&r, &with, &s, NULL) != 0)
		return;
	for (unsigned i = 0; i < 2 * ARRAY_LEN(kinds) && v >= 0; i++) {
		/* Channel 0; 1, or a string of one byte; false. */
		uint8_t pkt[11] = {kinds[i / 2].msg, [8] = 1, [9] = 'x'};

		v = ssh_relay_packet(
		    r, i % 2 ? LEG_USER : LEG_TARGET, pkt, kinds[i / 2].len, 1);
	}
	(void)(ssh_relay_notice(r, "a notice", 1) >= 0 &&
	       ssh_relay_finish(r, 1) >= 0);
	ssh_relay_free(r);
}
