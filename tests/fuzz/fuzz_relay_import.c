/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a relay from another process, and a packet of each leg. */
#include "relay_drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	drive_import(data, size);
	return 0;
}
