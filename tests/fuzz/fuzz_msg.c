/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as any message: what decodes encodes to the same bytes again. */
#include <stdint.h>
#include <string.h>

#include "broker/broker_msg.h"
#include "daemon/daemon_msg.h"
#include "keeper/keeper_msg.h"
#include "recorder/recorder_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MSG(m, num)                                                            \
	{                                                                      \
		struct MSG_NAME(m) x;                                          \
		if (MSG_CAT(MSG_NAME(m), _get)(in, &x) == 0) {                 \
			buf_reset(&out);                                       \
			MUST(MSG_CAT(MSG_NAME(m), _put)(&out, &x) == 0);       \
			MUST(buf_len(&out) == in.len);                         \
			MUST(in.len == 0 ||                                    \
			     memcmp(buf_head(&out), in.p, in.len) == 0);       \
		}                                                              \
	}
#define MSG_U8(m, f)
#define MSG_U16(m, f)
#define MSG_U32(m, f)
#define MSG_U64(m, f)
#define MSG_UUID(m, f)
#define MSG_BYTES(m, f, max)
#define MSG_TEXT(m, f, max)
#define MSG_END(m)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = {.p = data, .len = size};
	struct buf out;

	buf_init(&out, IPC_BODY_MAX);
#define MSG_PREFIX bm
#include "broker/broker_msg_tbl.h"
#undef MSG_PREFIX
#define MSG_PREFIX dm
#include "daemon/daemon_msg_tbl.h"
#undef MSG_PREFIX
#define MSG_PREFIX km
#include "keeper/keeper_msg_tbl.h"
#undef MSG_PREFIX
#define MSG_PREFIX rm
#include "recorder/recorder_msg_tbl.h"
#undef MSG_PREFIX
	buf_fini(&out);
	return 0;
}
