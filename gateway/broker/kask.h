/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_KASK_H
#define BROKER_KASK_H

#include <stdint.h>

#include "base/cdefs.h"
#include "base/ipc.h"
#include "base/loop.h"

/*
 * Questions to the keeper.  One that has no answer after KASK_WAIT_MS, or whose
 * link breaks, has failed: the session that needed it is refused.
 */

struct kask;

enum { KASK_WAIT_MS = 5000, KASK_MAX = 4096 };

/* All that are open fail with FAIL_CLOSED. */
void kask_free(struct kask *k);
struct kask *kask_new(struct loop *l) OWNED_BY(kask_free) MUST_USE;

/*
 * The link to the keeper from now on: takes fd.  number: the supervisor's, of
 * the process.  An older link goes when its questions are answered.
 */
int kask_link(struct kask *k, uint32_t number, int fd) MUST_USE;
/* The keeper that is asked now; 0: there is none. */
uint32_t kask_keeper(const struct kask *k);

/* code 0 and m, also when m is the keeper's `error`; else m is NULL. */
typedef void kask_fn(void *ctx, int code, const struct ipc_msg *m);
/* fn is called once, later.  FAIL_CLOSED: there is no keeper. */
int kask_ask(struct kask *k, uint16_t type, struct span body, kask_fn *fn,
    void *ctx) MUST_USE;
/* Tell it something that has no answer. */
void kask_tell(struct kask *k, uint16_t type, struct span body);

#endif /* BROKER_KASK_H */
