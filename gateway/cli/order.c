/* SPDX-License-Identifier: Apache-2.0 */
/* Sends an order and understands the answer. */
#include <string.h>
#include <unistd.h>

#include "base/ipc.h"
#include "broker/broker_msg.h"
#include "cli/link.h"

#include "cli/order.h"

static int
read_answer(struct cli *c, struct span body, uint8_t id[16])
{
	struct bm_controlled a;

	if (bm_controlled_get(body, &a))
		return fail_set(
		    &c->fail, FAIL_PROTO, "sallyportd gave a bad answer");
	memcpy(id, a.session_id, 16);
	if (a.code == 0)
		return 0;
	return fail_set(&c->fail, a.code < 1000 ? -(int)a.code : FAIL_PROTO,
	    "%.*s", (int)a.why.len, (const char *)a.why.p);
}

int
order_send(struct cli *c, enum control_verb verb, const char *text,
    uint8_t id[16], int *fd)
{
	const char *session = c->args->pos[0];
	struct bm_order q = {
	    .session = SPAN(session, strlen(session)),
	    .verb = (uint8_t)verb,
	    .text = SPAN(text, strlen(text)),
	};
	struct buf body, reply;
	int r;

	buf_init(&body, IPC_BODY_MAX);
	buf_init(&reply, IPC_BODY_MAX);
	if (fd)
		*fd = -1;
	if (bm_order_put(&body, &q))
		r = cli_usage(c, "the session's id or the text is too long");
	else
		r = link_broker(c->broker,
		    &(struct link_ask){
			.type = bm_order_type,
			.body = buf_span(&body),
			.want = bm_controlled_type,
			.reply = &reply,
			.recv_fd = fd,
		    },
		    &c->fail);
	if (r == 0)
		r = read_answer(c, buf_span(&reply), id);
	if (r && fd && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	buf_fini(&reply);
	buf_fini(&body);
	return r;
}
