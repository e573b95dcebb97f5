/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_BENCH_LOAD_STREAM_H
#define TESTS_BENCH_LOAD_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * For whatever sends bulk and must know it again, interoperation tests too.
 * What is sent: bytes that follow from a seed and a position, so that either
 * end knows what must come, and a byte of another session or of another place
 * is seen as wrong.
 */

void stream_make(uint64_t seed, uint64_t at, uint8_t *p, size_t len);
bool stream_same(uint64_t seed, uint64_t at, const uint8_t *p, size_t len);

/* What is typed: the n-th key of a session; every 16th ends a line. */
uint8_t stream_key(uint64_t seed, uint64_t n);

#endif /* TESTS_BENCH_LOAD_STREAM_H */
