/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_BROKER_MSG_H
#define GATEWAY_BROKER_MSG_H

#include <stdint.h>

/* The messages of broker_msg_tbl.h as structs bm_NAME: see base/msg.h. */

#define MSG_PREFIX bm
#define MSG_TABLE "broker/broker_msg_tbl.h"
#include "base/msg_struct.h"
#undef MSG_PREFIX
#undef MSG_TABLE

/* What an order or a control is. */
enum control_verb {
	CONTROL_PAUSE = 1,
	CONTROL_RESUME = 2,
	CONTROL_MESSAGE = 3,
	CONTROL_TERMINATE = 4,
	CONTROL_WATCH = 5, /* a descriptor goes with it */
};

#endif /* GATEWAY_BROKER_MSG_H */
