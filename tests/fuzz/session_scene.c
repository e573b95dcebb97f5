/* SPDX-License-Identifier: Apache-2.0 */
/* See session_scene.h. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/log.h"

#include "broker/broker_msg.h"
#include "keeper/cred.h"
#include "keeper/keeper_msg.h"
#include "recorder/codec.h"
#include "recorder/recorder_msg.h"
#include "session/why.h"

#include "hostile.h"
#include "session_scene.h"

enum { ASKS_MAX = 64, ANSWER_MAX = 131072, KEEPER = 3, BROKER = 4 };

struct ask {
	enum peer peer;
	uint16_t type;
	struct buf body;
	peers_answer_fn *fn;
	void *ctx;
};

struct peers {
	struct ask ask[ASKS_MAX];
	size_t n;
	bool key;	      /* the account's credential is one */
	struct ipc *recorder; /* a link whose other end reads nothing */
	int far;
};

static struct peers all;

static int
on_message(struct ipc *c, const struct ipc_msg *m, void *ctx)
{
	(void)c;
	(void)m;
	(void)ctx;
	return FAIL_PROTO;
}

static void
on_gone(struct ipc *c, const struct fail *f, void *ctx)
{
	(void)c;
	(void)f;
	(void)ctx;
}

/* ---- in the place of session/peers.c */

void
peers_free(struct peers *ps)
{
	while (ps->n > 0)
		buf_fini(&ps->ask[--ps->n].body);
}

struct peers *
peers_new(struct loop *l, const struct peers_ops *ops, void *ctx)
{
	(void)l;
	(void)ops;
	(void)ctx;
	return &all;
}

int
peers_ask(struct peers *ps, enum peer p, uint16_t type, struct span body,
    peers_answer_fn *fn, void *ctx)
{
	struct ask *a = &ps->ask[ps->n];

	if (ps->n == ASKS_MAX)
		return FAIL_FULL;
	*a = (struct ask){.peer = p, .type = type, .fn = fn, .ctx = ctx};
	buf_init_secret(&a->body, IPC_BODY_MAX);
	MUST(buf_put(&a->body, body.p, body.len) == 0);
	ps->n++;
	return 0;
}

int
peers_ask_only(struct peers *ps, enum peer p, uint32_t number, uint16_t type,
    struct span body, peers_answer_fn *fn, void *ctx)
{
	MUST(number == (p == PEER_KEEPER ? KEEPER : BROKER));
	return peers_ask(ps, p, type, body, fn, ctx);
}

/* Rows: whether they are stored is nothing to the session. */
int
peers_post(struct peers *ps, enum peer p, uint16_t type, struct span body,
    peers_answer_fn *fn, void *ctx)
{
	(void)ps;
	(void)type;
	(void)fn;
	(void)ctx;
	MUST(p == PEER_BROKER && body.len > 0);
	return 0;
}

int
peers_tell(struct peers *ps, enum peer p, uint16_t type, struct span body)
{
	(void)ps;
	(void)type;
	MUST(p < PEER_COUNT && body.len > 0);
	return 0;
}

uint64_t
peers_link_number(const struct peers *ps UNUSED, enum peer p UNUSED)
{
	return 1;
}

uint32_t
peers_number(const struct peers *ps UNUSED, enum peer p UNUSED)
{
	return KEEPER;
}

uint32_t
peers_answerer(const struct peers *ps UNUSED)
{
	return BROKER;
}

size_t
peers_queued(const struct peers *ps UNUSED, enum peer p UNUSED)
{
	return 0;
}

struct ipc *
peers_ipc(const struct peers *ps, enum peer p)
{
	return p == PEER_RECORDER ? ps->recorder : NULL;
}

static void
forget(struct peers *ps, size_t i)
{
	buf_fini(&ps->ask[i].body);
	ps->n--;
	memmove(&ps->ask[i], &ps->ask[i + 1], (ps->n - i) * sizeof(ps->ask[0]));
}

void
peers_forget(struct peers *ps, void *ctx)
{
	for (size_t i = ps->n; i-- > 0;)
		if (ps->ask[i].ctx == ctx)
			forget(ps, i);
}

