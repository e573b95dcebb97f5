/* SPDX-License-Identifier: Apache-2.0 */
/* A client transport against a hostile peer: see transport_driver.h. */
#include "transport_driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	transport_driver(SSH_ROLE_CLIENT, data, size);
	return 0;
}
