/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper's core under attack, and a second, much simpler account of what
 * it may give: a model of the grants, kept beside it and compared with every
 * answer.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "keeper/core.h"
#include "keeper/core_priv.h"
#include "keeper/cred.h"
#include "keeper/keeper_msg.h"
#include "vault/envelope.h"
#include "vault/keygen.h"

#include "tests/fuzz/keeper_drive.h"

enum { IDS = 8, LINKS = 6, BROKER = 3, NS_PER_S = 1000000000 };

/* What the model knows of a grant. */
struct model {
	bool waiting;
	bool opened;
	uint32_t worker;
	uint8_t kind;
	uint64_t expires_ns;
	unsigned signs;
	uint8_t rec;
	uint8_t wrapped[256];
	size_t wrapped_len;
};

struct drive {
	struct span in;
	struct core *core;
	struct core_link *link[LINKS];
	uint64_t now_ns;
	struct model grant[IDS];
	struct buf msg, out;
	uint16_t type; /* of the last answer */
};

static const enum core_kind kinds[LINKS] = {CORE_WORKER, CORE_WORKER,
    CORE_WORKER, CORE_BROKER, CORE_RECORDER, CORE_ADMIN};
static const char password[] = "the-password-that-must-not-leak";

/* Made once: the same keys for every input. */
static struct keyring *ring;
static struct span user_key;
static struct buf user_blob, login;

static uint8_t
next(struct drive *d)
{
	uint8_t v = 0;

	if (d->in.len > 0)
		MUST(span_u8(&d->in, &v) == 0);
	return v;
}

static void
make_id(uint8_t id[16], uint8_t n)
{
	memset(id, 0x11, 16);
	id[15] = n % IDS;
}

static void
make_login(void)
{
	static const uint8_t session_id[32] = {1};
	EVP_PKEY *key;

	buf_init(&user_blob, 4096);
	buf_init(&login, 4096);
	MUST(core_key_load(user_key, &key) == 0);
	MUST(core_key_blob(key, &user_blob) == 0);
	EVP_PKEY_free(key);
	MUST(buf_put_string(&login, session_id, sizeof(session_id)) == 0 &&
	     buf_put_u8(&login, 50) == 0 &&
	     buf_put_cstring(&login, "root") == 0 &&
	     buf_put_cstring(&login, "ssh-connection") == 0 &&
	     buf_put_cstring(&login, "publickey") == 0 &&
	     buf_put_u8(&login, 1) == 0 &&
	     buf_put_cstring(&login, "ssh-ed25519") == 0 &&
	     buf_put_string(
		 &login, buf_head(&user_blob), buf_len(&user_blob)) == 0);
}

static void
make_keys(void)
{
	ring = keyring_new();
	MUST(ring != NULL);
	MUST(keygen_kek(ring, KEYRING_KEK, ENVELOPE_KEK, NULL) == 0);
	MUST(keygen_kek(ring, KEYRING_REC_KEK, DEK_KEK, NULL) == 0);
	MUST(keygen_node(ring, NULL) == 0);
	MUST(keygen_hostkey(ring, "ed25519", NULL) == 0);
	user_key =
	    secret_show(keyring_current(ring, KEYRING_HOSTKEY, "ed25519")->key);
	make_login();
}

static struct keyring *
copy_keys(void)
{
	struct keyring *k = keyring_new();
	const struct keyring_entry *e;
	struct span s;
	size_t i;

	MUST(k != NULL);
	for (i = 0; (e = keyring_at(ring, i)) != NULL; i++) {
		s = secret_show(e->key);
		MUST(keyring_add(
			 k, e->kind, e->name, secret_from(s.p, s.len)) == 0);
	}
	return k;
}

/* The last 32 bytes of an ed25519 PKCS#8 are the seed. */
static void
check_leak(const struct drive *d)
{
	const struct buf *o = &d->out;

	if (buf_len(o) == 0)
		return;
	MUST(memmem(buf_head(o), buf_len(o), user_key.p + user_key.len - 32,
		 32) == NULL);
	if (d->type != km_opened_type)
		MUST(memmem(buf_head(o), buf_len(o), password,
			 sizeof(password) - 1) == NULL);
}

static void
check_opened(struct drive *d, size_t link, uint8_t id)
{
	struct model *m = &d->grant[id % IDS];
	struct km_opened o;

	MUST(kinds[link] == CORE_WORKER);
	MUST(m->waiting && !m->opened && m->worker == link);
	MUST(d->now_ns < m->expires_ns);
	MUST(km_opened_get(buf_span(&d->out), &o) == 0);
	MUST((o.secret.len == 0) == (m->kind == CRED_KEY));
	m->waiting = false;
	m->opened = true;
	m->signs = 0;
}

