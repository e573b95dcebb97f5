/* SPDX-License-Identifier: Apache-2.0 */
/* The state of typed lines from another process, and what is done with it. */
#include "typed_drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* What was shown before is not known. */
	struct typed_tally out = {.judged = false};
	const struct typed_opts o = {.ops = &typed_drive_ops, .ctx = &out};
	static const uint8_t text[] = "a\x1b[A\rb";
	struct typed *t;

	if (typed_import(&t, &o, SPAN(data, size)) != 0)
		return 0;
	t = typed_drive_move(t, &o);
	typed_output(t, 1, text, sizeof(text) - 1);
	typed_input(t, 2, text, 1);
	t = typed_drive_move(t, &o);
	typed_output(t, 3, text, sizeof(text) - 1);
	typed_tick(t, UINT64_MAX / 2);
	typed_flush(t);
	t = typed_drive_move(t, &o);
	typed_free(t);
	return 0;
}
