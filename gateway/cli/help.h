/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

#include "cli/args.h"

/* What the table of verbs says, for people and for programs. */

/* --help of the program, a noun or a verb, whichever a names. */
void help_print(const struct args *a, FILE *to);
/* A completion script for bash. */
void help_bash(FILE *to);
/* sallyport.1, in mdoc. */
void help_man(FILE *to);

#endif /* CLI_HELP_H */
