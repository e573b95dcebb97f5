/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SESSION_WHY_H
#define GATEWAY_SESSION_WHY_H

#include <stdbool.h>

/* Why a session ended or was refused: why_tbl.h. */

enum why {
	WHY_NONE = 0,
#define WHY(name, num, error, text) WHY_##name = (num),
#include "session/why_tbl.h"
#undef WHY
};

/* "TARGET_DOWN"; "UNKNOWN" for a strange number. */
const char *why_name(int why);
/* The sentence; never NULL. */
const char *why_text(int why);
bool why_is_error(int why);

#endif /* GATEWAY_SESSION_WHY_H */
