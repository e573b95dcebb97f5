/* SPDX-License-Identifier: Apache-2.0 */
/* See script.h. */
#include "script.h"

enum { PACKET_MAX = 300000, LOG_MAX = 10000000 };

void
script_init(struct script *s, script_fn *packet)
{
	s->packet = packet;
	buf_init(&s->sent.b, LOG_MAX);
}

void
script_fini(struct script *s)
{
	buf_fini(&s->sent.b);
}

int
script_send(void *rig, struct span head, struct span tail)
{
	struct script *s = rig;

	return wire_log_add(&s->sent, 0, head, tail);
}

int
script_feed(struct script *s, const char *fmt, ...)
{
	struct buf b;
	va_list ap;
	int v;

	buf_init(&b, PACKET_MAX);
	va_start(ap, fmt);
	wire_putv(&b, fmt, ap);
	va_end(ap);
	v = s->packet(s, buf_head(&b), buf_len(&b));
	buf_fini(&b);
	return v;
}

void
script_expect(struct script *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	wire_expectv(&s->sent, 0, fmt, ap);
	va_end(ap);
}

void
script_quiet(const struct script *s)
{
	assert_int_equal(buf_len(&s->sent.b), 0);
}