/* ---- good answers */

static int
grant(struct buf *b, uint64_t conn)
{
	struct bm_grant m = {
	    .conn = conn,
	    .session_id = {1},
	    .rec_id = {2},
	    .grant_id = {3},
	    .dek_id = {4},
	    .node_seq = 7,
	    .user = SPAN("alice", 5),
	    .account = SPAN("root", 4),
	    .asset = SPAN("db1", 3),
	    .login = SPAN("root", 4),
	    .addrs = SPAN("127.0.0.1\nno address\n::1", 24),
	    .port = 22,
	    .pins = hostile_blobs(),
	    .legacy = 1,
	    .record_shell = 1,
	    .record_exec = 1,
	    .wrapped = SPAN("wrapped", 7),
	    .keeper = KEEPER,
	};

	return bm_grant_put(b, &m);
}

static int
opened(struct buf *b)
{
	static const uint8_t key[32] = {5};
	struct span blobs = hostile_blobs(), blob;
	struct km_opened m = {
	    .rec_id = {2},
	    .dek_id = {4},
	    .dek = SPAN(key, sizeof(key)),
	    .node_key_id = 1,
	    .node_key = SPAN(key, sizeof(key)),
	    .kind = CRED_PASSWORD,
	    .secret = SPAN(SCENE_SECRET, sizeof(SCENE_SECRET) - 1),
	    .pubkey = SPAN(NULL, 0),
	};

	MUST(span_string(&blobs, &blob) == 0);
	if (all.key) {
		m.kind = CRED_KEY;
		m.secret = SPAN(NULL, 0);
		m.pubkey = blob;
	}
	return km_opened_put(b, &m);
}

static int
signature(struct buf *b, struct span alg, struct span data)
{
	struct km_signature m;
	struct buf sig;
	int r;

	buf_init(&sig, 4096);
	if ((r = hostile_sign(alg, data, &sig)) == 0) {
		m.blob = buf_span(&sig);
		r = km_signature_put(b, &m);
	}
	buf_fini(&sig);
	return r;
}

