/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Framing of binary packets (RFC 4253 section 6): lengths and padding, checked
 * when read and chosen when written.  What a packet says is not looked at, but
 * for one thing: those that may hold a password are padded to hide its length.
 */
#include <string.h>

#include "base/hash.h"

#include "ssh/transport/packet.h"

/* Bulk is encrypted in pieces of whole blocks of every cipher. */
enum { PIECE = 64 };

/* Packets with passwords in them have a length that is a multiple of this. */
enum { COARSE = 128 };

static uint32_t
longest(const struct box *b)
{
	return b->cipher != NULL ? SSH_PACKET_MAX : PACKET_CLEAR_MAX;
}

int
packet_drop(struct packet_reader *rd, struct buf *in)
{
	if (rd->drop == 0)
		return 0;
	if (buf_len(in) < rd->drop)
		return FAIL_STATE;
	buf_consume(in, rd->drop);
	rd->drop = 0;
	return 0;
}

/*
 * In CBC the peer must not learn from when the connection ends whether the
 * length or the MAC was wrong: as much is read as the longest packet has.
 */
static int
doom(struct packet_reader *rd, size_t bytes)
{
	rd->doomed = true;
	rd->doom_left = bytes;
	return 0;
}

static int
read_doomed(struct packet_reader *rd, struct buf *in, struct fail *f)
{
	size_t n = buf_len(in);

	if (n > rd->doom_left)
		n = rd->doom_left;
	buf_consume(in, n);
	rd->doom_left -= n;
	if (rd->doom_left > 0)
		return 0;
	return fail_set(f, FAIL_MAC, "message authentication failed");
}

bool
packet_len_ok(const struct box *b, uint32_t len)
{
	size_t unit = BOX_LEN + (size_t)len - box_skip(b);

	/* Padding length, a message number and the least padding. */
	return len >= 1 + 1 + BOX_PAD_MIN && len <= longest(b) &&
	       unit >= box_peek(b) && unit % box_block(b) == 0;
}

/* 1: the length is known and sound; 0: not yet, or doomed. */
static int
read_length(
    struct box *b, struct packet_reader *rd, struct buf *in, struct fail *f)
{
	size_t peek = box_peek(b);
	uint32_t len = 0;
	int r;

	if (rd->have_len)
		return 1;
	if (buf_len(in) < peek)
		return 0;
	if ((r = box_ops(b)->length(b, buf_head(in), &len)) != 0)
		return fail_set(f, r, "cannot decrypt");
	if (packet_len_ok(b, len)) {
		rd->len = len;
		rd->have_len = true;
		return 1;
	}
	if (box_hides_errors(b))
		return doom(rd, SSH_PACKET_MAX);
	return fail_set(f, b->cipher != NULL ? FAIL_MAC : FAIL_PROTO,
	    "bad packet length %u", len);
}

int
packet_read(struct box *b, struct packet_reader *rd, struct buf *in,
    struct ssh_packet *pkt, struct fail *f)
{
	size_t total;
	uint8_t *p;
	int r;

	if (rd->doomed)
		return read_doomed(rd, in, f);
	r = read_length(b, rd, in, f);
	if (r <= 0)
		return rd->doomed ? read_doomed(rd, in, f) : r;
	total = BOX_LEN + (size_t)rd->len + box_tag(b);
	if (buf_len(in) < total)
		return 0;
	if (b->packets >= UINT32_MAX)
		return fail_set(f, FAIL_RANGE, "too many packets with a key");
	p = buf_head(in);
	r = box_ops(b)->open(b, p, rd->len);
	rd->have_len = false;
	if (r == FAIL_MAC && box_hides_errors(b)) {
		(void)doom(rd, SSH_PACKET_MAX);
		return read_doomed(rd, in, f);
	}
	if (r != 0)
		return fail_set(f, r, "packet %u: %s", b->seq, fail_text(r));
	if (p[BOX_LEN] < BOX_PAD_MIN || p[BOX_LEN] + 1U >= rd->len)
		return fail_set(f, FAIL_PROTO, "bad padding");
	*pkt = (struct ssh_packet){
	    .p = p + BOX_LEN + 1,
	    .len = rd->len - 1 - p[BOX_LEN],
	    .seq = b->seq,
	};
	b->seq++;
	b->packets++;
	b->bytes += total;
	rd->drop = total;
	return 1;
}

