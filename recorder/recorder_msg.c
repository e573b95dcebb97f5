/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encoders and decoders of the messages in recorder_msg_tbl.h, made from the table.
 */
#include <string.h>

#include "base/fail.h"

#include "recorder/recorder_msg.h"

#define MSG_PREFIX rm
#define MSG_TABLE "recorder/recorder_msg_tbl.h"
#include "base/msg_code.h"
