/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SESSION_PROMPT_H
#define GATEWAY_SESSION_PROMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether what stands left of the cursor asks for a secret. */

/* n cells, a code point each, 0 being blank. */
bool prompt_is_secret(const uint16_t *cells, size_t n);

#endif /* GATEWAY_SESSION_PROMPT_H */
