/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"

/*
 * A JSON writer into a buffer.  Commas and quoting are its business; invalid
 * UTF-8 becomes U+FFFD.  The first failure is kept and returned by json_end().
 */

struct json {
	struct buf *out; /* kept a pointer to */
	int err;
	unsigned depth;
	uint32_t comma; /* bit per depth: an element has been written */
};

void json_init(struct json *j, struct buf *out);
void json_object(struct json *j, const char *key); /* key NULL in arrays */
void json_array(struct json *j, const char *key);
void json_close(struct json *j, char bracket); /* '}' or ']' */
void json_str(struct json *j, const char *key, const char *val);
void json_bytes(struct json *j, const char *key, struct span text);
void json_int(struct json *j, const char *key, int64_t val);
void json_uint(struct json *j, const char *key, uint64_t val);
void json_double(struct json *j, const char *key, double val);
void json_bool(struct json *j, const char *key, bool val);
void json_null(struct json *j, const char *key);
/* A value that is already JSON. */
void json_raw(struct json *j, const char *key, struct span raw);
int json_end(struct json *j) MUST_USE;

/* One member of a flat JSON object, for reading our own output back. */
int json_find_str(struct span object, const char *key, char *dst,
    size_t size) MUST_USE;
int json_find_uint(struct span object, const char *key, uint64_t *val)
    MUST_USE;

#endif /* BASE_JSON_H */
