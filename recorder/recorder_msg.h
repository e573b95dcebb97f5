/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORDER_RECORDER_MSG_H
#define RECORDER_RECORDER_MSG_H

#include <stdint.h>

/* The messages of recorder_msg_tbl.h as structs rm_NAME: see base/msg.h. */

#define MSG_PREFIX rm
#define MSG_TABLE "recorder/recorder_msg_tbl.h"
#include "base/msg_struct.h"
#undef MSG_PREFIX
#undef MSG_TABLE

#endif /* RECORDER_RECORDER_MSG_H */
