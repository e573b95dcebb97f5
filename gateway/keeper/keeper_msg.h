/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_KEEPER_MSG_H
#define GATEWAY_KEEPER_MSG_H

#include <stdint.h>

/* The messages of keeper_msg_tbl.h as structs km_NAME: see base/msg.h. */

#define MSG_PREFIX km
#define MSG_TABLE "keeper/keeper_msg_tbl.h"
#include "base/msg_struct.h"
#undef MSG_PREFIX
#undef MSG_TABLE

#endif /* GATEWAY_KEEPER_MSG_H */
