/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SSHCLIENT_RUN_H
#define TESTS_SSHCLIENT_RUN_H

/*
 * Run a program to its end with its output thrown away; answers its exit
 * status, 127 when it cannot be started.
 */
int run_program(const char *const argv[]);

#endif /* TESTS_SSHCLIENT_RUN_H */
