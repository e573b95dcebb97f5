/* SPDX-License-Identifier: Apache-2.0 */
/* What a user types and a target shows, in any order and at any time. */
#include "typed_drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
on_in(void *ctx, uint64_t mono_ns, const uint8_t *p, size_t len)
{
	(void)mono_ns;
	MUST(p != NULL && len > 0);
	*(size_t *)ctx += len;
}

static void
on_noecho(void *ctx, uint64_t mono_ns, uint32_t count)
{
	(void)mono_ns;
	MUST(count == 1);
	*(size_t *)ctx += count;
}

static void
on_line(void *ctx, uint64_t mono_ns, const char *text, size_t len)
{
	(void)ctx;
	(void)mono_ns;
	typed_drive_line(text, len);
}

/* Steps: what, length or number, bytes; see typed_drive.c. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct typed_ops ops = {on_in, on_noecho, on_line};
	size_t out = 0;
	const struct typed_opts o = {.ops = &ops, .ctx = &out};

	/* A byte of input makes a key's name at most. */
	MUST(typed_drive(&o, SPAN(data, size)) * 16 + 16 >= out);
	return 0;
}
