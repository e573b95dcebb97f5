/* SPDX-License-Identifier: Apache-2.0 */
/* The recorder's state file of a recording, as a crash may leave it. */
#include <string.h>

#include "recorder/chain.h"
#include "recorder/place.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t p[PLACE_STATE] = {0}, again[PLACE_STATE];
	struct rcd_chain c;

	memcpy(p, data, size < sizeof(p) ? size : sizeof(p));
	if (place_state_decode(p, &c) != 0)
		return 0;
	/* What is taken is written again as it was. */
	place_state_encode(again, &c);
	MUST(memcmp(p, again, sizeof(p)) == 0);
	return 0;
}
