/* SPDX-License-Identifier: Apache-2.0 */
/* A session between a hostile user and a hostile target: session_drive.h. */
#include "session_drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	session_drive(SPAN(data, size));
	return 0;
}
