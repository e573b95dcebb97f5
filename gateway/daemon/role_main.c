/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main function of each role.  Apart from role.c, so that what only needs
 * their names is not linked with all of them.
 */
#include <stddef.h>

#include "daemon/role.h"

role_main_fn *
role_main(enum role r)
{
	switch (r) {
	case ROLE_SUPERVISOR:
		return NULL;
#define ROLE(name, num, text, fn)                                              \
	case ROLE_##name:                                                      \
		return fn;
#include "daemon/role_tbl.h"
#undef ROLE
	}
	return NULL;
}
