/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_NOMEM_H
#define TESTS_UNIT_NOMEM_H

#include <stdbool.h>

/*
 * Makes the n-th allocation of the code under test fail.  A test that uses it
 * is linked with
 * -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray
 */

/* The n-th allocation from now on fails, from 1; 0: none. */
void nomem_at(unsigned n);
/* Did it come to that?  Ends the failing. */
bool nomem_hit(void);

#endif /* TESTS_UNIT_NOMEM_H */
