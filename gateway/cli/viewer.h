/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_VIEWER_H
#define GATEWAY_CLI_VIEWER_H

#include "base/cdefs.h"
#include "base/fail.h"

/*
 * Before a hostile target's bytes are looked at: gives up, for good, everything
 * but the descriptors that are open and the terminal that they lead to.  Close
 * what the bytes must not reach before.
 */
int viewer_confine(struct fail *f) MUST_USE;

#endif /* GATEWAY_CLI_VIEWER_H */
