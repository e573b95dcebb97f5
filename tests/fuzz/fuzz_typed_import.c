/* SPDX-License-Identifier: Apache-2.0 */
/* The state of typed lines from another process, and what is done with it. */
#include "typed_drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
on_in(void *ctx, uint64_t mono_ns, const uint8_t *p, size_t len)
{
	(void)ctx;
	(void)mono_ns;
	MUST(p != NULL && len > 0);
}

static void
on_noecho(void *ctx, uint64_t mono_ns, uint32_t count)
{
	(void)ctx;
	(void)mono_ns;
	MUST(count == 1);
}

static void
on_line(void *ctx, uint64_t mono_ns, const char *text, size_t len)
{
	(void)ctx;
	(void)mono_ns;
	typed_drive_line(text, len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct typed_ops ops = {on_in, on_noecho, on_line};
	const struct typed_opts o = {.ops = &ops};
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
