/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/crypt.h"
#include "base/hash.h"
#include "keeper/keeper_msg.h"
#include "recorder/codec.h"
#include "recorder/reader.h"
#include "recorder/recorder_msg.h"
#include "recorder/verify.h"
#include "session/recording.h"

#include "tests/unit/gateway/session/recording_rig.h"

struct recording_rig rig;

static void
recorder_send(uint16_t type, struct buf *b)
{
	assert_int_equal(ipc_send(rig.recorder, type, 0, buf_span(b), -1), 0);
	buf_reset(b);
}

void
rig_recorder_state(void)
{
	struct rm_state m = {.next_seq = rig.next_seq};
	struct buf b;

	memcpy(m.rec_id, rig.rec_id, UUID_LEN);
	buf_init(&b, 256);
	assert_int_equal(rm_state_put(&b, &m), 0);
	recorder_send(rm_state_type, &b);
	buf_fini(&b);
}

void
rig_commit(void)
{
	struct rm_committed m = {.next_seq = rig.next_seq};
	struct buf b;

	memcpy(m.rec_id, rig.rec_id, UUID_LEN);
	buf_init(&b, 256);
	assert_int_equal(rm_committed_put(&b, &m), 0);
	recorder_send(rm_committed_type, &b);
	buf_fini(&b);
}

static int
on_recorder(struct ipc *c, const struct ipc_msg *m, void *ctx)
{
	struct rm_open open;
	struct rm_chunk chunk;
	struct rm_closed closed = {.code = 0};
	struct buf b;

	(void)c;
	(void)ctx;
	buf_init(&b, 256);
	switch (m->type) {
	case rm_open_type:
		assert_int_equal(rm_open_get(m->body, &open), 0);
		assert_int_equal(
		    fwrite(open.header.p, 1, open.header.len, rig.file),
		    open.header.len);
		rig_recorder_state();
		break;
	case rm_chunk_type:
		assert_int_equal(rm_chunk_get(m->body, &chunk), 0);
		if (chunk.seq != rig.next_seq)
			break; /* what it has already */
		rig.next_seq++;
		assert_int_equal(
		    fwrite(chunk.data.p, 1, chunk.data.len, rig.file),
		    chunk.data.len);
		if (!rig.mute)
			rig_commit();
		break;
	case rm_resume_type:
		if (!rig.thinks)
			rig_recorder_state();
		break;
	case rm_close_type:
		/* What it lacks now it would call lost. */
		assert_int_equal(rig.next_seq, recording_chunks(rig.rec));
		memcpy(closed.rec_id, rig.rec_id, UUID_LEN);
		assert_int_equal(rm_closed_put(&b, &closed), 0);
		recorder_send(rm_closed_type, &b);
		break;
	case RIG_OTHER_SESSIONS:
		break;
	default:
		fail_msg("message %u", m->type);
	}
	buf_fini(&b);
	return 0;
}

static void
keeper_sign(uint32_t id, const struct km_checkpoint_sign *req)
{
	static const char label[] = "RCD1 ckpt";
	uint8_t text[sizeof(label) - 1 + 16 + 8 + 32], sig[ED25519_SIG_LEN];
	struct km_signature s = {.blob = SPAN(sig, sizeof(sig))};
	struct buf b;

	memcpy(text, label, sizeof(label) - 1);
	memcpy(text + sizeof(label) - 1, req->rec_id, 16);
	le64_put(text + sizeof(label) - 1 + 16, req->seq);
	memcpy(text + sizeof(label) - 1 + 24, req->hash.p, 32);
	assert_int_equal(
	    ed25519_sign(sig, rig.seed, SPAN(text, sizeof(text))), 0);
	buf_init(&b, 256);
	assert_int_equal(km_signature_put(&b, &s), 0);
	assert_int_equal(
	    ipc_send(rig.keeper, km_signature_type, id, buf_span(&b), -1), 0);
	buf_fini(&b);
}

