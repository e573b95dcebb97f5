/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a transport as bytes, for another process that goes on with the
 * connection:
 *
 *	u32	magic, then u32 version
 *	u8	role, phase, strict, client reads EXT_INFO
 *	u32	key exchanges completed
 *	string	session id, host key, server-sig-algs, names in force
 *	string	our version line, the peer's
 *	reader	u8 length known, u8 doomed, u32 length, u32 doom, u32 drop
 *	box	received, then sent: string cipher, string MAC, u32 sequence,
 *		u64 packets, u64 bytes, string key, string iv, string MAC key
 *
 * Only between key exchanges: what one has in flight is not written, and
 * nothing is queued then.
 */
#include <string.h>

#include "base/secret.h"

#include "ssh/transport/state.h"

enum {
	EXPORT_MAGIC = 0x53505431, /* "SPT1" */
	EXPORT_VERSION = 1,
};

static int
put_span(struct buf *b, struct span s)
{
	return buf_put_string(b, s.p, s.len);
}

static int
put_flags(const struct ssh_transport *t, struct buf *b)
{
	const struct session *s = &t->session;
	int r;

	if ((r = buf_put_u32(b, EXPORT_MAGIC)) != 0 ||
	    (r = buf_put_u32(b, EXPORT_VERSION)) != 0 ||
	    (r = buf_put_u8(b, (uint8_t)t->role)) != 0 ||
	    (r = buf_put_u8(b, (uint8_t)t->phase)) != 0 ||
	    (r = buf_put_u8(b, s->strict ? 1 : 0)) != 0 ||
	    (r = buf_put_u8(b, s->peer_ext_info ? 1 : 0)) != 0)
		return r;
	return buf_put_u32(b, s->kex_count);
}

static int
put_session(const struct ssh_transport *t, struct buf *b)
{
	const struct session *s = &t->session;
	int r;

	if ((r = put_span(b, SPAN(s->id, s->id_len))) != 0 ||
	    (r = put_span(b, buf_span(&s->hostkey))) != 0 ||
	    (r = buf_put_cstring(b, ssh_transport_server_sig_algs(t))) != 0 ||
	    (r = buf_put_cstring(b, s->algs)) != 0 ||
	    (r = buf_put_cstring(b, t->versions.ours)) != 0)
		return r;
	return buf_put_cstring(b, t->versions.theirs);
}

static int
put_reader(const struct packet_reader *rd, struct buf *b)
{
	int r;

	if ((r = buf_put_u8(b, rd->have_len ? 1 : 0)) != 0 ||
	    (r = buf_put_u8(b, rd->doomed ? 1 : 0)) != 0 ||
	    (r = buf_put_u32(b, rd->len)) != 0 ||
	    (r = buf_put_u32(b, (uint32_t)rd->doom_left)) != 0)
		return r;
	return buf_put_u32(b, (uint32_t)rd->drop);
}

static int
put_box(const struct box *x, struct buf *b)
{
	const struct box_keys *k = &x->keys;
	const struct box_ops *ops = box_ops(x);
	uint8_t iv[BOX_IV_MAX];
	int r;

	memcpy(iv, k->iv, sizeof(iv));
	if (ops->save != NULL && (r = ops->save(x, iv)) != 0)
		return r;
	if ((r = buf_put_cstring(b, x->cipher->name)) == 0 &&
	    (r = buf_put_cstring(b, x->mac != NULL ? x->mac->name : "")) == 0 &&
	    (r = buf_put_u32(b, x->seq)) == 0 &&
	    (r = buf_put_u64(b, x->packets)) == 0 &&
	    (r = buf_put_u64(b, x->bytes)) == 0 &&
	    (r = put_span(b, SPAN(k->key, sizeof(k->key)))) == 0 &&
	    (r = put_span(b, SPAN(iv, sizeof(iv)))) == 0)
		r = put_span(b, SPAN(k->mac, sizeof(k->mac)));
	wipe(iv, sizeof(iv));
	return r;
}

int
ssh_transport_export(const struct ssh_transport *t, struct buf *out)
{
	int r;

	if (t->fail.code != 0 || t->phase == PHASE_GONE)
		return FAIL_STATE;
	if (t->exchange != NULL || state_first_kex(t))
		return FAIL_BUSY;
	if (!out->wipe)
		return FAIL_STATE;
	if ((r = put_flags(t, out)) != 0 || (r = put_session(t, out)) != 0 ||
	    (r = put_reader(&t->reader, out)) != 0 ||
	    (r = put_box(&t->rx, out)) != 0)
		return r;
	return put_box(&t->tx, out);
}

static int
take_flags(struct ssh_transport *t, struct span *s, struct fail *f)
{
	uint8_t role, phase;
	uint32_t magic, version;
	int r;

	if (span_u32(s, &magic) != 0 || magic != EXPORT_MAGIC)
		return fail_set(f, FAIL_FORMAT, "not the state of a transport");
	if (span_u32(s, &version) != 0 || version != EXPORT_VERSION)
		return fail_set(f, FAIL_UNSUPPORTED,
		    "state of a transport of another version");
	if ((r = span_u8(s, &role)) != 0 || (r = span_u8(s, &phase)) != 0 ||
	    (r = span_bool(s, &t->session.strict)) != 0 ||
	    (r = span_bool(s, &t->session.peer_ext_info)) != 0 ||
	    (r = span_u32(s, &t->session.kex_count)) != 0)
		return r;
	if (role != t->role || phase != PHASE_PACKETS || state_first_kex(t))
		return FAIL_FORMAT;
	t->phase = PHASE_PACKETS;
	return 0;
}

