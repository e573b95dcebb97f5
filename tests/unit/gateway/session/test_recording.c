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

/*
 * A recording against a recorder and a keeper played here: what they are sent
 * is written to a file, which the real reader then reads.
 */
struct node {
	struct loop *loop;
	struct peers *peers;
	struct rcd_codec *codec;
	struct ipc *recorder, *keeper;
	struct recording *rec;
	FILE *file;
	uint64_t next_seq;
	bool mute;	  /* the recorder commits nothing */
	bool thinks;	  /* and does not say at once what it has */
	bool slow;	  /* the keeper waits for a second request */
	unsigned resumed; /* the keeper was told that the recording is ours */
	unsigned signs;	  /* and asked to sign */
	uint64_t keeper_link;
	uint32_t first_id; /* of the request that waits; 0: none */
	struct km_checkpoint_sign first;
	uint8_t first_hash[32];
	uint8_t seed[ED25519_KEY_LEN], pub[ED25519_KEY_LEN], dek[32];
	uint8_t rec_id[UUID_LEN];
	int opened, closed, troubles, resumes;
	char lines[1024];
};

static struct node n;

enum { OTHER_SESSIONS = 999 }; /* a type of message that is not ours */

static void
recorder_send(uint16_t type, struct buf *b)
{
	assert_int_equal(ipc_send(n.recorder, type, 0, buf_span(b), -1), 0);
	buf_reset(b);
}

static void
recorder_state(void)
{
	struct rm_state m = {.next_seq = n.next_seq};
	struct buf b;

	memcpy(m.rec_id, n.rec_id, UUID_LEN);
	buf_init(&b, 256);
	assert_int_equal(rm_state_put(&b, &m), 0);
	recorder_send(rm_state_type, &b);
	buf_fini(&b);
}

static void
recorder_commit(void)
{
	struct rm_committed m = {.next_seq = n.next_seq};
	struct buf b;

	memcpy(m.rec_id, n.rec_id, UUID_LEN);
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
		    fwrite(open.header.p, 1, open.header.len, n.file),
		    open.header.len);
		recorder_state();
		break;
	case rm_chunk_type:
		assert_int_equal(rm_chunk_get(m->body, &chunk), 0);
		if (chunk.seq != n.next_seq)
			break; /* what it has already */
		n.next_seq++;
		assert_int_equal(
		    fwrite(chunk.data.p, 1, chunk.data.len, n.file),
		    chunk.data.len);
		if (!n.mute)
			recorder_commit();
		break;
	case rm_resume_type:
		if (!n.thinks)
			recorder_state();
		break;
	case rm_close_type:
		/* What it lacks now it would call lost. */
		assert_int_equal(n.next_seq, recording_chunks(n.rec));
		memcpy(closed.rec_id, n.rec_id, UUID_LEN);
		assert_int_equal(rm_closed_put(&b, &closed), 0);
		recorder_send(rm_closed_type, &b);
		break;
	case OTHER_SESSIONS:
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
	    ed25519_sign(sig, n.seed, SPAN(text, sizeof(text))), 0);
	buf_init(&b, 256);
	assert_int_equal(km_signature_put(&b, &s), 0);
	assert_int_equal(
	    ipc_send(n.keeper, km_signature_type, id, buf_span(&b), -1), 0);
	buf_fini(&b);
}

