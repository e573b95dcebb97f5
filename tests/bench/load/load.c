/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load for the gateway: a light SSH client and a light SSH target, since ten
 * thousand of OpenSSH's processes do not fit on the machine that is measured.
 * Both are made of the gateway's own transport and event loop.  See opts.c for
 * what they can do.
 */
#include <sys/resource.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "opts.h"
#include "target.h"

/* As many files as may be. */
static void
raise_files(void)
{
	struct rlimit r = {1 << 20, 1 << 20};

	if (setrlimit(RLIMIT_NOFILE, &r) == 0)
		return;
	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r);
	}
}

int
main(int argc, char **argv)
{
	struct opts o;
	int rc;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	raise_files();
	if (argc > 1 && strcmp(argv[1], "target") == 0) {
		opts_target(&o, argc - 1, argv + 1);
		rc = target_run(&o);
	} else if (argc > 1 && strcmp(argv[1], "client") == 0) {
		opts_client(&o, argc - 1, argv + 1);
		rc = client_run(&o);
	} else {
		opts_usage();
		return argc > 1 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
	}
	opts_fini(&o);
	return rc;
}