static int
take_session(struct ssh_transport *t, struct span *s)
{
	struct session *to = &t->session;
	struct versions *v = &t->versions;
	struct span id, hostkey, sig_algs;
	int r;

	if ((r = span_string(s, &id)) != 0 ||
	    (r = span_string(s, &hostkey)) != 0 ||
	    (r = span_string(s, &sig_algs)) != 0 ||
	    (r = span_cstring(s, to->algs, sizeof(to->algs))) != 0 ||
	    (r = span_cstring(s, v->ours, sizeof(v->ours))) != 0 ||
	    (r = span_cstring(s, v->theirs, sizeof(v->theirs))) != 0)
		return r;
	if (id.len == 0 || id.len > sizeof(to->id) ||
	    (hostkey.len == 0) != (t->role == SSH_ROLE_SERVER))
		return FAIL_FORMAT;
	memcpy(to->id, id.p, id.len);
	to->id_len = id.len;
	state_escape(
	    v->shown, sizeof(v->shown), SPAN(v->theirs, strlen(v->theirs)));
	if ((r = buf_put(&to->hostkey, hostkey.p, hostkey.len)) != 0)
		return r;
	if (sig_algs.len == 0)
		return 0;
	if ((r = buf_put(&to->sig_algs, sig_algs.p, sig_algs.len)) != 0)
		return r;
	return buf_put_u8(&to->sig_algs, 0);
}

static int
take_reader(struct packet_reader *rd, struct span *s)
{
	uint32_t doom, drop;
	int r;

	if ((r = span_bool(s, &rd->have_len)) != 0 ||
	    (r = span_bool(s, &rd->doomed)) != 0 ||
	    (r = span_u32(s, &rd->len)) != 0 || (r = span_u32(s, &doom)) != 0 ||
	    (r = span_u32(s, &drop)) != 0)
		return r;
	if (rd->len > SSH_PACKET_MAX || doom > SSH_PACKET_MAX ||
	    drop > SSH_PACKET_MAX + BOX_LEN + BOX_MAC_MAX)
		return FAIL_FORMAT;
	rd->doom_left = doom;
	rd->drop = drop;
	return 0;
}

static int
take_bytes(struct span *s, uint8_t *dst, size_t len)
{
	struct span str;
	int r = span_string(s, &str);

	if (r != 0)
		return r;
	if (str.len != len)
		return FAIL_FORMAT;
	memcpy(dst, str.p, len);
	return 0;
}

static int
take_box(struct box *x, bool seals, struct span *s)
{
	const struct box_cipher *cipher;
	const struct box_mac *mac;
	struct span cipher_name, mac_name;
	uint64_t packets, bytes;
	struct box_keys keys;
	uint32_t seq;
	int r;

	if ((r = span_string(s, &cipher_name)) != 0 ||
	    (r = span_string(s, &mac_name)) != 0 ||
	    (r = span_u32(s, &seq)) != 0 || (r = span_u64(s, &packets)) != 0 ||
	    (r = span_u64(s, &bytes)) != 0)
		return r;
	cipher = box_cipher_find(cipher_name);
	mac = box_mac_find(mac_name);
	if (cipher == NULL || box_cipher_aead(cipher) != (mac == NULL))
		return FAIL_FORMAT;
	if ((r = take_bytes(s, keys.key, sizeof(keys.key))) == 0 &&
	    (r = take_bytes(s, keys.iv, sizeof(keys.iv))) == 0 &&
	    (r = take_bytes(s, keys.mac, sizeof(keys.mac))) == 0)
		r = box_init(x, cipher, mac, &keys, seals);
	wipe(&keys, sizeof(keys));
	if (r != 0)
		return r;
	x->seq = seq;
	x->packets = packets;
	x->bytes = bytes;
	return 0;
}

int
ssh_transport_import(struct ssh_transport **tp,
    const struct ssh_transport_opts *o, struct span state, struct fail *f)
{
	struct ssh_transport *t = ssh_transport_new(o);
	int r;

	*tp = NULL;
	if (t == NULL)
		return fail_set(f, FAIL_NOMEM, "out of memory");
	if ((r = take_flags(t, &state, f)) == 0 &&
	    (r = take_session(t, &state)) == 0 &&
	    (r = take_reader(&t->reader, &state)) == 0 &&
	    (r = take_box(&t->rx, false, &state)) == 0 &&
	    (r = take_box(&t->tx, true, &state)) == 0)
		r = state.len == 0 ? 0 : FAIL_FORMAT;
	if (r == 0 && t->reader.have_len &&
	    !packet_len_ok(&t->rx, t->reader.len))
		r = FAIL_FORMAT;
	if (r != 0) {
		ssh_transport_free(t);
		return fail_set(f, r, "state of a transport: %s", fail_text(r));
	}
	*tp = t;
	return 0;
}
