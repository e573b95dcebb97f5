/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_DAEMON_MSG_H
#define GATEWAY_DAEMON_MSG_H

#include <stdint.h>

/* The messages of daemon_msg_tbl.h as structs dm_NAME: see base/msg.h. */

#define MSG_PREFIX dm
#define MSG_TABLE "daemon/daemon_msg_tbl.h"
#include "base/msg_struct.h"
#undef MSG_PREFIX
#undef MSG_TABLE

#endif /* GATEWAY_DAEMON_MSG_H */
