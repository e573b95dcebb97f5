/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encoders and decoders of the messages in keeper_msg_tbl.h, made from the
 * table.
 */
#include <string.h>

#include "base/fail.h"

#include "keeper/keeper_msg.h"

#define MSG_PREFIX km
#define MSG_TABLE "keeper/keeper_msg_tbl.h"
#include "base/msg_code.h"