static void
keeper_resumed(const struct ipc_msg *m)
{
	struct km_resumed a;
	struct km_resume req;
	struct buf b;

	/* A keeper that does not know it cuts off who wants a signature. */
	assert_int_equal(rig.signs, 0);
	rig.resumed++;
	assert_int_equal(km_resume_get(m->body, &req), 0);
	assert_memory_equal(req.rec_id, rig.rec_id, UUID_LEN);
	memcpy(a.rec_id, req.rec_id, UUID_LEN);
	buf_init(&b, 64);
	assert_int_equal(km_resumed_put(&b, &a), 0);
	assert_int_equal(
	    ipc_send(rig.keeper, km_resumed_type, m->id, buf_span(&b), -1), 0);
	buf_fini(&b);
}

static int
on_keeper(struct ipc *c, const struct ipc_msg *m, void *ctx)
{
	struct km_checkpoint_sign req;
	uint8_t hash[32];

	(void)c;
	(void)ctx;
	if (m->type == km_resume_type) {
		keeper_resumed(m);
		return 0;
	}
	assert_int_equal(m->type, km_checkpoint_sign_type);
	assert_int_equal(km_checkpoint_sign_get(m->body, &req), 0);
	rig.signs++;
	/* A slow keeper answers the first when it has the second. */
	if (rig.slow && rig.first_id == 0) {
		rig.first_id = m->id;
		rig.first = req;
		memcpy(rig.first_hash, req.hash.p, sizeof(rig.first_hash));
		return 0;
	}
	if (rig.first_id != 0) {
		memcpy(hash, rig.first_hash, sizeof(hash));
		rig.first.hash = SPAN(hash, sizeof(hash));
		keeper_sign(rig.first_id, &rig.first);
		rig.first_id = 0;
		rig.slow = false;
	}
	keeper_sign(m->id, &req);
	return 0;
}

static void
on_link_gone(struct ipc *c, const struct fail *f, void *ctx)
{
	(void)c;
	(void)f;
	(void)ctx;
}

struct ipc *
rig_join(enum peer p)
{
	const struct ipc_opts o = {
	    .max_msg = IPC_BODY_MAX,
	    .max_queue = IPC_BODY_MAX,
	    .msg = p == PEER_RECORDER ? on_recorder : on_keeper,
	    .gone = on_link_gone,
	};
	struct ipc *c;
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	c = ipc_new(rig.loop, sv[0], &o);
	assert_non_null(c);
	assert_int_equal(peers_link(rig.peers, p, 1, sv[1]), 0);
	return c;
}

void
rig_spin(int rounds)
{
	while (rounds-- > 0)
		assert_int_equal(loop_once(rig.loop, 1), 0);
}

static int
on_peer_message(void *ctx, enum peer p, const struct ipc_msg *m)
{
	(void)ctx;
	assert_int_equal(p, PEER_RECORDER);
	return recording_message(rig.rec, m);
}

static const struct peers_ops peers_ops = {.message = on_peer_message};

static void
on_opened(void *ctx, int code, const char *why)
{
	(void)ctx;
	(void)why;
	assert_int_equal(code, 0);
	rig.opened++;
}

static void
on_resume(void *ctx)
{
	(void)ctx;
	rig.resumes++;
}

static void
on_trouble(void *ctx, int code, const char *why)
{
	(void)ctx;
	(void)code;
	(void)why;
	rig.troubles++;
}

static void
on_line(void *ctx, uint32_t channel, uint64_t at_us, enum line_kind kind,
    struct span text)
{
	size_t used = strlen(rig.lines);

	(void)ctx;
	(void)at_us;
	(void)snprintf(rig.lines + used, sizeof(rig.lines) - used,
	    "%u/%d:%.*s\n", channel, (int)kind, (int)text.len,
	    (const char *)text.p);
}

static void
on_closed(void *ctx, int code)
{
	(void)ctx;
	assert_int_equal(code, 0);
	rig.closed++;
}

static const struct recording_ops rec_ops = {
    .opened = on_opened,
    .resume = on_resume,
    .trouble = on_trouble,
    .line = on_line,
    .closed = on_closed,
};

