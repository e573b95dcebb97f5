/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encoders and decoders of the messages in daemon_msg_tbl.h, made from the table.
 */
#include <string.h>

#include "base/fail.h"

#include "daemon/daemon_msg.h"

#define MSG_PREFIX dm
#define MSG_TABLE "daemon/daemon_msg_tbl.h"
#include "base/msg_code.h"
