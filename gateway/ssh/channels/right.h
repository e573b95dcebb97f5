/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SSH_CHANNELS_RIGHT_H
#define GATEWAY_SSH_CHANNELS_RIGHT_H

/* What a user may be permitted inside a session: one right each. */

enum ssh_right {
#define RIGHT(name, num, text, noun) SSH_RIGHT_##name = num,
#include "ssh/channels/right_tbl.h"
#undef RIGHT
	SSH_RIGHT_COUNT
};

/* "shell"; never NULL. */
const char *right_name(enum ssh_right r);
/* For sentences: "a shell"; never NULL. */
const char *right_noun(enum ssh_right r);

#endif /* GATEWAY_SSH_CHANNELS_RIGHT_H */
