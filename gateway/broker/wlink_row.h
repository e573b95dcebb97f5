/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_WLINK_ROW_H
#define BROKER_WLINK_ROW_H

#include <stddef.h>
#include <stdint.h>

#include "base/cdefs.h"
#include "broker/broker_msg.h"
#include "broker/row.h"

/*
 * A worker's messages as rows that the database is sure to take: text is valid
 * UTF-8 of at most its column's length, times are possible ones.  The same
 * message makes the same row, however often it comes.  The result is lent until
 * the next call.
 */

struct wlink_row;

void wlink_row_free(struct wlink_row *w);
struct wlink_row *wlink_row_new(void) OWNED_BY(wlink_row_free) MUST_USE;

const struct row *wlink_row_start(
    struct wlink_row *w, const struct bm_session_start *m);
const struct row *wlink_row_end(
    struct wlink_row *w, const struct bm_session_end *m);
const struct row *wlink_row_keys(struct wlink_row *w, const struct bm_keys *m);
const struct row *wlink_row_audit(
    struct wlink_row *w, const struct bm_audit *m, uint64_t now_us);

/* Copy text, cut to fit. */
void wlink_row_text(char *dst, size_t size, const char *src);

#endif /* BROKER_WLINK_ROW_H */
