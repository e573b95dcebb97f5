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

#endif /* GATEWAY_BROKER_MSG_H */
