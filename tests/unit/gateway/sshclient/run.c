/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the real programs that the SSH client's tests need.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/gateway/sshclient/run.h"

enum { ARGS_MAX = 32 };

int
run_program(const char *const argv[])
{
	posix_spawn_file_actions_t fa;
	char *args[ARGS_MAX + 1] = {0};
	int status = 127, i;
	pid_t pid;

	for (i = 0; i < ARGS_MAX && argv[i] != NULL; i++)
		args[i] = strdup(argv[i]);
	(void)posix_spawn_file_actions_init(&fa);
	(void)posix_spawn_file_actions_addopen(
	    &fa, 0, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_addopen(
	    &fa, 1, "/dev/null", O_WRONLY, 0);
	(void)posix_spawn_file_actions_addopen(
	    &fa, 2, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, args[0], &fa, NULL, args, environ) == 0 &&
	    waitpid(pid, &status, 0) == pid)
		status = WIFEXITED(status) ? WEXITSTATUS(status) : 126;
	(void)posix_spawn_file_actions_destroy(&fa);
	while (i > 0)
		free(args[--i]);
	return status;
}