static void
keeper_resumed(const struct ipc_msg *m)
{
	struct km_resumed a;
	struct km_resume req;
	struct buf b;

	/* A keeper that does not know it cuts off who wants a signature. */
	assert_int_equal(n.signs, 0);
	n.resumed++;
	assert_int_equal(km_resume_get(m->body, &req), 0);
	assert_memory_equal(req.rec_id, n.rec_id, UUID_LEN);
	memcpy(a.rec_id, req.rec_id, UUID_LEN);
	buf_init(&b, 64);
	assert_int_equal(km_resumed_put(&b, &a), 0);
	assert_int_equal(
	    ipc_send(n.keeper, km_resumed_type, m->id, buf_span(&b), -1), 0);
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
	n.signs++;
	/* A slow keeper answers the first when it has the second. */
	if (n.slow && n.first_id == 0) {
		n.first_id = m->id;
		n.first = req;
		memcpy(n.first_hash, req.hash.p, sizeof(n.first_hash));
		return 0;
	}
	if (n.first_id != 0) {
		memcpy(hash, n.first_hash, sizeof(hash));
		n.first.hash = SPAN(hash, sizeof(hash));
		keeper_sign(n.first_id, &n.first);
		n.first_id = 0;
		n.slow = false;
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

static struct ipc *
join(enum peer p, ipc_fn *fn)
{
	const struct ipc_opts o = {
	    .max_msg = IPC_BODY_MAX,
	    .max_queue = IPC_BODY_MAX,
	    .msg = fn,
	    .gone = on_link_gone,
	};
	struct ipc *c;
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	c = ipc_new(n.loop, sv[0], &o);
	assert_non_null(c);
	assert_int_equal(peers_link(n.peers, p, 1, sv[1]), 0);
	return c;
}

static void
spin(int rounds)
{
	while (rounds-- > 0)
		assert_int_equal(loop_once(n.loop, 1), 0);
}

static int
on_peer_message(void *ctx, enum peer p, const struct ipc_msg *m)
{
	(void)ctx;
	assert_int_equal(p, PEER_RECORDER);
	return recording_message(n.rec, m);
}

static const struct peers_ops peers_ops = {.message = on_peer_message};

static void
on_opened(void *ctx, int code, const char *why)
{
	(void)ctx;
	(void)why;
	assert_int_equal(code, 0);
	n.opened++;
}

static void
on_resume(void *ctx)
{
	(void)ctx;
	n.resumes++;
}

static void
on_trouble(void *ctx, int code, const char *why)
{
	(void)ctx;
	(void)code;
	(void)why;
	n.troubles++;
}

static void
on_line(void *ctx, uint32_t channel, uint64_t at_us, enum line_kind kind,
    struct span text)
{
	size_t used = strlen(n.lines);

	(void)ctx;
	(void)at_us;
	(void)snprintf(n.lines + used, sizeof(n.lines) - used, "%u/%d:%.*s\n",
	    channel, (int)kind, (int)text.len, (const char *)text.p);
}

static void
on_closed(void *ctx, int code)
{
	(void)ctx;
	assert_int_equal(code, 0);
	n.closed++;
}

static const struct recording_ops rec_ops = {
    .opened = on_opened,
    .resume = on_resume,
    .trouble = on_trouble,
    .line = on_line,
    .closed = on_closed,
};

static void
options(struct recording_opts *o)
{
	memset(o, 0, sizeof(*o));
	o->loop = n.loop;
	o->peers = n.peers;
	o->codec = n.codec;
	o->flush_ms = 20;
	memcpy(o->rec_id, n.rec_id, UUID_LEN);
	memcpy(o->dek_id, n.rec_id, UUID_LEN);
	o->dek = SPAN(n.dek, sizeof(n.dek));
	o->wrapped = SPAN("wrapped", 7);
	o->node_key_id = 1;
	o->node_key = SPAN(n.pub, sizeof(n.pub));
	o->protocol = 1;
	o->about = "{\"user\":\"ana\"}";
	o->shell = RECORD_FULL;
	o->exec = RECORD_FULL;
	o->sftp = RECORD_METADATA;
	o->keeper_link = n.keeper_link;
	o->ops = &rec_ops;
}

static int
setup(void **state)
{
	struct recording_opts o;

	(void)state;
	memset(&n, 0, sizeof(n));
	n.loop = loop_new();
	n.codec = rcd_codec_new();
	n.peers = peers_new(n.loop, &peers_ops, NULL);
	n.file = tmpfile();
	random_bytes(n.seed, sizeof(n.seed));
	random_bytes(n.dek, sizeof(n.dek));
	uuid_new(n.rec_id);
	assert_int_equal(ed25519_public(n.pub, n.seed), 0);
	n.recorder = join(PEER_RECORDER, on_recorder);
	n.keeper = join(PEER_KEEPER, on_keeper);
	n.keeper_link = peers_link_number(n.peers, PEER_KEEPER);
	options(&o);
	n.rec = recording_new(&o, NULL);
	assert_non_null(n.rec);
	assert_int_equal(recording_open(n.rec), 0);
	spin(10);
	assert_int_equal(n.opened, 1);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	recording_free(n.rec);
	peers_free(n.peers);
	ipc_free(n.recorder);
	ipc_free(n.keeper);
	rcd_codec_free(n.codec);
	loop_free(n.loop);
	(void)fclose(n.file);
	return 0;
}

static int
push(uint32_t channel, enum chunk_kind kind, uint8_t type, enum flow flow,
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

	return recording_filter.push(n.rec, &c);
}

static void
event(uint32_t channel, uint8_t type, const char *text)
{
	assert_int_equal(
	    push(channel, CHUNK_EVENT, type, FLOW_TO_USER, text, strlen(text)),
	    CHAIN_PASS);
}

static void
end(void)
{
	int i;

	recording_close(n.rec, 1, "done");
	for (i = 0; i < 1000 && n.closed == 0; i++)
		spin(1);
	assert_int_equal(n.closed, 1);
	assert_int_equal(fflush(n.file), 0);
}

/* All events as text, after the whole chain was checked by the reader. */
static void
read_back(char *dst, size_t size)
{
	struct secret *dek = secret_from(n.dek, sizeof(n.dek));
	struct rcd_event_view e;
	struct rcd_reader *r;
	size_t used = 0;
	int code;

	assert_int_equal(
	    rcd_reader_open(&r, fileno(n.file), RCD_KEY_DEK, dek, NULL), 0);
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

static void
what_was_pushed_is_in_the_file(void **state)
{
	static char all[65536];

	(void)state;
	event(0, RCD_EV_CH_OPEN, "session");
	event(0, RCD_EV_EXEC, "uname -a");
	assert_int_equal(push(0, CHUNK_DATA, 0, FLOW_TO_TARGET, "input", 5), 0);
	assert_int_equal(push(0, CHUNK_DATA, 0, FLOW_TO_USER, "Linux", 5), 0);
	assert_int_equal(push(0, CHUNK_ERR, 0, FLOW_TO_USER, "oops", 4), 0);
	event(0, RCD_EV_CH_CLOSE, "0123456789abcdef");
	end();
	read_back(all, sizeof(all));
	assert_non_null(strstr(all, "1d:session\n"));
	assert_non_null(strstr(all, "16:uname -a\n"));
	assert_non_null(strstr(all, "12:input\n"));
	assert_non_null(strstr(all, "10:Linux\n"));
	assert_non_null(strstr(all, "11:oops\n"));
	assert_string_equal(n.lines, "0/1:uname -a\n");
}

static void
a_metadata_channel_keeps_only_how_much_it_was(void **state)
{
	static char all[65536], block[30000];

	(void)state;
	memset(block, 's', sizeof(block));
	event(3, RCD_EV_CH_OPEN, "session");
	event(3, RCD_EV_SUBSYSTEM, "sftp");
	assert_int_equal(
	    push(3, CHUNK_DATA, 0, FLOW_TO_USER, block, sizeof(block)), 0);
	event(3, RCD_EV_CH_CLOSE, "0123456789abcdef");
	end();
	read_back(all, sizeof(all));
	assert_null(strstr(all, "10:"));
	assert_null(strstr(all, "10["));
	assert_non_null(strstr(all, "24:"));
}

/* Asked for its key by the keeper that was, the recording is opened on. */
static void
a_keeper_that_is_new_knows_it_before_it_signs(void **state)
{
	struct ipc *old = n.keeper;

	(void)state;
	assert_int_equal(n.resumed, 0);
	/* The old one serves its answers out meanwhile. */
	n.keeper = join(PEER_KEEPER, on_keeper);
	end();
	assert_int_equal(n.resumed, 1);
	assert_int_equal(n.signs, 1);
	ipc_free(old);
}

/* Other sessions of the worker may have filled the link. */
static void
fill_link(void)
{
	static const uint8_t block[1024 * 1024], byte;
	struct span s = SPAN(block, sizeof(block));

	ipc_pause(n.recorder);
	while (peers_tell(n.peers, PEER_RECORDER, OTHER_SESSIONS, s) == 0)
		;
	while (peers_tell(
		   n.peers, PEER_RECORDER, OTHER_SESSIONS, SPAN(&byte, 1)) == 0)
		;
}

static void
what_found_no_room_on_the_link_is_sent_later(void **state)
{
	static char all[65536];

	(void)state;
	event(0, RCD_EV_CH_OPEN, "session");
	event(0, RCD_EV_EXEC, "uname -a");
	fill_link();
	assert_int_equal(push(0, CHUNK_DATA, 0, FLOW_TO_USER, "Linux", 5), 0);
	spin(100); /* longer than a chunk is kept open */
	ipc_resume(n.recorder);
	spin(300);
	assert_true(n.next_seq > 0);
	event(0, RCD_EV_CH_CLOSE, "0123456789abcdef");
	end();
	read_back(all, sizeof(all));
	assert_non_null(strstr(all, "10:Linux\n"));
}

static void
an_end_that_found_no_room_on_the_link_comes_later(void **state)
{
	static char all[65536];

	(void)state;
	event(0, RCD_EV_CH_OPEN, "session");
	fill_link();
	recording_close(n.rec, 1, "done");
	spin(100);
	ipc_resume(n.recorder);
	end();
	read_back(all, sizeof(all));
	assert_non_null(strstr(all, "1d:session\n"));
}

/* The message that it is handed over would be lost. */
static void
it_is_not_handed_over_while_the_link_is_full(void **state)
{
	struct buf b;

	(void)state;
	buf_init_secret(&b, 1024 * 1024);
	fill_link();
	assert_int_equal(recording_export(n.rec, &b), FAIL_BUSY);
	ipc_resume(n.recorder);
	spin(200);
	assert_int_equal(recording_export(n.rec, &b), 0);
	buf_fini(&b);
}

static void
bytes_of_an_unopened_channel_are_an_error(void **state)
{
	(void)state;
	assert_true(push(9, CHUNK_DATA, 0, FLOW_TO_USER, "x", 1) < 0);
}

/* Random, so that it is as long sealed as it is raw. */
static int
push_much(size_t blocks)
{
	static uint8_t block[32768];
	int r = 0;

	while (blocks-- > 0 && r == CHAIN_PASS) {
		random_bytes(block, sizeof(block));
		r = push(0, CHUNK_DATA, 0, FLOW_TO_USER, block, sizeof(block));
	}
	return r;
}

static void
a_checkpoint_that_is_late_does_not_sign_the_end(void **state)
{
	struct rcd_verdict v;
	int i;

	(void)state;
	n.slow = true;
	event(0, RCD_EV_CH_OPEN, "session");
	for (i = 0; i < 700 && n.first_id == 0; i++) {
		assert_int_equal(push_much(1), CHAIN_PASS);
		spin(1);
	}
	assert_int_not_equal(n.first_id, 0);
	end();
	assert_int_equal(n.first_id, 0);
	assert_int_equal(rcd_verify(fileno(n.file), n.pub, &v), 0);
	assert_true(v.complete);
	assert_false(v.unsigned_end);
	assert_int_equal(v.signatures, 1);
}

static void
it_holds_when_the_disk_is_a_mebibyte_behind(void **state)
{
	(void)state;
	event(0, RCD_EV_CH_OPEN, "session");
	n.mute = true;
	assert_int_equal(push_much(100), CHAIN_HOLD);
	spin(10);
	assert_int_equal(n.resumes, 0);
	assert_int_equal(push_much(1), CHAIN_HOLD);
	n.mute = false;
	recorder_commit();
	spin(10);
	assert_true(n.resumes >= 1);
	assert_int_equal(push_much(1), CHAIN_PASS);
	end();
}

static void
it_holds_when_the_disk_is_a_second_behind(void **state)
{
	(void)state;
	event(0, RCD_EV_CH_OPEN, "session");
	n.mute = true;
	assert_int_equal(push(0, CHUNK_DATA, 0, FLOW_TO_USER, "x", 1), 0);
	usleep(1100 * 1000);
	spin(5);
	assert_int_equal(
	    push(0, CHUNK_DATA, 0, FLOW_TO_USER, "y", 1), CHAIN_HOLD);
	n.mute = false;
	recorder_commit();
	spin(10);
	assert_int_equal(n.resumes, 1);
	assert_int_equal(push(0, CHUNK_DATA, 0, FLOW_TO_USER, "y", 1), 0);
	end();
}

static void
a_restarted_recorder_gets_what_it_lacks(void **state)
{
	static char all[1 << 20];
	long kept;
	uint64_t seq;

	(void)state;
	event(0, RCD_EV_CH_OPEN, "session");
	assert_int_equal(push(0, CHUNK_DATA, 0, FLOW_TO_USER, "first", 5), 0);
	usleep(30000);
	spin(10);
	/* What comes now was sent, but the recorder dies before its disk. */
	n.mute = true;
	kept = ftell(n.file);
	seq = n.next_seq;
	assert_int_equal(push(0, CHUNK_DATA, 0, FLOW_TO_USER, "second", 6), 0);
	usleep(30000);
	spin(10);
	assert_true(n.next_seq > seq);
	assert_int_equal(fseek(n.file, kept, SEEK_SET), 0);
	n.next_seq = seq;
	n.mute = false;
	ipc_free(n.recorder);
	spin(5);
	n.recorder = join(PEER_RECORDER, on_recorder);
	recording_peer_up(n.rec, PEER_RECORDER);
	spin(10);
	assert_int_equal(push(0, CHUNK_DATA, 0, FLOW_TO_USER, "third", 5), 0);
	end();
	read_back(all, sizeof(all));
	assert_non_null(strstr(all, "10:first\n10:second\n10:third\n"));
}

static void
the_end_waits_until_the_recorder_has_all(void **state)
{
	static char all[1 << 20];

	(void)state;
	event(0, RCD_EV_CH_OPEN, "session");
	assert_int_equal(push(0, CHUNK_DATA, 0, FLOW_TO_USER, "first", 5), 0);
	ipc_free(n.recorder);
	spin(5);
	n.thinks = true;
	n.recorder = join(PEER_RECORDER, on_recorder);
	recording_peer_up(n.rec, PEER_RECORDER);
	recording_close(n.rec, 1, "done");
	spin(20);
	assert_int_equal(n.signs, 1);
	assert_int_equal(n.closed, 0);
	recorder_state();
	spin(20);
	assert_int_equal(n.closed, 1);
	assert_int_equal(fflush(n.file), 0);
	read_back(all, sizeof(all));
	assert_non_null(strstr(all, "10:first\n"));
}

static void
another_process_goes_on_where_it_was(void **state)
{
	static char all[1 << 20];
	struct recording_opts o;
	struct recording *moved = NULL;
	struct buf b;

	(void)state;
	event(0, RCD_EV_CH_OPEN, "session");
	assert_int_equal(push(0, CHUNK_DATA, 0, FLOW_TO_USER, "before", 6), 0);
	buf_init_secret(&b, 1 << 22);
	assert_int_equal(recording_export(n.rec, &b), 0);
	options(&o);
	o.dek = SPAN("", 0);
	assert_int_equal(recording_import(&o, buf_span(&b), &moved, NULL), 0);
	recording_free(n.rec);
	n.rec = moved;
	buf_fini(&b);
	recording_peer_up(n.rec, PEER_RECORDER);
	spin(10);
	assert_int_equal(push(0, CHUNK_DATA, 0, FLOW_TO_USER, "after", 5), 0);
	end();
	read_back(all, sizeof(all));
	assert_non_null(strstr(all, "10:before\n"));
	assert_non_null(strstr(all, "10:after\n"));
}

static void
a_state_that_was_cut_does_not_come_in(void **state)
{
	struct recording_opts o;
	struct recording *moved;
	struct buf b;
	size_t len;

	(void)state;
	event(0, RCD_EV_CH_OPEN, "session");
	buf_init_secret(&b, 1 << 22);
	assert_int_equal(recording_export(n.rec, &b), 0);
	options(&o);
	for (len = 0; len < buf_len(&b); len += 7) {
		moved = NULL;
		assert_true(recording_import(
				&o, SPAN(buf_head(&b), len), &moved, NULL) < 0);
		assert_null(moved);
	}
	buf_fini(&b);
}

/* On in another struct, with the state that was exported. */
static int
move(const struct buf *b)
{
	struct recording_opts o;
	struct recording *moved;
	int r;

	options(&o);
	o.dek = SPAN("", 0);
	if ((r = recording_import(&o, buf_span(b), &moved, NULL)) == 0) {
		recording_free(n.rec);
		n.rec = moved;
	}
	return r;
}

static void
what_has_moved_moves_on_the_same(void **state)
{
	static const uint8_t pty[] = {80, 0, 24, 0, 0, 0, 0, 0, 0, 0};
	struct buf first, second;

	(void)state;
	event(5, RCD_EV_CH_OPEN, "session");
	event(3, RCD_EV_CH_OPEN, "session");
	event(4, RCD_EV_CH_OPEN, "session");
	event(4, RCD_EV_SUBSYSTEM, "sftp");
	assert_int_equal(push(3, CHUNK_EVENT, RCD_EV_PTY_REQ, FLOW_TO_TARGET,
			     pty, sizeof(pty)),
	    0);
	assert_int_equal(push(3, CHUNK_DATA, 0, FLOW_TO_USER, "$ ", 2), 0);
	assert_int_equal(push(3, CHUNK_DATA, 0, FLOW_TO_TARGET, "ls", 2), 0);
	assert_int_equal(push(4, CHUNK_DATA, 0, FLOW_TO_USER, "bulk", 4), 0);
	buf_init_secret(&first, 1 << 22);
	buf_init_secret(&second, 1 << 22);
	assert_int_equal(recording_export(n.rec, &first), 0);
	assert_int_equal(move(&first), 0);
	assert_int_equal(recording_chunks(n.rec), 1);
	assert_int_equal(recording_export(n.rec, &second), 0);
	assert_int_equal(buf_len(&first), buf_len(&second));
	assert_memory_equal(
	    buf_head(&first), buf_head(&second), buf_len(&first));
	buf_fini(&first);
	buf_fini(&second);
}

static void
a_state_that_no_recording_has_does_not_come_in(void **state)
{
	struct buf b;

	(void)state;
	event(0, RCD_EV_CH_OPEN, "session");
	event(1, RCD_EV_CH_OPEN, "session");
	buf_init_secret(&b, 1 << 22);
	assert_int_equal(recording_export(n.rec, &b), 0);
	/* The second channel's number: the same channel twice. */
	assert_int_equal(be32_get(buf_head(&b) + 4 + 28), 1);
	be32_put(buf_head(&b) + 4 + 28, 0);
	assert_int_equal(move(&b), FAIL_FORMAT);
	be32_put(buf_head(&b) + 4 + 28, 1);
	assert_int_equal(buf_put_u8(&b, 0), 0);
	assert_int_equal(move(&b), FAIL_FORMAT);
	buf_fini(&b);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(what_was_pushed_is_in_the_file),
	    T(a_metadata_channel_keeps_only_how_much_it_was),
	    T(what_found_no_room_on_the_link_is_sent_later),
	    T(an_end_that_found_no_room_on_the_link_comes_later),
	    T(it_is_not_handed_over_while_the_link_is_full),
	    T(bytes_of_an_unopened_channel_are_an_error),
	    T(a_keeper_that_is_new_knows_it_before_it_signs),
	    T(a_checkpoint_that_is_late_does_not_sign_the_end),
	    T(it_holds_when_the_disk_is_a_mebibyte_behind),
	    T(it_holds_when_the_disk_is_a_second_behind),
	    T(a_restarted_recorder_gets_what_it_lacks),
	    T(the_end_waits_until_the_recorder_has_all),
	    T(another_process_goes_on_where_it_was),
	    T(a_state_that_was_cut_does_not_come_in),
	    T(what_has_moved_moves_on_the_same),
	    T(a_state_that_no_recording_has_does_not_come_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
