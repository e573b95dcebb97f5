/* SPDX-License-Identifier: Apache-2.0 */
/* What a user types and a target shows, in any order and at any time. */
#include "typed_drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Steps: what, length or number, bytes; see typed_drive.c. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct typed_tally out = {.judged = true};
	const struct typed_opts o = {.ops = &typed_drive_ops, .ctx = &out};

	/* A byte of input makes a key's name at most. */
	MUST(typed_drive(&o, &out, SPAN(data, size)) * 16 + 16 >= out.out);
	return 0;
}
