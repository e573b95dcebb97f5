/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker calls a JSON object.  What is one stays one. */
#include <string.h>

#include "base/buf.h"
#include "broker/jsonok.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf b;

	if (!jsonok_object(SPAN(data, size)))
		return 0;
	MUST(memchr(data, 0, size) == NULL);
	/* Blanks around it change nothing, and two of them are not one. */
	buf_init(&b, 4 * size + 16);
	MUST(buf_put(&b, " \n", 2) == 0);
	MUST(buf_put(&b, data, size) == 0 && buf_put(&b, "\t", 1) == 0);
	MUST(jsonok_object(buf_span(&b)));
	MUST(buf_put(&b, data, size) == 0);
	MUST(!jsonok_object(buf_span(&b)));
	buf_fini(&b);
	return 0;
}
