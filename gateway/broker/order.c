/* SPDX-License-Identifier: Apache-2.0 */
/* The two machines of order_tbl.h: look the row up, or refuse. */
#include <stddef.h>

#include "base/fail.h"

#include "broker/order.h"

struct step {
	int state, event, next;
};

static const struct step conn_steps[] = {
#define CONN(s, e, n) {CONN_##s, CONN_EV_##e, CONN_##n},
#define SESS(s, e, n)
#include "broker/order_tbl.h"
#undef CONN
#undef SESS
};

static const struct step sess_steps[] = {
#define CONN(s, e, n)
#define SESS(s, e, n) {SESS_##s, SESS_EV_##e, SESS_##n},
#include "broker/order_tbl.h"
#undef CONN
#undef SESS
};

static int
next_of(const struct step *steps, size_t n, int state, int event)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (steps[i].state == state && steps[i].event == event)
			return steps[i].next;
	return FAIL_STATE;
}

int
order_conn(enum conn_state *state, enum conn_event ev)
{
	int next =
	    next_of(conn_steps, ARRAY_LEN(conn_steps), (int)*state, (int)ev);

	if (next < 0)
		return next;
	*state = (enum conn_state)next;
	return 0;
}

int
order_sess(enum sess_state *state, enum sess_event ev)
{
	int next =
	    next_of(sess_steps, ARRAY_LEN(sess_steps), (int)*state, (int)ev);

	if (next < 0)
		return next;
	*state = (enum sess_state)next;
	return 0;
}