static void
relink(struct drive *d, size_t i)
{
	size_t g;

	core_link_free(d->link[i], d->now_ns);
	d->link[i] = core_link_new(d->core, kinds[i], (uint32_t)i, d->now_ns);
	MUST(d->link[i] != NULL);
	for (g = 0; g < IDS && kinds[i] == CORE_WORKER; g++)
		if (d->grant[g].worker == i)
			d->grant[g] = (struct model){0};
}

/* Send what is in d->msg; true: answered without an error. */
static bool
ask(struct drive *d, size_t link, uint16_t type)
{
	struct fail f;
	enum core_next n;

	buf_reset(&d->out);
	d->type = 0;
	n = core_handle(d->link[link], d->now_ns, type, buf_span(&d->msg),
	    &d->out, &d->type, &f);
	buf_reset(&d->msg);
	check_leak(d);
	MUST((d->type == km_error_type) == (f.code != 0));
	if (n == CORE_CLOSE)
		relink(d, link);
	return f.code == 0;
}

static void
step_raw(struct drive *d)
{
	size_t link = next(d) % LINKS;
	uint16_t type = next(d);
	size_t n = next(d);
	const uint8_t *p;

	if (n > d->in.len)
		n = d->in.len;
	MUST(span_take(&d->in, n, &p) == 0);
	MUST(buf_put(&d->msg, p, n) == 0);
	/* An id of the model may be hit; then the model has to know. */
	if (type == km_open_type && n == 16 && p[0] == 0x11)
		buf_reset(&d->msg);
	if (type == km_grant_type || type == km_revoke_type)
		link = link == BROKER ? 0 : link;
	(void)ask(d, link, type);
	MUST(d->type != km_opened_type);
}

static void
step_grant(struct drive *d)
{
	uint8_t id = next(d) % IDS;
	size_t link = next(d) % 8 == 0 ? next(d) % LINKS : BROKER;
	struct km_grant x = {.worker = next(d) % 4U, .version = 1};
	struct envelope_row row = {.version = 1};
	struct model *m = &d->grant[id];
	struct km_granted g;
	struct buf sealed;
	uint8_t rec;

	x.kind = next(d) % 2 == 0 ? CRED_PASSWORD : CRED_KEY;
	x.ttl_s = next(d);
	row.kind = x.kind;
	make_id(x.grant_id, id);
	rec = next(d) % IDS;
	make_id(x.rec_id, rec);
	buf_init(&sealed, 4096);
	MUST(envelope_seal(ring, &row,
		 x.kind == CRED_KEY ? user_key
				    : SPAN(password, sizeof(password) - 1),
		 &sealed, NULL) == 0);
	x.sealed = buf_span(&sealed);
	MUST(km_grant_put(&d->msg, &x) == 0);
	buf_fini(&sealed);
	if (!ask(d, link, km_grant_type))
		return;
	MUST(link == BROKER);
	MUST(km_granted_get(buf_span(&d->out), &g) == 0);
	*m = (struct model){.waiting = true,
	    .worker = x.worker,
	    .kind = x.kind,
	    .rec = rec,
	    .expires_ns = d->now_ns + (uint64_t)x.ttl_s * NS_PER_S,
	    .wrapped_len = g.wrapped.len};
	memcpy(m->wrapped, g.wrapped.p, g.wrapped.len);
}

static void
step_open(struct drive *d)
{
	size_t link = next(d) % LINKS;
	uint8_t id = next(d) % IDS;
	struct km_open x;

	make_id(x.grant_id, id);
	MUST(km_open_put(&d->msg, &x) == 0);
	if (ask(d, link, km_open_type))
		check_opened(d, link, id);
}

static void
step_revoke(struct drive *d)
{
	uint8_t id = next(d) % IDS;
	struct km_revoke x;

	make_id(x.grant_id, id);
	MUST(km_revoke_put(&d->msg, &x) == 0);
	MUST(ask(d, BROKER, km_revoke_type));
	d->grant[id].waiting = d->grant[id].opened = false;
}

static void
step_user_sign(struct drive *d)
{
	size_t link = next(d) % LINKS;
	uint8_t id = next(d) % IDS;
	uint8_t flip = next(d);
	struct model *m = &d->grant[id];
	struct km_user_sign x = {
	    .alg = SPAN("ssh-ed25519", 11), .data = buf_span(&login)};
	bool ok;

	make_id(x.grant_id, id);
	MUST(km_user_sign_put(&d->msg, &x) == 0);
	/* Behind id, alg and the length: flip one byte of the request. */
	if (flip > 0)
		buf_head(&d->msg)[16 + 4 + 11 + 4 + flip % buf_len(&login)] ^=
		    flip;
	ok = ask(d, link, km_user_sign_type);
	if (!ok)
		return;
	MUST(m->opened && m->worker == link && m->kind == CRED_KEY);
	MUST(++m->signs <= CORE_SIGNS);
}

