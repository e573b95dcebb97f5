/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_RCD_MEND_H
#define TESTS_RCD_MEND_H

#include <stddef.h>
#include <stdint.h>

/*
 * Makes magics, sequences, CRCs and links of what may be a recording right, so
 * that a fuzzer gets past them: anybody could do the same.
 */
void rcd_mend(uint8_t *p, size_t n);

#endif /* TESTS_RCD_MEND_H */