/* What answers the keeper's request of this type; its type in *answer. */
static int
keeper_good(const struct ask *a, struct buf *b, uint16_t *answer)
{
	static const uint8_t sig[64] = {6};
	struct km_signature ckpt = {.blob = SPAN(sig, sizeof(sig))};
	struct km_hostkey_sign host;
	struct km_user_sign user;

	*answer = km_signature_type;
	switch (a->type) {
	case km_hostkey_sign_type:
		MUST(km_hostkey_sign_get(buf_span(&a->body), &host) == 0);
		return signature(b, host.alg, host.hash);
	case km_user_sign_type:
		MUST(km_user_sign_get(buf_span(&a->body), &user) == 0);
		return signature(b, user.alg, user.data);
	case km_open_type:
		*answer = km_opened_type;
		return opened(b);
	case km_checkpoint_sign_type:
		return km_signature_put(b, &ckpt);
	default:
		*answer = km_resumed_type;
		return buf_put(b, "\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	}
}

static int
broker_good(const struct ask *a, bool ok, struct buf *b, uint16_t *answer)
{
	struct bm_auth_result res = {.ok = ok};
	struct bm_refuse no = {
	    .why_code = WHY_NO_POLICY, .sentence = SPAN("no", 2)};
	struct bm_auth auth;
	struct bm_want want;

	if (a->type == bm_auth_type) {
		MUST(bm_auth_get(buf_span(&a->body), &auth) == 0);
		res.conn = auth.conn;
		*answer = bm_auth_result_type;
		return bm_auth_result_put(b, &res);
	}
	MUST(a->type == bm_want_type);
	MUST(bm_want_get(buf_span(&a->body), &want) == 0);
	no.conn = want.conn;
	*answer = ok ? bm_grant_type : bm_refuse_type;
	return ok ? grant(b, want.conn) : bm_refuse_put(b, &no);
}

static int
compose(const struct ask *a, enum scene_how how, struct buf *b, uint16_t *type)
{
	static const struct km_error error = {.code = 3, .why = {.len = 0}};

	if (a->peer == PEER_BROKER)
		return broker_good(a, how == SCENE_GOOD, b, type);
	if (how == SCENE_GOOD)
		return keeper_good(a, b, type);
	*type = km_error_type;
	return km_error_put(b, &error);
}

bool
scene_answer(enum peer p, enum scene_how how, struct span body)
{
	struct ipc_msg m = {.fd = -1};
	struct ask a;
	struct buf b;
	size_t i = 0;

	while (i < all.n && all.ask[i].peer != p)
		i++;
	if (i == all.n)
		return false;
	/* The answer may ask again, and change the list. */
	a = all.ask[i];
	all.ask[i].body = (struct buf){0};
	forget(&all, i);
	buf_init_secret(&b, ANSWER_MAX);
	if (how == SCENE_GARBAGE && body.len > 0) {
		m.type = *body.p;
		IGNORE(buf_put(&b, body.p + 1, body.len - 1));
	} else if (how == SCENE_GOOD || how == SCENE_NO) {
		MUST(compose(&a, how, &b, &m.type) == 0);
	}
	m.body = buf_span(&b);
	a.fn(a.ctx, how == SCENE_FAILED ? FAIL_TIMEOUT : 0,
	    how == SCENE_FAILED ? NULL : &m);
	buf_fini(&a.body);
	buf_fini(&b);
	return true;
}

void
scene_recorder(
    struct ssh_session *s, uint8_t what, uint64_t seq, struct span body)
{
	struct rm_state state = {.rec_id = {2}, .next_seq = seq};
	struct rm_error error = {
	    .rec_id = {2}, .code = 5, .why = SPAN("full", 4)};
	struct rm_closed closed = {.rec_id = {2}};
	struct ipc_msg m = {.fd = -1};
	struct buf b;

	buf_init(&b, ANSWER_MAX);
	switch (what % (SCENE_SAYS + 1)) {
	case SCENE_STATE:
		m.type = rm_state_type;
		MUST(rm_state_put(&b, &state) == 0);
		break;
	case SCENE_COMMITTED:
		m.type = rm_committed_type;
		MUST(rm_committed_put(&b, &(struct rm_committed){
					      .rec_id = {2},
					      .next_seq = seq,
					  }) == 0);
		break;
	case SCENE_ERROR:
		m.type = rm_error_type;
		MUST(rm_error_put(&b, &error) == 0);
		break;
	case SCENE_CLOSED:
		m.type = rm_closed_type;
		MUST(rm_closed_put(&b, &closed) == 0);
		break;
	default:
		m.type = (uint16_t)seq;
		IGNORE(buf_put(&b, body.p, body.len));
		break;
	}
	m.body = buf_span(&b);
	IGNORE(ssh_session_recorder(s, &m));
	buf_fini(&b);
}

/* ---- life */

void
scene_start(struct ssh_env *env, const struct ssh_session_ops *ops)
{
	struct conf *conf;

	MUST(conf_load(&conf, NULL, NULL) == 0);
	*env = (struct ssh_env){
	    .conf = conf,
	    .loop = loop_new(),
	    .codec = rcd_codec_new(),
	    .hostkeys = hostile_blobs(),
	    .banner = "welcome",
	    .peers = &all,
	    .ops = ops,
	};
	MUST(env->loop != NULL && env->codec != NULL);
	log_init(&(struct log_opts){.level = LOG_LEVEL_ERR, .fd = -1});
}

void
scene_reset(struct ssh_env *env, bool key)
{
	const struct ipc_opts o = {
	    .max_msg = IPC_BODY_MAX,
	    .max_queue = IPC_BODY_MAX,
	    .msg = on_message,
	    .gone = on_gone,
	};
	int sv[2];

	env->writable = true;
	env->space_low = false;
	all.key = key;
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == 0);
	all.far = sv[1];
	MUST((all.recorder = ipc_new(env->loop, sv[0], &o)) != NULL);
}

void
scene_end(struct ssh_env *env)
{
	peers_free(env->peers);
	ipc_free(all.recorder);
	all.recorder = NULL;
	(void)close(all.far);
}
