/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brings a secret from the person to the keeper and back as a sealed blob.
 * The secret is in locked memory here and wiped before the database sees the
 * blob.
 */
#include <string.h>

#include "base/ipc.h"
#include "base/uuid.h"
#include "cli/ask.h"
#include "cli/link.h"
#include "keeper/cred.h"
#include "keeper/keeper_msg.h"
#include "sshclient/keyfile.h"

#include "cli/seal.h"

void
seal_init(struct seal *s)
{
	memset(s, 0, sizeof(*s));
	buf_init(&s->blob, 128 * 1024);
	buf_init(&s->pubkey, 16384);
}

void
seal_fini(struct seal *s)
{
	buf_fini(&s->blob);
	buf_fini(&s->pubkey);
}

/* A private key file, with its passphrase asked for when it has one. */
static int
load_key(struct cli *c, const char *path, struct seal *s, struct secret **out)
{
	char phrase[ASK_SECRET_MAX + 1] = "";
	struct secret *typed = NULL;
	struct keyfile k = {0};
	struct fail why = {0};
	int r = keyfile_load(&k, path, NULL, &why);

	if (r == FAIL_AUTH) {
		r = ask_secret(
		    &typed, "passphrase of the key", false, &c->fail);
		if (r)
			return r;
		memcpy(phrase, secret_show(typed).p, secret_len(typed));
		secret_free(typed);
		r = keyfile_load(&k, path, phrase, &c->fail);
		wipe(phrase, sizeof(phrase));
	} else if (r) {
		r = fail_set(&c->fail, r, "%s", fail_why(&why, r));
	}
	if (r == 0) {
		*out = k.pkcs8;
		k.pkcs8 = NULL;
		memcpy(
		    s->fingerprint, k.pub.fingerprint, sizeof(s->fingerprint));
		s->kind = CRED_KEY;
	}
	keyfile_fini(&k);
	return r;
}

static int
get_secret(struct cli *c, struct seal *s, struct secret **out)
{
	const char *file = args_opt(c->args, "password-file");
	const char *key = args_opt(c->args, "key-file");
	const char *from_stdin = args_opt(c->args, "password-stdin");

	if ((file != NULL) + (key != NULL) + (from_stdin != NULL) > 1)
		return cli_usage(c,
		    "only one of --password-stdin, --password-file and "
		    "--key-file can be given");
	if (key)
		return load_key(c, key, s, out);
	s->kind = CRED_PASSWORD;
	if (file)
		return ask_read(out, file, &c->fail);
	if (from_stdin)
		return ask_read(out, "-", &c->fail);
	return ask_secret(out, "password of the account", true, &c->fail);
}

static int
seal_secret(struct cli *c, struct seal *s, const struct secret *secret)
{
	struct km_seal q = {.version = s->version, .kind = s->kind};
	struct km_sealed a;
	struct buf body, reply;
	int r;

	memcpy(q.row_id, s->row_id, sizeof(q.row_id));
	q.secret = secret_show(secret);
	buf_init_secret(&body, IPC_BODY_MAX);
	buf_init(&reply, IPC_BODY_MAX);
	r = km_seal_put(&body, &q);
	if (r)
		r = fail_set(&c->fail, r, "the credential is too long");
	else
		r = link_keeper(c->keeper,
		    &(struct link_ask){
			.type = km_seal_type,
			.body = buf_span(&body),
			.want = km_sealed_type,
			.reply = &reply,
		    },
		    &c->fail);
	if (r == 0 && km_sealed_get(buf_span(&reply), &a))
		r = fail_set(
		    &c->fail, FAIL_PROTO, "the keeper's answer is bad");
	if (r == 0) {
		s->kek_version = a.kek_version;
		if (buf_put(&s->blob, a.blob.p, a.blob.len) ||
		    buf_put(&s->pubkey, a.pubkey.p, a.pubkey.len))
			r = fail_set(&c->fail, FAIL_NOMEM, "out of memory");
	}
	buf_fini(&reply);
	buf_fini(&body);
	return r;
}

int
seal_make(struct cli *c, struct seal *s, uint32_t version)
{
	struct secret *secret = NULL;
	int r;

	uuid_new(s->row_id);
	s->version = version;
	r = get_secret(c, s, &secret);
	if (r == 0)
		r = seal_secret(c, s, secret);
	secret_free(secret);
	return r;
}
