/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an object; and any bytes as text, written and read back. */
#include <stdint.h>
#include <string.h>

#include "base/fail.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char first[4096], second[4096];
	struct json j;
	struct buf b;
	uint64_t n;

	(void)!json_find_uint(SPAN(data, size), "n", &n);
	(void)!json_find_str(SPAN(data, size), "k", first, 8);
	if (size > 1000 || memchr(data, 0, size) != NULL)
		return 0;
	buf_init(&b, 16384);
	json_init(&j, &b);
	json_object(&j, NULL);
	json_bytes(&j, "k", SPAN(data, size));
	json_close(&j, '}');
	MUST(json_end(&j) == 0);
	MUST(json_find_str(buf_span(&b), "k", first, sizeof(first)) == 0);
	buf_reset(&b);
	/* Once repaired it stays as it is. */
	json_init(&j, &b);
	json_object(&j, NULL);
	json_str(&j, "k", first);
	json_close(&j, '}');
	MUST(json_end(&j) == 0);
	MUST(json_find_str(buf_span(&b), "k", second, sizeof(second)) == 0);
	MUST(strcmp(first, second) == 0);
	buf_fini(&b);
	return 0;
}
