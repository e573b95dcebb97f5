/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One SSH connection: moves bytes between io and transport, answers what the
 * transport asks (signature, host key), asks for new keys when it is time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"

#include "ssh/transport/sshkey.h"

#include "wire.h"

enum {
	IN_MAX = 512 * 1024,
	OUT_MAX = 2 * 1024 * 1024,
	OUT_HIGH = 256 * 1024, /* no more data above */
	OUT_LOW = 64 * 1024,
	SIG_MAX = 4096,
};

struct wire {
	struct loop *loop;
	struct io *io;
	struct ssh_transport *t;
	const struct wire_opts *o;
	const struct wire_ops *ops;
	void *ctx;
	uint32_t kex_count; /* kept when the transport is gone */
	bool over;	    /* gone() was told */
};

static void
over(struct wire *w, const char *why)
{
	if (w->over)
		return;
	w->over = true;
	io_pause(w->io);
	w->ops->gone(w->ctx, why);
}

static int
answer_sign(struct wire *w)
{
	struct span hash;
	const char *alg = ssh_transport_sign_request(w->t, &hash);
	struct buf sig;
	int r;

	buf_init(&sig, SIG_MAX);
	r = sshkey_sign(w->o->hostkey, alg, hash, &sig);
	if (r == 0)
		r = ssh_transport_signed(w->t, io_out(w->io), buf_span(&sig));
	buf_fini(&sig);
	return r;
}

/* One event of the transport; SSH_NEXT_MORE when there was none. */
static int
step(struct wire *w, struct ssh_packet *pkt)
{
	int ev = ssh_transport_next(w->t, io_in(w->io), io_out(w->io), pkt);
	int r = 0;

	switch (ev) {
	case SSH_NEXT_PACKET:
		r = w->ops->packet(w->ctx, pkt);
		break;
	case SSH_NEXT_SIGN:
		r = answer_sign(w);
		break;
	case SSH_NEXT_HOSTKEY:
		r = ssh_transport_hostkey_accept(w->t, io_out(w->io));
		break;
	case SSH_NEXT_KEYS:
		w->kex_count = ssh_transport_kex_count(w->t);
		r = w->ops->keys(w->ctx, w->kex_count);
		if (r == 0)
			r = w->ops->room(w->ctx);
		break;
	default:
		break;
	}
	return r != 0 ? r : ev;
}

static void
pump(struct wire *w)
{
	struct ssh_packet pkt;
	char why[300];
	int r;

	do {
		r = step(w, &pkt);
	} while (r > 0 && r != SSH_NEXT_DISCONNECT && !w->over);
	if (r == 0 && ssh_transport_wants_rekey(w->t))
		r = ssh_transport_rekey(w->t, io_out(w->io));
	if (w->over)
		return;
	io_flush_soon(w->io);
	if (r == SSH_NEXT_DISCONNECT) {
		(void)snprintf(why, sizeof(why), "peer said goodbye: %s",
		    ssh_transport_goodbye(w->t));
		over(w, why);
	} else if (r < 0) {
		over(w, fail_why(ssh_transport_fail(w->t), r));
	}
}

static void
on_io(struct io *io, enum io_event ev, void *ctx)
{
	struct wire *w = ctx;

	if (w->over)
		return;
	switch (ev) {
	case IO_DATA:
		pump(w);
		break;
	case IO_LOWAT:
		if (w->ops->room(w->ctx) != 0)
			over(w, "cannot send");
		break;
	case IO_EOF:
		over(w, "connection closed by peer");
		break;
	case IO_ERROR:
		over(w, io_fail(io)->why);
		break;
	default:
		break;
	}
}

static void
release(struct wire *w)
{
	if (w == NULL)
		return;
	io_free(w->io);
	ssh_transport_free(w->t);
	free(w);
}

void
wire_free(struct wire *w)
{
	release(w);
}

struct wire *
wire_new(struct loop *l, int fd, const struct wire_opts *o,
    const struct wire_ops *ops, void *ctx)
{
	struct ssh_transport_opts topts = {.role = o->role,
	    .algs = &o->algs,
	    .software = "Sallyport_load",
	    .hostkeys = o->hostblobs,
	    .rekey_bytes = o->rekey_bytes};
	struct io_opts iopts = {
	    .in_max = IN_MAX, .out_max = OUT_MAX, .lowat = OUT_LOW};
	struct wire *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->loop = l;
	w->o = o;
	w->ops = ops;
	w->ctx = ctx;
	w->t = ssh_transport_new(&topts);
	if (w->t == NULL || (w->io = io_new(l, fd, &iopts, on_io, w)) == NULL ||
	    ssh_transport_start(w->t, io_out(w->io)) != 0) {
		release(w);
		return NULL;
	}
	io_flush_soon(w->io);
	return w;
}

int
wire_send(struct wire *w, struct span payload)
{
	return wire_send2(w, payload, SPAN(NULL, 0));
}

int
wire_send2(struct wire *w, struct span head, struct span tail)
{
	int r;

	if (w->over)
		return FAIL_CLOSED;
	r = ssh_transport_send2(w->t, io_out(w->io), head, tail);
	if (r == 0)
		io_flush_soon(w->io);
	return r;
}

bool
wire_room(const struct wire *w)
{
	return !w->over && ssh_transport_can_send(w->t) &&
	       buf_len(io_out(w->io)) < OUT_HIGH;
}

void
wire_end(struct wire *w)
{
	if (w->over)
		return;
	IGNORE(ssh_transport_disconnect(
	    w->t, io_out(w->io), SSH_DISCONNECT_BY_APPLICATION, "done"));
	io_flush(w->io);
	over(w, "ended here");
}

struct span
wire_session_id(const struct wire *w)
{
	return ssh_transport_session_id(w->t);
}

uint32_t
wire_kex_count(const struct wire *w)
{
	return w->kex_count;
}

const char *
wire_algs(const struct wire *w)
{
	return ssh_transport_algs_text(w->t);
}

uint64_t
wire_bytes_in(const struct wire *w)
{
	return io_bytes_in(w->io);
}

uint64_t
wire_bytes_out(const struct wire *w)
{
	return io_bytes_out(w->io);
}
