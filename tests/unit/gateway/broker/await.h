/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_GATEWAY_BROKER_AWAIT_H
#define TESTS_UNIT_GATEWAY_BROKER_AWAIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/loop.h"

/* Run the loop until *count, which its callbacks raise, is n. */
static inline void
await_count(struct loop *l, const unsigned *count, unsigned n)
{
	for (int i = 0; i < 1000 && *count < n; i++)
		assert_int_equal(loop_once(l, 20), 0);
	assert_int_equal(*count, n);
}

#endif /* TESTS_UNIT_GATEWAY_BROKER_AWAIT_H */
