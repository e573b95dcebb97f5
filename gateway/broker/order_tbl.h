/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker may say, and when.  CONN(state, event, next) for a connection,
 * SESS(state, event, next) for a session; what has no row is out of order.
 */
/* clang-format off */
CONN(NEW,	AUTH,	ASKED)		/* a login attempt */
CONN(ASKED,	NO,	NEW)		/* answered: wrong, or only a probe */
CONN(ASKED,	YES,	IN)
CONN(IN,	WANT,	WANTED)		/* an account on an asset */
CONN(WANTED,	NO,	IN)
CONN(WANTED,	YES,	GRANTED)

SESS(GRANTED,	AUDIT,	GRANTED)
SESS(GRANTED,	START,	RUNNING)
SESS(GRANTED,	END,	ENDED)
SESS(RUNNING,	AUDIT,	RUNNING)
SESS(RUNNING,	KEYS,	RUNNING)
SESS(RUNNING,	END,	ENDED)
/* Claimed after a break: rows that were not answered come again. */
SESS(CLAIMED,	AUDIT,	CLAIMED)
SESS(CLAIMED,	START,	RUNNING)
SESS(CLAIMED,	KEYS,	CLAIMED)
SESS(CLAIMED,	END,	ENDED)
SESS(ENDED,	AUDIT,	ENDED)
/* clang-format on */
