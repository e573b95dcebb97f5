/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_JSONOK_H
#define BROKER_JSONOK_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * Is text one JSON object (RFC 8259) and nothing else?  Lists and objects in it
 * are nested at most 8 deep.
 * Does not look whether strings are UTF-8.
 */
bool jsonok_object(struct span text);

#endif /* BROKER_JSONOK_H */
