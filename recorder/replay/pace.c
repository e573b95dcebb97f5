/* SPDX-License-Identifier: Apache-2.0 */
/* Recorded time against real time. */
#include <string.h>

#include "recorder/replay/pace.h"

void
pace_init(struct pace *p, uint64_t speed_milli, uint64_t max_idle_us,
    uint64_t at_us, uint64_t now_ns)
{
	memset(p, 0, sizeof(*p));
	p->speed_milli = speed_milli;
	p->max_idle_us = max_idle_us;
	p->base_us = at_us;
	p->base_ns = now_ns;
}

uint64_t
pace_at(const struct pace *p, uint64_t next_us, uint64_t now_ns)
{
	uint64_t ns = now_ns > p->base_ns ? now_ns - p->base_ns : 0, us;

	if (p->paused)
		ns = 0;
	/* ns / 1000 * speed / 1000, without running over. */
	us = ns / 1000000 * p->speed_milli +
	     ns % 1000000 * p->speed_milli / 1000000;
	us = us > UINT64_MAX - p->base_us ? UINT64_MAX : p->base_us + us;
	if (us > next_us)
		us = next_us > p->base_us ? next_us : p->base_us;
	return us;
}

uint64_t
pace_wait(struct pace *p, uint64_t at_us, uint64_t next_us, uint64_t now_ns)
{
	uint64_t now_us = pace_at(p, UINT64_MAX, now_ns), us;

	if (p->paused)
		return UINT64_MAX;
	if (now_us >= next_us)
		return 0;
	if (p->max_idle_us != 0 && next_us > at_us &&
	    next_us - at_us > p->max_idle_us &&
	    next_us - now_us > p->max_idle_us) {
		pace_to(p, next_us - p->max_idle_us, now_ns);
		now_us = p->base_us;
	}
	us = next_us - now_us;
	if (us > UINT64_MAX / 1000000)
		return UINT64_MAX / p->speed_milli;
	return us * 1000000 / p->speed_milli + 1;
}

void
pace_to(struct pace *p, uint64_t at_us, uint64_t now_ns)
{
	p->base_us = at_us;
	p->base_ns = now_ns;
}

void
pace_pause(struct pace *p, bool paused, uint64_t next_us, uint64_t now_ns)
{
	pace_to(p, pace_at(p, next_us, now_ns), now_ns);
	p->paused = paused;
}

void
pace_faster(struct pace *p, bool faster, uint64_t next_us, uint64_t now_ns)
{
	uint64_t v = faster ? p->speed_milli * 2 : p->speed_milli / 2;

	pace_to(p, pace_at(p, next_us, now_ns), now_ns);
	if (v >= PACE_SPEED_MIN && v <= PACE_SPEED_MAX)
		p->speed_milli = v;
}