void
rig_options(struct recording_opts *o)
{
	memset(o, 0, sizeof(*o));
	o->loop = rig.loop;
	o->peers = rig.peers;
	o->codec = rig.codec;
	o->flush_ms = 20;
	memcpy(o->rec_id, rig.rec_id, UUID_LEN);
	memcpy(o->dek_id, rig.rec_id, UUID_LEN);
	o->dek = SPAN(rig.dek, sizeof(rig.dek));
	o->wrapped = SPAN("wrapped", 7);
	o->node_key_id = 1;
	o->node_key = SPAN(rig.pub, sizeof(rig.pub));
	o->protocol = 1;
	o->about = "{\"user\":\"ana\"}";
	o->shell = RECORD_FULL;
	o->exec = RECORD_FULL;
	o->sftp = RECORD_METADATA;
	o->keeper_link = rig.keeper_link;
	o->ops = &rec_ops;
}

int
rig_setup(void **state)
{
	struct recording_opts o;

	(void)state;
	memset(&rig, 0, sizeof(rig));
	rig.loop = loop_new();
	rig.codec = rcd_codec_new();
	rig.peers = peers_new(rig.loop, &peers_ops, NULL);
	rig.file = tmpfile();
	random_bytes(rig.seed, sizeof(rig.seed));
	random_bytes(rig.dek, sizeof(rig.dek));
	uuid_new(rig.rec_id);
	assert_int_equal(ed25519_public(rig.pub, rig.seed), 0);
	rig.recorder = rig_join(PEER_RECORDER);
	rig.keeper = rig_join(PEER_KEEPER);
	rig.keeper_link = peers_link_number(rig.peers, PEER_KEEPER);
	rig_options(&o);
	rig.rec = recording_new(&o, NULL);
	assert_non_null(rig.rec);
	assert_int_equal(recording_open(rig.rec), 0);
	rig_spin(10);
	assert_int_equal(rig.opened, 1);
	return 0;
}

int
rig_teardown(void **state)
{
	(void)state;
	recording_free(rig.rec);
	peers_free(rig.peers);
	ipc_free(rig.recorder);
	ipc_free(rig.keeper);
	rcd_codec_free(rig.codec);
	loop_free(rig.loop);
	(void)fclose(rig.file);
	return 0;
}

int
rig_push(uint32_t channel, enum chunk_kind kind, uint8_t type, enum flow flow,
    const void *p, size_t len)
{
	const struct chunk c = {
	    .mono_ns = mono_ns(),
	    .channel = channel,
	    .flow = flow,
	    .kind = kind,
	    .type = type,
	    .data = p,
	    .len = len,
	};

	return recording_filter.push(rig.rec, &c);
}

void
rig_event(uint32_t channel, uint8_t type, const char *text)
{
	assert_int_equal(rig_push(channel, CHUNK_EVENT, type, FLOW_TO_USER,
			     text, strlen(text)),
	    CHAIN_PASS);
}

void
rig_end(void)
{
	int i;

	recording_close(rig.rec, 1, "done");
	for (i = 0; i < 1000 && rig.closed == 0; i++)
		rig_spin(1);
	assert_int_equal(rig.closed, 1);
	assert_int_equal(fflush(rig.file), 0);
}

void
rig_read(char *dst, size_t size)
{
	struct secret *dek = secret_from(rig.dek, sizeof(rig.dek));
	struct rcd_event_view e;
	struct rcd_reader *r;
	size_t used = 0;
	int code;

	assert_int_equal(
	    rcd_reader_open(&r, fileno(rig.file), RCD_KEY_DEK, dek, NULL), 0);
	while ((code = rcd_reader_event(r, &e)) == 0) {
		if (e.payload.len > 40)
			used += (size_t)snprintf(dst + used, size - used,
			    "%02x[%zu]\n", e.type, e.payload.len);
		else
			used += (size_t)snprintf(dst + used, size - used,
			    "%02x:%.*s\n", e.type, (int)e.payload.len,
			    (const char *)e.payload.p);
		assert_true(used < size);
	}
	assert_int_equal(code, RCD_END);
	rcd_reader_free(r);
	secret_free(dek);
}

int
rig_push_much(size_t blocks)
{
	static uint8_t block[32768];
	int r = 0;

	while (blocks-- > 0 && r == CHAIN_PASS) {
		random_bytes(block, sizeof(block));
		r = rig_push(
		    0, CHUNK_DATA, 0, FLOW_TO_USER, block, sizeof(block));
	}
	return r;
}
