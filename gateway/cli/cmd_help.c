/* SPDX-License-Identifier: Apache-2.0 */
/* The verb `completion`. */
#include <string.h>

#include "cli/cli.h"
#include "cli/help.h"
#include "cli/verbs.h"

int
cmd_help_completion(struct cli *c)
{
	const char *shell = c->args->pos[0];

	if (strcmp(shell, "bash") == 0)
		help_bash(stdout);
	else if (strcmp(shell, "man") == 0)
		help_man(stdout);
	else
		return cli_usage(c, "there is no completion for %s", shell);
	return fflush(stdout) ? fail_sys(&c->fail, "cannot write") : 0;
}
