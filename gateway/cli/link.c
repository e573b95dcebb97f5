/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Talks to a running node over its admin sockets.  The other side checks who
 * this process belongs to; nothing is proved here.
 */
#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/frame.h"
#include "base/ipc.h"
#include "base/json.h"
#include "broker/broker_msg.h"
#include "cli/cli.h"
#include "keeper/keeper_msg.h"
#include "session/audit.h"

#include "cli/link.h"

#define ANSWER_MS 15000

int
link_open(int *fd, const struct conf *conf, const char *name, struct fail *f)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int n = snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/%s.sock",
	    conf->node_run, name);
	int err;

	*fd = -1;
	if (n < 0 || (size_t)n >= sizeof(sun.sun_path))
		return fail_set(
		    f, FAIL_CONF, "[node] run is too long for a unix socket");
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return fail_sys(f, "socket");
	if (connect(*fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return 0;
	err = errno;
	close(*fd);
	*fd = -1;
	if (err == EACCES || err == EPERM)
		return fail_set(f, FAIL_DENIED,
		    "no permission to talk to sallyportd: run this as root or "
		    "as its user");
	if (err == ENOENT || err == ECONNREFUSED || err == ENOTDIR)
		return fail_set(f, FAIL_CONNECT, "sallyportd is not running");
	errno = err;
	return fail_sys(f, "cannot reach sallyportd");
}

/* Words of an error message, of the broker's or the keeper's table. */
static int
refused(struct span why, uint32_t code, struct fail *f)
{
	int r = code > 0 && code < 1000 ? -(int)code : FAIL_PROTO;

	if (why.len == 0)
		return fail_set(f, r, "%s", fail_text(r));
	return fail_set(f, r, "%.*s", (int)why.len, (const char *)why.p);
}

static int
unreadable(struct fail *f)
{
	return fail_set(f, FAIL_PROTO, "sallyportd: bad answer");
}

/* One exchange; a reply of another type than wanted stays in buf. */
static int
ask(int fd, const struct link_ask *a, struct buf *buf, uint16_t *type,
    struct fail *f)
{
	struct fail why = {0};
	int r = ipc_call(
	    fd, a->type, a->body, type, buf, a->recv_fd, ANSWER_MS, &why);

	if (r == FAIL_CLOSED)
		return fail_set(f, r, "sallyportd closed the connection");
	if (r == FAIL_TIMEOUT)
		return fail_set(f, r, "sallyportd does not answer");
	return r ? fail_set(f, r, "sallyportd: %s", why.why) : 0;
}

static int
finish(const struct link_ask *a, struct buf *buf, uint16_t type, struct fail *f)
{
	if (type != a->want)
		return fail_set(f, FAIL_PROTO,
		    "sallyportd gave an answer of another kind (%u)", type);
	if (a->reply && buf_put(a->reply, buf_head(buf), buf_len(buf)))
		return fail_set(f, FAIL_NOMEM, "out of memory");
	return 0;
}

/* Reads the message by which one of the two says no. */
typedef int refusal_fn(struct span body, struct fail *f);

static int
broker_refusal(struct span body, struct fail *f)
{
	struct bm_error e;

	return bm_error_get(body, &e) ? unreadable(f)
				      : refused(e.why, e.code, f);
}

static int
keeper_refusal(struct span body, struct fail *f)
{
	struct km_error e;

	return km_error_get(body, &e) ? unreadable(f)
				      : refused(e.why, e.code, f);
}

static int
exchange(int fd, const struct link_ask *a, uint16_t refusal_type,
    refusal_fn *refusal, struct fail *f)
{
	struct buf buf;
	uint16_t type = 0;
	int r;

	buf_init_secret(&buf, IPC_BODY_MAX);
	r = ask(fd, a, &buf, &type, f);
	if (r == 0 && type == refusal_type)
		r = refusal(buf_span(&buf), f);
	else if (r == 0)
		r = finish(a, &buf, type, f);
	buf_fini(&buf);
	return r;
}

int
link_broker(int fd, const struct link_ask *a, struct fail *f)
{
	return exchange(fd, a, bm_error_type, broker_refusal, f);
}

int
link_keeper(int fd, const struct link_ask *a, struct fail *f)
{
	return exchange(fd, a, km_error_type, keeper_refusal, f);
}

const char *
link_by(char dst[256])
{
	struct passwd pw, *found = NULL;
	char buf[1024];

	getpwuid_r(getuid(), &pw, buf, sizeof(buf), &found);
	if (found)
		snprintf(dst, 256, "%s", pw.pw_name);
	else
		snprintf(dst, 256, "uid %u", (unsigned)getuid());
	return dst;
}

/* {"by":..., pairs} */
static int
make_fields(struct buf *out, const char *const *fields)
{
	struct json j;
	char by[256];

	json_init(&j, out);
	json_object(&j, NULL);
	json_str(&j, "by", link_by(by));
	for (; fields[0]; fields += 2)
		json_str(&j, fields[0], fields[1] ? fields[1] : "");
	json_close(&j, '}');
	return json_end(&j);
}

int
link_audit(struct cli *c, uint32_t event, const char *const *fields)
{
	struct bm_audit_cli x = {.event = event};
	struct buf text, body;
	int r;

	buf_init(&text, 8192);
	buf_init(&body, IPC_BODY_MAX);
	r = make_fields(&text, fields);
	x.fields = buf_span(&text);
	if (r == 0)
		r = bm_audit_cli_put(&body, &x);
	if (r)
		r = fail_set(&c->fail, r, "the audit event is too long");
	else
		r = link_broker(c->broker,
		    &(struct link_ask){
			.type = bm_audit_cli_type,
			.body = buf_span(&body),
			.want = bm_stored_type,
		    },
		    &c->fail);
	buf_fini(&body);
	buf_fini(&text);
	return r;
}

/* `changed` has no answer. */
static int
send_changed(int fd, struct fail *f)
{
	struct frame fr = {.type = bm_changed_type};
	uint8_t h[FRAME_HEADER_LEN];

	frame_header(h, &fr);
	if (send(fd, h, sizeof(h), MSG_NOSIGNAL) != (ssize_t)sizeof(h))
		return fail_sys(f, "cannot tell sallyportd");
	return 0;
}

int
link_changed(struct cli *c, const char *name, const char *detail)
{
	const char *const fields[] = {"noun", c->args->row->noun, "verb",
	    c->args->row->verb, "name", name, "detail", detail, NULL};
	struct fail why = {0};
	int r = send_changed(c->broker, &c->fail);

	if (r)
		return r;
	r = link_audit(c, AUDIT_ADMIN_CHANGE, fields);
	if (r == 0)
		return 0;
	why = c->fail;
	c->fail = (struct fail){0};
	return fail_set(&c->fail, r,
	    "done, but the audit event was not stored: %s", why.why);
}
