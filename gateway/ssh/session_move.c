/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hand-over: a running session as bytes and two sockets, and back.  Nothing of
 * it is lost or repeated: unread and unsent bytes travel with the keys.
 */
#include <string.h>
#include <unistd.h>

#include "ssh/session_impl.h"

enum { MOVE_VERSION = 1, MOVE_LEG_MAX = 8 * 1024 * 1024 };

/* What is put and what is got of the session s, in the order of both. */
#define MOVE_FACTS(TEXT, NUMBER, SMALL, ID, WORD)                              \
	TEXT(s->peer)                                                          \
	TEXT(s->login.user)                                                    \
	TEXT(s->login.account)                                                 \
	TEXT(s->login.asset)                                                   \
	TEXT(s->grant.user)                                                    \
	TEXT(s->grant.account)                                                 \
	TEXT(s->grant.asset)                                                   \
	TEXT(s->grant.login)                                                   \
	TEXT(s->target_addr)                                                   \
	TEXT(s->paused_by)                                                     \
	TEXT(s->log.prefix)                                                    \
	NUMBER(s->grant.node_seq)                                              \
	NUMBER(s->began_ns)                                                    \
	NUMBER(s->active_ns)                                                   \
	NUMBER(s->warned_ns)                                                   \
	SMALL(s->grant.legacy)                                                 \
	SMALL(s->grant.shell)                                                  \
	SMALL(s->grant.exec)                                                   \
	SMALL(s->grant.sftp)                                                   \
	SMALL(s->grant.on_fail)                                                \
	SMALL(s->grant.admin)                                                  \
	ID(s->grant.session_id)                                                \
	ID(s->grant.rec_id)                                                    \
	ID(s->grant.grant_id)                                                  \
	ID(s->grant.dek_id)                                                    \
	WORD(s->grant.idle_s)                                                  \
	WORD(s->grant.length_s)                                                \
	WORD(s->keys_seq)

#define PUT_TEXT(f) r = r ? r : buf_put_cstring(out, f);
#define PUT_NUMBER(f) r = r ? r : buf_put_u64(out, f);
#define PUT_SMALL(f) r = r ? r : buf_put_u8(out, f);
#define PUT_ID(f) r = r ? r : buf_put(out, f, UUID_LEN);
#define PUT_WORD(f) r = r ? r : buf_put_u32(out, f);

static int
put_facts(const struct ssh_session *s, struct buf *out)
{
	int r = buf_put_u8(out, MOVE_VERSION);

	MOVE_FACTS(PUT_TEXT, PUT_NUMBER, PUT_SMALL, PUT_ID, PUT_WORD)
	r = r ? r : buf_put_u8(out, s->paused);
	r = r ? r
	      : buf_put_string(
		    out, buf_head(&s->grant.pins), buf_len(&s->grant.pins));
	r = r ? r
	      : buf_put_string(out, buf_head(&s->grant.wrapped),
		    buf_len(&s->grant.wrapped));
	return r;
}

static int
get_id(struct span *in, uint8_t id[UUID_LEN])
{
	const uint8_t *p;
	int r;

	if ((r = span_take(in, UUID_LEN, &p)) == 0)
		memcpy(id, p, UUID_LEN);
	return r;
}

#define GET_TEXT(f) r = r ? r : span_cstring(in, f, sizeof(f));
#define GET_NUMBER(f) r = r ? r : span_u64(in, &(f));
#define GET_SMALL(f) r = r ? r : span_u8(in, &(f));
#define GET_ID(f) r = r ? r : get_id(in, f);
#define GET_WORD(f) r = r ? r : span_u32(in, &(f));

static int
get_facts(struct ssh_session *s, struct span *in)
{
	struct span pins, wrapped;
	uint8_t version, paused;
	int r;

	if ((r = span_u8(in, &version)) != 0)
		return r;
	if (version != MOVE_VERSION)
		return FAIL_UNSUPPORTED;
	MOVE_FACTS(GET_TEXT, GET_NUMBER, GET_SMALL, GET_ID, GET_WORD)
	r = r ? r : span_u8(in, &paused);
	r = r ? r : span_string(in, &pins);
	r = r ? r : span_string(in, &wrapped);
	if (r != 0)
		return r;
	s->paused = paused != 0;
	if ((r = buf_put(&s->grant.pins, pins.p, pins.len)) == 0)
		r = buf_put(&s->grant.wrapped, wrapped.p, wrapped.len);
	return r;
}

/* Transport, bytes not yet read, bytes not yet sent, and the held packet. */
static int
put_leg(struct ssh_leg *leg, struct buf *out)
{
	struct buf t;
	int r;

	buf_init_secret(&t, MOVE_LEG_MAX);
	if ((r = ssh_transport_export(leg->t, &t)) == 0 &&
	    (r = buf_put_string(out, buf_head(&t), buf_len(&t))) == 0 &&
	    (r = buf_put_string(out, buf_head(io_in(leg->io)),
		 buf_len(io_in(leg->io)))) == 0 &&
	    (r = buf_put_string(out, buf_head(io_out(leg->io)),
		 buf_len(io_out(leg->io)))) == 0 &&
	    (r = buf_put_u8(out, leg->held.p != NULL)) == 0 &&
	    (r = buf_put_u32(out, leg->held.p != NULL ? leg->held.seq : 0)) ==
		0)
		r = buf_put_string(
		    out, leg->held.p, leg->held.p != NULL ? leg->held.len : 0);
	buf_fini(&t);
	return r;
}

