/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration file of any bytes; what is accepted prints and reads back. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *
print(const struct conf *c, size_t *len)
{
	char *text = NULL;
	FILE *fp = open_memstream(&text, len);

	MUST(fp != NULL);
	conf_print(c, fp);
	MUST(fclose(fp) == 0);
	return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf *c, *again;
	struct fail f = {0};
	size_t len;
	char *text;

	if (conf_parse(&c, "fuzz", (const char *)data, size, &f) != 0) {
		MUST(f.code != 0 && f.why[0] != '\0');
		return 0;
	}
	text = print(c, &len);
	/* A value that had to be quoted may make its line too long. */
	if (conf_parse(&again, "again", text, len, &f) == 0)
		conf_free(again);
	else
		MUST(size > 400);
	free(text);
	conf_free(c);
	return 0;
}
