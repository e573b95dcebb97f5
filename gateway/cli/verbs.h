/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "cli/args.h"

/* The functions of the verbs, each in cmd_NOUN.c: from cli_tbl.h. */
#define VERB(noun, verb, fn, args, needs, text) cli_fn fn;
#define OPT(name, value, text)
#include "cli/cli_tbl.h"
#undef VERB
#undef OPT

#endif /* CLI_VERBS_H */
