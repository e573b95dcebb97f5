/* SPDX-License-Identifier: Apache-2.0 */
/* A list of addresses to listen on. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), item[ADDRESS_TEXT_SIZE];
	const char *list = text;
	struct sockaddr_storage sa;
	socklen_t len;
	struct fail f;
	int r;

	MUST(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	f = (struct fail){0};
	while ((r = address_next(&list, item, &f)) == 1) {
		f = (struct fail){0};
		MUST(strlen(item) < sizeof(item) && list <= text + size);
		if (address_parse(item, &sa, &len, &f) == 0)
			MUST(sa.ss_family == AF_INET ||
			     sa.ss_family == AF_INET6);
		else
			MUST(f.why[0] != '\0');
		f = (struct fail){0};
	}
	MUST(r <= 0);
	free(text);
	return 0;
}