static void
pool_take(struct packet_pool *pool, uint8_t *dst, size_t n)
{
	if (pool->left < n) {
		random_bytes(pool->bytes, sizeof(pool->bytes));
		pool->left = sizeof(pool->bytes);
	}
	pool->left -= n;
	memcpy(dst, pool->bytes + pool->left, n);
}

static size_t
padding_for(const struct box *b, size_t payload, uint8_t msg)
{
	size_t unit = BOX_LEN - box_skip(b) + 1 + payload;
	size_t block = box_block(b);
	size_t pad;

	if (msg == SSH_MSG_USERAUTH_REQUEST ||
	    msg == SSH_MSG_USERAUTH_INFO_RESPONSE)
		block = COARSE;
	pad = block - unit % block;
	return pad < BOX_PAD_MIN ? pad + block : pad;
}

/*
 * Lay the packet out at p: what is short is copied, whole pieces of a long
 * tail stay where they are and are read from there by the cipher.
 */
static void
lay_out(const struct box *b, struct packet_pool *pool, struct box_parts *parts,
    struct span head, struct span tail)
{
	size_t pad = parts->len - 1 - head.len - tail.len;
	uint8_t *at = parts->p;
	size_t front, lead;

	be32_put(at, parts->len);
	at[BOX_LEN] = (uint8_t)pad;
	at += BOX_LEN + 1;
	if (head.len > 0)
		memcpy(at, head.p, head.len);
	at += head.len;
	front = (size_t)(at - parts->p) - box_skip(b);
	lead = (PIECE - front % PIECE) % PIECE;
	if (tail.len >= lead + PIECE) {
		memcpy(at, tail.p, lead);
		at += lead;
		parts->front = front + lead;
		parts->mid = tail.p + lead;
		parts->mid_len = (tail.len - lead) / PIECE * PIECE;
		at += parts->mid_len;
		tail.p += lead + parts->mid_len;
		tail.len -= lead + parts->mid_len;
	} else {
		parts->front = BOX_LEN + parts->len - box_skip(b);
	}
	if (tail.len > 0)
		memcpy(at, tail.p, tail.len);
	pool_take(pool, at + tail.len, pad);
}

int
packet_write(struct box *b, struct packet_pool *pool, struct buf *out,
    struct span head, struct span tail)
{
	struct box_parts parts = {0};
	size_t pad, total;
	int r;

	if (head.len + tail.len == 0 || head.len > SSH_PACKET_MAX ||
	    tail.len > SSH_PACKET_MAX)
		return FAIL_RANGE;
	if (tail.len == 0) { /* one part only: let it stay where it is */
		tail = head;
		head.len = 0;
	}
	if (b->packets >= UINT32_MAX)
		return FAIL_RANGE;
	pad = padding_for(
	    b, head.len + tail.len, head.len > 0 ? head.p[0] : tail.p[0]);
	parts.len = (uint32_t)(1 + head.len + tail.len + pad);
	if (parts.len > SSH_PACKET_MAX)
		return FAIL_RANGE;
	total = BOX_LEN + parts.len + box_tag(b);
	if ((r = buf_reserve(out, total, &parts.p)) != 0)
		return r;
	lay_out(b, pool, &parts, head, tail);
	if ((r = box_ops(b)->seal(b, &parts)) != 0)
		return r;
	buf_commit(out, total);
	b->seq++;
	b->packets++;
	b->bytes += total;
	return 0;
}
