/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any sequence of requests from several hostile peers.
 */
#include <stdint.h>

#include "tests/fuzz/keeper_drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	keeper_drive(SPAN(data, size));
	return 0;
}
