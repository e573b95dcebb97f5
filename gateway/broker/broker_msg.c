/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encoders and decoders of the messages in broker_msg_tbl.h, made from the
 * table.
 */
#include <string.h>

#include "base/fail.h"

#include "broker/broker_msg.h"

#define MSG_PREFIX bm
#define MSG_TABLE "broker/broker_msg_tbl.h"
#include "base/msg_code.h"
