/* SPDX-License-Identifier: Apache-2.0 */
/* The program `sallyport`: everything is in cli.c and the verbs. */
#include <locale.h>
#include <signal.h>

#include "base/secret.h"
#include "cli/cli.h"

int
main(int argc, char **argv)
{
	secret_harden_process();
	signal(SIGPIPE, SIG_IGN);
	setlocale(LC_CTYPE, "C.UTF-8");
	return cli_main(argc, argv);
}
