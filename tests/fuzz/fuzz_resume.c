/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the supervisor's state: what decodes encodes to the same. */
#include <stdint.h>
#include <string.h>

#include "daemon/resume.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct resume x;
	struct buf b;

	if (resume_decode(&x, SPAN(data, size)) != 0)
		return 0;
	buf_init(&b, size);
	MUST(resume_encode(&x, &b) == 0);
	MUST(buf_len(&b) == size && memcmp(buf_head(&b), data, size) == 0);
	buf_fini(&b);
	resume_fini(&x);
	return 0;
}
