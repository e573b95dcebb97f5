/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of the roles in role_tbl.h, and what some of them have in common;
 * their code is in role_main.c.
 */
#include <malloc.h>
#include <string.h>

#include "base/fail.h"

#include "daemon/role.h"

const char *
role_name(enum role r)
{
	switch (r) {
	case ROLE_SUPERVISOR:
		return NULL;
#define ROLE(name, num, text, fn)                                              \
	case ROLE_##name:                                                      \
		return text;
#include "daemon/role_tbl.h"
#undef ROLE
	}
	return NULL;
}

int
role_parse(const char *name, enum role *r)
{
#define ROLE(name_, num, text, fn)                                             \
	if (strcmp(name, text) == 0) {                                         \
		*r = ROLE_##name_;                                             \
		return 0;                                                      \
	}
#include "daemon/role_tbl.h"
#undef ROLE
	return FAIL_NOTFOUND;
}

void
role_keep_memory(size_t piece, size_t kept)
{
	(void)mallopt(M_MMAP_THRESHOLD, (int)piece);
	(void)mallopt(M_TRIM_THRESHOLD, (int)kept);
}
