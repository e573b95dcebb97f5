/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_BROKER_PARTS_H
#define BROKER_BROKER_PARTS_H

/*
 * What the files of the broker call in one another; broker_int.h says what
 * each is for.  All of it belongs to the thread of the broker's loop.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cdefs.h"
#include "base/fail.h"
#include "base/ipc.h"
#include "base/json.h"
#include "broker/broker_msg.h"
#include "broker/row.h"
#include "broker/rows.h"
#include "broker/sessions.h"
#include "broker/wlink.h"

struct blink;
struct broker;

enum link_kind { LINK_WORKER, LINK_RECORDER, LINK_ADMIN };

/* ---- broker_db.c */
/* What a job of the pool told of the database. */
void broker_db_seen(struct broker *b, bool up, const char *why);
/* New logins are served: the database answers and the node is known. */
bool broker_ready(const struct broker *b);
void broker_db_tick(struct broker *b, uint64_t now_ms);

/* ---- broker_open.c */
void broker_open_tick(struct broker *b, uint64_t now_ms);

/* ---- broker_link.c */
/* Takes fd; NULL when out of memory.  Freed when the link ends. */
struct blink *broker_link_add(
    struct broker *b, enum link_kind kind, uint32_t peer, int fd);
struct blink *broker_blink(const struct broker *b, uint64_t number);
void broker_links_hold(struct broker *b, bool hold);
/* Read what came while the journal was another broker's. */
void broker_links_begin(struct broker *b);
void broker_links_free(struct broker *b);
/* Close a link (0: none) that has broken a rule. */
void broker_link_cut(struct broker *b, uint64_t link, const char *why);
/* Answers; what does not fit the link's queue closes it. */
void broker_answer(struct broker *b, uint64_t link, uint16_t type, uint32_t id,
    struct span body);
void broker_error(
    struct broker *b, uint64_t link, uint32_t id, int code, const char *why);

/* ---- broker_admin.c */
/* An error ends the link. */
int broker_admin_message(
    struct blink *l, const struct ipc_msg *m, struct fail *f);

/* ---- broker_door.c */
/* Is the new connection c let in?  Answers id. */
bool broker_knock(struct broker *b, struct wlink *w, uint32_t id,
    struct wconn *c, const struct bm_knock *m);
/* Tell of those that were not let in. */
void broker_door_tick(struct broker *b);

/* ---- broker_auth.c */
int broker_auth(
    struct broker *b, struct wlink *w, uint32_t id, const struct bm_auth *m);
/* Let those go on that came before the first contact with the database. */
void broker_auth_tick(struct broker *b);
int broker_auth_prepare(struct broker *b, struct fail *f) MUST_USE;
/* After the pools have ended: forget those that wait for their time. */
void broker_auth_stop(struct broker *b);

/* ---- broker_want.c */
int broker_want(struct broker *b, struct wlink *w, uint32_t id,
    const struct wconn *c, const struct bm_want *m);
void broker_revoke(struct broker *b, const struct session_ent *e);

/* ---- broker_order.c */
int broker_order(struct broker *b, struct blink *from, uint32_t id,
    const struct bm_order *m);
int broker_controlled(struct broker *b, struct wlink *w, uint32_t id,
    const struct bm_controlled *m);
/* Whoever waits for an answer of this link, or for whom we wait, is gone. */
void broker_orders_gone(struct broker *b, uint64_t link);
int broker_orders_new(struct broker *b) MUST_USE;
void broker_orders_free(struct broker *b);
/* Orders that a worker did not answer in time. */
void broker_orders_tick(struct broker *b);

/* ---- broker_row.c */
/* Store a row; ref NULL: nobody waits for it. */
int broker_row(
    struct broker *b, const struct row *r, const struct rows_ref *ref);
void broker_stored(void *ctx, const struct rows_ref *ref);
/* The end of a session that its worker cannot tell any more. */
void broker_close_session(struct broker *b, const struct session_ent *e);

/*
 * An audit event of our own.  broker_audit_begin() opens the object, members
 * are added with json_*(&a.j, ...), broker_audit_end() stores it.
 */
struct broker_audit {
	struct json j;
	struct buf text;
	uint32_t event;
	uint8_t session[16]; /* zeros: none */
};
void broker_audit_begin(
    struct broker_audit *a, uint32_t event, const uint8_t *session);
void broker_audit_end(struct broker *b, struct broker_audit *a);

#endif /* BROKER_BROKER_PARTS_H */
