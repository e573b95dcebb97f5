/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_KEEPER_DRIVE_H
#define TESTS_FUZZ_KEEPER_DRIVE_H

#include "base/buf.h"

/*
 * Runs a keeper's core through a sequence of steps that bytes describe: three
 * hostile workers, a broker, a recorder and an administrator, each sending
 * anything at any time.  Ends the process when a credential leaves in any way
 * but the one that PROTOCOL.md allows.
 */
void keeper_drive(struct span steps);

#endif /* TESTS_FUZZ_KEEPER_DRIVE_H */
