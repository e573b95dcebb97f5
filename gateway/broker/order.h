/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_ORDER_H
#define BROKER_ORDER_H

#include "base/cdefs.h"

/*
 * The order of a worker's messages, as two small machines: a connection
 * (login, then a wish) and a session (start, rows, end).  The rows are in
 * order_tbl.h.
 */

enum conn_state { CONN_NEW, CONN_ASKED, CONN_IN, CONN_WANTED, CONN_GRANTED };
enum conn_event { CONN_EV_AUTH, CONN_EV_WANT, CONN_EV_YES, CONN_EV_NO };

enum sess_state { SESS_GRANTED, SESS_RUNNING, SESS_CLAIMED, SESS_ENDED };
enum sess_event { SESS_EV_START, SESS_EV_KEYS, SESS_EV_AUDIT, SESS_EV_END };

/* Move *state; FAIL_STATE, with *state as it was, when ev is out of order. */
int order_conn(enum conn_state *state, enum conn_event ev) MUST_USE;
int order_sess(enum sess_state *state, enum sess_event ev) MUST_USE;

#endif /* BROKER_ORDER_H */