static int
get_leg(struct ssh_session *s, enum leg which,
    const struct ssh_transport_opts *o, struct span *in)
{
	struct ssh_leg *leg = &s->leg[which];
	struct span t, unread, unsent, held;
	uint8_t has;
	uint32_t seq;
	int r;

	if ((r = span_string(in, &t)) != 0 ||
	    (r = span_string(in, &unread)) != 0 ||
	    (r = span_string(in, &unsent)) != 0 ||
	    (r = span_u8(in, &has)) != 0 || (r = span_u32(in, &seq)) != 0 ||
	    (r = span_string(in, &held)) != 0)
		return r;
	if ((has != 0) != (held.len > 0))
		return FAIL_FORMAT;
	if ((r = ssh_transport_import(&leg->t, o, t, &s->fail)) != 0 ||
	    (r = buf_put(io_in(leg->io), unread.p, unread.len)) != 0 ||
	    (r = buf_put(io_out(leg->io), unsent.p, unsent.len)) != 0)
		return r;
	if (has == 0)
		return 0;
	if ((r = buf_put(&leg->carry, held.p, held.len)) != 0)
		return r;
	leg->held = (struct ssh_packet){
	    .p = buf_head(&leg->carry),
	    .len = held.len,
	    .seq = seq,
	};
	return 0;
}

static int
export_state(struct ssh_session *s, struct buf *out)
{
	struct buf part;
	int r;

	if ((r = put_facts(s, out)) != 0 ||
	    (r = put_leg(&s->leg[LEG_USER], out)) != 0 ||
	    (r = put_leg(&s->leg[LEG_TARGET], out)) != 0)
		return r;
	/* The relay says FAIL_BUSY before the recording's writer is ended. */
	buf_init_secret(&part, MOVE_LEG_MAX);
	if ((r = ssh_relay_export(s->relay, &part)) == 0)
		r = buf_put_string(out, buf_head(&part), buf_len(&part));
	buf_reset(&part);
	if (r == 0 && (r = live_export(s->live, &part)) == 0)
		r = buf_put_string(out, buf_head(&part), buf_len(&part));
	buf_reset(&part);
	if (r == 0 && (r = recording_export(s->recording, &part)) == 0)
		r = buf_put_string(out, buf_head(&part), buf_len(&part));
	buf_fini(&part);
	return r;
}

int
ssh_session_export(
    struct ssh_session *s, struct buf *out, int *user_fd, int *target_fd)
{
	int r;

	if (s->state != SESSION_RELAY || s->held || s->trouble ||
	    s->leg[LEG_USER].eof || s->leg[LEG_TARGET].eof)
		return FAIL_BUSY;
	if ((r = export_state(s, out)) != 0)
		return r;
	recording_leave(s->recording);
	*user_fd = io_detach(s->leg[LEG_USER].io);
	*target_fd = io_detach(s->leg[LEG_TARGET].io);
	session_to(s, SESSION_MOVED);
	session_moved(s);
	return 0;
}

static int
import_state(struct ssh_session *s, struct span *in)
{
	struct ssh_transport_opts o;
	struct ssh_relay_opts ro;
	struct recording_opts rec;
	struct span relay, live, recording;
	int r;

	session_user_opts(s->env, &o);
	if ((r = get_leg(s, LEG_USER, &o, in)) != 0)
		return r;
	session_target_opts(s, &o);
	if ((r = get_leg(s, LEG_TARGET, &o, in)) != 0 ||
	    (r = span_string(in, &relay)) != 0 ||
	    (r = span_string(in, &live)) != 0 ||
	    (r = span_string(in, &recording)) != 0)
		return r;
	session_relay_opts(s, &ro);
	session_recording_opts(s, &rec);
	if ((r = recording_import(&rec, recording, &s->recording, &s->fail)) !=
		0 ||
	    (r = ssh_relay_import(&s->relay, &ro, &relay, &s->fail)) != 0 ||
	    (r = session_chain_new(s)) != 0)
		return r;
	if ((r = live_import(s->live, &live)) != 0)
		return r;
	return in->len == 0 && relay.len == 0 && live.len == 0 ? 0
							       : FAIL_FORMAT;
}

int
ssh_session_import(const struct ssh_env *env, struct span state, int user_fd,
    int target_fd, struct ssh_session **out, struct fail *f)
{
	struct ssh_session *s;
	int fds[2] = {user_fd, target_fd}, i, r;

	if ((s = session_alloc(env)) == NULL) {
		(void)close(user_fd);
		(void)close(target_fd);
		return fail_set(f, FAIL_NOMEM, "no memory for a session");
	}
	for (i = 0; i < 2; i++) {
		s->leg[i].io = io_new(env->loop, fds[i], &session_io_opts,
		    session_on_io, &s->leg[i]);
		if (s->leg[i].io == NULL)
			(void)close(fds[i]);
	}
	if (s->leg[0].io == NULL || s->leg[1].io == NULL)
		r = FAIL_NOMEM;
	else if ((r = get_facts(s, &state)) == 0)
		r = import_state(s, &state);
	if (r != 0) {
		(void)fail_set(f, r, "a session's state does not read: %s",
		    fail_why(&s->fail, r));
		session_free(s);
		return r;
	}
	s->known = s->started = s->banner_shown = true;
	s->state = SESSION_RELAY;
	env->ops->known(env->ctx, s);
	/* The recorder and the broker hear who has it now. */
	ssh_session_peer_up(s, PEER_KEEPER);
	ssh_session_peer_up(s, PEER_RECORDER);
	ssh_session_peer_up(s, PEER_BROKER);
	for (i = 0; i < 2; i++)
		io_flush_soon(s->leg[i].io);
	session_rules_arm(s);
	session_kick(s);
	*out = s;
	return 0;
}
