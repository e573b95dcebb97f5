/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include <stdbool.h>

#include "base/cdefs.h"
#include "base/fail.h"
#include "base/secret.h"

/* What a person is asked for on the terminal, and secrets from elsewhere. */

enum { ASK_SECRET_MAX = 4096 };

/* One line without echo.  twice: asked again and compared.  Gives *out. */
int ask_secret(struct secret **out, const char *prompt, bool twice,
    struct fail *f) MUST_USE;
/* The first line of a file; "-" is standard input.  Gives *out. */
int ask_read(struct secret **out, const char *path, struct fail *f) MUST_USE;
/* A question to be answered with yes.  Without a terminal: FAIL_DENIED. */
int ask_yes(const char *question, struct fail *f) MUST_USE;

#endif /* CLI_ASK_H */