static void
step_checkpoint(struct drive *d)
{
	static const uint8_t hash[32];
	size_t link = next(d) % LINKS;
	struct km_checkpoint_sign x = {.hash = SPAN(hash, sizeof(hash))};

	make_id(x.rec_id, next(d));
	x.seq = next(d);
	x.final = next(d) % 3;
	MUST(km_checkpoint_sign_put(&d->msg, &x) == 0);
	(void)ask(d, link, km_checkpoint_sign_type);
}

static void
step_resume(struct drive *d)
{
	size_t link = next(d) % LINKS;
	const struct model *m = &d->grant[next(d) % IDS];
	struct km_resume x = {.wrapped = SPAN(m->wrapped, m->wrapped_len)};

	make_id(x.rec_id, next(d));
	MUST(km_resume_put(&d->msg, &x) == 0);
	(void)ask(d, link, km_resume_type);
}

static void
step_finish(struct drive *d)
{
	size_t link = next(d) % LINKS;
	struct km_finish x;
	uint8_t id = next(d);

	make_id(x.rec_id, next(d));
	make_id(x.grant_id, id);
	MUST(km_finish_put(&d->msg, &x) == 0);
	(void)ask(d, link, km_finish_type);
}

/* Host keys sign for workers, and nothing but an exchange hash. */
static void
step_hostkey(struct drive *d)
{
	static const uint8_t hash[64] = {1};
	static const char *const algs[] = {"ssh-ed25519", "rsa-sha2-256", ""};
	size_t link = next(d) % LINKS;
	const char *alg = algs[next(d) % ARRAY_LEN(algs)];
	struct km_hostkey_sign x = {.alg = SPAN(alg, strlen(alg))};

	x.hash = SPAN(hash, next(d) % (sizeof(hash) + 1));
	MUST(km_hostkey_sign_put(&d->msg, &x) == 0);
	if (!ask(d, link, km_hostkey_sign_type))
		return;
	MUST(kinds[link] == CORE_WORKER && strcmp(alg, algs[0]) == 0);
	MUST(x.hash.len == 32 || x.hash.len == 48 || x.hash.len == 64);
}

static void
step_seal(struct drive *d)
{
	size_t link = next(d) % LINKS;
	struct km_seal x = {.version = next(d), .kind = next(d) % 4};

	make_id(x.row_id, next(d));
	x.secret =
	    next(d) % 2 == 0 ? user_key : SPAN(password, sizeof(password) - 1);
	MUST(km_seal_put(&d->msg, &x) == 0);
	if (!ask(d, link, km_seal_type))
		return;
	MUST(kinds[link] == CORE_ADMIN);
	MUST(x.kind == CRED_PASSWORD || x.secret.p == user_key.p);
}

/* The data key of a recording, for who has it wrapped. */
static void
step_rec_key(struct drive *d)
{
	size_t link = next(d) % LINKS;
	const struct model *m = &d->grant[next(d) % IDS];
	struct km_rec_key_get x = {.wrapped = SPAN(m->wrapped, m->wrapped_len)};
	uint8_t rec = next(d) % IDS;

	make_id(x.rec_id, rec);
	MUST(km_rec_key_get_put(&d->msg, &x) == 0);
	if (!ask(d, link, km_rec_key_get_type))
		return;
	MUST(kinds[link] == CORE_ADMIN);
	MUST(m->wrapped_len > 0 && m->rec == rec);
}

/* What all may have. */
static void
step_public(struct drive *d)
{
	size_t link = next(d) % LINKS;
	bool node = next(d) % 2 == 0;

	MUST(ask(d, link, node ? km_node_key_get_type : km_hostkeys_get_type) ==
	     (node || kinds[link] == CORE_WORKER));
}

static void
step_time(struct drive *d)
{
	d->now_ns += (uint64_t)next(d) * next(d) * (NS_PER_S / 4);
	core_tick(d->core, d->now_ns);
}

static void
step_relink(struct drive *d)
{
	relink(d, next(d) % LINKS);
}

static void (*const steps_tbl[])(struct drive *d) = {step_raw, step_grant,
    step_open, step_revoke, step_user_sign, step_checkpoint, step_resume,
    step_finish, step_time, step_relink, step_hostkey, step_seal, step_rec_key,
    step_public};

void
keeper_drive(struct span steps)
{
	struct drive d = {.in = steps, .now_ns = NS_PER_S};
	size_t i;

	if (ring == NULL)
		make_keys();
	MUST(core_new(&d.core, copy_keys(), NULL) == 0);
	buf_init_secret(&d.msg, IPC_BODY_MAX);
	buf_init_secret(&d.out, CORE_ANSWER_MAX);
	for (i = 0; i < LINKS; i++)
		d.link[i] =
		    core_link_new(d.core, kinds[i], (uint32_t)i, d.now_ns);
	while (d.in.len > 0)
		steps_tbl[next(&d) % ARRAY_LEN(steps_tbl)](&d);
	for (i = 0; i < LINKS; i++)
		core_link_free(d.link[i], d.now_ns);
	core_free(d.core);
	buf_fini(&d.msg);
	buf_fini(&d.out);
}
