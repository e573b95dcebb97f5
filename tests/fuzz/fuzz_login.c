/* SPDX-License-Identifier: Apache-2.0 */
/* Login names: what is accepted can be put together to the same again. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ssh/auth/login.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[LOGIN_PART_MAX * 3 + 16];
	struct login l, again;
	struct fail f = {0};
	int r = login_parse(&l, SPAN(data, size), &f), n;

	if (r != 0) {
		if (f.code != r || f.why[0] == '\0')
			abort();
		return 0;
	}
	if (l.kind == LOGIN_USER)
		n = snprintf(name, sizeof(name), "%s", l.user);
	else
		n = snprintf(name, sizeof(name), "%s%c%s%c[%s]:%u", l.user,
		    data[strlen(l.user)], l.account, data[strlen(l.user)],
		    l.asset, l.port == 0 ? 1U : l.port);
	/* A bracket of its own inside the asset cannot be written again. */
	if (strpbrk(l.asset, "[]") != NULL)
		return 0;
	if (login_parse(&again, SPAN(name, (size_t)n), NULL) != 0 ||
	    strcmp(again.user, l.user) != 0 ||
	    strcmp(again.account, l.account) != 0 ||
	    strcmp(again.asset, l.asset) != 0 ||
	    (l.port != 0 && again.port != l.port))
		abort();
	return 0;
}
